/*
 * op_stat.c - attributes by path: stat(2), statx(2), access(2), statfs(2).
 */
#include <string.h>
#include <sys/statfs.h>
#include <linux/magic.h>
#include "../shim/attributes.h"
#include "../shim/fdtable.h"
#include "../shim/mounts.h"
#include "../shim/ofd.h"
#include "../shim/runtime.h"
#include "../shim/where.h"
#include "names.h"
#include "ops.h"

long op_newfstatat(int dirfd, const char *path, struct stat *st, int flags)
{
	struct where w;

	if (flags & AT_EMPTY_PATH && (!path || !path[0])) {
		if (dirfd != AT_FDCWD)
			return op_fstat(dirfd, st);
		struct ofd *ofd = ofd_get_cwd();
		long r = ofd ? ofd_stat(ofd, st) : -EBADF;
		ofd_put(ofd);
		return r;
	}
	if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT))
		return -EINVAL;
	long r = where_stat(dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW), &w, st);
	if (!r && !w.ours)
		r = SHIM_RAW(SYS_newfstatat, w.dirfd, w.kpath, st, flags);
	where_done(&w);
	return r;
}

long op_statx(int dirfd, const char *path, int flags, unsigned int mask, struct statx *stx)
{
	struct where w;
	struct stat st;

	if (mask & STATX__RESERVED || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	if (flags & AT_EMPTY_PATH && (!path || !path[0])) {
		long r = op_newfstatat(dirfd, path, &st, AT_EMPTY_PATH);
		if (!r)
			stat_to_statx(&st, stx);
		return r;
	}
	long r = where_stat(dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW), &w, &st);
	if (!r && w.ours)
		stat_to_statx(&st, stx);
	else if (!r)
		r = SHIM_RAW(SYS_statx, w.dirfd, w.kpath, flags, mask, stx);
	where_done(&w);
	return r;
}

static bool in_group(gid_t want, gid_t own)
{
	gid_t groups[1024];
	if (want == own)
		return true;
	long n = SHIM_RAW(SYS_getgroups, 1024, groups);
	for (long i = 0; i < n; i++)
		if (groups[i] == want)
			return true;
	return false;
}

/* access(2): the mode bits of the first class that fits; the superuser needs one x bit to execute. */
static long allows(const struct stat *st, int mode, bool effective)
{
	uid_t uid = (uid_t)SHIM_RAW(effective ? SYS_geteuid : SYS_getuid, 0);
	gid_t gid = (gid_t)SHIM_RAW(effective ? SYS_getegid : SYS_getgid, 0);
	mode_t bits;

	if (uid == 0)
		return mode & X_OK && !S_ISDIR(st->st_mode) && !(st->st_mode & 0111) ? -EACCES : 0;
	if (uid == st->st_uid)
		bits = st->st_mode >> 6;
	else
		bits = in_group(st->st_gid, gid) ? st->st_mode >> 3 : st->st_mode;
	return ((mode_t)mode & ~bits & 7) ? -EACCES : 0;
}

long op_faccessat2(int dirfd, const char *path, int mode, int flags)
{
	struct where w;
	struct stat st;
	long r;

	if (mode & ~(R_OK | W_OK | X_OK) || flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH && !path[0]) {
		r = op_newfstatat(dirfd, path, &st, AT_EMPTY_PATH);
		return r ? r : allows(&st, mode, flags & AT_EACCESS);
	}
	r = where_stat(dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW), &w, &st);
	if (!r && w.ours)
		r = mode & W_OK && w.mnt->read_only ? -EROFS : allows(&st, mode, flags & AT_EACCESS);
	else if (!r)
		r = flags ? SHIM_RAW(SYS_faccessat2, w.dirfd, w.kpath, mode, flags)
		          : SHIM_RAW(SYS_faccessat, w.dirfd, w.kpath, mode);
	where_done(&w);
	return r;
}

static long statfs_of(struct mount *mnt, struct statfs *out)
{
	struct statvfs v;

	if (!mount_connect(mnt) || !mnt->p->dfsx_statfs)
		return mnt->dfuse ? SHIM_RAW(SYS_statfs, mnt->root, out) : -ENOSYS;
	int rc = mnt->p->dfsx_statfs(mnt->dfs, &v);
	if (rc)
		return -rc;
	*out = (struct statfs){.f_type = FUSE_SUPER_MAGIC, /* what the mount says of itself */
	                       .f_bsize = (long)v.f_bsize,
	                       .f_blocks = v.f_blocks,
	                       .f_bfree = v.f_bfree,
	                       .f_bavail = v.f_bavail,
	                       .f_files = v.f_files,
	                       .f_ffree = v.f_ffree,
	                       .f_namelen = NAME_MAX,
	                       .f_frsize = (long)v.f_frsize};
	return 0;
}

long op_statfs(const char *path, struct statfs *out)
{
	struct where w;
	struct stat st;
	long r = where_stat(AT_FDCWD, path, true, &w, &st);

	if (!r)
		r = w.ours ? statfs_of(w.mnt, out) : SHIM_RAW(SYS_statfs, w.kpath, out);
	where_done(&w);
	return r;
}

long op_fstatfs(int fd, struct statfs *out)
{
	struct ofd *ofd = ofd_get(fd);
	if (!ofd)
		return -EBADF;
	long r = statfs_of(ofd->mnt, out);
	ofd_put(ofd);
	return r;
}
