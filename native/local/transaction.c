/*
 * transaction.c - reading and changing the tree of a container, with what is pending over it.
 */
#include <sched.h>
#include "container.h"
#include "env.h"
#include "journal.h"
#include "local.h"
#include "pending.h"
#include "purge.h"
#include "ranks.h"
#include "reclaim.h"
#include "shared_page.h"
#include "snapshot.h"
#include "transaction.h"

#define READER_CHECK 2048 /* writes: so long the pages of a reader that was killed are kept from use */

/* Opens a tree anew that broke. writer is held. */
static int open_anew(struct cont *c)
{
	int rc;

	env_gate(c);
	env_close(c);
	journal_reset(c);
	rc = env_open(c, false);
	atomic_store(&c->gate, false);
	return rc;
}

static int nothing(struct cont *c, struct txn *txn, void *arg)
{
	(void)c, (void)txn, (void)arg;
	return 0;
}

/* ---- reading ---------------------------------------------------------------------------------- */
struct read_slot *my_slot(struct cont *c)
{
	uintptr_t self = (uintptr_t)__builtin_thread_pointer();

	return &c->slots[((self >> 12) * 0x9E3779B97F4A7C15ULL) >> 58];
}

static int rtx_retry(struct cont *c, int rc, unsigned attempt)
{
	int dead = 0;

	/* A write that failed broke it, or it could not be opened again then: perhaps it can be now. */
	if (unlikely(c->env == NULL || rc == MDB_PANIC) && attempt == 0) {
		uint64_t before = signals_block();

		rank_lock(&c->writer, RANK_WRITER);
		rc = open_anew(c);
		rank_unlock(&c->writer, RANK_WRITER);
		signals_restore(before);
		return rc;
	}
	if (rc == MDB_MAP_RESIZED) {
		uint64_t before = writer_lock(c);

		rc = env_resize(c, false);
		writer_unlock(c, before);
		return rc;
	}
	if (rc == MDB_READERS_FULL && attempt < 1000) {
		mdb_reader_check(c->env, &dead);
		sched_yield();
		return 0;
	}
	return rc;
}

HOT int rtx_begin(struct cont *c, struct rtx *r)
{
	struct read_slot *slot = my_slot(c);
	unsigned attempt;
	MDB_txn *txn;
	int rc;

	for (attempt = 0;; attempt++) {
		rc = env_ready(c);
		if (unlikely(rc != 0))
			return rc;
		atomic_fetch_add(&slot->busy, 1);
		if (unlikely(atomic_load(&c->gate))) {
			atomic_fetch_sub(&slot->busy, 1);
			sched_yield();
			continue;
		}
		txn = atomic_exchange(&slot->txn, NULL);
		if (likely(txn != NULL))
			rc = mdb_txn_renew(txn);
		else if (unlikely(c->env == NULL)) /* it broke and could not be opened again */
			rc = EIO;
		else
			rc = mdb_txn_begin(c->env, NULL, MDB_RDONLY, &txn);
		if (likely(rc == 0)) {
			r->own = (struct txn){.mdb = txn, .c = c};
			r->txn = &r->own;
			r->slot = slot;
			rc = pending_view(&r->own);
			if (likely(rc == 0))
				return 0;
			rtx_end(r);
			if (rc == EAGAIN && attempt < 1000000) /* a commit came in between */
				continue;
			return rc;
		}
		if (txn != NULL)
			mdb_txn_abort(txn);
		atomic_fetch_sub(&slot->busy, 1);
		rc = rtx_retry(c, rc, attempt);
		if (rc != 0)
			return env_errno(rc);
	}
}

HOT void rtx_end(struct rtx *r)
{
	MDB_txn *none = NULL;

	mdb_txn_reset(r->own.mdb);
	if (unlikely(!atomic_compare_exchange_strong(&r->slot->txn, &none, r->own.mdb)))
		mdb_txn_abort(r->own.mdb);
	atomic_fetch_sub(&r->slot->busy, 1);
}

int rtx_begin_tree(struct cont *c, struct rtx *r)
{
	int rc = rtx_begin(c, r);

	if (rc != 0 || likely(r->own.over == NULL))
		return rc;
	rtx_end(r);
	rc = cont_write_tree(c, nothing, NULL);
	if (rc == 0)
		rc = rtx_begin(c, r);
	r->own.over = NULL; /* what has come since then came after us */
	return rc;
}

/* One transaction; writer is held. NEED_TREE: it can't be one that is pending. */
static int write_once(struct cont *c, write_fn fn, void *arg, bool tree)
{
	struct read_slot *slot = my_slot(c);
	struct txn t = {.c = c};
	int rc = c->env == NULL ? open_anew(c) : 0;

	if (rc == 0)
		rc = mdb_txn_begin(c->env, NULL, 0, &t.mdb);
	if (rc != 0)
		return rc;
	atomic_fetch_add(&slot->busy, 1); /* what is pending is looked at */
	journal_begin(c);
	c->ino_taken = false;
	snapshot_begin(c, &t);
	if (!tree) {
		rc = NEED_TREE;
		if (pending_begin(&t))
			rc = fn(c, &t, arg);
		if (rc == 0)
			rc = pending_append(&t);
		mdb_txn_abort(t.mdb);
		if (t.need_tree)
			rc = NEED_TREE;
	} else {
		rc = pending_merge(&t);
		if (rc == 0)
			rc = fn(c, &t, arg);
		if (rc == 0)
			rc = journal_append(c, t.mdb);
		if (rc == 0) {
			rc = mdb_txn_commit(t.mdb);
			if (rc == 0)
				journal_committed(c);
		} else {
			mdb_txn_abort(t.mdb);
		}
	}
	atomic_fetch_sub(&slot->busy, 1);
	if (rc != 0 && c->ino_taken) /* the numbers were not taken after all */
		c->ino_next = c->ino_end;
	return rc;
}

/* Tries the log, and the tree where that can't be. What is pending is taken in by itself first: a transaction that
 * fails then does not undo it. */
static int write_either(struct cont *c, write_fn fn, void *arg, bool tree)
{
	int rc = tree ? NEED_TREE : write_once(c, fn, arg, false);

	if (rc != NEED_TREE)
		return rc;
	rc = write_once(c, nothing, NULL, true);
	if (rc == 0 && !tree)
		rc = write_once(c, fn, arg, false);
	return rc == NEED_TREE || (rc == 0 && tree) ? write_once(c, fn, arg, true) : rc;
}

static int write_locked(struct cont *c, write_fn fn, void *arg, bool tree)
{
	unsigned attempt;
	int rc = 0;

	for (attempt = 0; attempt < 64; attempt++) {
		rc = write_either(c, fn, arg, tree);
		if (unlikely(++c->writes % READER_CHECK == 0 && c->env != NULL)) {
			int dead;

			mdb_reader_check(c->env, &dead);
		}
		if (rc == MDB_MAP_FULL || rc == MDB_MAP_RESIZED) {
			rc = env_resize(c, rc == MDB_MAP_FULL);
			if (rc == 0)
				continue;
		} else if (rc == MDB_PANIC || rc == EBADF) {
			/* A failed write, or our descriptors were closed under us. */
			rc = open_anew(c);
			if (rc == 0)
				continue;
		}
		break;
	}
	return rc;
}

static int write_some(struct cont *c, write_fn fn, void *arg, bool tree, struct drop *drop)
{
	bool full, purged = false;
	int rc;

	do {
		uint64_t before;

		rc = env_ready(c);
		if (rc != 0)
			return rc;
		before = writer_lock(c);
		rc = env_errno(write_locked(c, fn, arg, tree));
		if (drop != NULL && rc == 0)
			drop_look(c, drop);
		full = c->journal.rotated;
		c->journal.rotated = false;
		writer_unlock(c, before);
		if (unlikely(full))
			journal_checkpoint(c);
		/* Space that only waits for a sync is space. */
	} while (rc == ENOSPC && !purged && c->shared->purges != 0 && (purged = env_sync(c) == 0));
	return rc;
}

int cont_write(struct cont *c, write_fn fn, void *arg)
{
	return write_some(c, fn, arg, false, NULL);
}

int cont_write_drop(struct cont *c, write_fn fn, void *arg, struct drop *drop)
{
	return write_some(c, fn, arg, false, drop);
}

int cont_write_tree(struct cont *c, write_fn fn, void *arg)
{
	return write_some(c, fn, arg, true, NULL);
}

int env_sync(struct cont *c)
{
	uint64_t list[PURGE_BATCH];
	unsigned n, gone;
	int rc;

	do {
		n = purge_list(c, list);
		rc = c->journal.on ? cont_write_tree(c, nothing, NULL) : 0;
		if (rc == 0)
			rc = journal_sync(c);
		gone = rc == 0 ? purge_all(c, list, n) : 0;
	} while (gone == PURGE_BATCH);
	return rc;
}
