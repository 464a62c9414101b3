/*
 * op_move.c - bytes from one descriptor to another, of which one may be the kernel's.
 */
#include <stdlib.h>
#include "arena.h"
#include "fdtable.h"
#include "mounts.h"
#include "move.h"
#include "ofd.h"
#include "ops.h"
#include "runtime.h"

#define MAX_RW_COUNT 0x7ffff000ul /* what one call moves at most */
#define COPY_CHUNK   (1u << 20)

static long read_some(int fd, void *buf, size_t n, const off_t *at)
{
	if (shim_fd_ours(fd))
		return at ? op_pread64(fd, buf, n, *at) : op_read(fd, buf, n);
	return at ? SHIM_RAW(SYS_pread64, fd, buf, n, *at) : SHIM_RAW(SYS_read, fd, buf, n);
}

static long write_some(int fd, const void *buf, size_t n, const off_t *at)
{
	if (shim_fd_ours(fd))
		return at ? op_pwrite64(fd, buf, n, *at) : op_write(fd, buf, n);
	return at ? SHIM_RAW(SYS_pwrite64, fd, buf, n, *at) : SHIM_RAW(SYS_write, fd, buf, n);
}

static long back(int fd, long by)
{
	return shim_fd_ours(fd) ? op_lseek(fd, -by, SEEK_CUR) : SHIM_RAW(SYS_lseek, fd, -by, SEEK_CUR);
}

static long stat_of(int fd, struct stat *st)
{
	return shim_fd_ours(fd) ? op_fstat(fd, st) : SHIM_RAW(SYS_fstat, fd, st);
}

static long move_bytes(int in, off_t *in_at, int out, off_t *out_at, size_t len)
{
	size_t chunk = len < COPY_CHUNK ? len : COPY_CHUNK;
	char *buf = memory_take(chunk);
	long done = 0, r = 0;

	if (!buf)
		return -ENOMEM;
	while ((size_t)done < len) {
		size_t want = len - (size_t)done < chunk ? len - (size_t)done : chunk;
		r = read_some(in, buf, want, in_at);
		if (r <= 0)
			break;
		long wrote = write_some(out, buf, (size_t)r, out_at);
		long used = wrote > 0 ? wrote : 0;
		if (used < r && !in_at)
			back(in, r - used); /* what the other side did not take was not read */
		if (in_at)
			*in_at += used;
		if (out_at)
			*out_at += used;
		done += used;
		if (wrote < r) {
			r = wrote;
			break;
		}
	}
	memory_give(buf);
	return done ? done : r;
}

/* What one side of a move is. */
struct side {
	long flags; /* status flags, or -errno */
	bool path, directory;
};

static struct side side_of(int fd)
{
	struct ofd *ofd = ofd_get(fd);
	struct side s = {.flags = ofd ? (long)atomic_load(&ofd->slot->flags) : SHIM_RAW(SYS_fcntl, fd, F_GETFL),
	                 .path = ofd && ofd->kind == OFD_PATH};
	struct stat st;

	s.directory = ofd ? ofd->kind == OFD_DIR : SHIM_RAW(SYS_fstat, fd, &st) == 0 && S_ISDIR(st.st_mode);
	ofd_put(ofd);
	return s;
}

/* Both sides are judged before a byte is moved; sendfile(2) does not say the same as copy_file_range(2). */
static long can_move(int in, const off_t *in_at, int out, const off_t *out_at, bool sends)
{
	struct side from = side_of(in), to = side_of(out);

	bool wrong = (in_at && *in_at < 0) || (out_at && *out_at < 0);
	if (sends && wrong && from.flags >= 0 && !from.path && (from.flags & O_ACCMODE) != O_WRONLY)
		return -EINVAL;
	if (from.flags < 0 || to.flags < 0 || from.path || to.path || (from.flags | to.flags) & O_PATH)
		return -EBADF;
	if (!sends && (from.directory || to.directory))
		return -EISDIR;
	if ((from.flags & O_ACCMODE) == O_WRONLY || (to.flags & O_ACCMODE) == O_RDONLY)
		return -EBADF;
	if (to.flags & O_APPEND)
		return sends ? -EINVAL : -EBADF;
	return from.directory || (sends && wrong) ? -EINVAL : 0;
}

/* The part of a range that is there when the call begins; -EINVAL when it would be copied onto itself. */
static long copy_length(int in, const off_t *in_at, int out, const off_t *out_at, size_t len)
{
	struct stat from, to;
	off_t from_at = in_at ? *in_at : back(in, 0), to_at = out_at ? *out_at : back(out, 0);
	long r = stat_of(in, &from);

	if (!r)
		r = stat_of(out, &to);
	if (!r && ((uint64_t)from_at + len < (uint64_t)from_at || (uint64_t)to_at + len < (uint64_t)to_at))
		return -EOVERFLOW;
	if (r || from_at < 0 || to_at < 0 || !S_ISREG(from.st_mode) || !S_ISREG(to.st_mode))
		return r ? r : -EINVAL;
	if (from_at >= from.st_size)
		return 0;
	if ((off_t)len > from.st_size - from_at)
		len = (size_t)(from.st_size - from_at);
	bool same = from.st_dev == to.st_dev && from.st_ino == to.st_ino;
	return same && to_at + (off_t)len > from_at && to_at < from_at + (off_t)len ? -EINVAL : (long)len;
}

/* One that came over a socket is the kernel's, but its file may be in a mount all the same. */
static bool on_mount(int fd, const struct mount *mnt)
{
	struct stat st;

	return mnt->dev && SHIM_RAW(SYS_fstat, fd, &st) == 0 && st.st_dev == mnt->dev;
}

static bool same_mount(int a, int b)
{
	struct ofd *one = ofd_get(a), *other = ofd_get(b);
	bool same = one && other ? one->mnt == other->mnt
	            : one        ? on_mount(b, one->mnt)
	                         : other && on_mount(a, other->mnt);
	ofd_put(one);
	ofd_put(other);
	return same;
}

long can_clone(int in, int out)
{
	struct side from = side_of(in);

	if (from.flags < 0 || from.path || from.flags & O_PATH)
		return -EBADF;
	if (!same_mount(in, out))
		return -EXDEV;
	return can_move(in, NULL, out, NULL, false) ?: -EOPNOTSUPP;
}

static bool same_description(int a, int b)
{
	struct ofd *one = ofd_get(a), *other = ofd_get(b);
	bool same = one && other && one->slot == other->slot;
	ofd_put(one);
	ofd_put(other);
	return same;
}

long op_sendfile(int out_fd, int in_fd, off_t *offset, size_t count)
{
	if (count > MAX_RW_COUNT)
		count = MAX_RW_COUNT;
	long r = can_move(in_fd, offset, out_fd, NULL, true);
	off_t from;
	if (!r && !offset && same_description(in_fd, out_fd)) {
		from = back(in_fd, 0); /* one offset: what is written moves it */
		offset = &from;
	}
	return r ? r : move_bytes(in_fd, offset, out_fd, NULL, count);
}

long op_copy_file_range(int fd_in, off_t *off_in, int fd_out, off_t *off_out, size_t len, unsigned int flags)
{
	if (flags)
		return -EINVAL;
	if (len > MAX_RW_COUNT)
		len = MAX_RW_COUNT;
	long r = can_move(fd_in, off_in, fd_out, off_out, false);
	if (!r && !same_mount(fd_in, fd_out))
		r = -EXDEV; /* as between any two file systems: the program reads and writes instead */
	if (!r)
		r = copy_length(fd_in, off_in, fd_out, off_out, len);
	return r <= 0 ? r : move_bytes(fd_in, off_in, fd_out, off_out, (size_t)r);
}
