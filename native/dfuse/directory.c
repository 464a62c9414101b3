/*
 * directory.c - reading directories.
 *
 * The offset after an entry is the provider's own cookie, so a directory can be read on after any
 * entry, however it has changed. "." and ".." have the two highest offsets there are.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include "dfuse.h"

#define AFTER_DOT    (INT64_MAX - 1)
#define AFTER_DOTDOT INT64_MAX

/* Entries that are read from the provider at a time. */
#define BATCH 256u

/* d_ino of an entry whose number is not known: not 0, which would hide it. */
#define UNKNOWN_INO 0xffffffffu

/* An open directory: fi->fh. */
struct dir {
	struct inode *inode;
	struct handle *handle;
	pthread_mutex_t lock; /* of what follows */
	uint64_t cookie;      /* where ents[at] is; only true while at < nr */
	uint32_t at, nr;
	daos_anchor_t anchor; /* without dfsx_readdir: where the provider stands, after `count` entries */
	uint64_t count;
	struct dfsx_dirent ents[BATCH];
};

static struct dir *dir_of(struct fuse_file_info *fi)
{
	return (struct dir *)(uintptr_t)fi->fh;
}

static void dir_free(struct dir *dir)
{
	handle_put(dir->handle);
	inode_unref(dir->inode);
	pthread_mutex_destroy(&dir->lock);
	free(dir);
}

void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct dir *dir;
	int rc;

	COUNT(FUSE_OPENDIR);
	dir = calloc(1, sizeof(*dir));
	if (!dir) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	dir->inode = inode_of(ino);
	rc = atomic_load_explicit(&dir->inode->broken, memory_order_relaxed);
	if (rc == 0)
		rc = access_check(dir->inode, R_OK);
	if (rc == 0)
		rc = inode_handle(dir->inode, false, &dir->handle);
	if (rc) {
		free(dir);
		fuse_reply_err(req, rc);
		return;
	}
	pthread_mutex_init(&dir->lock, NULL);
	inode_ref(dir->inode); /* its container stays open as long as the handle is used */
	if (dir->inode->cont->policy.dentry > 0 && !dir->inode->snapshot) {
		fi->cache_readdir = 1;
		fi->keep_cache = 1;
	}
	fi->fh = (uintptr_t)dir;
	if (fuse_reply_open(req, fi) != 0)
		dir_free(dir);
}

void op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	COUNT(FUSE_RELEASEDIR);
	dir_free(dir_of(fi));
	fuse_reply_err(req, 0);
}

void op_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	struct handle *handle = dir_of(fi)->handle;

	(void)ino;
	COUNT(FUSE_FSYNCDIR);
	if (dfuse.p->dfsx_fsync)
		fuse_reply_err(req, dfuse.p->dfsx_fsync(handle->dfs, handle->obj, datasync != 0));
	else
		fuse_reply_err(req, dfuse.p->dfs_sync(handle->dfs));
}

/* The next batch of a provider that has anchors only: the cookie is the number of the entry, and
 * going back means starting over. */
static int fetch_by_anchor(struct dir *dir, uint64_t cookie)
{
	static __thread struct dirent names[BATCH];
	static __thread struct stat stats[BATCH];
	int rc;

	if (cookie != dir->count) {
		memset(&dir->anchor, 0, sizeof(dir->anchor));
		dir->count = 0;
	}
	dir->nr = 0;
	while (!daos_anchor_is_eof(&dir->anchor)) {
		uint64_t left = cookie - dir->count;
		uint32_t nr = left && left < BATCH ? (uint32_t)left : BATCH;

		rc = dfuse.p->dfs_readdirplus(dir->handle->dfs, dir->handle->obj, &dir->anchor, &nr, names, stats);
		if (rc)
			return rc;
		dir->count += nr;
		if (left || nr == 0)
			continue;
		for (uint32_t i = 0; i < nr; i++) {
			struct dfsx_dirent *ent = &dir->ents[i];

			ent->ino = stats[i].st_ino;
			ent->next = cookie + i + 1;
			ent->type = IFTODT(stats[i].st_mode);
			memcpy(ent->name, names[i].d_name, sizeof(ent->name));
		}
		dir->nr = nr;
		return 0;
	}
	return 0;
}

/* Makes ents[at] the entry at `cookie`; at == nr: there is none. With dir->lock held. */
static int position(struct dir *dir, uint64_t cookie)
{
	uint64_t after = cookie;
	int rc;

	if (cookie != 0 && dir->at < dir->nr && dir->cookie == cookie)
		return 0;
	dir->at = 0;
	dir->cookie = cookie;
	if (!dfuse.p->dfsx_readdir)
		return fetch_by_anchor(dir, cookie);
	dir->nr = BATCH;
	rc = dfuse.p->dfsx_readdir(dir->handle->dfs, dir->handle->obj, &after, &dir->nr, dir->ents, NULL);
	if (rc)
		dir->nr = 0;
	return rc;
}

/* The answer that is being put together. */
struct listing {
	fuse_req_t req;
	char *buf;
	size_t size, used;
	bool plus;
};

/* False: no more room. */
static bool add(struct listing *list, struct dir *dir, const char *name, uint64_t ino, uint8_t type, off_t next)
{
	struct fuse_entry_param entry = {.attr = {.st_ino = ino ? ino : UNKNOWN_INO, .st_mode = DTTOIF(type)}};
	bool dots = name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
	char *at = list->buf + list->used;
	size_t room = list->size - list->used, n;

	if (!list->plus) {
		n = fuse_add_direntry(list->req, at, room, name, &entry.attr, next);
	} else {
		if (fuse_add_direntry_plus(list->req, NULL, 0, name, &entry, next) > room)
			return false;
		/* A name that has gone meanwhile is listed without attributes (node id 0). */
		if (!dots && name_lookup(dir->inode, name, &entry) != 0)
			entry = (struct fuse_entry_param){
			    .attr = {.st_ino = ino ? ino : UNKNOWN_INO, .st_mode = DTTOIF(type)}};
		n = fuse_add_direntry_plus(list->req, at, room, name, &entry, next);
	}
	if (n > room)
		return false;
	list->used += n;
	return true;
}

/* The kernel reads nothing of a directory that was removed through it. Others remove them too. */
static bool removed(const struct dir *dir)
{
	struct stat st;
	int rc = dfuse.p->dfs_ostat(dir->handle->dfs, dir->handle->obj, &st);

	return rc == ENOENT || rc == ESTALE || (rc == 0 && st.st_nlink == 0);
}

static int fill(struct listing *list, struct dir *dir, uint64_t off)
{
	uint64_t number = atomic_load(&dir->inode->number), parent = atomic_load(&dir->inode->parent);
	int rc;

	if (off == 0) {
		if (removed(dir))
			return ENOENT;
		if (!add(list, dir, ".", number, DT_DIR, AFTER_DOT))
			return 0;
		off = AFTER_DOT;
	}
	if (off == AFTER_DOT) {
		if (!add(list, dir, "..", parent ? parent : number, DT_DIR, AFTER_DOTDOT))
			return 0;
		off = AFTER_DOTDOT;
	}
	if (off == AFTER_DOTDOT)
		off = 0;
	for (;;) {
		rc = position(dir, off);
		if (rc)
			return list->used ? 0 : rc;
		if (dir->at == dir->nr)
			return 0;
		while (dir->at < dir->nr) {
			struct dfsx_dirent *ent = &dir->ents[dir->at];

			if (!add(list, dir, ent->name, inode_number(dir->inode->cont, ent->ino), ent->type,
			         (off_t)ent->next))
				return 0;
			dir->at++;
			dir->cookie = off = ent->next;
		}
	}
}

static void read_directory(fuse_req_t req, size_t size, off_t off, struct fuse_file_info *fi, bool plus)
{
	struct dir *dir = dir_of(fi);
	struct listing list = {.req = req, .buf = malloc(size), .size = size, .plus = plus};
	int rc = ENOMEM;

	if (list.buf) {
		pthread_mutex_lock(&dir->lock);
		rc = fill(&list, dir, (uint64_t)off);
		pthread_mutex_unlock(&dir->lock);
	}
	if (rc)
		fuse_reply_err(req, rc);
	else
		fuse_reply_buf(req, list.buf, list.used);
	free(list.buf);
}

void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	(void)ino;
	COUNT(FUSE_READDIR);
	read_directory(req, size, off, fi, false);
}

void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	(void)ino;
	COUNT(FUSE_READDIRPLUS);
	read_directory(req, size, off, fi, true);
}
