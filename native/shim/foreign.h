/*
 * foreign.h - children that share our memory but not our descriptors: vfork, posix_spawn (foreign.c).
 */
#ifndef DFSKIT_SHIM_FOREIGN_H
#define DFSKIT_SHIM_FOREIGN_H

#include <stdatomic.h>
#include <stdbool.h>

struct ofd;

extern _Atomic int shim_own_pid;     /* 0 before the first descriptor of ours */
extern _Atomic int shim_foreign_pid; /* the child whose changes are kept apart */
extern struct ofd foreign_mark;      /* in the table where only such a child has something */
extern _Atomic int shim_spawning;    /* such children that may be under way: spawn.c */

/** fd_foreign_child() when one may be there. */
bool foreign_child_test(void);
/** True in such a child. */
static inline bool fd_foreign_child(void)
{
	return __builtin_expect(atomic_load_explicit(&shim_spawning, memory_order_relaxed) != 0, 0) &&
	       foreign_child_test();
}

/** In such a child that has an entry of its own for \a fd: true, and a reference to the description (NULL: closed). */
bool foreign_get(int fd, struct ofd **ofd);
/** In such a child: its own entry for \a fd says \a ofd; takes the reference. What the parent has is unchanged. */
void foreign_assign(int fd, struct ofd *ofd);
/** The child that shared our memory has exec'd: its entries go. */
void fds_spawned(void);
/** In the child of a fork, which shares nothing, and in a process that begins: it is our own. */
void foreign_none(void);

#endif
