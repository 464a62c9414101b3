/*
 * snapshot.h - snapshots of a container (snapshot.c), and what is left of those that were destroyed (sweep.c).
 */
#ifndef LOCAL_SNAPSHOT_H
#define LOCAL_SNAPSHOT_H

#include <lmdb.h>
#include <stdbool.h>
#include <stdint.h>

struct cont;
struct snapshots_rec;
struct txn;

int snapshots_get(struct txn *txn, struct snapshots_rec *all);
int snapshot_get(struct txn *txn, uint64_t id, MDB_val *v);        /* its struct snapshot_rec; ESTALE */
int snapshot_epoch(struct txn *txn, uint64_t id, uint64_t *epoch); /* ESTALE */
int snapshots_count(struct cont *c, uint32_t *count, uint64_t *newest);
int snapshot_exists(struct cont *c, uint64_t id); /* 0 or ESTALE */
int snapshot_find(struct cont *c, uint64_t epoch, const char *name, uint64_t *id);
void snapshot_begin(struct cont *c, struct txn *txn); /* of every write transaction */
void snapshot_attach(struct cont *c, struct txn *txn);
bool snapshot_holds(struct txn *txn, uint64_t ino); /* is the object in one? */
int snapshots_set(struct cont *c, struct txn *txn, struct snapshots_rec *all);
int snapshots_live(struct txn *txn, uint64_t **epochs, unsigned *nr); /* rising; to be freed */

int sweep(struct cont *c);

#endif
