/*
 * record.c - records of the tree, and what they were when a snapshot was taken.
 *
 * Taking a snapshot copies nothing. The first change of a record after it keeps the old value under
 * (SPACE_HISTORY, key, epoch of the newest snapshot) in the same transaction; an empty value says
 * that there was none. So a snapshot of epoch E sees at a key the first kept value with an epoch
 * of at least E, and otherwise what is there now. That stays true when a later snapshot is destroyed:
 * its values serve the earlier ones on.
 *
 * Versioned are names, inodes and extended attributes. The rest (counters, orphans) is of the live
 * container only.
 */
#include <stdlib.h>
#include "container.h"
#include "inode.h"
#include "layout.h"
#include "local.h"
#include "record.h"
#include "snapshot.h"
#include "transaction.h"
#include "views.h"

struct history_key {
	uint64_t space, hi, lo, epoch; /* big-endian */
};
_Static_assert(sizeof(struct history_key) == 32, "keys are four words");

static struct history_key history_key(uint64_t hi, uint64_t lo, uint64_t epoch)
{
	return (struct history_key){__builtin_bswap64(SPACE_HISTORY), __builtin_bswap64(hi), __builtin_bswap64(lo),
	                            __builtin_bswap64(epoch)};
}

static bool versioned(uint64_t hi)
{
	return hi != 0 && hi >> 62 != SPACE_ORPHAN >> 62;
}

/* The first value kept for (hi, lo) at epoch or later. MDB_NOTFOUND: it did not change since. */
int rec_get_saved(struct txn *txn, uint64_t hi, uint64_t lo, uint64_t epoch, MDB_val *v)
{
	struct history_key key = history_key(hi, lo, epoch), at;
	MDB_val k = {sizeof(key), &key};
	MDB_cursor *cur;
	int rc = tree_cursor(txn, &cur);

	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(cur, &k, v, MDB_SET_RANGE);
	mdb_cursor_close(cur);
	if (rc == 0 && k.mv_size == sizeof(at)) {
		memcpy(&at, k.mv_data, sizeof(at));
		if (at.space == key.space && at.hi == key.hi && at.lo == key.lo)
			return 0;
	}
	return rc != 0 ? rc : MDB_NOTFOUND;
}

/* The bare form of a key that names a snapshot, and the snapshot's epoch. */
static int resolve(struct txn *txn, uint64_t *hi, uint64_t *epoch)
{
	uint64_t id = VIEW_OF(*hi);

	*hi &= ~(VIEW_MAX << INO_BITS);
	return snapshot_epoch(txn, id, epoch);
}

int rec_get_view(struct txn *txn, uint64_t hi, uint64_t lo, MDB_val *v)
{
	struct key key;
	MDB_val k = {sizeof(key), &key};
	uint64_t epoch;
	int rc = resolve(txn, &hi, &epoch);

	if (rc == 0)
		rc = rec_get_saved(txn, hi, lo, epoch, v);
	if (rc == 0)
		return v->mv_size == 0 ? MDB_NOTFOUND : 0;
	if (rc != MDB_NOTFOUND)
		return rc;
	key = make_key(hi, lo);
	return tree_get(txn, &k, v);
}

/* While somebody writes a file, its size and times are those of the host file. Nobody has written
 * since the snapshot, because that needs this record kept first: preserve.c. */
static int complete(struct cont *c, uint64_t hi, uint64_t lo, MDB_val *v)
{
	struct inode_rec rec;
	int rc;

	if (lo != 0 || !(hi & SPACE_INODE) || v->mv_size < sizeof(rec))
		return 0;
	memcpy(&rec, v->mv_data, sizeof(rec));
	if (!S_ISREG(rec.mode) || rec.writers == 0)
		return 0;
	rc = inode_host_stat(c, hi & ~SPACE_INODE, -1, &rec);
	rec.writers = 0;
	memcpy(v->mv_data, &rec, sizeof(rec));
	return rc;
}

static int save_value(struct cont *c, struct txn *txn, uint64_t hi, uint64_t lo)
{
	struct history_key old = history_key(hi, lo, c->saving);
	struct key key = make_key(hi, lo);
	MDB_val k = {sizeof(key), &key}, v;
	void *copy = NULL;
	int rc = tree_get(txn, &k, &v);

	if (rc == MDB_NOTFOUND) {
		v = (MDB_val){0, NULL};
	} else if (rc != 0) {
		return rc;
	} else {
		/* What LMDB returns does not hold through its own changes. */
		copy = malloc(v.mv_size);
		if (copy == NULL)
			return ENOMEM;
		v.mv_data = memcpy(copy, v.mv_data, v.mv_size);
		rc = complete(c, hi, lo, &v);
		if (rc != 0)
			goto out;
	}
	k = (MDB_val){sizeof(old), &old};
	rc = tree_put(txn, &k, &v, 0);
out:
	free(copy);
	return rc;
}

/* Keeps the value at (hi, lo), if there is a snapshot that needs it and does not have it. */
int rec_save(struct txn *txn, uint64_t hi, uint64_t lo)
{
	struct cont *c = txn->c;
	MDB_val v;
	int rc;

	if (unlikely(VIEW_OF(hi) != 0))
		return EROFS;
	if (likely(c->saving == 0) || !versioned(hi))
		return 0;
	rc = rec_get_saved(txn, hi, lo, c->saving, &v);
	return rc == MDB_NOTFOUND ? save_value(c, txn, hi, lo) : rc;
}

int rec_put(struct txn *txn, uint64_t hi, uint64_t lo, MDB_val *v, unsigned flags)
{
	struct key key = make_key(hi, lo);
	MDB_val k = {sizeof(key), &key};
	int rc = rec_save(txn, hi, lo);

	return rc != 0 ? rc : tree_put(txn, &k, v, flags);
}

int rec_del(struct txn *txn, uint64_t hi, uint64_t lo)
{
	struct key key = make_key(hi, lo);
	MDB_val k = {sizeof(key), &key};
	int rc = rec_save(txn, hi, lo);

	return rc != 0 ? rc : tree_del(txn, &k);
}

/* ---- both in one order ------------------------------------------------------------------------ */
#define END UINT64_MAX /* no slot is as large */

struct walk {
	MDB_cursor *live, *old;
	uint64_t hi, epoch;
	uint64_t live_lo, old_lo; /* where they stand, END: nowhere */
	MDB_val live_v, old_v;
};

static int live_step(struct walk *w, uint64_t from, MDB_cursor_op op)
{
	struct key key = make_key(w->hi, from), at;
	MDB_val k = {sizeof(key), &key};
	int rc = mdb_cursor_get(w->live, &k, &w->live_v, op);

	w->live_lo = END;
	if (rc == 0 && k.mv_size == sizeof(at)) {
		memcpy(&at, k.mv_data, sizeof(at));
		if (at.hi == key.hi)
			w->live_lo = __builtin_bswap64(at.lo);
	}
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* The first kept value for a slot of at least from that counts for the epoch. */
static int old_step(struct walk *w, uint64_t from)
{
	struct history_key at;
	int rc = 0;

	for (w->old_lo = END; rc == 0; from = __builtin_bswap64(at.lo)) {
		struct history_key key = history_key(w->hi, from, w->epoch);
		MDB_val k = {sizeof(key), &key};

		rc = mdb_cursor_get(w->old, &k, &w->old_v, MDB_SET_RANGE);
		if (rc != 0 || k.mv_size != sizeof(at))
			break;
		memcpy(&at, k.mv_data, sizeof(at));
		if (at.space != key.space || at.hi != key.hi)
			break;
		if (__builtin_bswap64(at.epoch) >= w->epoch) {
			w->old_lo = __builtin_bswap64(at.lo);
			break;
		} /* it stands on the next slot, at an epoch too early: look again from there */
	}
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int walk_on(struct walk *w, uint64_t after, rec_fn fn, void *arg)
{
	int rc = live_step(w, after + 1, MDB_SET_RANGE);

	if (rc == 0)
		rc = old_step(w, after + 1);
	while (rc == 0 && (w->live_lo != END || w->old_lo != END)) {
		uint64_t lo = w->old_lo <= w->live_lo ? w->old_lo : w->live_lo;
		const MDB_val *v = w->old_lo == lo ? &w->old_v : &w->live_v;

		if (v->mv_size != 0 && fn(lo, v, arg) != 0)
			return 0;
		if (w->live_lo == lo)
			rc = live_step(w, 0, MDB_NEXT);
		if (rc == 0 && w->old_lo == lo)
			rc = old_step(w, lo + 1);
	}
	return rc;
}

int rec_walk_view(struct txn *txn, uint64_t hi, uint64_t after, rec_fn fn, void *arg)
{
	struct walk w = {0};
	int rc = resolve(txn, &hi, &w.epoch);

	w.hi = hi;
	if (rc == 0)
		rc = tree_cursor(txn, &w.live);
	if (rc != 0)
		return rc;
	rc = tree_cursor(txn, &w.old);
	if (rc == 0) {
		rc = walk_on(&w, after, fn, arg);
		mdb_cursor_close(w.old);
	}
	mdb_cursor_close(w.live);
	return rc;
}

unsigned list_space(struct cont *c, uint64_t space, uint64_t after, uint64_t *list, unsigned max)
{
	struct key key = make_key(space, after + 1), at;
	MDB_val k = {sizeof(key), &key}, v;
	MDB_cursor *cur;
	unsigned n = 0;
	struct rtx r;
	int rc = rtx_begin_tree(c, &r);

	if (rc != 0)
		return 0;
	rc = tree_scan(r.txn, &cur);
	if (rc == 0) {
		rc = mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE);
		for (; rc == 0 && n < max; rc = mdb_cursor_get(cur, &k, &v, MDB_NEXT)) {
			memcpy(&at, k.mv_data, sizeof(at));
			if (k.mv_size != sizeof(at) || at.hi != key.hi)
				break;
			list[n++] = __builtin_bswap64(at.lo);
		}
		mdb_cursor_close(cur);
	}
	rtx_end(&r);
	return n;
}
