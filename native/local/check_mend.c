/*
 * check_mend.c - each suspicion, looked at again where nobody else changes anything, and mended.
 *
 * What may hold something valuable is removed or (DFS_CHECK_RELINK) given a name below lost+found; what is only a wrong
 * note is set right either way.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "check.h"

struct mending {
	struct check *k;
	struct suspect *s;
	bool reclaim; /* after the transaction */
};

typedef int (*mend_fn)(struct mending *m, struct txn *txn);

static bool go(struct mending *m, bool real)
{
	m->s->real = real;
	m->s->mended = real && check_repairs(m->k);
	return m->s->mended;
}

/* ---- lost+found ------------------------------------------------------------------------------------------------- */
static int found_directory(struct check *k)
{
	dfs_obj_t *top = NULL, *dir = NULL;
	int rc;

	if (k->found_dir != 0)
		return 0;
	rc = dfs_mkdir(k->dfs, NULL, "lost+found", 0700, 0);
	if (rc == 0 || rc == EEXIST)
		rc = dfs_lookup_rel(k->dfs, NULL, "lost+found", O_RDWR | O_NOFOLLOW, &top, NULL, NULL);
	if (rc != 0)
		return rc;
	rc = dfs_mkdir(k->dfs, top, k->place, 0700, 0);
	if (rc == 0 || rc == EEXIST)
		rc = dfs_lookup_rel(k->dfs, top, k->place, O_RDWR | O_NOFOLLOW, &dir, NULL, NULL);
	if (rc == 0) {
		k->found_dir = dir->ino;
		rc = S_ISDIR(dir->mode) ? 0 : ENOTDIR;
		dfs_release(dir);
	}
	dfs_release(top);
	return rc;
}

/* Names an object there; a directory's own links are counted in the next round. */
static int relink(struct mending *m, struct txn *txn, uint64_t ino, struct inode_rec *rec)
{
	struct inode_rec dir;
	uint64_t slot;
	char name[32];
	int n = snprintf(name, sizeof(name), "%" PRIu64, ino);
	int rc = inode_get(txn, m->k->found_dir, &dir);

	if (rc == 0)
		rc = dirent_add(m->k->c, txn, m->k->found_dir, name, (size_t)n, ino, mode_to_type(rec->mode), &slot);
	if (rc != 0)
		return rc;
	if (S_ISDIR(rec->mode)) {
		rec->parent = m->k->found_dir;
		rec->slot = slot;
		rec->nlink = 2;
		dir.nlink++;
	} else {
		rec->nlink = 1;
	}
	rec->ctime = dir.mtime = dir.ctime = time_now();
	rc = inode_put(txn, ino, rec);
	return rc != 0 ? rc : inode_put(txn, m->k->found_dir, &dir);
}

/* ---- entries ---------------------------------------------------------------------------------------------------- */
/* The entry, with its name; false: it is gone. */
static bool get_entry(struct mending *m, struct txn *txn, uint64_t *ino, uint8_t *type)
{
	size_t len;
	MDB_val v;

	if (rec_get(txn, m->s->dir, m->s->slot, &v) != 0)
		return false;
	*ino = 0;
	*type = 0;
	if (v.mv_size <= DIRENT_HEAD)
		return true;
	memcpy(ino, v.mv_data, sizeof(*ino));
	*type = ((uint8_t *)v.mv_data)[offsetof(struct dirent_rec, type)];
	len = v.mv_size - DIRENT_HEAD < DFS_MAX_NAME ? v.mv_size - DIRENT_HEAD : DFS_MAX_NAME;
	memcpy(m->s->name, (char *)v.mv_data + DIRENT_HEAD, len);
	m->s->name[len] = '\0';
	return true;
}

/* Where a lookup finds it, or nowhere. */
static int bad_entry(struct mending *m, struct txn *txn)
{
	struct check *k = m->k;
	struct found f;
	size_t len;
	uint8_t type;
	bool name_is_one;
	int rc;

	if (!get_entry(m, txn, &m->s->ino, &type))
		return 0;
	len = strlen(m->s->name);
	name_is_one = len != 0 && memchr(m->s->name, '/', len) == NULL;
	if (!go(m, !name_is_one || dirent_find(k->c, txn, m->s->dir, m->s->name, len, &f) != 0 || f.slot != m->s->slot))
		return 0;
	rc = rec_del(txn, m->s->dir, m->s->slot);
	if (rc == 0 && name_is_one)
		rc = dirent_add(k->c, txn, m->s->dir, m->s->name, len, m->s->ino, type, NULL);
	return rc == EEXIST ? 0 : rc;
}

/* All names of what is no directory; their objects are without a name then. */
static int lost_directory(struct mending *m, struct txn *txn)
{
	struct key key = make_key(m->s->ino, 0), at;
	struct inode_rec rec;
	int rc = inode_get(txn, m->s->ino, &rec);

	if (!go(m, rc != 0 || !S_ISDIR(rec.mode)))
		return 0;
	for (;;) {
		MDB_val k = {sizeof(key), &key}, v;
		MDB_cursor *cur;

		rc = tree_cursor(txn, &cur);
		if (rc != 0)
			return rc;
		rc = mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE);
		if (rc == 0)
			memcpy(&at, k.mv_data, sizeof(at));
		mdb_cursor_close(cur);
		if (rc != 0 || at.hi != key.hi)
			return rc == MDB_NOTFOUND ? 0 : rc;
		rc = rec_del(txn, m->s->ino, __builtin_bswap64(at.lo));
		if (rc != 0)
			return rc;
	}
}

static int dangling(struct mending *m, struct txn *txn)
{
	struct inode_rec rec;
	uint64_t ino;
	uint8_t type;
	bool there = get_entry(m, txn, &ino, &type) && ino == m->s->ino;

	if (!go(m, there && (ino == 0 || ino >= SNAPDIR_INO || inode_get(txn, ino, &rec) == ENOENT)))
		return 0;
	return dirent_delete(txn, m->s->dir, m->s->slot);
}

static int wrong_type(struct mending *m, struct txn *txn)
{
	struct inode_rec rec;
	uint64_t ino;
	uint8_t type;
	bool there = get_entry(m, txn, &ino, &type) && ino == m->s->ino && inode_get(txn, ino, &rec) == 0;

	if (!go(m, there && type != mode_to_type(rec.mode)))
		return 0;
	return dirent_set(txn, m->s->dir, m->s->slot, m->s->name, strlen(m->s->name), ino, mode_to_type(rec.mode));
}

/* A second name of a directory goes; where there is only this one, the directory learns it. */
static int wrong_parent(struct mending *m, struct txn *txn)
{
	struct inode_rec rec;
	uint64_t ino;
	uint8_t type;
	bool there = get_entry(m, txn, &ino, &type) && ino == m->s->ino && inode_get(txn, ino, &rec) == 0;

	if (!go(m, there && S_ISDIR(rec.mode) && (rec.parent != m->s->dir || rec.slot != m->s->slot)))
		return 0;
	if (ino == ROOT_INO || check_names(txn, rec.parent, rec.slot, ino))
		return dirent_delete(txn, m->s->dir, m->s->slot);
	rec.parent = m->s->dir;
	rec.slot = m->s->slot;
	return inode_put(txn, ino, &rec);
}

/* Its name goes, and with it the ring is open. */
static int cycle(struct mending *m, struct txn *txn)
{
	struct inode_rec rec;
	uint64_t at = m->s->ino;
	unsigned steps;

	for (steps = 0; at != ROOT_INO && steps < 1000000; steps++) {
		if (inode_get(txn, at, &rec) != 0 || !S_ISDIR(rec.mode) || (at = rec.parent) == m->s->ino)
			break;
	}
	if (at != m->s->ino || steps == 0 || inode_get(txn, at, &rec) != 0 || !go(m, true))
		return 0;
	return check_names(txn, rec.parent, rec.slot, at) ? dirent_delete(txn, rec.parent, rec.slot) : 0;
}

/* ---- inodes ----------------------------------------------------------------------------------------------------- */
static int unnamed(struct mending *m, struct txn *txn)
{
	struct inode_rec rec;
	bool there = inode_get(txn, m->s->ino, &rec) == 0 && !check_is_orphan(txn, m->s->ino);
	int rc;

	if (there && S_ISDIR(rec.mode))
		there = !check_names(txn, rec.parent, rec.slot, m->s->ino);
	if (!go(m, there))
		return 0;
	if (m->k->flags & DFS_CHECK_RELINK)
		return relink(m, txn, m->s->ino, &rec);
	/* What it names goes in the next rounds. */
	rc = put_orphan(m->k->c, txn, m->s->ino, &rec);
	m->reclaim = true;
	return rc;
}

static int stale_orphan(struct mending *m, struct txn *txn)
{
	struct inode_rec rec;
	bool gone = inode_get(txn, m->s->ino, &rec) == ENOENT;

	if (!check_is_orphan(txn, m->s->ino) || (!gone && rec.nlink == 0 && marks_is_open(m->k->c, m->s->ino)))
		return 0;
	if (!go(m, true))
		return 0;
	if (!gone && rec.nlink == 0) {
		m->reclaim = true;
		return 0;
	}
	return orphan_named(m->k->c, txn, m->s->ino);
}

static int wrong_links(struct mending *m, struct txn *txn)
{
	struct inode_rec rec;
	bool same = inode_get(txn, m->s->ino, &rec) == 0 && (uint64_t)rec.ctime == m->s->slot && rec.nlink != m->s->dir;

	if (!go(m, same))
		return 0;
	rec.nlink = (uint32_t)m->s->dir;
	return inode_put(txn, m->s->ino, &rec);
}

/* The record at (inode, slot). */
static int bad_inode(struct mending *m, struct txn *txn)
{
	struct inode_rec rec;
	MDB_val v;
	int rc = inode_get(txn, m->s->ino, &rec);
	bool ok = rc == 0 && (S_ISREG(rec.mode) || S_ISDIR(rec.mode) || S_ISLNK(rec.mode));

	if (ok || rec_get(txn, SPACE_INODE | m->s->ino, m->s->slot, &v) != 0 || !go(m, true))
		return 0;
	return rec_del(txn, SPACE_INODE | m->s->ino, m->s->slot);
}

/* Flags say what is there. A file whose bytes can't be told from a wrong record has none. */
static int wrong_flags(struct mending *m, struct txn *txn)
{
	uint64_t hi = SPACE_INODE | m->s->ino;
	struct key key = make_key(hi, DATA_SLOT + 1), at;
	MDB_val k = {sizeof(key), &key}, v;
	struct inode_rec rec, now;
	MDB_cursor *cur;
	struct stat st;
	char path[32];
	bool data, host, in_tree;
	int rc = inode_get(txn, m->s->ino, &rec);

	if (rc != 0)
		return rc == ENOENT ? 0 : rc;
	now = rec;
	rc = tree_cursor(txn, &cur);
	if (rc != 0)
		return rc;
	if (mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE) == 0 && k.mv_size == sizeof(at)) {
		memcpy(&at, k.mv_data, sizeof(at));
		if (at.hi == key.hi)
			now.flags |= INODE_HAS_XATTR;
	}
	mdb_cursor_close(cur);
	data = rec_get(txn, hi, DATA_SLOT, &v) == 0;
	host_path(path, m->s->ino);
	host = sys_fstatat(m->k->c->obj_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (S_ISREG(rec.mode)) {
		host = host && (rec.flags & INODE_HAS_HOST || rec.size > SMALL_MAX);
		in_tree = !host && data && rec.flags & INODE_HAS_DATA && rec.size <= SMALL_MAX;
		now.flags &= ~(INODE_HAS_HOST | INODE_HAS_DATA);
		if (in_tree)
			now.flags |= INODE_HAS_DATA;
		else if (host || rec.flags & INODE_HAS_HOST)
			now.flags |= INODE_HAS_HOST;
		if (in_tree && v.mv_size != (rec.size < SMALL_HEAD ? rec.size : SMALL_HEAD))
			now.size = v.mv_size;
		if (!(now.flags & INODE_HAS_HOST) && rec.size > SMALL_MAX)
			now.size = now.blocks = 0;
	}
	if (!go(m, memcmp(&now, &rec, sizeof(now)) != 0 || data != !!(now.flags & INODE_HAS_DATA)))
		return 0;
	if (data && !(now.flags & INODE_HAS_DATA)) {
		rc = rec_del(txn, hi, DATA_SLOT);
		if (rc != 0)
			return rc;
	}
	return inode_put(txn, m->s->ino, &now);
}

/* ---- host files ------------------------------------------------------------------------------------------------- */
static int host_size(struct mending *m, struct txn *txn, bool lost)
{
	struct inode_rec rec, host;
	struct stat st;
	char path[32];
	bool there;
	int rc = inode_get(txn, m->s->ino, &rec);

	if (rc != 0 || !S_ISREG(rec.mode) || !(rec.flags & INODE_HAS_HOST) || rec.writers != 0)
		return rc == ENOENT ? 0 : rc;
	host_path(path, m->s->ino);
	there = sys_fstatat(m->k->c->obj_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
	host = rec;
	rc = inode_host_stat(m->k->c, m->s->ino, -1, &host);
	if (rc != 0)
		return rc;
	if (!go(m,
	        lost ? !there && rec.size != 0 : there && (host.size != rec.size || check_blocks_differ(&host, &rec))))
		return 0;
	if (lost)
		host.flags &= ~INODE_HAS_HOST; /* an empty file says honestly what is there */
	return inode_put(txn, m->s->ino, &host);
}

static int lost_bytes(struct mending *m, struct txn *txn)
{
	return host_size(m, txn, true);
}

static int wrong_size(struct mending *m, struct txn *txn)
{
	return host_size(m, txn, false);
}

/* A file with the bytes, where there is no record at all. */
static int adopt(struct mending *m, struct txn *txn, const struct stat *st)
{
	struct inode_rec rec = {.mode = S_IFREG | 0600,
	                        .uid = st->st_uid,
	                        .gid = st->st_gid,
	                        .flags = INODE_HAS_HOST,
	                        .epoch = m->k->c->super.epoch};
	int rc;

	rec.atime = rec.ctime = time_now();
	rc = inode_host_stat(m->k->c, m->s->ino, -1, &rec);
	return rc != 0 ? rc : relink(m, txn, m->s->ino, &rec);
}

static int leaked_host(struct mending *m, struct txn *txn)
{
	struct cont *c = m->k->c;
	struct inode_rec rec;
	char own[32];
	struct stat st;
	bool right;

	host_path(own, m->s->ino);
	right = strcmp(own, m->s->name + strlen("objects/")) == 0;
	if (right && (check_wants_host(txn, m->s->ino) || marks_is_going(c, m->s->ino)))
		return 0;
	if (sys_fstatat(c->dir_fd, m->s->name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !go(m, true))
		return 0;
	if (right && m->k->flags & DFS_CHECK_RELINK && S_ISREG(st.st_mode) && inode_get(txn, m->s->ino, &rec) == ENOENT)
		return adopt(m, txn, &st);
	return -sys_unlinkat(c->dir_fd, m->s->name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
}

static int leaked_copy(struct mending *m, struct txn *txn)
{
	struct stat st;

	if (check_wants_copy(txn, m->s->ino, m->s->dir) ||
	    sys_fstatat(m->k->c->dir_fd, m->s->name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !go(m, true))
		return 0;
	return -sys_unlinkat(m->k->c->dir_fd, m->s->name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
}

/* ---- counters --------------------------------------------------------------------------------------------------- */
static int reused_numbers(struct mending *m, struct txn *txn)
{
	struct key key = make_key(0, KEY_INO);
	uint64_t next = m->s->ino + 1, now = 0;
	MDB_val k = {sizeof(key), &key}, v;

	if (tree_get(txn, &k, &v) == 0 && v.mv_size == sizeof(now))
		memcpy(&now, v.mv_data, sizeof(now));
	if (!go(m, now < next))
		return 0;
	m->k->c->ino_next = m->k->c->ino_end = 0; /* our own block may lie below */
	v = (MDB_val){sizeof(next), &next};
	return tree_put(txn, &k, &v, 0);
}

static int wrong_snapshots(struct mending *m, struct txn *txn)
{
	struct snapshots_rec all;
	uint64_t *epochs = NULL, newest;
	unsigned nr;
	int rc = snapshots_get(txn, &all);

	if (rc == 0)
		rc = snapshots_live(txn, &epochs, &nr);
	if (rc != 0)
		return rc;
	newest = nr != 0 ? epochs[nr - 1] : 0;
	free(epochs);
	if (!go(m, all.count != nr || all.newest != newest))
		return 0;
	all.count = nr;
	all.newest = newest;
	if (all.last_epoch < newest)
		all.last_epoch = newest;
	return snapshots_set(m->k->c, txn, &all);
}

static int sweep_due(struct mending *m, struct txn *txn)
{
	struct snapshots_rec all;
	int rc = snapshots_get(txn, &all);

	go(m, rc == 0 && all.count == 0 && all.sweep == 0);
	return rc;
}

static int unreadable(struct mending *m, struct txn *txn)
{
	(void)txn;
	m->s->real = true;
	return 0;
}

static const struct {
	const char *words;
	mend_fn mend;
} kinds[] = {
    [BAD_ENTRY] = {"entry that no lookup finds", bad_entry},
    [LOST_DIRECTORY] = {"entries of what is no directory", lost_directory},
    [DANGLING] = {"entry of an object that is gone", dangling},
    [WRONG_TYPE] = {"entry with the wrong type", wrong_type},
    [WRONG_PARENT] = {"directory that knows another place as its own", wrong_parent},
    [CYCLE] = {"directory below itself", cycle},
    [UNNAMED] = {"leaked object without a name", unnamed},
    [STALE_ORPHAN] = {"orphan that nobody has open", stale_orphan},
    [WRONG_LINKS] = {"wrong number of links", wrong_links},
    [BAD_INODE] = {"record that belongs to no object", bad_inode},
    [WRONG_FLAGS] = {"wrong note of where bytes or attributes are", wrong_flags},
    [LOST_BYTES] = {"file whose bytes are gone", lost_bytes},
    [WRONG_SIZE] = {"wrong size or space", wrong_size},
    [LEAKED_HOST] = {"leaked file of the host", leaked_host},
    [LEAKED_COPY] = {"preserved file of no snapshot", leaked_copy},
    [REUSED_NUMBERS] = {"next inode number that is in use", reused_numbers},
    [WRONG_SNAPSHOTS] = {"wrong count of snapshots", wrong_snapshots},
    [SWEEP_DUE] = {"left by destroyed snapshots", sweep_due},
    [UNREADABLE] = {"bytes that cannot be read", unreadable},
};

const char *check_words(enum suspicion what)
{
	return kinds[what].words;
}

static int mend_in(struct cont *c, struct txn *txn, void *arg)
{
	struct mending *m = arg;

	(void)c;
	m->s->real = m->s->mended = m->reclaim = false; /* of an earlier attempt */
	return kinds[m->s->what].mend(m, txn);
}

int check_mend(struct check *k, struct suspect *s)
{
	struct mending m = {.k = k, .s = s};
	int rc = 0;

	if ((k->flags & DFS_CHECK_RELINK) && (s->what == UNNAMED || s->what == LEAKED_HOST))
		rc = found_directory(k);
	if (rc == 0)
		rc = cont_write_tree(k->c, mend_in, &m);
	if (rc != 0)
		return rc;
	if (m.reclaim)
		reclaim_orphan(k->c, s->ino);
	if (s->what == SWEEP_DUE && s->mended)
		rc = sweep(k->c);
	if (s->mended && (s->dir != 0 || s->what == CYCLE || s->what == UNNAMED || s->what == LOST_DIRECTORY))
		shared_bump_dirs(k->c);
	return rc;
}
