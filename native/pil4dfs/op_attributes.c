/*
 * op_attributes.c - mode, owner, times, size and extended attributes.
 */
#include <string.h>
#include <time.h>
#include "../shim/attributes.h"
#include "names.h"
#include "ops.h"

/* Whom a change by descriptor, or by an empty path, concerns. */
static long set_on_descriptor(int fd, struct stat *st, int what, bool by_path)
{
	struct ofd *ofd = ofd_get(fd);
	int rc = 0;

	if (!ofd)
		return -EBADF;
	dfs_obj_t *obj = ofd->kind == OFD_PATH && !by_path ? NULL : ofd_obj(ofd, &rc);
	if (!obj && !rc)
		rc = EBADF; /* open(2), O_PATH */
	if (obj)
		rc = ofd->mnt->read_only ? EROFS : ofd->mnt->p->dfs_osetattr(ofd->mnt->dfs, obj, st, what);
	ofd_put(ofd);
	return -rc;
}

/* Changes what a path names. When it is not ours *w says what to ask the kernel. */
static long set_on_path(int dirfd, const char *path, bool follow, struct stat *st, int what, struct where *w)
{
	dfs_obj_t *obj;
	mode_t mode;
	long r = where_open(dirfd, path, follow, O_RDONLY | O_PATH, w, &obj, &mode);

	if (r || !w->ours)
		return r;
	if (w->mnt->read_only)
		r = -EROFS;
	else if (S_ISLNK(mode) && what & DFS_SET_ATTR_MODE)
		r = -EOPNOTSUPP; /* a link has no mode of its own: fchmodat(2) */
	else
		r = -w->mnt->p->dfs_osetattr(w->mnt->dfs, obj, st, what);
	w->mnt->p->dfs_release(obj);
	return r;
}

long op_fchmod(int fd, mode_t mode)
{
	struct stat st = {.st_mode = mode & 07777};
	return set_on_descriptor(fd, &st, DFS_SET_ATTR_MODE, false);
}

long op_fchmodat2(int dirfd, const char *path, mode_t mode, int flags)
{
	struct stat st = {.st_mode = mode & 07777};
	struct where w;

	if (flags & AT_EMPTY_PATH && !path[0])
		return set_on_descriptor(dirfd, &st, DFS_SET_ATTR_MODE, true);
	long r = set_on_path(dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW), &st, DFS_SET_ATTR_MODE, &w);
	if (!r && !w.ours)
		r = flags ? SHIM_RAW(452, w.dirfd, w.kpath, mode, flags)
		          : SHIM_RAW(SYS_fchmodat, w.dirfd, w.kpath, mode);
	where_done(&w);
	return r;
}

static int owner_attributes(struct stat *st, uid_t owner, gid_t group)
{
	*st = (struct stat){.st_uid = owner, .st_gid = group};
	return (owner != (uid_t)-1 ? DFS_SET_ATTR_UID : 0) | (group != (gid_t)-1 ? DFS_SET_ATTR_GID : 0);
}

long op_fchown(int fd, uid_t owner, gid_t group)
{
	struct stat st;
	int what = owner_attributes(&st, owner, group);
	return set_on_descriptor(fd, &st, what, false);
}

long op_fchownat(int dirfd, const char *path, uid_t owner, gid_t group, int flags)
{
	struct stat st;
	struct where w;
	int what = owner_attributes(&st, owner, group);

	if (flags & AT_EMPTY_PATH && !path[0])
		return set_on_descriptor(dirfd, &st, what, path != NULL);
	long r = set_on_path(dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW), &st, what, &w);
	if (!r && !w.ours)
		r = SHIM_RAW(SYS_fchownat, w.dirfd, w.kpath, owner, group, flags);
	where_done(&w);
	return r;
}

static bool set_time(struct timespec *out, const struct timespec *in)
{
	if (in->tv_nsec == UTIME_OMIT)
		return false;
	if (in->tv_nsec == UTIME_NOW)
		clock_gettime(CLOCK_REALTIME, out);
	else
		*out = *in;
	return true;
}

long op_utimensat(int dirfd, const char *path, const struct timespec *times, int flags)
{
	static const struct timespec now[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
	struct stat st = {0};
	struct where w;
	int what = 0;

	for (int i = 0; times && i < 2; i++)
		if (times[i].tv_nsec != UTIME_NOW && times[i].tv_nsec != UTIME_OMIT &&
		    (times[i].tv_nsec < 0 || times[i].tv_nsec > 999999999))
			return -EINVAL;
	const struct timespec *t = times ? times : now;
	if (set_time(&st.st_atim, &t[0]))
		what |= DFS_SET_ATTR_ATIME;
	if (set_time(&st.st_mtim, &t[1]))
		what |= DFS_SET_ATTR_MTIME;
	if (!path || (flags & AT_EMPTY_PATH && !path[0]))
		return set_on_descriptor(dirfd, &st, what, path != NULL);
	long r = set_on_path(dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW), &st, what, &w);
	if (!r && !w.ours)
		r = SHIM_RAW(SYS_utimensat, w.dirfd, w.kpath, times, flags);
	where_done(&w);
	return r;
}

long op_truncate(const char *path, off_t length)
{
	struct where w;
	dfs_obj_t *obj;
	mode_t mode;

	if (length < 0)
		return -EINVAL;
	/* The type is looked at first: opening a directory for writing would say EACCES to a reader. */
	struct stat st;
	long r = where_stat(AT_FDCWD, path, true, &w, &st);
	if (!r && w.ours && S_ISDIR(st.st_mode))
		r = -EISDIR;
	else if (!r && !w.ours)
		r = SHIM_RAW(SYS_truncate, w.kpath, length);
	else if (!r) {
		r = w.mnt->read_only ? -EROFS
		                     : -w.mnt->p->dfs_lookup_rel(w.mnt->dfs, w.parent, w.name, O_RDWR | O_NOFOLLOW,
		                                                 &obj, &mode, NULL);
		if (!r) {
			r = -w.mnt->p->dfs_punch(w.mnt->dfs, obj, (daos_off_t)length, DFS_MAX_FSIZE);
			w.mnt->p->dfs_release(obj);
		}
	}
	where_done(&w);
	return r;
}

/* ---- extended attributes: xattr(7). The provider's errors are the system call's. ---- */

enum xattr_call {
	XATTR_GET,
	XATTR_SET,
	XATTR_LIST,
	XATTR_REMOVE
};

struct xattr_args {
	enum xattr_call call;
	const char *name;
	void *value;
	size_t size;
	int flags;
};

static long xattr_do(struct mount *mnt, dfs_obj_t *obj, const struct xattr_args *a)
{
	const struct provider *p = mnt->p;
	daos_size_t size = a->size;

	/* No ACLs: a program that hears so sets the mode bits instead. */
	if (a->name && strncmp(a->name, "system.", 7) == 0)
		return -EOPNOTSUPP;
	if ((a->call == XATTR_SET || a->call == XATTR_REMOVE) && mnt->read_only)
		return -EROFS;
	switch (a->call) {
	case XATTR_GET: {
		int rc = p->dfs_getxattr(mnt->dfs, obj, a->name, a->size ? a->value : NULL, &size);
		return rc ? -rc : (long)size;
	}
	case XATTR_LIST: {
		int rc = p->dfs_listxattr(mnt->dfs, obj, a->size ? a->value : NULL, &size);
		return rc ? -rc : a->size && size > a->size ? -ERANGE : (long)size;
	}
	case XATTR_SET:
		return -p->dfs_setxattr(mnt->dfs, obj, a->name, a->value, a->size, a->flags);
	case XATTR_REMOVE:
		return -p->dfs_removexattr(mnt->dfs, obj, a->name);
	}
	return -EINVAL;
}

static long xattr_path(const char *path, bool follow, const struct xattr_args *a, struct where *w)
{
	dfs_obj_t *obj;
	mode_t mode;
	long r = where_open(AT_FDCWD, path, follow, O_RDONLY | O_PATH, w, &obj, &mode);

	if (!r && w->ours) {
		r = xattr_do(w->mnt, obj, a);
		w->mnt->p->dfs_release(obj);
	}
	return r;
}

static long xattr_fd(int fd, const struct xattr_args *a)
{
	struct ofd *ofd = ofd_get(fd);
	int err = 0;

	if (!ofd)
		return -EBADF;
	dfs_obj_t *obj = ofd->kind == OFD_PATH ? NULL : ofd_obj(ofd, &err);
	long r = obj ? xattr_do(ofd->mnt, obj, a) : err ? -err : -EBADF;
	ofd_put(ofd);
	return r;
}

#define XATTR_PATH(nr_follow, nr_link, args, ...)                                 \
	struct where w;                                                           \
	long r = xattr_path(path, follow, &args, &w);                             \
	if (!r && !w.ours)                                                        \
		r = SHIM_RAW(follow ? nr_follow : nr_link, w.kpath, __VA_ARGS__); \
	where_done(&w);                                                           \
	return r

long op_getxattr(const char *path, const char *name, void *value, size_t size, bool follow)
{
	struct xattr_args a = {XATTR_GET, name, value, size, 0};
	XATTR_PATH(SYS_getxattr, SYS_lgetxattr, a, name, value, size);
}

long op_setxattr(const char *path, const char *name, const void *value, size_t size, int flags, bool follow)
{
	struct xattr_args a = {XATTR_SET, name, (void *)value, size, flags};
	XATTR_PATH(SYS_setxattr, SYS_lsetxattr, a, name, value, size, flags);
}

long op_listxattr(const char *path, char *list, size_t size, bool follow)
{
	struct xattr_args a = {XATTR_LIST, NULL, list, size, 0};
	XATTR_PATH(SYS_listxattr, SYS_llistxattr, a, list, size);
}

long op_removexattr(const char *path, const char *name, bool follow)
{
	struct xattr_args a = {XATTR_REMOVE, name, NULL, 0, 0};
	XATTR_PATH(SYS_removexattr, SYS_lremovexattr, a, name);
}

long op_fgetxattr(int fd, const char *name, void *value, size_t size)
{
	struct xattr_args a = {XATTR_GET, name, value, size, 0};
	return xattr_fd(fd, &a);
}

long op_fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)
{
	struct xattr_args a = {XATTR_SET, name, (void *)value, size, flags};
	return xattr_fd(fd, &a);
}

long op_flistxattr(int fd, char *list, size_t size)
{
	struct xattr_args a = {XATTR_LIST, NULL, list, size, 0};
	return xattr_fd(fd, &a);
}

long op_fremovexattr(int fd, const char *name)
{
	struct xattr_args a = {XATTR_REMOVE, name, NULL, 0, 0};
	return xattr_fd(fd, &a);
}
