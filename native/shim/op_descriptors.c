/*
 * op_descriptors.c - calls on descriptors themselves. The kernel does the work on the placeholder; the
 * table follows.
 */
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <linux/close_range.h>
#include <linux/fs.h>
#include "arena.h"
#include "fdtable.h"
#include "locks.h"
#include "materialise.h"
#include "move.h"
#include "ofd.h"
#include "ops.h"
#include "parking.h"
#include "rings.h"
#include "runtime.h"

SHIM_ASIDE static long close_unparked(int fd)
{
	if (shim_fd_ours(fd) && shim_fds[fd] == &parked_mark) /* closed twice */
		fd_unpark();
	fd_assign(fd, NULL); /* before the number is free for another thread */
	return shim_close_counted(fd);
}

SHIM_HOT long op_close(int fd)
{
	if (shim_fd_protected(fd))
		return -EBADF;
	lock_closing(fd);
	return fd_park(fd) ? 0 : close_unparked(fd);
}

static long keep_out(int fd, struct ofd *ofd, void *arg)
{
	(void)fd;
	(void)arg;
	ofd->parking = PARK_NOT;
	return 0;
}

/* Closes or marks [first, last] around the descriptors that keep the shim alive. */
long op_close_range(unsigned int first, unsigned int last, unsigned int flags)
{
	if (first > last || flags & ~(unsigned int)(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC))
		return -EINVAL;
	fd_unpark();
	if (flags & CLOSE_RANGE_CLOEXEC)
		fd_each(keep_out, NULL);
	else
		for (unsigned int fd = first; fd <= last && fd < shim_fd_top; fd++)
			if (shim_fds[fd]) {
				lock_closing((int)fd);
				fd_assign((int)fd, NULL);
			}
	struct rlimit lim;
	unsigned int end = SHIM_FD_MAX - 1, from = first;
	if (SHIM_RAW(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &lim) == 0 && lim.rlim_cur < end)
		end = (unsigned int)lim.rlim_cur; /* where hidden ones can be */
	if (end > last)
		end = last;
	for (unsigned int fd = first; fd <= end; fd++) {
		if (!fd_hidden((int)fd))
			continue;
		if (fd > from) {
			long r = SHIM_RAW(SYS_close_range, from, fd - 1, flags);
			if (r)
				return r;
		}
		from = fd + 1;
	}
	long r = from <= last ? SHIM_RAW(SYS_close_range, from, last, flags) : 0;
	fd_low_closed((int)first);
	return r;
}

/* The duplicate `made` of `fd` is what fd is. */
static long note_duplicate(int fd, long made)
{
	if (made >= 0) {
		struct ofd *ofd = ofd_get(fd);
		if (ofd)
			ofd->parking = PARK_NOT;
		fd_assign((int)made, ofd);
		fd_show((int)made);
	}
	return made;
}

long op_dup(int fd)
{
	fd_unpark();
	return note_duplicate(fd, SHIM_RAW(SYS_dup, fd));
}

long op_dup3(int oldfd, int newfd, int flags)
{
	if (flags & ~O_CLOEXEC || oldfd == newfd)
		return -EINVAL;
	if (fd_hidden(newfd) || fd_hidden(oldfd))
		return -EBADF;
	fd_unpark();
	if (SHIM_RAW(SYS_fcntl, oldfd, F_GETFD) >= 0)
		lock_closing(newfd);
	return note_duplicate(oldfd, SHIM_RAW(SYS_dup3, oldfd, newfd, flags));
}

long op_dup2(int oldfd, int newfd)
{
	if (oldfd == newfd) {
		fd_unpark();
		return SHIM_RAW(SYS_dup2, oldfd, newfd);
	}
	return op_dup3(oldfd, newfd, 0);
}

/* Flags that F_SETFL changes: fcntl(2). */
#define SETFL_FLAGS (O_APPEND | O_ASYNC | O_DIRECT | O_NOATIME | O_NONBLOCK)

static long status_flags(int fd, struct ofd *ofd, int cmd, unsigned long arg)
{
	_Atomic uint32_t *flags = &ofd->slot->flags;

	if (cmd == F_GETFL && ofd->adopted) /* others may have changed them */
		return SHIM_RAW(SYS_fcntl, fd, F_GETFL);
	if (cmd == F_GETFL)
		return (long)(atomic_load(flags) & ~(uint32_t)(O_CREAT | O_EXCL | O_TRUNC | O_NOCTTY | O_CLOEXEC)) |
		       (ofd->kind == OFD_PATH ? 0
		                              : 0100000); /* O_LARGEFILE, as the kernel reports on 64-bit machines */
	if (atomic_load(&ofd->real)) {
		long r = SHIM_RAW(SYS_fcntl, fd, F_SETFL, arg);
		if (r)
			return r;
	}
	uint32_t old = atomic_load(flags);
	while (
	    !atomic_compare_exchange_weak(flags, &old, (old & ~(uint32_t)SETFL_FLAGS) | ((uint32_t)arg & SETFL_FLAGS)))
		;
	return 0;
}

long op_fcntl(int fd, int cmd, unsigned long arg)
{
	struct ofd *ofd = ofd_get(fd);
	long r;

	if (!ofd)
		return SHIM_RAW(SYS_fcntl, fd, cmd, arg);
	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		fd_unpark();
		r = note_duplicate(fd, SHIM_RAW(SYS_fcntl, fd, cmd, arg));
		break;
	case F_SETFD:
		ofd->parking = PARK_NOT;
		/* fall through */
	case F_GETFD:
		r = SHIM_RAW(SYS_fcntl, fd, cmd, arg);
		break;
	case F_GETFL:
	case F_SETFL:
		r = cmd == F_SETFL && ofd->kind == OFD_PATH ? -EBADF : status_flags(fd, ofd, cmd, arg);
		break;
	default: /* locks, leases, owners: the kernel keeps them, on the real file */
		r = ofd->kind == OFD_PATH ? -EBADF
		    : lock_command(cmd)   ? lock_record(fd, ofd, cmd, (struct flock *)arg)
		                          : ofd_materialise(ofd, false);
		if (!r && !lock_command(cmd))
			r = SHIM_RAW(SYS_fcntl, fd, cmd, arg);
	}
	ofd_put(ofd);
	return r;
}

long op_flock(int fd, int operation)
{
	struct ofd *ofd = ofd_get(fd);
	if (!ofd)
		return -EBADF;
	long r = ofd_materialise(ofd, false);
	if (!r)
		r = SHIM_RAW(SYS_flock, fd, operation);
	ofd_put(ofd);
	return r == -ENODEV ? -ENOLCK : r;
}

/* A placeholder refuses as regular files and directories do, but dfuse's files would not. */
long op_epoll_ctl(int epoll, int op, int fd, void *event)
{
	struct ofd *ofd = ofd_get(fd);
	bool path = ofd && ofd->kind == OFD_PATH;

	if (!ofd)
		return SHIM_RAW(SYS_epoll_ctl, epoll, op, fd, event);
	ofd_put(ofd);
	return SHIM_RAW(SYS_fcntl, epoll, F_GETFD) < 0 || path ? -EBADF : -EPERM;
}

static long bytes_left(int fd, int *left)
{
	struct stat st;
	long r = op_fstat(fd, &st);
	off_t at = op_lseek(fd, 0, SEEK_CUR);

	if (r || at < 0)
		return r ? r : at;
	*left = (int)(st.st_size - at); /* negative beyond the end, as the kernel has it */
	return 0;
}

long op_ioctl(int fd, unsigned long request, unsigned long arg)
{
	struct ofd *ofd = ofd_get(fd);
	long r;

	if (!ofd)
		return SHIM_RAW(SYS_ioctl, fd, request, arg);
	if (request == FIOCLEX || request == FIONCLEX)
		ofd->parking = PARK_NOT;
	if (ofd->kind == OFD_PATH)
		r = -EBADF; /* open(2), O_PATH */
	else if (request == FIONREAD && ofd->kind == OFD_FILE)
		r = bytes_left(fd, (int *)arg);
	else if (request == FICLONE) /* the other side may be a placeholder, whatever this one is */
		r = can_clone((int)arg, fd);
	else if (request == FICLONERANGE)
		r = can_clone((int)((const struct file_clone_range *)arg)->src_fd, fd);
	else if (request == FIDEDUPERANGE)
		r = -EOPNOTSUPP;
	else if (request == FIOCLEX || request == FIONCLEX || atomic_load(&ofd->real))
		r = SHIM_RAW(SYS_ioctl, fd, request, arg);
	else if (request == FIONBIO)
		r = 0; /* regular files never block */
	else if (_IOC_TYPE(request) == 0xA3 && ofd_materialise(ofd, false) == 0)
		r = SHIM_RAW(SYS_ioctl, fd, request, arg);
	else
		r = -ENOTTY;
	ofd_put(ofd);
	return r;
}
