/*
 * preserved.h - the files that keep bytes for snapshots, as preserve.c, view.c and sweep.c see them.
 */
#ifndef PRESERVED_H
#define PRESERVED_H

#include "local.h"

/* A map: a page of flags, then one bit for each chunk. */
#define MAP_WHOLE   0 /* the file is a clone: it has all chunks */
#define MAP_STARTED 1 /* it has some, and is not to be cloned over */
#define MAP_BITS    4096ULL

/* Epochs for which there are preserved files of an object, rising. */
struct labels {
	uint64_t *epochs;
	unsigned nr;
};

int labels_get(struct txn *txn, uint64_t ino, uint64_t from, struct labels *l);
void labels_free(struct labels *l);

/* The value kept at exactly or after an epoch; empty: there was none. MDB_NOTFOUND: unchanged. */
int rec_get_saved(struct txn *txn, uint64_t hi, uint64_t lo, uint64_t epoch, MDB_val *v);

#endif
