/*
 * fork.h - what happens around a fork (fork.c).
 */
#ifndef DFSKIT_SHIM_FORK_H
#define DFSKIT_SHIM_FORK_H

/** From now on the locks and tables are right in a forked child. Call before the first use of either. */
void fork_watch(void);
enum fork_stage {
	FORK_PREPARE,
	FORK_PARENT,
	FORK_CHILD
};
/** What the handlers do, for a child that is made without them. */
void fork_around(enum fork_stage stage);

#endif
