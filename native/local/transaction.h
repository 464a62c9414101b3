/*
 * transaction.h - transactions of a container (transaction.c).
 */
#ifndef LOCAL_TRANSACTION_H
#define LOCAL_TRANSACTION_H

#include <lmdb.h>
#include <stdbool.h>
#include <stdint.h>
#include "container.h"
#include "ranks.h"
#include "sys.h"

#define NEED_TREE 4097 /* no errno: what was asked for can only be done in the tree itself */

struct overlay;
struct drop;

/* A transaction as the code sees it: the tree, what is pending over it, and its own changes. */
struct txn {
	MDB_txn *mdb;
	struct cont *c;
	struct overlay *over; /* NULL: nothing is pending */
	uint32_t limit;       /* changes of it that belong to this transaction's past */
	bool pending;         /* it changes the log, not the tree */
	bool need_tree;       /* it can't */
};

struct rtx {
	struct txn *txn, own;
	struct read_slot *slot;
};

struct read_slot *my_slot(struct cont *c); /* this thread's */

/* A read transaction, for the length of one call. Takes no lock; safe in any thread. */
int rtx_begin(struct cont *c, struct rtx *r);
void rtx_end(struct rtx *r);
int rtx_begin_tree(struct cont *c, struct rtx *r); /* one that may walk over names, xattrs and lists: see tree_scan */

/* Takes c->writer for what a signal handler of this thread may also want. */
static inline uint64_t writer_lock(struct cont *c)
{
	uint64_t before = signals_block();

	rank_lock(&c->writer, RANK_WRITER);
	return before;
}

static inline void writer_unlock(struct cont *c, uint64_t before)
{
	rank_unlock(&c->writer, RANK_WRITER);
	signals_restore(before);
}

/* Runs fn in a write transaction and commits when it returns 0. fn may run more than once
 * (the map grew), and returns an LMDB result or a positive errno. */
typedef int (*write_fn)(struct cont *c, struct txn *txn, void *arg);
int cont_write(struct cont *c, write_fn fn, void *arg);
int cont_write_drop(struct cont *c, write_fn fn, void *arg, struct drop *drop); /* fn fills drop; then drop_finish */
int cont_write_tree(struct cont *c, write_fn fn, void *arg); /* at once in the tree: what is more than a few records */
int env_sync(struct cont *c);

#endif
