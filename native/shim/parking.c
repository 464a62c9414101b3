/*
 * parking.c - the number of a closed file is kept for the next open.
 *
 * A placeholder costs two system calls, one to open and one to close, as much as the provider's whole work on a file
 * that is opened and closed. So close(2) may leave the placeholder where it is, closed for the program alone:
 * *parked*. An open whose number it would be takes it. What tells that is shim_fd_low: every number below is in use,
 * as far as the closes that we saw go. Only one is parked at a time, and it is closed for good before anything could
 * meet it: a system call that makes a descriptor or looks at many (ATTACH_UNPARK), fork, exec, a call on the number
 * itself (ofd_get() finds parked_mark). What does not come by here, a raw system call of the program's own, may get
 * a number that is not the lowest.
 *
 * attach_quick() calls fd_unpark() while vector registers hold the program's values: none are used here.
 */
#pragma GCC target("general-regs-only")

#include "attach.h"
#include "foreign.h"
#include "ofd.h"
#include "parking.h"
#include "runtime.h"
#include "solo.h"

#define NOBODY -1 /* nothing is parked */

/* NOBODY, or the number twice, and one more when it is close-on-exec. */
SHIM_HOT_DATA _Atomic int shim_parked = NOBODY;
SHIM_HOT_DATA _Atomic uint64_t shim_fd_low; /* the number; above it, how many closes were seen */
#define ONE_CLOSE (1ull << 32)

struct ofd parked_mark;

/* ---- the lowest number that may be free ---- */

SHIM_HOT void fd_low_closed(int fd)
{
	uint64_t old = atomic_load_explicit(&shim_fd_low, memory_order_relaxed), new;

	do {
		unsigned int low = (unsigned int)old;
		new = (old & -ONE_CLOSE) + ONE_CLOSE + ((unsigned int)fd < low ? (unsigned int)fd : low);
	} while (!solo_cas(&shim_fd_low, &old, new));
}

uint64_t fd_low_begin(void)
{
	return atomic_load(&shim_fd_low);
}

void fd_low_found(int fd, uint64_t begin)
{
	uint64_t old = atomic_load(&shim_fd_low);

	if (shim_symbols_only) /* what libc closes by itself is not seen: nothing counts */
		return;
	/* What was closed meanwhile may lie below. */
	while ((old & -ONE_CLOSE) == (begin & -ONE_CLOSE) &&
	       !solo_cas(&shim_fd_low, &old, (old & -ONE_CLOSE) + (unsigned int)fd + 1))
		;
}

/* ---- the parked one ---- */

static void end(int fd)
{
	struct ofd *mark = &parked_mark;

	__atomic_compare_exchange_n(&shim_fds[fd], &mark, NULL, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
	SHIM_RAW(SYS_close, fd);
}

SHIM_HOT bool fd_park(int fd, bool cloexec)
{
	int none = NOBODY;

	if (!shim_fd_counts(fd) || atomic_load_explicit(&shim_parked, memory_order_relaxed) != NOBODY ||
	    atomic_load(&shim_spawning) != 0)
		return false;
	struct ofd *ofd = solo_swap(&shim_fds[fd], &parked_mark);
	fd_low_closed(fd);
	if (!solo_cas(&shim_parked, &none, fd * 2 + cloexec))
		end(fd);                           /* another thread's is there */
	else if (atomic_load(&shim_spawning) != 0) /* begun meanwhile: the number must not stay open there */
		fd_unpark();
	stream_leave(ofd);
	ofd_put(ofd);
	return true;
}

SHIM_HOT int fd_parked_take(bool cloexec)
{
	int parked = atomic_load_explicit(&shim_parked, memory_order_relaxed);
	uint64_t low = atomic_load_explicit(&shim_fd_low, memory_order_relaxed);

	if (parked < 0)
		return -1;
	if ((unsigned int)low != (unsigned int)parked / 2 || (parked & 1) != cloexec) {
		fd_unpark();
		return -1;
	}
	if (!solo_cas(&shim_parked, &parked, NOBODY))
		return -1;
	solo_cas(&shim_fd_low, &low, low + 1);
	return parked / 2;
}

void fd_unpark(void)
{
	int parked = atomic_load(&shim_parked);

	/* A child that shares our memory has descriptors of its own: what is parked is not its to close. */
	if (parked >= 0 && !fd_foreign_child() && atomic_compare_exchange_strong(&shim_parked, &parked, NOBODY))
		end(parked / 2);
}

void fd_parked_replaced(int fd)
{
	int parked = atomic_load(&shim_parked);

	if (parked >= 0 && parked / 2 == fd)
		solo_cas(&shim_parked, &parked, NOBODY);
}
