/*
 * purge.h - host files that go when their removal is durable (purge.c).
 */
#ifndef LOCAL_PURGE_H
#define LOCAL_PURGE_H

#include <stdbool.h>
#include <stdint.h>

struct cont;
struct inode_rec;
struct txn;

/* Host files whose removal was committed before purge_list: gone once that is durable. */
#define PURGE_BATCH 256
unsigned purge_list(struct cont *c, uint64_t list[PURGE_BATCH]);
unsigned purge_all(struct cont *c, const uint64_t *list, unsigned n); /* how many went */
void purge_count(struct cont *c, uint64_t files, uint64_t blocks);    /* sets the hint; writer held, or alone */
bool purge_due(struct cont *c);                                       /* enough wait that it is worth a sync */
int purge_later(struct cont *c, struct txn *txn, uint64_t ino, const struct inode_rec *rec);

#endif
