/*
 * preserved.h - the files that keep bytes for snapshots, as preserve.c, view.c and sweep.c see them.
 */
#ifndef PRESERVED_H
#define PRESERVED_H

#include <stdbool.h>
#include <stdint.h>

struct txn;

#define CHUNK_SIZE 65536ULL /* what is preserved at a time */

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
int kept_put(struct txn *txn, uint64_t ino, uint64_t epoch);
void preserved_path(char out[64], uint64_t ino, uint64_t epoch, bool map);

#endif
