/*
 * ranks.h - the locks of the runtime, in the order in which they are taken.
 */
#ifndef DFSKIT_SHIM_RANKS_H
#define DFSKIT_SHIM_RANKS_H

#include "../memory/rank.h"

/* Locks: a lower rank is taken first. */
enum rank {
	RANK_STREAM = 1, /* of a DIR: its batch of entries (pil4dfs/stream.c) */
	RANK_SLOT =
	    2, /* of an open-file description: its offset, in shared memory (slot_lock); where files are mapped */
	RANK_MOUNT = 3, /* connecting a mount, when the provider is loaded (mounts.c) */
	RANK_CACHE = 4  /* directory cache (dircache.c) */
};

#endif
