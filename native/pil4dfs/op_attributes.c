/*
 * op_attributes.c - mode, owner, times, size and extended attributes.
 */
#include <string.h>
#include <time.h>
#include <linux/limits.h>
#include <sys/xattr.h>
#include "../shim/attributes.h"
#include "../shim/fdtable.h"
#include "../shim/mounts.h"
#include "../shim/ofd.h"
#include "../shim/runtime.h"
#include "../shim/where.h"
#include "names.h"
#include "ops.h"

/* Beside DFS_SET_ATTR_*: nothing changes but what chown(2) always does to the set-user-ID bits. */
#define SAME_OWNER (1 << 30)

static long set(struct mount *mnt, dfs_obj_t *obj, struct stat *st, int what)
{
	if (mnt->read_only)
		return -EROFS;
	if (what == SAME_OWNER) {
		long r = -mnt->p->dfs_ostat(mnt->dfs, obj, st);
		if (r || !S_ISREG(st->st_mode) || !(st->st_mode & (S_ISUID | S_ISGID)))
			return r;
		what = DFS_SET_ATTR_UID;
	}
	if (what & DFS_SET_ATTR_MODE) { /* libdfs wants the kind of the object with it */
		mode_t mode = 0;
		int rc = mnt->p->dfs_get_mode(obj, &mode);
		if (rc)
			return -rc;
		st->st_mode = (mode & S_IFMT) | (st->st_mode & 07777);
	}
	provider_set_now(mnt->p, st);
	return -provider_set_attributes(mnt->p, mnt->dfs, obj, st, what);
}

/* Of a description that was adopted, whose object is out of our reach. */
static long set_by_kernel(int fd, const struct stat *st, int what)
{
	struct timespec times[2] = {st->st_atim, st->st_mtim};

	if (what & DFS_SET_ATTR_MODE)
		return SHIM_RAW(SYS_fchmod, fd, st->st_mode);
	if (what & (DFS_SET_ATTR_UID | DFS_SET_ATTR_GID | SAME_OWNER))
		return SHIM_RAW(SYS_fchown, fd, what & DFS_SET_ATTR_UID ? st->st_uid : (uid_t)-1,
		                what & DFS_SET_ATTR_GID ? st->st_gid : (gid_t)-1);
	if (!(what & DFS_SET_ATTR_ATIME))
		times[0].tv_nsec = UTIME_OMIT;
	if (!(what & DFS_SET_ATTR_MTIME))
		times[1].tv_nsec = UTIME_OMIT;
	return SHIM_RAW(SYS_utimensat, fd, NULL, times, 0);
}

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
		rc = (int)-set(ofd->mnt, obj, st, what);
	else if (ofd->adopted)
		rc = (int)-set_by_kernel(fd, st, what);
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
	if (S_ISLNK(mode) && !w->mnt->read_only && what & DFS_SET_ATTR_MODE)
		r = -EOPNOTSUPP; /* a link has no mode of its own: fchmodat(2) */
	else
		r = set(w->mnt, obj, st, what);
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
	int what = (owner != (uid_t)-1 ? DFS_SET_ATTR_UID : 0) | (group != (gid_t)-1 ? DFS_SET_ATTR_GID : 0);
	return what ? what : SAME_OWNER;
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

/* "Now" is said as it is: what it is, and who may set it, the provider knows best, see provider_set_now(). */
static bool set_time(struct timespec *out, const struct timespec *in)
{
	*out = *in;
	return in->tv_nsec != UTIME_OMIT;
}

long op_utimensat(int dirfd, const char *path, const struct timespec *times, int flags)
{
	static const struct timespec now[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
	struct stat st = {0};
	struct where w;
	int what = 0;

	if (times && times[0].tv_nsec == UTIME_OMIT && times[1].tv_nsec == UTIME_OMIT)
		return 0; /* nothing is looked at: utimensat(2), NOTES */
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	long wrong = 0;
	for (int i = 0; times && i < 2; i++)
		if (times[i].tv_nsec != UTIME_NOW && times[i].tv_nsec != UTIME_OMIT &&
		    (times[i].tv_nsec < 0 || times[i].tv_nsec > 999999999))
			wrong = -EINVAL;
	const struct timespec *t = times ? times : now;
	if (set_time(&st.st_atim, &t[0]))
		what |= DFS_SET_ATTR_ATIME;
	if (set_time(&st.st_mtim, &t[1]))
		what |= DFS_SET_ATTR_MTIME;
	if (!path || (flags & AT_EMPTY_PATH && !path[0]))
		return wrong ? wrong : set_on_descriptor(dirfd, &st, what, path != NULL);
	/* The times are judged when the file has been found. */
	long r = set_on_path(dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW), &st, wrong ? 0 : what, &w);
	if (!r && w.ours)
		r = wrong;
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
		    : !w.name[0] /* what a descriptor has open, by its name in proc(5) */
		        ? -w.mnt->p->dfs_dup(w.mnt->dfs, w.parent, O_RDWR, &obj)
		        : -w.mnt->p->dfs_lookup_rel(w.mnt->dfs, w.parent, w.name, O_RDWR | O_NOFOLLOW, &obj, &mode,
		                                    NULL);
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

/* What is judged before the file is looked for. */
static long xattr_arguments(const struct xattr_args *a)
{
	size_t n = a->name ? strnlen(a->name, XATTR_NAME_MAX + 1) : 1;

	if (a->call == XATTR_SET && a->flags & ~(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	if (n == 0 || n > XATTR_NAME_MAX)
		return -ERANGE;
	return a->call == XATTR_SET && a->size > XATTR_SIZE_MAX ? -E2BIG : 0;
}

static long xattr_do(struct mount *mnt, dfs_obj_t *obj, mode_t mode, const struct xattr_args *a)
{
	const struct provider *p = mnt->p;
	daos_size_t size = a->size;

	if (a->name && S_ISLNK(mode) && strncmp(a->name, "user.", 5) == 0) /* xattr(7) */
		return a->call == XATTR_GET ? -ENODATA : -EPERM;
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
	long r = xattr_arguments(a);

	where_none(w);
	if (!r)
		r = where_open(AT_FDCWD, path, follow, O_RDONLY | O_PATH, w, &obj, &mode);
	if (!r && w->ours) {
		r = xattr_do(w->mnt, obj, mode, a);
		w->mnt->p->dfs_release(obj);
	}
	return r;
}

static long xattr_by_kernel(int fd, const struct xattr_args *a)
{
	switch (a->call) {
	case XATTR_GET:
		return SHIM_RAW(SYS_fgetxattr, fd, a->name, a->value, a->size);
	case XATTR_SET:
		return SHIM_RAW(SYS_fsetxattr, fd, a->name, a->value, a->size, a->flags);
	case XATTR_LIST:
		return SHIM_RAW(SYS_flistxattr, fd, a->value, a->size);
	default:
		return SHIM_RAW(SYS_fremovexattr, fd, a->name);
	}
}

static long xattr_fd(int fd, const struct xattr_args *a)
{
	struct ofd *ofd = ofd_get(fd);
	int err = 0;

	if (!ofd)
		return -EBADF;
	dfs_obj_t *obj = ofd->kind == OFD_PATH ? NULL : ofd_obj(ofd, &err);
	long r = xattr_arguments(a);
	if (!r)
		r = obj            ? xattr_do(ofd->mnt, obj, S_IFREG, a)
		    : ofd->adopted ? xattr_by_kernel(fd, a)
		    : err          ? -err
		                   : -EBADF;
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
