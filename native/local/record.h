/*
 * record.h - records of the tree, and what they were for snapshots (record.c).
 */
#ifndef LOCAL_RECORD_H
#define LOCAL_RECORD_H

#include <lmdb.h>
#include <stdint.h>
#include "layout.h"
#include "local.h"
#include "pending.h"
#include "transaction.h"
#include "views.h"

int rec_get_view(struct txn *txn, uint64_t hi, uint64_t lo, MDB_val *v);

/* The tree with what is pending. What they return holds up to the next change. */
static inline int tree_get(struct txn *t, MDB_val *k, MDB_val *v)
{
	return likely(t->over == NULL && !t->pending) ? mdb_get(t->mdb, DBI, k, v) : pending_get(t, k, v);
}

static inline int tree_put(struct txn *t, MDB_val *k, MDB_val *v, unsigned flags)
{
	return t->pending ? pending_put(t, k, v, flags) : mdb_put(t->mdb, DBI, k, v, flags);
}

static inline int tree_del(struct txn *t, MDB_val *k)
{
	return t->pending ? pending_del(t, k) : mdb_del(t->mdb, DBI, k, NULL);
}

/* A cursor over the tree alone: for what is never pending, snapshots and all that is kept for them. */
static inline int tree_cursor(struct txn *t, MDB_cursor **cur)
{
	return mdb_cursor_open(t->mdb, DBI, cur);
}

/* A cursor over anything. Where something is pending a writer begins anew in the tree (NEED_TREE). */
static inline int tree_scan(struct txn *t, MDB_cursor **cur)
{
	if (likely(t->over == NULL && !t->pending))
		return mdb_cursor_open(t->mdb, DBI, cur);
	t->need_tree = true;
	return NEED_TREE;
}

/* Reads a record; hi may name a snapshot. LMDB's result, or ESTALE: the snapshot is no more. */
static inline int rec_get(struct txn *txn, uint64_t hi, uint64_t lo, MDB_val *v)
{
	struct key key = make_key(hi, lo);
	MDB_val k = {sizeof(key), &key};

	return unlikely(VIEW_OF(hi) != 0) ? rec_get_view(txn, hi, lo, v) : tree_get(txn, &k, v);
}

/* These keep the old value when a snapshot needs it. EROFS when hi names a snapshot. */
int rec_put(struct txn *txn, uint64_t hi, uint64_t lo, MDB_val *v, unsigned flags);
int rec_del(struct txn *txn, uint64_t hi, uint64_t lo);
int rec_save(struct txn *txn, uint64_t hi, uint64_t lo);

/* The records (hi, lo > after) of a snapshot in order, until fn returns non-zero. */
typedef int (*rec_fn)(uint64_t lo, const MDB_val *v, void *arg);
int rec_walk_view(struct txn *txn, uint64_t hi, uint64_t after, rec_fn fn, void *arg);

/* The value kept at exactly or after an epoch; empty: there was none. MDB_NOTFOUND: unchanged. */
int rec_get_saved(struct txn *txn, uint64_t hi, uint64_t lo, uint64_t epoch, MDB_val *v);

/* The first inode numbers with a record (space, number), behind `after`. */
unsigned list_space(struct cont *c, uint64_t space, uint64_t after, uint64_t *list, unsigned max);

#endif
