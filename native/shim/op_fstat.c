/*
 * op_fstat.c - attributes of an open descriptor.
 */
#include <string.h>
#include <sys/sysmacros.h>
#include "attributes.h"
#include "fdtable.h"
#include "materialise.h"
#include "mounts.h"
#include "ofd.h"
#include "ops.h"
#include "runtime.h"

long ofd_stat(struct ofd *ofd, struct stat *st)
{
	int rc = 0;
	dfs_obj_t *obj = ofd_obj(ofd, &rc);

	if (!obj)
		return -rc;
	rc = provider_open_stat(ofd->mnt->p, ofd->mnt->dfs, obj, st);
	provider_complete_stat(st, ofd->oid);
	st->st_dev = ofd->mnt->dev;
	return -rc;
}

/* DAOS's dfuse numbers inodes in a way of its own, ours those of linked containers; stat(2) through it shows that. The
 * number is in the kernel already. */
static void number_by_kernel(int fd, struct stat *st)
{
	struct statx stx;

	if (SHIM_RAW(SYS_statx, fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, &stx) == 0)
		st->st_ino = stx.stx_ino;
}

long op_fstat(int fd, struct stat *st)
{
	struct ofd *ofd = ofd_get(fd);
	if (!ofd)
		return -EBADF;
	/* With a shared mapping the kernel may know of a later write than the provider. */
	bool kernel = atomic_load(&ofd->pages) == PAGES_ALL && ofd_materialise(ofd, false) == 0;
	long r = kernel ? SHIM_RAW(SYS_fstat, fd, st) : ofd_stat(ofd, st);
	if (r && ofd->adopted)
		r = SHIM_RAW(SYS_fstat, fd, st);
	if (!r && (ofd->mnt->in_parts || ofd->mnt->linked) && atomic_load_explicit(&ofd->real, memory_order_relaxed))
		number_by_kernel(fd, st);
	ofd_put(ofd);
	return r;
}

void stat_to_statx(const struct stat *st, struct statx *out)
{
	memset(out, 0, sizeof(*out));
	out->stx_mask = STATX_BASIC_STATS;
	out->stx_blksize = (uint32_t)st->st_blksize;
	out->stx_nlink = (uint32_t)st->st_nlink;
	out->stx_uid = st->st_uid;
	out->stx_gid = st->st_gid;
	out->stx_mode = (uint16_t)st->st_mode;
	out->stx_ino = st->st_ino;
	out->stx_size = (uint64_t)st->st_size;
	out->stx_blocks = (uint64_t)st->st_blocks;
	out->stx_dev_major = major(st->st_dev);
	out->stx_dev_minor = minor(st->st_dev);
	out->stx_atime.tv_sec = st->st_atim.tv_sec;
	out->stx_atime.tv_nsec = (uint32_t)st->st_atim.tv_nsec;
	out->stx_mtime.tv_sec = st->st_mtim.tv_sec;
	out->stx_mtime.tv_nsec = (uint32_t)st->st_mtim.tv_nsec;
	out->stx_ctime.tv_sec = st->st_ctim.tv_sec;
	out->stx_ctime.tv_nsec = (uint32_t)st->st_ctim.tv_nsec;
}
