/*
 * hidden.h - descriptors of the shim itself, out of the program's way (hidden.c).
 */
#ifndef DFSKIT_SHIM_HIDDEN_H
#define DFSKIT_SHIM_HIDDEN_H

/** Moves \a fd out of the program's way and remembers it. Returns the new number. */
int fd_hide(int fd);
/** The same for one of a provider that does not keep its own out of the way; there may be many. */
int fd_hide_provided(int fd);
void fd_forget_provided(int fd);
void fd_unhide(int fd);
/** Sets shim_fd_floor; due before the provider opens anything. */
void fd_floor_set(void);

#endif
