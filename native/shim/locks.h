/*
 * locks.h - record locks (locks.c).
 */
#ifndef DFSKIT_SHIM_LOCKS_H
#define DFSKIT_SHIM_LOCKS_H

#include <fcntl.h>
#include <stdbool.h>

struct ofd;

/** Whether the process may hold record locks on the file: then closing any real descriptor of it drops them. */
bool lock_held(const struct ofd *ofd);
/** The program closes \a fd: the locks of its file go, as if it were a real one. Does nothing when there are none. */
void lock_closing(int fd);
bool lock_command(int cmd);
/** F_SETLK and its kin. */
long lock_record(int fd, struct ofd *ofd, int cmd, struct flock *lock);
void locks_child(void);

#endif
