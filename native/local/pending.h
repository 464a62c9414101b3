/*
 * pending.h - changes that are acknowledged and not in the tree yet; see pending.c.
 */
#ifndef LOCAL_PENDING_H
#define LOCAL_PENDING_H

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define OWN_CHANGES 24 /* of one transaction; more go to the tree at once */
#define OWN_BYTES   32768

struct cont;
struct overlay;
struct txn;

struct own_change {
	uint64_t hi, lo; /* as in the key */
	uint32_t value, len;
	bool removed;
};

/* Of a container in this process. */
struct pending {
	int fd;
	const char *map; /* of the file, for reading */
	_Atomic(struct overlay *) over;
	pthread_mutex_t lock;    /* RANK_PENDING: the overlays */
	struct overlay *retired; /* lock: readers may still look at them */
	struct overlay *spare;   /* lock */
	uint64_t reserved_to;    /* writer: bytes of the tree that have their space */
	/* writer: the transaction under way */
	unsigned nr;
	uint32_t len;
	struct own_change own[OWN_CHANGES];
	_Alignas(8) char buf[OWN_BYTES];
};

int pending_open(struct cont *c);
void pending_close(struct cont *c);
void pending_child(struct cont *c);   /* after a fork, before pending_open */
void pending_discard(struct cont *c); /* the tree was made anew */

int pending_view(struct txn *t);   /* of a reader: what is pending for its tree. EAGAIN: the tree has changed */
bool pending_begin(struct txn *t); /* of a writer: true when it may change the log */
int pending_append(struct txn *t); /* ends it */
int pending_merge(struct txn *t);  /* in a transaction of the tree, before anything else: takes in what is pending */

int pending_get(struct txn *t, MDB_val *k, MDB_val *v);
int pending_put(struct txn *t, MDB_val *k, MDB_val *v, unsigned flags);
int pending_del(struct txn *t, MDB_val *k);

#endif
