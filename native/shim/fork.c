/*
 * fork.c - every lock of the shim is held over a fork, so that the child finds whole data behind it.
 */
#include <pthread.h>
#include "arena.h"
#include "dircache.h"
#include "fdtable.h"
#include "fork.h"
#include "mounts.h"

static const struct provider *forking; /* the provider that was told of this fork */

static void tell(int stage)
{
	if (stage == 0)
		forking = atomic_load(&shim_provider);
	if (forking && forking->dfsx_fork)
		forking->dfsx_fork(stage);
}

static void prepare(void)
{
	fds_prepare_fork();
	mounts_fork(0);
	dirs_lock(true);
	tell(0);
}

static void unlock(int stage)
{
	dirs_lock(false);
	mounts_fork(stage);
}

static void parent(void)
{
	tell(1);
	unlock(1);
}

static void child(void)
{
	tell(2);
	fds_child();
	arena_child();
	unlock(2);
}

static _Atomic bool watched;

void fork_around(enum fork_stage stage)
{
	if (!atomic_load(&watched)) /* nothing was used yet */
		return;
	int saved = errno;
	if (stage == FORK_PREPARE)
		prepare();
	else if (stage == FORK_PARENT)
		parent();
	else
		child();
	errno = saved;
}

void fork_watch(void)
{
	if (atomic_exchange(&watched, true))
		return;
	fds_child(); /* notes our process id */
	pthread_atfork(prepare, parent, child);
}
