/*
 * unpark.c - closing a descriptor for good, and noting that its number is free.
 *
 * attach_quick() calls fd_unpark() while vector registers hold the program's values: none are used here.
 */
#pragma GCC target("general-regs-only")

#include "foreign.h"
#include "ofd.h"
#include "parking.h"
#include "runtime.h"
#include "solo.h"

SHIM_HOT void fd_low_closed(int fd)
{
	uint64_t old = atomic_load_explicit(&shim_fd_low, memory_order_relaxed), new;

	do {
		unsigned int low = (unsigned int)old;
		new = (old & -FD_LOW_CLOSE) + FD_LOW_CLOSE + ((unsigned int)fd < low ? (unsigned int)fd : low);
	} while (!solo_cas(&shim_fd_low, &old, new));
}

SHIM_HOT long shim_close_counted(int fd)
{
	long r = SHIM_RAW(SYS_close, fd);

	fd_low_closed(fd);
	return r;
}

void fd_close_parked(int fd)
{
	struct ofd *mark = &parked_mark;

	__atomic_compare_exchange_n(&shim_fds[fd], &mark, NULL, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
	shim_close_counted(fd);
}

void fd_unpark(void)
{
	int parked = atomic_load(&shim_parked);

	/* A child that shares our memory has descriptors of its own: what is parked is not its to close. */
	if (parked >= 0 && !fd_foreign_child() && atomic_compare_exchange_strong(&shim_parked, &parked, PARKED_NONE))
		fd_close_parked(parked / 2);
}
