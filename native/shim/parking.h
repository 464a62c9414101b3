/*
 * parking.h - the number of a closed file, kept for the next open (parking.c).
 */
#ifndef DFSKIT_SHIM_PARKING_H
#define DFSKIT_SHIM_PARKING_H

#include <stdbool.h>
#include <stdint.h>

struct ofd;

/** Parks \a fd, the only descriptor of its description, instead of closing it. False: it has to be closed. */
bool fd_park(int fd, bool cloexec);
/** The parked number, when it is the one that an open gets; -1: the kernel has to be asked. */
int fd_parked_take(bool cloexec);
/** The kernel has put another file at \a fd. */
void fd_parked_replaced(int fd);
/** \a fd was closed. */
void fd_low_closed(int fd);
/** Before the kernel is asked for the lowest number, and when it was \a fd. */
uint64_t fd_low_begin(void);
void fd_low_found(int fd, uint64_t begin);
extern struct ofd parked_mark; /* in the table where it is parked */

#endif
