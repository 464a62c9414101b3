/*
 * clone.c - children that are made past fork(3), so that no pthread_atfork() handler runs.
 *
 * A child with a copy of our memory has to learn that it is one: its provider would go on with locks and transactions
 * that are the parent's. One that shares our memory but not the descriptors is kept apart as that of posix_spawn(3).
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <linux/sched.h>
#include <sched.h>
#include "entry.h"
#include "fork.h"
#include "ofd.h"
#include "runtime.h"
#include "solo.h"
#include "spawning.h"

#define SHARES_MORE (CLONE_FILES | CLONE_THREAD) /* with CLONE_VM: a thread in all that concerns us */

static long fork_like(long nr, long a1, long a2, long a3, long a4, long a5)
{
	fork_around(FORK_PREPARE);
	long r = shim_syscall(nr, a1, a2, a3, a4, a5, 0);
	fork_around(r == 0 ? FORK_CHILD : FORK_PARENT);
	return r;
}

/* What libc counts as one thread is more from now on. */
static void note_thread(unsigned long flags)
{
	if (flags & CLONE_VM && !(flags & CLONE_VFORK))
		solo_end();
}

bool shim_clone_call(long nr, long a1, long a2, long a3, long a4, long a5, long *result)
{
	if (nr == SYS_fork || nr == SYS_vfork) { /* as the symbol vfork, a fork */
		*result = fork_like(SYS_fork, 0, 0, 0, 0, 0);
		return true;
	}
	if (nr == SYS_clone && !a2 && !(a1 & CLONE_VM)) {
		*result = fork_like(nr, a1, 0, a3, a4, a5);
		return true;
	}
	const struct clone_args *args = nr == SYS_clone3 ? (const struct clone_args *)a1 : NULL;
	if (args && (uintptr_t)args >= 4096 && (size_t)a2 >= CLONE_ARGS_SIZE_VER0 && !args->stack &&
	    !(args->flags & CLONE_VM)) {
		*result = fork_like(nr, a1, a2, 0, 0, 0);
		return true;
	}
	note_thread(args && (uintptr_t)args >= 4096 ? args->flags : nr == SYS_clone ? (unsigned long)a1 : 0);
	return false;
}

struct start {
	int (*fn)(void *);
	void *arg;
};

/* In the child: the frame of the parent's call is in its copy of the memory. */
static int in_copy(void *arg)
{
	struct start start = *(struct start *)arg;

	fork_around(FORK_CHILD);
	return start.fn(start.arg);
}

typedef int fn_clone(int (*fn)(void *), void *stack, int flags, void *arg, ...);

ENTRY_EXPORT int entry_sym_clone(int (*fn)(void *), void *stack, int flags, void *arg, void *parent_tid, void *tls,
                                 void *child_tid) __asm__("clone");
int entry_sym_clone(int (*fn)(void *), void *stack, int flags, void *arg, void *parent_tid, void *tls, void *child_tid)
{
	static fn_clone *real;
	fn_clone *next = ENTRY_REAL(real, "clone");
	struct start start = {fn, arg};

	if (!next) {
		errno = ENOSYS;
		return -1;
	}
	if (!(flags & CLONE_VM) && fn && stack) {
		fork_around(FORK_PREPARE);
		int pid = next(in_copy, stack, flags, &start, parent_tid, tls, child_tid);
		fork_around(FORK_PARENT);
		return pid;
	}
	note_thread((unsigned long)flags);
	bool apart = flags & CLONE_VFORK && !(flags & SHARES_MORE);
	struct ofd *cwd = apart ? spawn_begin() : NULL;
	int pid = next(fn, stack, flags, arg, parent_tid, tls, child_tid);
	if (apart)
		spawn_end(cwd);
	return pid;
}

/* fork(2) without the handlers of pthread_atfork(3), from glibc 2.34 on. */
ENTRY_EXPORT int entry_sym_Fork(void) __asm__("_Fork");
int entry_sym_Fork(void)
{
	static int (*real)(void);
	int (*next)(void) = ENTRY_REAL(real, "_Fork");

	if (!next)
		return (int)entry_errno(fork_like(SYS_fork, 0, 0, 0, 0, 0));
	fork_around(FORK_PREPARE);
	int pid = next();
	fork_around(pid == 0 ? FORK_CHILD : FORK_PARENT);
	return pid;
}
