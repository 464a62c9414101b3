/*
 * op_directory.c - reading directories and the working directory.
 *
 * The position in a directory is the description's shared offset: 0 before ".", 1 before "..", and from 2 on
 * the provider's cookie plus 2, so telldir and seekdir work and fork shares it as POSIX says.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dfskit_ext.h>
#include "../shim/arena.h"
#include "../shim/attributes.h"
#include "../shim/cwd.h"
#include "../shim/fdtable.h"
#include "../shim/materialise.h"
#include "../shim/mounts.h"
#include "../shim/ofd.h"
#include "../shim/runtime.h"
#include "../shim/where.h"
#include "names.h"
#include "ops.h"

struct linux_dirent64 {
	uint64_t d_ino;
	int64_t d_off;
	uint16_t d_reclen;
	uint8_t d_type;
	char d_name[];
};

#define FIRST 2u /* position of the provider's first entry */
#define BATCH 64u

/* Appends one record when it fits. */
static bool put(char *out, size_t room, size_t *used, uint64_t ino, uint64_t next, uint8_t type, const char *name)
{
	size_t len = strlen(name);
	size_t rec = (offsetof(struct linux_dirent64, d_name) + len + 1 + 7) & ~(size_t)7;

	if (room - *used < rec)
		return false;
	struct linux_dirent64 *d = (struct linux_dirent64 *)(out + *used);
	d->d_ino = ino;
	d->d_off = (int64_t)next;
	d->d_reclen = (uint16_t)rec;
	d->d_type = type;
	memcpy(d->d_name, name, len + 1);
	*used += rec;
	return true;
}

/* With the plain DFS API a place in a directory is an anchor, not a number: the position counts
 * entries, and going back reads from the start. */
static int read_counted(struct ofd *ofd, dfs_obj_t *obj, uint64_t *pos, uint32_t *nr, struct dfsx_dirent *ents)
{
	const struct provider *p = ofd->mnt->p;
	struct dirent *names = malloc(BATCH * sizeof(*names));
	struct stat *stats = malloc(BATCH * sizeof(*stats));
	daos_anchor_t anchor;
	uint64_t at = 0;
	uint32_t out = 0;
	int rc = names && stats ? 0 : ENOMEM;

	memset(&anchor, 0, sizeof(anchor));
	while (!rc && out < *nr && !daos_anchor_is_eof(&anchor)) {
		uint32_t n = BATCH;
		rc = p->dfs_readdirplus(ofd->mnt->dfs, obj, &anchor, &n, names, stats);
		for (uint32_t i = 0; !rc && i < n && out < *nr; i++, at++) {
			if (at < *pos)
				continue;
			ents[out].ino =
			    stats[i].st_ino ? stats[i].st_ino : UINT32_MAX; /* unknown, as libfuse says it */
			ents[out].next = at + 1;
			ents[out].type = (uint8_t)IFTODT(stats[i].st_mode);
			memcpy(ents[out].name, names[i].d_name, sizeof(ents[out].name));
			out++;
		}
	}
	free(names);
	free(stats);
	*nr = out;
	*pos += out;
	return rc;
}

/* Fills the buffer with entries as records. 0 with nothing added: the end, or one that does not fit (*full). */
static int read_records(struct ofd *ofd, dfs_obj_t *obj, uint64_t *pos, char *out, size_t room, size_t *used,
                        bool *full)
{
	const struct provider *p = ofd->mnt->p;
	struct dfsx_dirent ents[BATCH];
	uint64_t cookie = *pos - FIRST;
	int rc = 0;

	if (p->dfsx_getdents) {
		size_t size = room - *used;
		rc = p->dfsx_getdents(ofd->mnt->dfs, obj, &cookie, FIRST, out + *used, &size);
		if (!rc) {
			*used += size;
			*pos = cookie + FIRST;
		}
		*full = rc == EINVAL;
		return *full ? 0 : rc;
	}
	for (;;) {
		/* Not many more than fit: what is read too much is read again. */
		uint32_t nr = (room - *used) / 24 < BATCH ? (uint32_t)((room - *used) / 24) : BATCH;
		*full = nr == 0;
		rc = *full ? 0 : read_counted(ofd, obj, &cookie, &nr, ents);
		if (rc || nr == 0)
			return rc;
		for (uint32_t i = 0; i < nr; i++) {
			*full = !put(out, room, used, ents[i].ino, ents[i].next + FIRST, ents[i].type, ents[i].name);
			if (*full)
				return 0;
			*pos = ents[i].next + FIRST;
		}
	}
}

static uint64_t parent_ino(struct ofd *ofd, uint64_t own)
{
	char path[PATH_MAX];
	struct stat st;

	if (ofd_dir_path(ofd, path, sizeof(path)) || !path[0]) {
		/* The parent of the mount's root is the kernel's. */
		char up[PATH_MAX + 4];
		memcpy(up, ofd->mnt->root, ofd->mnt->root_len);
		memcpy(up + ofd->mnt->root_len, "/..", 4);
		return SHIM_RAW(SYS_newfstatat, AT_FDCWD, up, &st, 0) == 0 ? st.st_ino : own;
	}
	char *slash = strrchr(path, '/');
	*slash = 0;
	dfs_obj_t *up;
	if (ofd->mnt->p->dfs_lookup(ofd->mnt->dfs, path[0] ? path : "/", O_RDONLY, &up, NULL, &st))
		return own;
	ofd->mnt->p->dfs_release(up);
	return st.st_ino;
}

long op_getdents64(int fd, void *dirp, size_t count)
{
	struct ofd *ofd = ofd_get(fd);
	struct stat st;
	size_t used = 0;
	int rc = 0;

	if (!ofd)
		return -EBADF;
	dfs_obj_t *obj = ofd->kind == OFD_DIR ? ofd_obj(ofd, &rc) : NULL;
	if (!obj) {
		rc = rc ? rc : ofd->kind == OFD_PATH ? EBADF : ENOTDIR;
		ofd_put(ofd);
		return -rc;
	}
	struct slot *slot = ofd->slot;
	bool locked = slot_lock(slot);
	if (atomic_load(&slot->where) == SLOT_KERNEL) {
		slot_unlock(slot, locked);
		long r = ofd_follow_kernel(ofd);
		if (!r)
			r = SHIM_RAW(SYS_getdents64, fd, dirp, count);
		ofd_put(ofd);
		return r;
	}
	uint64_t pos = atomic_load(&slot->offset);
	bool full = false;
	if (pos < FIRST) {
		rc = (int)-ofd_stat(ofd, &st);
		if (!rc && st.st_nlink == 0) /* removed: not even "." is left */
			rc = ENOENT;
		if (!rc && pos == 0) {
			full = !put(dirp, count, &used, st.st_ino, 1, DT_DIR, ".");
			pos += !full;
		}
		if (!rc && !full) {
			full = !put(dirp, count, &used, parent_ino(ofd, st.st_ino), FIRST, DT_DIR, "..");
			pos += !full;
		}
	}
	if (!rc && !full)
		rc = read_records(ofd, obj, &pos, dirp, count, &used, &full);
	atomic_store(&slot->offset, pos);
	slot_unlock(slot, locked);
	ofd_put(ofd);
	if (used)
		return (long)used;
	return rc ? -rc : full ? -EINVAL : 0;
}

/* ---- working directory ---- */

/* The kernel's own working directory follows where there is a mount, so that calls that only the
 * kernel knows, and programs without a shim, start from the same place. */
static long enter(struct mount *mnt, const char *path, dfs_obj_t *obj, const char *relative)
{
	char full[2 * PATH_MAX];
	long r = 0;

	if (mnt->dfuse && !path)
		r = SHIM_RAW(SYS_chdir, relative);
	else if (mnt->dfuse) {
		memcpy(full, mnt->root, mnt->root_len);
		strcpy(full + mnt->root_len, path);
		r = SHIM_RAW(SYS_chdir, full);
	}
	struct ofd *ofd = r ? NULL : ofd_new(mnt, obj, NULL, OFD_DIR, O_RDONLY | O_DIRECTORY);
	if (!ofd) {
		mnt->p->dfs_release(obj);
		return r ? r : -ENOMEM;
	}
	if (path && !ofd_set_path(ofd, path, strlen(path), "", 0)) {
		ofd_put(ofd);
		return -ENOMEM;
	}
	ofd_put(atomic_exchange(&shim_cwd, ofd));
	return 0;
}

long op_chdir(const char *path)
{
	struct where w;
	dfs_obj_t *obj;
	mode_t mode;
	char full[PATH_MAX + NAME_MAX + 2];
	long r = where_open(AT_FDCWD, path, true, O_RDONLY | O_PATH, &w, &obj, &mode);

	if (!r && w.ours) {
		where_path(&w, full);
		/* One too long to say is entered step by step, as the program does. */
		bool sayable = !w.no_path && w.mnt->root_len + strlen(full) < PATH_MAX;
		if (S_ISDIR(mode))
			r = enter(w.mnt, sayable ? full : NULL, obj, path);
		else {
			w.mnt->p->dfs_release(obj);
			r = -ENOTDIR;
		}
	} else if (!r) {
		r = SHIM_RAW(SYS_chdir, w.kpath);
		if (!r)
			cwd_learn();
	}
	where_done(&w);
	return r;
}

long op_fchdir(int fd)
{
	struct ofd *ofd = ofd_get(fd);
	char path[PATH_MAX];
	dfs_obj_t *obj;
	int rc = 0;

	if (!ofd) {
		long r = SHIM_RAW(SYS_fchdir, fd);
		if (!r)
			cwd_learn();
		return r;
	}
	struct stat st = {.st_mode = S_IFDIR};
	if (ofd->kind == OFD_PATH)
		ofd_stat(ofd, &st);
	long r = ofd->kind == OFD_FILE || !S_ISDIR(st.st_mode) ? -ENOTDIR : ofd_dir_path(ofd, path, sizeof(path));
	if (!r) {
		obj = ofd_obj(ofd, &rc);
		r = obj ? -ofd->mnt->p->dfs_dup(ofd->mnt->dfs, obj, O_RDONLY, &obj) : -rc;
	}
	if (!r)
		r = enter(ofd->mnt, path, obj, NULL);
	ofd_put(ofd);
	return r;
}

void cwd_renamed(struct mount *mnt, const char *from, const char *to)
{
	struct ofd *cwd = ofd_get_cwd();
	size_t n = strlen(from);
	char path[2 * PATH_MAX];
	dfs_obj_t *obj;
	int err = 0;

	if (cwd && cwd->mnt == mnt && cwd->path && strncmp(cwd->path, from, n) == 0 &&
	    (!cwd->path[n] || cwd->path[n] == '/') &&
	    snprintf(path, sizeof(path), "%s%s", to, cwd->path + n) < PATH_MAX - (int)mnt->root_len &&
	    (obj = ofd_obj(cwd, &err)) && mnt->p->dfs_dup(mnt->dfs, obj, O_RDONLY, &obj) == 0)
		enter(mnt, path, obj, NULL);
	ofd_put(cwd);
}

long op_getcwd(char *buf, size_t size)
{
	struct ofd *ofd = ofd_get_cwd();
	char path[PATH_MAX];

	if (!ofd)
		return SHIM_RAW(SYS_getcwd, buf, size);
	long r = ofd_dir_path(ofd, path, sizeof(path));
	if (r && ofd->mnt->dfuse && !ofd->mnt->p->dfsx_dir_path) {
		ofd_put(ofd);
		return SHIM_RAW(SYS_getcwd, buf, size); /* another process has renamed it: the kernel may know */
	}
	if (!r) {
		size_t n = strlen(path), need = ofd->mnt->root_len + n + 1;
		if (need > size)
			r = -ERANGE;
		else {
			memcpy(buf, ofd->mnt->root, ofd->mnt->root_len);
			memcpy(buf + ofd->mnt->root_len, path, n + 1);
			r = (long)need;
		}
	}
	ofd_put(ofd);
	return r;
}
