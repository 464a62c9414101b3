/*
 * parking.c - the number of a closed file is kept for the next open.
 *
 * A placeholder costs two system calls, one to open and one to close, as much as the provider's whole work on a file
 * that is opened and closed. So close(2) may leave the placeholder where it is, closed for the program alone:
 * *parked*. An open whose number it would be takes it. What tells that is shim_fd_low: every number below is in use or
 * parked, as far as the closes that we saw go. Only one is parked at a time, and it is closed for good before anything could
 * meet it: a system call that makes a descriptor or looks at many (ATTACH_UNPARK), fork, exec, a call on the number
 * itself (ofd_get() finds parked_mark). What does not come by here, a raw system call of the program's own, may get
 * a number that is not the lowest.
 */
#include "attach.h"
#include "foreign.h"
#include "ofd.h"
#include "parking.h"
#include "runtime.h"
#include "solo.h"

struct ofd parked_mark;

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
	while ((old & -FD_LOW_CLOSE) == (begin & -FD_LOW_CLOSE) &&
	       !solo_cas(&shim_fd_low, &old, (old & -FD_LOW_CLOSE) + (unsigned int)fd + 1))
		;
}

/* Without a reference to what is in the table: memory of descriptions stays one. */
SHIM_HOT bool fd_park(int fd)
{
	struct ofd *ofd = shim_fd_ours(fd) ? __atomic_load_n(&shim_fds[fd], __ATOMIC_ACQUIRE) : NULL;
	int none = PARKED_NONE;

	if (!ofd || ofd->parking == PARK_NOT || atomic_load_explicit(&ofd->real, memory_order_relaxed) ||
	    !shim_fd_counts(fd) || atomic_load_explicit(&shim_parked, memory_order_relaxed) != PARKED_NONE ||
	    atomic_load(&shim_spawning) != 0)
		return false;
	int parked = fd * 2 + (ofd->parking == PARK_CLOEXEC);
	if (!solo_cas(&shim_fds[fd], &ofd, &parked_mark))
		return false;
	if (!solo_cas(&shim_parked, &none, parked))
		fd_close_parked(fd);               /* another thread's is there */
	else if (atomic_load(&shim_spawning) != 0) /* begun meanwhile: the number must not stay open there */
		fd_unpark();
	stream_leave(ofd);
	ofd_put(ofd);
	return true;
}

void fd_parked_replaced(int fd)
{
	int parked = atomic_load(&shim_parked);

	if (parked >= 0 && parked / 2 == fd)
		solo_cas(&shim_parked, &parked, PARKED_NONE);
}
