/*
 * fdtable.h - the table of descriptors: which are ours, and their descriptions (fdtable.c).
 */
#ifndef DFSKIT_SHIM_FDTABLE_H
#define DFSKIT_SHIM_FDTABLE_H

#include <stdbool.h>

struct ofd;

extern unsigned int shim_fd_top; /* no descriptor at or above it is ours */

/** Takes a reference to the description of \a fd. NULL when it isn't ours. */
struct ofd *ofd_get(int fd);
struct ofd *ofd_get_cwd(void);
/** Gives \a ofd the lowest free descriptor from \a min on; takes the reference. -errno. */
long fd_install(struct ofd *ofd, int min, bool cloexec);
/** For an open that changes something: takes the number before, and installs there or gives it back. -errno. */
long fd_reserve(bool cloexec);
long fd_install_at(long fd, struct ofd *ofd, bool cloexec);
void fd_reserve_end(long fd);
/** Makes table entry \a fd say \a ofd (NULL: not ours); takes the reference, drops the old one. */
void fd_assign(int fd, struct ofd *ofd);
/** Calls \a fn for every descriptor of ours, in order, until it returns non-zero. */
long fd_each(long (*fn)(int fd, struct ofd *ofd, void *arg), void *arg);
void fds_prepare_fork(void);
void fds_child(void);

#endif
