/*
 * reclaim.h - objects without a name, and the space of those that nobody has open (reclaim.c).
 */
#ifndef LOCAL_RECLAIM_H
#define LOCAL_RECLAIM_H

#include <stdbool.h>
#include <stdint.h>
#include "layout.h"

struct cont;
struct txn;

/* An object whose last name goes: in the transaction, and after its commit. */
struct drop {
	uint64_t ino;
	struct inode_rec rec;
	bool gone;   /* the record was deleted */
	bool orphan; /* the record stays: somebody has the object open */
	bool kept;   /* a snapshot needs the host file */
	bool raced;  /* gone, and somebody has opened it before the commit */
	void *data;  /* bytes of a small file that is gone; to be freed */
	int intent;
};
/* Keeps a record without a name while somebody has it open; orphan_named() when it gets one. */
int put_orphan(struct cont *c, struct txn *txn, uint64_t ino, struct inode_rec *rec);
int orphan_named(struct cont *c, struct txn *txn, uint64_t ino);
int drop_inode(struct cont *c, struct txn *txn, uint64_t ino, struct inode_rec *rec, struct drop *d);
void drop_look(struct cont *c, struct drop *d); /* right after the commit; writer held */
void drop_finish(struct cont *c, struct drop *d, int rc);
void reclaim_orphan(struct cont *c, uint64_t ino);
void reclaim_all(struct cont *c);
/* Notes, where a dead process's successors will find it, that a host file is to go, or is not to count yet. */
int intent_begin(struct cont *c, uint64_t ino);
void intent_end(struct cont *c, int i);

#endif
