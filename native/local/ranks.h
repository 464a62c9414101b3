/*
 * ranks.h - the locks of the provider, in the order in which they are taken.
 *
 * Readers take none of them: see rtx_begin.
 */
#ifndef LOCAL_RANKS_H
#define LOCAL_RANKS_H

#include "../memory/rank.h"

/* Locks: a lower rank is taken first. All are taken before fork and released after it. */
enum rank {
	RANK_REGISTRY = 1,   /* open containers (store.c) */
	RANK_HANDLES = 2,    /* the handle table (handle.c) */
	RANK_CHECKPOINT = 3, /* of a container: one step of it (checkpoint.c); never together with the writer */
	RANK_WRITER = 3,     /* of a container: write transactions of this process, its own tables (transaction.c) */
	RANK_DESCRIPTOR = 4, /* the list of cached host descriptors (hostfd.c) */
	RANK_PENDING = 4,    /* of a container: its overlays (overlay.c); a child of a fork makes its own */
	RANK_OPEN = 5,       /* opening an environment of LMDB (env.c) */
	RANK_EVENTS = 6,     /* events and their queues (event.c) */
	RANK_LIMIT = 7       /* RLIMIT_FSIZE is lifted (limit.c) */
};

#endif
