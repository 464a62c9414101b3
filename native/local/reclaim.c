/*
 * reclaim.c - the end of objects: records and host files of what has no name any more.
 */
#include <stdlib.h>
#include "container.h"
#include "inode.h"
#include "layout.h"
#include "local.h"
#include "machine.h"
#include "marks.h"
#include "preserved.h"
#include "purge.h"
#include "reclaim.h"
#include "record.h"
#include "shared_page.h"
#include "small.h"
#include "snapshot.h"
#include "transaction.h"

int intent_begin(struct cont *c, uint64_t ino)
{
	int i;

	for (i = 0; c->marks != NULL && i < MARK_INTENTS; i++) {
		uint64_t none = 0;

		if (atomic_compare_exchange_strong(&c->marks->intents[i], &none, ino))
			return i;
	}
	return -1;
}

void intent_end(struct cont *c, int i)
{
	if (i >= 0 && c->marks != NULL)
		atomic_store(&c->marks->intents[i], 0);
}

int put_orphan(struct cont *c, struct txn *txn, uint64_t ino, struct inode_rec *rec)
{
	struct key key = make_key(SPACE_ORPHAN, ino);
	MDB_val k = {sizeof(key), &key}, v = {0, ""};
	int rc;

	rec->nlink = 0;
	rec->ctime = time_now();
	rc = inode_put(txn, ino, rec);
	if (rc == 0)
		rc = tree_put(txn, &k, &v, 0);
	if (rc == 0)
		shared_add_orphan(c, ino);
	return rc;
}

int orphan_named(struct cont *c, struct txn *txn, uint64_t ino)
{
	struct key key = make_key(SPACE_ORPHAN, ino);
	MDB_val k = {sizeof(key), &key};
	int rc = tree_del(txn, &k);

	if (rc == 0 && c->shared->orphans != 0)
		shared_set_orphans(c, c->shared->orphans - 1);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static bool keep_for_snapshots(struct cont *c, struct txn *txn, uint64_t ino, const struct inode_rec *rec)
{
	return unlikely(c->saving != 0) && rec->flags & INODE_HAS_HOST && snapshot_holds(txn, ino);
}

/* Deletes the record and notes that the host file has to stay. */
static int keep(struct txn *txn, uint64_t ino, const struct inode_rec *rec)
{
	int rc = kept_put(txn, ino, KEPT_WHOLE);

	return rc != 0 ? rc : inode_delete(txn, ino, rec);
}

/* In the transaction that takes the last name: deletes the record, or keeps it as an orphan. */
int drop_inode(struct cont *c, struct txn *txn, uint64_t ino, struct inode_rec *rec, struct drop *d)
{
	*d = (struct drop){.ino = ino, .rec = *rec, .intent = -1};
	if (!marks_is_open(c, ino)) {
		if (keep_for_snapshots(c, txn, ino, rec)) {
			d->gone = d->kept = true;
			return keep(txn, ino, rec);
		}
		if ((rec->flags & INODE_HAS_HOST) && c->journal.on) {
			d->gone = true;
			return purge_later(c, txn, ino, rec);
		}
		if (rec->flags & INODE_HAS_HOST)
			d->intent = intent_begin(c, ino);
		if (d->intent >= 0 || !(rec->flags & INODE_HAS_HOST)) {
			int rc = small_get(txn, ino, rec, &d->data);

			d->gone = true;
			return rc != 0 ? rc : inode_delete(txn, ino, rec);
		}
	}
	d->orphan = true;
	return put_orphan(c, txn, ino, rec);
}

static int readd_fn(struct cont *c, struct txn *txn, void *arg)
{
	struct drop *d = arg;
	struct key key = make_key(SPACE_PURGE, d->ino);
	MDB_val k = {sizeof(key), &key};
	int rc = c->journal.on ? tree_del(txn, &k) : 0;

	if (rc == MDB_NOTFOUND)
		rc = 0;
	if (rc == 0 && d->data != NULL)
		rc = small_put(txn, d->ino, d->rec.size, d->data);
	return rc != 0 ? rc : put_orphan(c, txn, d->ino, &d->rec);
}

void drop_look(struct cont *c, struct drop *d)
{
	d->raced = d->gone && marks_is_open(c, d->ino);
}

/* After that transaction, which ended with rc. */
void drop_finish(struct cont *c, struct drop *d, int rc)
{
	char path[32];

	if (d->ino == 0)
		return;
	if (rc == 0 && d->gone) {
		if (d->raced) { /* opened between our look at the counters and the commit */
			d->rec.flags &= ~INODE_HAS_XATTR;
			cont_write(c, readd_fn, d);
		} else if (d->kept) {
			/* the sweep of the last snapshot that has it removes the host file */
		} else if (c->journal.on) {
			if (purge_due(c))
				env_sync(c);
		} else if (d->rec.flags & INODE_HAS_HOST) {
			host_path(path, d->ino);
			sys_unlinkat(c->obj_fd, path, 0);
		}
	}
	intent_end(c, d->intent);
	free(d->data);
	d->data = NULL;
	d->ino = 0;
}

struct reclaim {
	struct drop d;
	uint64_t ino;
	bool counted; /* as gone */
};

/* In the transaction, as all that changes the hint: it must never say fewer orphans than there are. */
static void count_gone(struct cont *c, struct reclaim *r)
{
	if (!r->counted && c->shared->orphans != 0)
		shared_set_orphans(c, c->shared->orphans - 1);
	r->counted = true;
}

static int reclaim_fn(struct cont *c, struct txn *txn, void *arg)
{
	struct reclaim *r = arg;
	struct key key = make_key(SPACE_ORPHAN, r->ino);
	MDB_val k = {sizeof(key), &key};
	struct inode_rec rec;
	int rc;

	if (r->d.ino != 0) /* of an earlier attempt */
		drop_finish(c, &r->d, ECANCELED);
	rc = inode_get(txn, r->ino, &rec);
	if (rc != 0 && rc != ENOENT)
		return rc;
	if (rc == 0) {
		if (rec.nlink != 0 || marks_is_open(c, r->ino))
			return EBUSY;
		r->d = (struct drop){.ino = r->ino, .rec = rec, .gone = true, .intent = -1};
		r->d.kept = keep_for_snapshots(c, txn, r->ino, &rec);
		if (r->d.kept) {
			rc = keep(txn, r->ino, &rec);
		} else if (!(rec.flags & INODE_HAS_HOST)) {
			rc = small_get(txn, r->ino, &rec, &r->d.data);
			if (rc == 0)
				rc = inode_delete(txn, r->ino, &rec);
		} else if (c->journal.on) {
			rc = purge_later(c, txn, r->ino, &rec);
		} else {
			r->d.intent = intent_begin(c, r->ino);
			if (r->d.intent < 0)
				return EBUSY;
			rc = inode_delete(txn, r->ino, &rec);
		}
		if (rc != 0)
			return rc;
	}
	rc = tree_del(txn, &k);
	if (rc == 0)
		count_gone(c, r);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Removes an orphan that nobody has open any more. */
void reclaim_orphan(struct cont *c, uint64_t ino)
{
	struct reclaim r = {.ino = ino};
	int rc;

	rc = cont_write_drop(c, reclaim_fn, &r, &r.d);
	if (rc != 0 && r.counted)
		shared_add_orphan(c, ino);
	drop_finish(c, &r.d, rc);
}

/* Takes the hint back, unless somebody has left an orphan since we looked. */
static int none_left_fn(struct cont *c, struct txn *txn, void *arg)
{
	struct key key = make_key(SPACE_ORPHAN, 0), at = {0, 0};
	MDB_val k = {sizeof(key), &key}, v;
	MDB_cursor *cur;
	int rc = tree_scan(txn, &cur);

	(void)arg;
	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE);
	if (rc == 0 && k.mv_size == sizeof(at))
		memcpy(&at, k.mv_data, sizeof(at));
	mdb_cursor_close(cur);
	if (rc != 0 && rc != MDB_NOTFOUND)
		return rc;
	if (at.hi != key.hi)
		shared_set_orphans(c, 0);
	return 0;
}

/* At mount: all orphans that nobody has open. */
void reclaim_all(struct cont *c)
{
	uint64_t after = 0, left = 0, list[64];
	unsigned n, i;

	do {
		n = list_space(c, SPACE_ORPHAN, after, list, 64);
		for (i = 0; i < n; i++) {
			reclaim_orphan(c, list[i]);
			after = list[i];
			left++;
		}
	} while (n == 64);
	if (left == 0 && c->shared->orphans != 0)
		cont_write_tree(c, none_left_fn, NULL);
}
