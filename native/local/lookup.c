/*
 * lookup.c - from names to open objects, and the creation of new ones.
 *
 * An opener counts the object as open and only then reads its record: whoever removes the last
 * name commits first and looks at the counters afterwards, so one of the two sees the other.
 */
#include <stdlib.h>
#include "container.h"
#include "entries.h"
#include "inode.h"
#include "layout.h"
#include "local.h"
#include "machine.h"
#include "marks.h"
#include "object.h"
#include "perm.h"
#include "reclaim.h"
#include "shared_page.h"
#include "transaction.h"
#include "views.h"

#define MAX_LINKS 40

HOT int dir_search(const struct dfs *dfs, struct txn *txn, struct dfs_obj *dir, uint64_t generation)
{
	struct inode_rec rec;
	struct cred cr;
	uint32_t mode;
	int rc;

	if (dir != NULL && !S_ISDIR(dir->mode))
		return ENOTDIR;
	if (dir != NULL && atomic_load_explicit(&dir->perm_generation, memory_order_acquire) == generation + 1)
		return 0; /* everybody may, as it was then */
	rc = inode_get(txn, dir_ino(dfs, dir), &rec);
	if (rc == 0 && rec.nlink == 0)
		rc = ENOENT;
	if (rc != 0)
		return rc;
	mode = rec.mode;
	if ((mode & 0111) != 0111) {
		cred_get(&cr);
		return perm_check(&cr, &rec, MAY_X);
	}
	if (dir != NULL)
		atomic_store_explicit(&dir->perm_generation, generation + 1, memory_order_release);
	return 0;
}

HOT static bool wants_write(int flags)
{
	return (flags & O_ACCMODE) != O_RDONLY && !(flags & O_PATH);
}

HOT static int may_open(const struct inode_rec *rec, int flags)
{
	struct cred cr;
	int want;

	if (flags & O_PATH || S_ISLNK(rec->mode))
		return 0;
	want = (flags & O_ACCMODE) == O_RDONLY ? MAY_R : (flags & O_ACCMODE) == O_WRONLY ? MAY_W : MAY_R | MAY_W;
	if ((rec->mode & 0666) == 0666 || ((rec->mode & 0444) == 0444 && want == MAY_R))
		return 0;
	cred_get(&cr);
	return perm_check(&cr, rec, want);
}

/* Opens a name of parent without following it. */
HOT static int open_name(struct dfs *dfs, struct dfs_obj *parent, const char *name, size_t len, int flags,
                         struct dfs_obj **obj, struct inode_rec *rec)
{
	struct cont *c = dfs->c;
	unsigned attempt;
	int rc;

	for (attempt = 0; attempt < 100; attempt++) {
		uint64_t generation = c->shared->dir_generation;
		struct found f;
		struct rtx r;

		rc = rtx_begin(c, &r);
		if (rc != 0)
			return rc;
		rc = dir_search(dfs, r.txn, parent, generation);
		if (rc == 0)
			rc = dirent_find(c, r.txn, dir_ino(dfs, parent), name, len, &f);
		rtx_end(&r);
		if (rc == 0 && unlikely(VIEW_OF(f.ino) != 0) && wants_write(flags) && f.type == DT_REG)
			rc = EROFS;
		if (rc != 0)
			return rc;

		marks_open(c, f.ino);
		rc = rtx_begin(c, &r);
		if (rc == 0) {
			rc = inode_get(r.txn, f.ino, rec);
			if (rc == 0 && rec->nlink == 0)
				rc = ENOENT;
			if (rc == 0)
				rc = stat_now(c, f.ino, -1, rec);
			rtx_end(&r);
			if (rc == ENOENT) { /* removed between the two: look again */
				marks_release(c, f.ino);
				continue;
			}
		}
		if (rc == 0)
			rc = may_open(rec, flags);
		if (rc == 0)
			rc = object_new(dfs, f.ino, rec, flags, dir_ino(dfs, parent), obj);
		if (rc != 0)
			marks_release(c, f.ino);
		return rc;
	}
	return ENOENT;
}

static int walk(struct dfs *dfs, struct dfs_obj *start, const char *path, int flags, unsigned links,
                struct dfs_obj **obj, struct inode_rec *rec);

/* Opens the root, or start again, with other flags. */
static int open_dir(struct dfs *dfs, struct dfs_obj *dir, int flags, struct dfs_obj **obj, struct inode_rec *rec)
{
	daos_obj_id_t oid = {.lo = dir_ino(dfs, dir), .hi = 0};
	struct rtx r;
	int rc = rtx_begin(dfs->c, &r);

	if (rc != 0)
		return rc;
	rc = inode_get(r.txn, oid.lo, rec);
	rtx_end(&r);
	if (rc == 0)
		rc = may_open(rec, flags & O_ACCMODE ? (flags & ~O_ACCMODE) | O_RDONLY : flags);
	return rc != 0 ? rc : dfsx_open_oid(dfs, oid, flags, obj);
}

/* Follows the link that obj is, found in the directory dir. Releases obj. */
static int follow(struct dfs *dfs, struct dfs_obj *dir, struct dfs_obj *link, int flags, unsigned links,
                  struct dfs_obj **obj, struct inode_rec *rec)
{
	int rc = links >= MAX_LINKS ? ELOOP : walk(dfs, dir, link->link, flags, links + 1, obj, rec);

	dfs_release(link);
	return rc;
}

/* Walks path from start (absolute: from the root). Intermediate links are always followed. */
static int walk(struct dfs *dfs, struct dfs_obj *start, const char *path, int flags, unsigned links,
                struct dfs_obj **obj, struct inode_rec *rec)
{
	struct dfs_obj *at = NULL, *next; /* at: owned here, NULL while it is start or the root */
	struct dfs_obj *from = path[0] == '/' ? NULL : start;
	int rc;

	for (;;) {
		char name[DFS_MAX_NAME + 1];
		size_t len;
		bool last;

		while (*path == '/')
			path++;
		len = strcspn(path, "/");
		if (len == 0) {
			rc = open_dir(dfs, from, flags, obj, rec);
			break;
		}
		if (len > DFS_MAX_NAME) {
			rc = ENAMETOOLONG;
			break;
		}
		memcpy(name, path, len);
		name[len] = '\0';
		path += len;
		last = path[strspn(path, "/")] == '\0';
		if (strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0) {
			struct inode_rec up;
			struct rtx r;
			daos_obj_id_t oid = {.lo = dfs->root, .hi = 0};

			rc = rtx_begin(dfs->c, &r);
			if (rc == 0) {
				rc = inode_get(r.txn, dir_ino(dfs, from), &up);
				rtx_end(&r);
			}
			if (rc == 0 && up.parent != 0 && dir_ino(dfs, from) != dfs->root)
				oid.lo = up.parent;
			if (rc == 0)
				rc = dfsx_open_oid(dfs, oid, O_RDONLY, &next);
		} else {
			rc = open_name(dfs, from, name, len, last ? flags : O_RDONLY | O_PATH, &next, rec);
			if (rc == 0 && S_ISLNK(next->mode) && (!last || !(flags & O_NOFOLLOW) || *path == '/')) {
				rc = follow(dfs, from, next, last ? flags : O_RDONLY | O_PATH, links, &next, rec);
				links++;
			}
			if (rc == 0 && (!last || *path == '/') && !S_ISDIR(next->mode)) {
				dfs_release(next);
				rc = ENOTDIR;
			}
			if (rc == 0 && last) {
				*obj = next;
				break;
			}
		}
		if (rc != 0)
			break;
		if (at != NULL)
			dfs_release(at);
		from = at = next;
	}
	if (at != NULL)
		dfs_release(at);
	return rc;
}

HOT static int opened(struct dfs *dfs, struct dfs_obj *obj, struct inode_rec *rec, dfs_obj_t **out, mode_t *mode,
                      struct stat *st)
{
	if (mode != NULL)
		*mode = obj->mode;
	if (st != NULL)
		inode_to_stat(dfs, obj->ino, rec, st);
	if (out != NULL)
		*out = obj;
	else
		dfs_release(obj);
	return 0;
}

HOT static int writable(const struct dfs *dfs, int flags)
{
	return wants_write(flags) ? read_only(dfs, dfs->root) : 0;
}

EXPORT int dfs_lookup(dfs_t *dfs, const char *path, int flags, dfs_obj_t **obj, mode_t *mode, struct stat *stbuf)
{
	struct inode_rec rec;
	struct dfs_obj *o;
	int rc;

	if (dfs == NULL || obj == NULL || path == NULL || path[0] != '/')
		return EINVAL;
	if (flags & O_APPEND)
		return ENOTSUP;
	if (strnlen(path, DFS_MAX_PATH) == DFS_MAX_PATH)
		return ENAMETOOLONG;
	if (dfs->prefix != NULL && strncmp(path, dfs->prefix, dfs->prefix_len) == 0 &&
	    (path[dfs->prefix_len] == '/' || path[dfs->prefix_len] == '\0'))
		path += dfs->prefix_len;
	rc = writable(dfs, flags);
	if (rc == 0)
		rc = walk(dfs, NULL, path[0] != '\0' ? path : "/", flags, 0, &o, &rec);
	return rc != 0 ? rc : opened(dfs, o, &rec, obj, mode, stbuf);
}

HOT EXPORT int dfs_lookup_rel(dfs_t *dfs, dfs_obj_t *parent, const char *name, int flags, dfs_obj_t **obj, mode_t *mode,
                              struct stat *stbuf)
{
	struct inode_rec rec;
	struct dfs_obj *o;
	size_t len;
	int rc;

	if (dfs == NULL || obj == NULL)
		return EINVAL;
	if (flags & O_APPEND)
		return ENOTSUP;
	rc = dirent_check_name(name, &len);
	if (rc == 0)
		rc = writable(dfs, flags);
	if (rc == 0)
		rc = open_name(dfs, parent, name, len, flags, &o, &rec);
	if (rc == 0 && S_ISLNK(o->mode) && !(flags & O_NOFOLLOW))
		rc = follow(dfs, parent, o, flags, 0, &o, &rec);
	return rc != 0 ? rc : opened(dfs, o, &rec, obj, mode, stbuf);
}

EXPORT HOT int dfsx_open_name(dfs_t *dfs, dfs_obj_t *parent, const char *name, size_t len, int flags, dfs_obj_t **obj,
                              mode_t *mode, daos_obj_id_t *oid)
{
	struct inode_rec rec;
	int rc = writable(dfs, flags);

	if (rc == 0)
		rc = open_name(dfs, parent, name, len, flags, obj, &rec);
	if (rc != 0)
		return rc;
	*mode = (*obj)->mode;
	return dfs_obj2id(*obj, oid);
}

/* ---- creating --------------------------------------------------------------------------------- */
struct create_arg {
	uint64_t dir;
	const char *name;
	size_t len;
	mode_t mode;
	const char *target;
	bool linkable; /* a file without a name may get one */
	uint32_t oclass;
	uint64_t chunk_size;
	struct cred cr;
	uint64_t ino;         /* out */
	struct inode_rec rec; /* out */
};

/* Who creates, asked before the lock of writers is taken: others wait for less. */
static struct cred creator(void)
{
	struct cred cr;

	cred_get(&cr);
	if (cr.uid == 0)
		cr.gid = (gid_t)sys_raw6(SYS_getegid, 0, 0, 0, 0, 0, 0);
	return cr;
}

/* A new record as the creator and its directory say; a->rec and a->ino. */
static int new_inode(struct cont *c, struct txn *txn, struct create_arg *a, const struct inode_rec *dir)
{
	const struct cred *cr = &a->cr;
	int rc = perm_change_name(cr, dir, NULL);

	if (rc == 0)
		rc = inode_alloc(c, txn, &a->ino);
	if (rc != 0)
		return rc;
	a->rec = (struct inode_rec){.mode = a->mode,
	                            .uid = cr->uid,
	                            .gid = dir->mode & S_ISGID ? dir->gid : cr->gid,
	                            .nlink = S_ISDIR(a->mode) ? 2 : 1,
	                            .oclass = a->oclass,
	                            .chunk_size = a->chunk_size,
	                            .epoch = c->super.epoch};
	defaults_inherit(&a->rec, dir);
	a->rec.atime = a->rec.mtime = a->rec.ctime = time_now();
	return 0;
}

static int create_fn(struct cont *c, struct txn *txn, void *arg)
{
	struct create_arg *a = arg;
	struct inode_rec dir;
	struct found f;
	int rc = inode_get(txn, a->dir, &dir);

	if (rc == 0 && dir.nlink == 0)
		rc = ENOENT;
	if (rc != 0)
		return rc;
	if (!S_ISDIR(dir.mode))
		return ENOTDIR;
	rc = perm_check(&a->cr, &dir, MAY_X);
	if (rc != 0)
		return rc;
	rc = dirent_find(c, txn, a->dir, a->name, a->len, &f);
	if (rc != ENOENT)
		return rc == 0 ? EEXIST : rc;
	if (f.slot == 0)
		return ENOSPC;
	rc = new_inode(c, txn, a, &dir);
	if (rc != 0)
		return rc;
	if (S_ISDIR(a->mode)) {
		a->rec.parent = a->dir;
		a->rec.slot = f.slot;
		if (dir.mode & S_ISGID)
			a->rec.mode |= S_ISGID;
		dir.nlink++;
	}
	if (a->target != NULL) {
		a->rec.size = strlen(a->target);
		rc = inode_put_link(txn, a->ino, &a->rec, a->target);
	} else {
		rc = inode_put(txn, a->ino, &a->rec);
	}
	if (rc == 0)
		rc = dirent_set(txn, a->dir, f.slot, a->name, a->len, a->ino, mode_to_type(a->mode));
	dir.mtime = dir.ctime = a->rec.mtime;
	if (rc == 0)
		rc = inode_put(txn, a->dir, &dir);
	return rc;
}

static int create(struct dfs *dfs, struct dfs_obj *parent, const char *name, mode_t mode, int flags, uint32_t cid,
                  uint64_t chunk_size, const char *target, dfs_obj_t **obj)
{
	struct create_arg a = {.dir = dir_ino(dfs, parent),
	                       .name = name,
	                       .mode = mode,
	                       .target = target,
	                       .oclass = cid,
	                       .chunk_size = chunk_size,
	                       .cr = creator()};
	int rc = dirent_check_name(name, &a.len);

	if (rc == 0)
		rc = strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ? EEXIST : read_only(dfs, a.dir);
	if (rc == 0)
		rc = cont_write(dfs->c, create_fn, &a);
	if (rc != 0 || obj == NULL)
		return rc;
	marks_open(dfs->c, a.ino);
	rc = object_new(dfs, a.ino, &a.rec, flags, a.dir, obj);
	if (rc != 0)
		marks_release(dfs->c, a.ino);
	return rc;
}

static int unnamed_fn(struct cont *c, struct txn *txn, void *arg)
{
	struct create_arg *a = arg;
	struct inode_rec dir;
	int rc = inode_get(txn, a->dir, &dir);

	if (rc == 0 && !S_ISDIR(dir.mode))
		rc = ENOTDIR;
	if (rc == 0 && dir.nlink == 0)
		rc = ENOENT;
	if (rc != 0)
		return rc;
	if (a->ino != 0) /* an earlier attempt's */
		marks_release(c, a->ino);
	a->ino = 0;
	rc = new_inode(c, txn, a, &dir);
	if (rc != 0)
		return rc;
	a->rec.flags = a->linkable ? INODE_LINKABLE : 0;
	marks_open(c, a->ino); /* counted before anybody can see it, or it would be reclaimed */
	return put_orphan(c, txn, a->ino, &a->rec);
}

EXPORT int dfsx_open_unnamed(dfs_t *dfs, dfs_obj_t *dir, mode_t mode, int flags, dfs_obj_t **obj)
{
	struct create_arg a = {.dir = dir_ino(dfs, dir),
	                       .mode = S_IFREG | (mode & 07777),
	                       .linkable = !(flags & O_EXCL),
	                       .cr = creator()};
	int rc;

	if (dfs == NULL || obj == NULL)
		return EINVAL;
	rc = read_only(dfs, a.dir);
	if (rc == 0)
		rc = cont_write(dfs->c, unnamed_fn, &a);
	if (rc == 0)
		rc = object_new(dfs, a.ino, &a.rec, flags & O_ACCMODE, a.dir, obj);
	if (rc != 0 && a.ino != 0)
		marks_release(dfs->c, a.ino);
	return rc;
}

EXPORT int dfs_mkdir(dfs_t *dfs, dfs_obj_t *parent, const char *name, mode_t mode, daos_oclass_id_t cid)
{
	if (dfs == NULL)
		return EINVAL;
	return create(dfs, parent, name, S_IFDIR | (mode & 07777), O_RDWR, cid, 0, NULL, NULL);
}

HOT EXPORT int dfs_open(dfs_t *dfs, dfs_obj_t *parent, const char *name, mode_t mode, int flags, daos_oclass_id_t cid,
                        daos_size_t chunk_size, const char *value, dfs_obj_t **obj)
{
	struct inode_rec rec;
	size_t len;
	unsigned attempt;
	int rc;

	if (dfs == NULL || obj == NULL)
		return EINVAL;
	if (flags & O_APPEND)
		return ENOTSUP;
	if (!S_ISREG(mode) && !S_ISDIR(mode) && !S_ISLNK(mode))
		return EINVAL;
	if (S_ISLNK(mode) && (flags & O_CREAT) && (value == NULL || value[0] == '\0' || strlen(value) >= DFS_MAX_PATH))
		return value == NULL ? EINVAL : value[0] == '\0' ? ENOENT : ENAMETOOLONG;
	rc = dirent_check_name(name, &len);
	for (attempt = 0; rc == 0 && attempt < 100; attempt++) {
		if (!(flags & O_EXCL) || !(flags & O_CREAT)) {
			rc = writable(dfs, flags);
			if (rc == 0)
				rc = open_name(dfs, parent, name, len, flags, obj, &rec);
			if (rc == 0)
				break;
			if (rc != ENOENT || !(flags & O_CREAT))
				return rc;
		}
		rc = create(dfs, parent, name, mode & (S_IFMT | 07777), flags, cid, chunk_size,
		            S_ISLNK(mode) ? value : NULL, obj);
		if (rc != EEXIST || (flags & O_EXCL))
			return rc;
		rc = 0; /* somebody was faster: theirs it is */
	}
	if (rc != 0)
		return rc;
	if ((rec.mode & S_IFMT) != (mode & S_IFMT))
		rc = S_ISDIR(mode) ? ENOTDIR : S_ISDIR(rec.mode) ? EISDIR : EINVAL;
	else if ((flags & O_TRUNC) && S_ISREG(mode) && (flags & O_ACCMODE) != O_RDONLY)
		rc = object_truncate(*obj, 0);
	if (rc != 0)
		dfs_release(*obj);
	return rc;
}
