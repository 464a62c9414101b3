/*
 * locks.c - record locks: fcntl(2), "Advisory record locking".
 *
 * The kernel keeps them, on dfuse's file. Those of F_SETLK belong to the process and the file, and end when the process
 * closes any descriptor of that file: so while there are some, none that the shim opened for itself may be closed, and a
 * placeholder that the program closes has to take them along.
 */
#include "arena.h"
#include "fdtable.h"
#include "foreign.h"
#include "locks.h"
#include "materialise.h"
#include "ofd.h"
#include "ops.h"
#include "runtime.h"

SHIM_HOT_DATA static _Atomic bool any; /* this process took such a lock */

void locks_child(void)
{
	atomic_store(&any, false); /* they are not inherited */
}

struct holder {
	const struct ofd *of;
	uint32_t mode; /* O_RDONLY or O_WRONLY: what the descriptor must allow; O_PATH: anything */
};

static long is_holder(int fd, struct ofd *ofd, void *arg)
{
	const struct holder *h = arg;
	uint32_t mode = atomic_load(&ofd->slot->flags) & O_ACCMODE;

	if (!atomic_load(&ofd->locked) || ofd->mnt != h->of->mnt || ofd->oid.lo != h->of->oid.lo ||
	    ofd->oid.hi != h->of->oid.hi)
		return 0;
	return h->mode == O_PATH || mode == O_RDWR || mode == h->mode ? fd + 1 : 0;
}

/* A real descriptor of the file of \a ofd, on which locks were taken; -1 when there is none. */
static int holder_of(const struct ofd *ofd, uint32_t mode)
{
	struct holder h = {ofd, mode};
	return atomic_load_explicit(&any, memory_order_relaxed) ? (int)fd_each(is_holder, &h) - 1 : -1;
}

bool lock_held(const struct ofd *ofd)
{
	return holder_of(ofd, O_PATH) >= 0;
}

SHIM_HOT void lock_closing(int fd)
{
	if (__builtin_expect(!atomic_load_explicit(&any, memory_order_relaxed), 1) || fd_foreign_child())
		return;
	struct ofd *ofd = ofd_get(fd);
	int holder = ofd && !atomic_load(&ofd->real) ? holder_of(ofd, O_PATH) : -1;
	struct flock all = {.l_type = F_UNLCK, .l_whence = SEEK_SET};

	if (holder >= 0)
		SHIM_RAW(SYS_fcntl, holder, F_SETLK, &all);
	ofd_put(ofd);
}

bool lock_command(int cmd)
{
	return cmd == F_SETLK || cmd == F_SETLKW || cmd == F_GETLK || cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW ||
	       cmd == F_OFD_GETLK;
}

/* The descriptor that the kernel gets the lock on: any of the process will do for those of the process. */
static long real_descriptor(int fd, struct ofd *ofd, int cmd, const struct flock *lock)
{
	bool of_process = cmd == F_SETLK || cmd == F_SETLKW || cmd == F_GETLK;
	uint32_t mode = atomic_load(&ofd->slot->flags) & O_ACCMODE;
	uint32_t need = lock->l_type == F_RDLCK ? O_RDONLY : lock->l_type == F_WRLCK ? O_WRONLY : O_PATH;

	if (cmd == F_GETLK || cmd == F_OFD_GETLK)
		need = O_PATH;
	if (need != O_PATH && mode != O_RDWR && mode != need)
		return -EBADF;
	int holder = of_process && !atomic_load(&ofd->real) ? holder_of(ofd, need) : -1;
	if (holder >= 0)
		return holder;
	long r = ofd_materialise(ofd, false);
	if (r)
		return r == -ENODEV && cmd != F_GETLK && cmd != F_OFD_GETLK ? -ENOLCK : r;
	if (cmd == F_SETLK || cmd == F_SETLKW) {
		atomic_store(&any, true);
		atomic_store(&ofd->locked, true);
	}
	return fd;
}

/* Whether \a range, which counts from the start of the file, is one: looked at before the access mode. 0 or -errno. */
static long check_range(const struct flock *range)
{
	off_t end;

	if (range->l_start < 0)
		return -EINVAL;
	if (range->l_len > 0 && __builtin_add_overflow(range->l_start, range->l_len - 1, &end))
		return -EOVERFLOW;
	if (range->l_len < 0 && range->l_start + range->l_len < 0)
		return -EINVAL;
	return range->l_type == F_RDLCK || range->l_type == F_WRLCK || range->l_type == F_UNLCK ? 0 : -EINVAL;
}

long lock_record(int fd, struct ofd *ofd, int cmd, struct flock *lock)
{
	struct flock range = *lock;
	struct stat st;
	long at = 0;

	/* What the kernel does not know is where this description stands and how long the file has become. */
	if (range.l_whence == SEEK_CUR)
		at = op_lseek(fd, 0, SEEK_CUR);
	else if (range.l_whence == SEEK_END && (at = op_fstat(fd, &st)) == 0)
		at = st.st_size;
	if (at < 0)
		return at;
	if (range.l_whence == SEEK_CUR || range.l_whence == SEEK_END) {
		if (__builtin_add_overflow(range.l_start, at, &range.l_start))
			return -EOVERFLOW;
		range.l_whence = SEEK_SET;
	}
	long r = range.l_whence == SEEK_SET ? check_range(&range) : -EINVAL;
	if (r)
		return r;
	long real = real_descriptor(fd, ofd, cmd, &range);
	if (real < 0)
		return real;
	r = cmd == F_SETLKW || cmd == F_OFD_SETLKW ? ofd_wait(ofd, SYS_fcntl, real, cmd, (long)&range)
	                                           : SHIM_RAW(SYS_fcntl, real, cmd, &range);
	if (!r && (cmd == F_GETLK || cmd == F_OFD_GETLK)) {
		if (range.l_type == F_UNLCK) /* the rest of it stays as it was */
			lock->l_type = F_UNLCK;
		else
			*lock = range;
	}
	return r;
}
