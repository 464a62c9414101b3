/*
 * op_io.c - data calls on a descriptor of ours.
 *
 * Each has the arguments and result of the system call of its name (man section 2), errors as -errno.
 */
#include <alloca.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <linux/falloc.h>
#include "adopt.h"
#include "arena.h"
#include "counters.h"
#include "fdtable.h"
#include "materialise.h"
#include "mounts.h"
#include "ofd.h"
#include "ops.h"
#include "runtime.h"

#define MAX_RW_COUNT 0x7ffff000ul /* what one read(2) or write(2) moves at most */

/* The offset is the kernel's: what depends on it is the kernel's to do. */
static bool offset_in_kernel(const struct ofd *ofd)
{
	return atomic_load_explicit(&ofd->slot->where, memory_order_relaxed) == SLOT_KERNEL;
}

/* Ready to move data: the object is open and the access mode allows it. On failure *ofd is NULL. Of a description that
 * was adopted the object is left NULL: few calls need it, and it may be out of our reach. */
SHIM_HOT static long begin(int fd, int refused, struct ofd **ofd, dfs_obj_t **obj)
{
	int err = EBADF;

	*obj = NULL;
	*ofd = ofd_get(fd);
	if (!*ofd)
		return -EBADF;
	if ((*ofd)->kind == OFD_DIR && refused == O_WRONLY)
		err = EISDIR;
	else if ((*ofd)->kind == OFD_FILE &&
	         (int)(atomic_load_explicit(&(*ofd)->slot->flags, memory_order_relaxed) & O_ACCMODE) != refused &&
	         ((*ofd)->adopted || (*obj = ofd_obj(*ofd, &err))))
		return 0;
	ofd_put(*ofd);
	*ofd = NULL;
	return -err;
}

static d_sg_list_t one(d_iov_t *iov, const void *buf, size_t count)
{
	*iov = (d_iov_t){.iov_buf = (void *)buf, .iov_buf_len = count, .iov_len = count};
	return (d_sg_list_t){.sg_nr = 1, .sg_iovs = iov};
}

/* A vector as a scatter/gather list on the caller's stack. */
#define VECTOR(sgl, iov, iovcnt, total)                                      \
	d_sg_list_t sgl = {.sg_nr = (uint32_t)(iovcnt)};                     \
	size_t total = 0;                                                    \
	if ((iovcnt) < 0 || (iovcnt) > IOV_MAX)                              \
		return -EINVAL;                                              \
	sgl.sg_iovs = alloca(((size_t)(iovcnt) + 1) * sizeof(d_iov_t));      \
	for (int i_ = 0; i_ < (iovcnt); i_++) {                              \
		size_t len_ = (iov)[i_].iov_len;                             \
		if (len_ > MAX_RW_COUNT - total)                             \
			len_ = MAX_RW_COUNT - total;                         \
		sgl.sg_iovs[i_] = (d_iov_t){(iov)[i_].iov_base, len_, len_}; \
		total += len_;                                               \
	}

/* Read through the page cache: the file is mapped shared, and what was stored may be there alone. */
static bool kernel_reads(struct ofd *ofd, const dfs_obj_t *obj)
{
	return __builtin_expect(!obj || atomic_load_explicit(&ofd->pages, memory_order_relaxed) == PAGES_ALL, 0) &&
	       ofd_materialise(ofd, false) == 0;
}

/* Write through it: who has the file by the kernel too, and reads its pages, must find there what is written. */
static bool kernel_writes(struct ofd *ofd)
{
	return __builtin_expect(atomic_load_explicit(&ofd->pages, memory_order_relaxed) != PAGES_NOTHING ||
	                            offset_in_kernel(ofd) || adopt_has(ofd->oid),
	                        0) &&
	       ofd_materialise(ofd, false) == 0;
}

SHIM_HOT static long read_at(struct ofd *ofd, dfs_obj_t *obj, d_sg_list_t *sgl, off_t offset)
{
	daos_size_t got = 0;
	int rc = ofd->mnt->p->dfs_read(ofd->mnt->dfs, obj, sgl, (daos_off_t)offset, &got, NULL);
	if (rc)
		return -rc;
	counters_bytes((int64_t)got, 0);
	return (long)got;
}

/* Leaves so much of a list: what of it is left. */
static size_t keep(d_sg_list_t *sgl, size_t total)
{
	size_t kept = 0;

	for (uint32_t i = 0; i < sgl->sg_nr; i++) {
		if (sgl->sg_iovs[i].iov_len > total - kept)
			sgl->sg_iovs[i].iov_len = total - kept;
		kept += sgl->sg_iovs[i].iov_len;
	}
	return kept;
}

/* The provider says EFBIG of a write that crosses RLIMIT_FSIZE; the kernel writes what is before it. */
static size_t within_limit(d_sg_list_t *sgl, size_t total, off_t offset)
{
	struct rlimit limit;

	if (SHIM_RAW(SYS_prlimit64, 0, RLIMIT_FSIZE, NULL, &limit) || (rlim_t)offset >= limit.rlim_cur ||
	    limit.rlim_cur - (rlim_t)offset >= total)
		return 0;
	return keep(sgl, (size_t)(limit.rlim_cur - (rlim_t)offset));
}

SHIM_HOT static long write_at(struct ofd *ofd, dfs_obj_t *obj, d_sg_list_t *sgl, size_t total, off_t offset)
{
	int rc = ofd->mnt->p->dfs_write(ofd->mnt->dfs, obj, sgl, (daos_off_t)offset, NULL);
	if (__builtin_expect(rc == EFBIG, 0)) {
		total = within_limit(sgl, total, offset);
		if (total)
			rc = ofd->mnt->p->dfs_write(ofd->mnt->dfs, obj, sgl, (daos_off_t)offset, NULL);
	}
	if (rc)
		return -rc;
	counters_bytes(0, (int64_t)total);
	return (long)total;
}

static long append(struct ofd *ofd, dfs_obj_t *obj, d_sg_list_t *sgl, size_t total, off_t *end)
{
	daos_off_t after = 0;
	int rc = provider_append(ofd->mnt->p, ofd->mnt->dfs, obj, sgl, &after);

	total = keep(sgl, total);
	if (rc)
		return -rc;
	*end = (off_t)after;
	counters_bytes(0, (int64_t)total);
	return (long)total;
}

SHIM_HOT static long read_list(int fd, d_sg_list_t *sgl, size_t total, const struct iovec *iov, int iovcnt)
{
	struct ofd *ofd;
	dfs_obj_t *obj;
	long r = begin(fd, O_WRONLY, &ofd, &obj);

	if (r)
		return r;
	struct slot *slot = ofd->slot;
	bool locked = slot_lock(slot);
	if (offset_in_kernel(ofd)) {
		slot_unlock(slot, locked);
		r = ofd_follow_kernel(ofd);
		if (!r)
			r = SHIM_RAW(SYS_readv, fd, iov, iovcnt);
		ofd_put(ofd);
		return r;
	}
	off_t at = (off_t)atomic_load_explicit(&slot->offset, memory_order_relaxed);
	if (total == 0)
		r = 0;
	else if (kernel_reads(ofd, obj))
		r = SHIM_RAW(SYS_preadv, fd, iov, iovcnt, at, 0);
	else
		r = read_at(ofd, obj, sgl, at);
	if (r > 0)
		atomic_store_explicit(&slot->offset, (uint64_t)(at + r), memory_order_relaxed);
	slot_unlock(slot, locked);
	ofd_put(ofd);
	return r;
}

/* \a rwf: RWF_END for what this one call appends. */
SHIM_HOT static long write_list(int fd, d_sg_list_t *sgl, size_t total, const struct iovec *iov, int iovcnt,
                                unsigned int rwf)
{
	struct ofd *ofd;
	dfs_obj_t *obj;
	long r = begin(fd, O_RDONLY, &ofd, &obj);

	if (r)
		return r;
	struct slot *slot = ofd->slot;
	bool locked = slot_lock(slot);
	if (offset_in_kernel(ofd)) {
		slot_unlock(slot, locked);
		r = ofd_follow_kernel(ofd);
		if (!r)
			r = SHIM_RAW(SYS_pwritev2, fd, iov, iovcnt, -1, -1, rwf);
		ofd_put(ofd);
		return r;
	}
	off_t at = (off_t)atomic_load_explicit(&slot->offset, memory_order_relaxed);
	bool to_end = rwf || atomic_load_explicit(&slot->flags, memory_order_relaxed) & O_APPEND;
	if (total == 0)
		r = 0;
	else if (kernel_writes(ofd) && to_end) {
		r = SHIM_RAW(SYS_pwritev2, fd, iov, iovcnt, -1, -1, rwf);
		at = r > 0 ? SHIM_RAW(SYS_lseek, fd, 0, SEEK_CUR) : at; /* where the end was is known there alone */
	} else if (kernel_writes(ofd)) {
		r = SHIM_RAW(SYS_pwritev, fd, iov, iovcnt, at, 0);
		at += r > 0 ? r : 0;
	} else if (to_end)
		r = append(ofd, obj, sgl, total, &at);
	else {
		r = write_at(ofd, obj, sgl, total, at);
		at += r > 0 ? r : 0;
	}
	if (r > 0)
		atomic_store_explicit(&slot->offset, (uint64_t)at, memory_order_relaxed);
	slot_unlock(slot, locked);
	ofd_put(ofd);
	return r;
}

SHIM_HOT static long pread_list(int fd, d_sg_list_t *sgl, size_t total, const struct iovec *iov, int iovcnt,
                                off_t offset)
{
	struct ofd *ofd;
	dfs_obj_t *obj;
	int err = 0;

	if (offset < 0)
		return -EINVAL;
	long r = begin(fd, O_WRONLY, &ofd, &obj);
	if (r)
		return r;
	if (ofd->adopted)
		obj = ofd_obj(ofd, &err); /* or else it is the kernel's */
	if (kernel_reads(ofd, obj))
		r = SHIM_RAW(SYS_preadv, fd, iov, iovcnt, offset, 0);
	else
		r = total ? read_at(ofd, obj, sgl, offset) : 0;
	ofd_put(ofd);
	return r;
}

SHIM_HOT static long pwrite_list(int fd, d_sg_list_t *sgl, size_t total, const struct iovec *iov, int iovcnt,
                                 off_t offset, unsigned int rwf)
{
	struct ofd *ofd;
	dfs_obj_t *obj;
	off_t end;

	if (offset < 0)
		return -EINVAL;
	long r = begin(fd, O_RDONLY, &ofd, &obj);
	if (r)
		return r;
	if (kernel_writes(ofd))
		r = SHIM_RAW(SYS_pwritev2, fd, iov, iovcnt, offset, 0, rwf);
	else if (!total)
		r = 0;
	else if (rwf || atomic_load_explicit(&ofd->slot->flags, memory_order_relaxed) & O_APPEND)
		r = append(ofd, obj, sgl, total, &end); /* as Linux does: pwrite(2), BUGS */
	else
		r = write_at(ofd, obj, sgl, total, offset);
	ofd_put(ofd);
	return r;
}

#define ONE_BUFFER(buf, count)                     \
	if ((count) > MAX_RW_COUNT)                \
		count = MAX_RW_COUNT;              \
	struct iovec vec = {(void *)(buf), count}; \
	d_iov_t iov;                               \
	d_sg_list_t sgl = one(&iov, buf, count)

SHIM_HOT long op_read(int fd, void *buf, size_t count)
{
	ONE_BUFFER(buf, count);
	return read_list(fd, &sgl, count, &vec, 1);
}

SHIM_HOT long op_write(int fd, const void *buf, size_t count)
{
	ONE_BUFFER(buf, count);
	return write_list(fd, &sgl, count, &vec, 1, 0);
}

SHIM_HOT long op_pread64(int fd, void *buf, size_t count, off_t offset)
{
	ONE_BUFFER(buf, count);
	return pread_list(fd, &sgl, count, &vec, 1, offset);
}

SHIM_HOT long op_pwrite64(int fd, const void *buf, size_t count, off_t offset)
{
	ONE_BUFFER(buf, count);
	return pwrite_list(fd, &sgl, count, &vec, 1, offset, 0);
}

/* Of a directory nothing can be read, but no bytes are, and flags are refused before: \a r is what a call without
 * either gave. */
static long vector_result(long r, size_t total, int flags)
{
	if (r != -EISDIR)
		return r;
	return total == 0 ? 0 : flags & ~RWF_HIPRI ? -EOPNOTSUPP : r;
}

long op_readv(int fd, const struct iovec *iov, int iovcnt)
{
	VECTOR(sgl, iov, iovcnt, total);
	return vector_result(read_list(fd, &sgl, total, iov, iovcnt), total, 0);
}

long op_writev(int fd, const struct iovec *iov, int iovcnt)
{
	VECTOR(sgl, iov, iovcnt, total);
	return write_list(fd, &sgl, total, iov, iovcnt, 0);
}

/* RWF_HIPRI, DSYNC, SYNC and NOWAIT ask for what every call here does or may leave out. */
#define RWF_ANY 0x0fu
#define RWF_END 0x10u /* RWF_APPEND */

/* Flags are looked at last. */
static long unknown_flags(int fd, int refused, size_t total, off_t offset)
{
	struct ofd *ofd;
	dfs_obj_t *obj;
	long r = offset < -1 ? -EINVAL : begin(fd, refused, &ofd, &obj);

	if (r)
		return vector_result(r, total, (int)RWF_END);
	ofd_put(ofd);
	return total ? -EOPNOTSUPP : 0;
}

long op_preadv2(int fd, const struct iovec *iov, int iovcnt, off_t offset, int flags)
{
	VECTOR(sgl, iov, iovcnt, total);
	if ((unsigned int)flags & ~(RWF_ANY | RWF_END))
		return unknown_flags(fd, O_WRONLY, total, offset);
	long r = offset == -1 && flags >= 0 ? read_list(fd, &sgl, total, iov, iovcnt)
	                                    : pread_list(fd, &sgl, total, iov, iovcnt, offset);
	return vector_result(r, total, flags);
}

long op_pwritev2(int fd, const struct iovec *iov, int iovcnt, off_t offset, int flags)
{
	VECTOR(sgl, iov, iovcnt, total);
	if ((unsigned int)flags & ~(RWF_ANY | RWF_END))
		return unknown_flags(fd, O_RDONLY, total, offset);
	unsigned int rwf = (unsigned int)flags & RWF_END;
	long r = offset == -1 ? write_list(fd, &sgl, total, iov, iovcnt, rwf)
	                      : pwrite_list(fd, &sgl, total, iov, iovcnt, offset, rwf);
	if (r > 0 && ((unsigned int)flags & 0x6u)) { /* RWF_DSYNC, RWF_SYNC */
		long synced = op_fdatasync(fd);
		if (synced)
			return synced;
	}
	return r;
}

long op_lseek(int fd, off_t offset, int whence)
{
	struct ofd *ofd = ofd_get(fd);
	dfs_obj_t *obj = NULL;
	daos_size_t size = 0;
	daos_off_t found = 0;
	int rc = 0;

	if (!ofd)
		return -EBADF;
	bool by_offset = whence == SEEK_SET || whence == SEEK_CUR;
	if (ofd->kind == OFD_PATH || !(by_offset || offset_in_kernel(ofd) || (obj = ofd_obj(ofd, &rc)))) {
		ofd_put(ofd);
		return rc ? -rc : -EBADF;
	}
	if (ofd->kind == OFD_DIR && (whence == SEEK_DATA || whence == SEEK_HOLE)) {
		ofd_put(ofd);
		return -EINVAL;
	}
	const struct provider *p = ofd->mnt->p;
	struct slot *slot = ofd->slot;
	bool locked = slot_lock(slot);
	off_t to = -1;
	if (offset_in_kernel(ofd)) {
		slot_unlock(slot, locked);
		long r = ofd_follow_kernel(ofd);
		if (!r)
			r = SHIM_RAW(SYS_lseek, fd, offset, whence);
		ofd_put(ofd);
		return r;
	}
	switch (whence) {
	case SEEK_SET:
		to = offset;
		break;
	case SEEK_CUR:
		if (__builtin_add_overflow((off_t)atomic_load(&slot->offset), offset, &to))
			rc = EINVAL; /* not EOVERFLOW: the kernel's sum wraps and is negative */
		break;
	case SEEK_END:
		if (ofd->kind == OFD_DIR)
			size = INT64_MAX;
		else
			rc = p->dfs_get_size(ofd->mnt->dfs, obj, &size);
		if (!rc && __builtin_add_overflow((off_t)size, offset, &to))
			rc = EINVAL;
		break;
	case SEEK_DATA:
	case SEEK_HOLE:
		if (p->dfsx_seek)
			rc = p->dfsx_seek(ofd->mnt->dfs, obj, (daos_off_t)offset, whence, &found);
		else { /* one extent, then the hole at the end: lseek(2), NOTES */
			rc = p->dfs_get_size(ofd->mnt->dfs, obj, &size);
			if (!rc && (offset < 0 || (daos_size_t)offset >= size))
				rc = ENXIO;
			found = whence == SEEK_DATA ? (daos_off_t)offset : size;
		}
		to = (off_t)found;
		break;
	default:
		rc = EINVAL;
	}
	if (!rc && to < 0)
		rc = EINVAL;
	if (!rc)
		atomic_store(&slot->offset, (uint64_t)to);
	slot_unlock(slot, locked);
	ofd_put(ofd);
	return rc ? -rc : to;
}

/* ---- size and durability ---- */

/* False for what O_PATH gave. */
static bool can_be_opened(int fd)
{
	struct ofd *ofd = ofd_get(fd);
	bool yes = ofd && ofd->kind != OFD_PATH;
	ofd_put(ofd);
	return yes;
}

static long sync_one(int fd, bool datasync)
{
	struct ofd *ofd = ofd_get(fd);
	int rc = 0;

	if (!ofd)
		return -EBADF;
	dfs_obj_t *obj = ofd->kind == OFD_PATH ? NULL : ofd_obj(ofd, &rc);
	if (!obj && !ofd->adopted) {
		ofd_put(ofd);
		return rc ? -rc : -EBADF;
	}
	const struct provider *p = ofd->mnt->p;
	if (atomic_load(&ofd->real)) /* pages that a mapping or another program dirtied */
		rc = (int)-SHIM_RAW(datasync ? SYS_fdatasync : SYS_fsync, fd);
	if (!rc && obj)
		rc = p->dfsx_fsync ? p->dfsx_fsync(ofd->mnt->dfs, obj, datasync) : p->dfs_sync(ofd->mnt->dfs);
	ofd_put(ofd);
	return -rc;
}

long op_fsync(int fd)
{
	return sync_one(fd, false);
}

long op_fdatasync(int fd)
{
	return sync_one(fd, true);
}

long op_sync_file_range(int fd, off_t offset, off_t len, unsigned int flags)
{
	off_t end;
	if (!shim_fd_ours(fd))
		return -EBADF;
	bool wrong = flags & ~7u || offset < 0 || len < 0 || __builtin_add_overflow(offset, len, &end);
	return wrong && can_be_opened(fd) ? -EINVAL : sync_one(fd, true);
}

long op_syncfs(int fd)
{
	struct ofd *ofd = ofd_get(fd);
	if (!ofd)
		return -EBADF;
	long r = ofd->kind == OFD_PATH     ? -EBADF
	         : mount_connect(ofd->mnt) ? -ofd->mnt->p->dfs_sync(ofd->mnt->dfs)
	         : ofd->adopted            ? SHIM_RAW(SYS_syncfs, fd)
	                                   : -EIO;
	ofd_put(ofd);
	return r;
}

long op_ftruncate(int fd, off_t length)
{
	struct ofd *ofd;
	dfs_obj_t *obj;

	if (length < 0)
		return -EINVAL;
	long r = begin(fd, O_RDONLY, &ofd, &obj);
	if (r)
		return r == -EBADF && can_be_opened(fd) ? -EINVAL : r;
	if (atomic_load(&ofd->real))
		r = SHIM_RAW(SYS_ftruncate, fd, length); /* the kernel drops its pages beyond the end */
	else
		r = -ofd->mnt->p->dfs_punch(ofd->mnt->dfs, obj, (daos_off_t)length, DFS_MAX_FSIZE);
	ofd_put(ofd);
	return r;
}

/* Combinations that fallocate(2) has, judged before the descriptor's mode. */
static bool fallocate_mode(int mode)
{
	switch (mode & ~FALLOC_FL_KEEP_SIZE) {
	case 0:
	case FALLOC_FL_ZERO_RANGE:
	case FALLOC_FL_UNSHARE_RANGE:
		return true;
	case FALLOC_FL_PUNCH_HOLE:
		return mode & FALLOC_FL_KEEP_SIZE;
	default:
		return mode == FALLOC_FL_COLLAPSE_RANGE || mode == FALLOC_FL_INSERT_RANGE;
	}
}

long op_fallocate(int fd, int mode, off_t offset, off_t len)
{
	struct ofd *ofd;
	dfs_obj_t *obj;

	if (!can_be_opened(fd))
		return -EBADF;
	if (offset < 0 || len <= 0)
		return -EINVAL;
	if (!fallocate_mode(mode))
		return -EOPNOTSUPP;
	long r = begin(fd, O_RDONLY, &ofd, &obj);
	if (r)
		return r;
	if (atomic_load(&ofd->real))
		r = SHIM_RAW(SYS_fallocate, fd, mode, offset, len); /* its pages, and the size that it knows */
	else
		r = -provider_fallocate(ofd->mnt->p, ofd->mnt->dfs, obj, mode, (daos_off_t)offset, (daos_size_t)len);
	ofd_put(ofd);
	return r;
}

long op_fadvise64(int fd, off_t offset, off_t len, int advice)
{
	(void)offset;
	if (!can_be_opened(fd))
		return -EBADF;
	return len < 0 || advice < 0 || advice > 5 ? -EINVAL : 0; /* advice only: nothing is cached here */
}

static bool is_directory(int fd)
{
	struct ofd *ofd = ofd_get(fd);
	bool yes = ofd && ofd->kind == OFD_DIR;
	ofd_put(ofd);
	return yes;
}

long op_readahead(int fd, off_t offset, size_t count)
{
	struct ofd *ofd;
	dfs_obj_t *obj;

	(void)offset;
	(void)count;
	if (shim_fd_ours(fd) && is_directory(fd))
		return -EINVAL;
	long r = begin(fd, O_WRONLY, &ofd, &obj);
	if (!r)
		ofd_put(ofd);
	return r;
}
