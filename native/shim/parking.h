/*
 * parking.h - the number of a closed file, kept for the next open (parking.c).
 */
#ifndef DFSKIT_SHIM_PARKING_H
#define DFSKIT_SHIM_PARKING_H

#include <stdbool.h>
#include <stdint.h>
#include "shim.h"
#include "solo.h"

struct ofd;

/** Parks \a fd instead of closing it. False: it isn't ours, or has to be closed. */
bool fd_park(int fd);
/** The parked number, when it is the one that an open gets; -1: fd_unpark(), and the kernel has to be asked. */
static inline int fd_parked_take(bool cloexec)
{
	int parked = atomic_load_explicit(&shim_parked, memory_order_relaxed), fd = (int)((unsigned int)parked / 2);

	return parked >= 0 && shim_fd_counts(fd) && (parked & 1) == cloexec &&
	               solo_cas(&shim_parked, &parked, PARKED_NONE)
	           ? fd
	           : -1;
}
/** The kernel has put another file at \a fd. */
void fd_parked_replaced(int fd);
/** Closes \a fd, which has the mark, for good. */
void fd_close_parked(int fd);
/** \a fd was closed. */
void fd_low_closed(int fd);
#define FD_LOW_CLOSE (1ull << 32) /* upper half of shim_fd_low: how many closes were seen */
/** Before the kernel is asked for the lowest number, and when it was \a fd. */
uint64_t fd_low_begin(void);
void fd_low_found(int fd, uint64_t begin);
extern struct ofd parked_mark; /* in the table where it is parked */

#endif
