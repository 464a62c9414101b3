/*
 * fork.c - every lock of the shim is held over a fork, so that the child finds whole data behind it.
 */
#include <pthread.h>
#include "runtime.h"

static void prepare(void)
{
	fds_prepare_fork();
	mounts_lock(true);
	dirs_lock(true);
	fds_lock(true);
}

static void parent(void)
{
	fds_lock(false);
	dirs_lock(false);
	mounts_lock(false);
}

static void child(void)
{
	fds_child();
	arena_child();
	parent();
}

void fork_watch(void)
{
	static _Atomic bool watched;
	if (atomic_exchange(&watched, true))
		return;
	fds_child(); /* notes our process id */
	pthread_atfork(prepare, parent, child);
}
