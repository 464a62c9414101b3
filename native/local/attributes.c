/*
 * attributes.c - stat, and what chmod, chown and utimensat set.
 */
#include "container.h"
#include "entries.h"
#include "hostfd.h"
#include "inode.h"
#include "layout.h"
#include "local.h"
#include "machine.h"
#include "object.h"
#include "perm.h"
#include "shared_page.h"
#include "transaction.h"

static int stat_ino(const struct dfs *dfs, struct txn *txn, uint64_t ino, int fd, struct stat *st)
{
	struct inode_rec rec;
	int rc = inode_get(txn, ino, &rec);

	if (rc == 0)
		rc = stat_now(dfs->c, ino, fd, &rec);
	if (rc == 0)
		inode_to_stat(dfs, ino, &rec, st);
	return rc;
}

EXPORT int dfs_ostat(dfs_t *dfs, dfs_obj_t *obj, struct stat *stbuf)
{
	struct rtx r;
	int fd = -1, rc;
	bool pinned;

	if (dfs == NULL || stbuf == NULL)
		return EINVAL;
	pinned = obj != NULL && atomic_load_explicit(&obj->fd, memory_order_relaxed) >= 0 &&
	         hostfd_pin(obj, false, &fd) == 0;
	rc = rtx_begin(dfs->c, &r);
	if (rc == 0) {
		rc = stat_ino(dfs, r.txn, dir_ino(dfs, obj), pinned ? fd : -1, stbuf);
		rtx_end(&r);
	}
	if (pinned)
		hostfd_unpin(obj);
	return rc;
}

EXPORT int dfs_stat(dfs_t *dfs, dfs_obj_t *parent, const char *name, struct stat *stbuf)
{
	uint64_t generation;
	struct found f;
	struct rtx r;
	size_t len;
	int rc;

	if (dfs == NULL || stbuf == NULL)
		return EINVAL;
	if (name == NULL)
		return dfs_ostat(dfs, parent, stbuf);
	rc = dirent_check_name(name, &len);
	if (rc != 0)
		return rc;
	generation = dfs->c->shared->dir_generation;
	rc = rtx_begin(dfs->c, &r);
	if (rc != 0)
		return rc;
	rc = dir_search(dfs, r.txn, parent, generation);
	if (rc == 0)
		rc = dirent_find(dfs->c, r.txn, dir_ino(dfs, parent), name, len, &f);
	if (rc == 0)
		rc = stat_ino(dfs, r.txn, f.ino, -1, stbuf);
	rtx_end(&r);
	return rc;
}

/* ---- setting -------------------------------------------------------------------------------------- */
struct set_arg {
	uint64_t ino;
	struct stat *st;
	int flags;
	struct inode_rec rec; /* out */
};

static int64_t ns_of(struct timespec ts)
{
	return ts.tv_nsec == UTIME_NOW ? time_now() : ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* utimensat(2): who may write may set both times to now, any other time is the owner's to set. */
static int may_set_times(const struct cred *cr, const struct inode_rec *rec, const struct set_arg *a)
{
	const int both = DFS_SET_ATTR_ATIME | DFS_SET_ATTR_MTIME;

	if (!(a->flags & both))
		return 0;
	if ((a->flags & both) != both || a->st->st_atim.tv_nsec != UTIME_NOW || a->st->st_mtim.tv_nsec != UTIME_NOW)
		return EPERM;
	return perm_check(cr, rec, MAY_W);
}

/* chmod(2), chown(2), utimensat(2): who may do what. */
static int may_set(const struct inode_rec *rec, const struct set_arg *a)
{
	struct cred cr;

	cred_get(&cr);
	if (cr.uid == 0)
		return 0;
	if ((a->flags & DFS_SET_ATTR_UID) && (a->st->st_uid != rec->uid || cr.uid != rec->uid))
		return EPERM;
	if ((a->flags & DFS_SET_ATTR_GID) && a->st->st_gid != rec->gid &&
	    (cr.uid != rec->uid || !perm_in_group(&cr, a->st->st_gid)))
		return EPERM;
	if (cr.uid == rec->uid)
		return 0;
	if (a->flags & (DFS_SET_ATTR_MODE | DFS_SET_ATTR_GID))
		return EPERM;
	return may_set_times(&cr, rec, a);
}

static int set_fn(struct cont *c, struct txn *txn, void *arg)
{
	struct set_arg *a = arg;
	struct inode_rec *rec = &a->rec;
	int rc = inode_get(txn, a->ino, rec);

	if (rc == 0)
		rc = may_set(rec, a);
	if (rc != 0)
		return rc;
	if (a->flags & DFS_SET_ATTR_MODE)
		rec->mode = (rec->mode & S_IFMT) | (a->st->st_mode & 07777);
	if (a->flags & DFS_SET_ATTR_UID)
		rec->uid = a->st->st_uid;
	if (a->flags & DFS_SET_ATTR_GID)
		rec->gid = a->st->st_gid;
	if (a->flags & (DFS_SET_ATTR_UID | DFS_SET_ATTR_GID) && S_ISREG(rec->mode))
		rec->mode &= ~(uint32_t)(S_ISUID | (rec->mode & S_IXGRP ? S_ISGID : 0));
	if (a->flags & DFS_SET_ATTR_ATIME)
		rec->atime = ns_of(a->st->st_atim);
	if (a->flags & DFS_SET_ATTR_MTIME)
		rec->mtime = ns_of(a->st->st_mtim);
	rec->ctime = time_now();
	rc = inode_put(txn, a->ino, rec);
	if (rc == 0 && (a->flags & DFS_SET_ATTR_MTIME) && rec->flags & INODE_HAS_HOST)
		inode_set_host_mtime(c, a->ino, rec->mtime); /* after the record is kept for snapshots */
	return rc;
}

EXPORT int dfs_osetattr(dfs_t *dfs, dfs_obj_t *obj, struct stat *stbuf, int flags)
{
	struct set_arg a = {.ino = dir_ino(dfs, obj), .st = stbuf, .flags = flags & ~DFS_SET_ATTR_SIZE};
	int rc;

	if (dfs == NULL || stbuf == NULL)
		return EINVAL;
	rc = read_only(dfs, a.ino);
	if (rc == 0 && (flags & DFS_SET_ATTR_SIZE)) {
		if (obj == NULL || !S_ISREG(obj->mode))
			return obj == NULL || S_ISDIR(obj->mode) ? EISDIR : EINVAL;
		rc = stbuf->st_size < 0 ? EINVAL : object_truncate(obj, (uint64_t)stbuf->st_size);
	}
	if (rc == 0 && a.flags != 0) {
		rc = cont_write(dfs->c, set_fn, &a);
		if (rc == 0 && S_ISDIR(a.rec.mode))
			shared_bump_dirs(dfs->c); /* who may look names up is remembered */
		if (rc == 0 && S_ISREG(a.rec.mode) && a.rec.mode & (S_ISUID | S_ISGID))
			shared_bump_set_id(dfs->c); /* and which files have no such bits */
		if (rc == 0 && obj != NULL)
			obj->mode = a.rec.mode;
	}
	return rc != 0 ? rc : dfs_ostat(dfs, obj, stbuf);
}

static int set_named(dfs_t *dfs, dfs_obj_t *parent, const char *name, int nofollow, struct stat *st, int what)
{
	dfs_obj_t *obj;
	int rc;

	if (dfs == NULL)
		return EINVAL;
	if (name == NULL)
		return dfs_osetattr(dfs, parent, st, what);
	rc = dfs_lookup_rel(dfs, parent, name, O_RDONLY | O_PATH | nofollow, &obj, NULL, NULL);
	if (rc != 0)
		return rc;
	rc = dfs_osetattr(dfs, obj, st, what);
	dfs_release(obj);
	return rc;
}

EXPORT int dfs_chmod(dfs_t *dfs, dfs_obj_t *parent, const char *name, mode_t mode)
{
	struct stat st = {.st_mode = mode};

	return set_named(dfs, parent, name, 0, &st, DFS_SET_ATTR_MODE);
}

EXPORT int dfs_chown(dfs_t *dfs, dfs_obj_t *parent, const char *name, uid_t uid, gid_t gid, int flags)
{
	struct stat st = {.st_uid = uid, .st_gid = gid};

	return set_named(dfs, parent, name, flags & O_NOFOLLOW, &st,
	                 (uid != (uid_t)-1 ? DFS_SET_ATTR_UID : 0) | (gid != (gid_t)-1 ? DFS_SET_ATTR_GID : 0));
}

EXPORT int dfs_access(dfs_t *dfs, dfs_obj_t *parent, const char *name, int mask)
{
	struct inode_rec rec = {0};
	struct stat st;
	struct cred cr;
	dfs_obj_t *obj;
	int rc;

	if (dfs == NULL)
		return EINVAL;
	if (name == NULL) {
		rc = dfs_ostat(dfs, parent, &st);
	} else {
		rc = dfs_lookup_rel(dfs, parent, name, O_RDONLY | O_PATH, &obj, NULL, &st);
		if (rc == 0)
			dfs_release(obj);
	}
	if (rc == 0 && (mask & W_OK))
		rc = read_only(dfs, dfs->root != ROOT_INO ? dfs->root : st.st_ino);
	if (rc != 0 || mask == F_OK)
		return rc;
	cred_get(&cr);
	rec.mode = st.st_mode;
	rec.uid = st.st_uid;
	rec.gid = st.st_gid;
	return perm_check(&cr, &rec, mask & (R_OK | W_OK | X_OK)); /* R_OK is MAY_R, and so on */
}
_Static_assert(R_OK == MAY_R && W_OK == MAY_W && X_OK == MAY_X, "access(2) and perm.c agree");
