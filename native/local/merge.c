/*
 * merge.c - taking what is pending into the tree.
 *
 * All that is in the log goes into one transaction of the tree, in the order of the keys: then the next one is mostly on
 * the page that the last one was on, and is found without the way down from the root.
 */
#include <stdlib.h>
#include "container.h"
#include "layout.h"
#include "local.h"
#include "overlay.h"
#include "pending.h"
#include "transaction.h"

/* A change and its key as numbers, which compare as the keys do. */
struct entry {
	uint64_t hi, lo;
	const struct change *change;
};

static bool before(const struct entry *a, const struct entry *b)
{
	return a->hi != b->hi ? a->hi < b->hi : a->lo < b->lo;
}

static void join(const struct entry *from, size_t begin, size_t middle, size_t end, struct entry *to)
{
	size_t left = begin, right = middle, at;

	for (at = begin; at < end; at++)
		to[at] = right == end || (left < middle && !before(&from[right], &from[left])) ? from[left++]
		                                                                               : from[right++];
}

/* Mergesort, through `room` for as many. Returns the one of both that has the result. */
static struct entry *sort(struct entry *entries, struct entry *room, size_t n)
{
	size_t run, at;

	for (run = 1; run < n; run *= 2) {
		struct entry *other = entries;

		for (at = 0; at < n; at += 2 * run) {
			size_t middle = at + run < n ? at + run : n, end = at + 2 * run < n ? at + 2 * run : n;

			join(entries, at, middle, end, room);
		}
		entries = room;
		room = other;
	}
	return entries;
}

/* The last change of each key. */
static size_t gather(const struct overlay *o, uint32_t count, struct entry *entries)
{
	size_t n = 0;
	uint32_t i;

	for (i = 0; i < count; i++) {
		const struct change *change = &o->changes[i];

		if (overlay_find(o, count, change->hi, change->lo) == change)
			entries[n++] =
			    (struct entry){__builtin_bswap64(change->hi), __builtin_bswap64(change->lo), change};
	}
	return n;
}

static int take_in(MDB_cursor *cursor, const struct overlay *o, const struct change *change)
{
	MDB_val key = {sizeof(struct key), (void *)(uintptr_t)&change->hi};
	MDB_val value = {change->len, (void *)(uintptr_t)(o->arena + change->value)};
	int rc;

	if (!change->removed)
		return mdb_cursor_put(cursor, &key, &value, 0);
	rc = mdb_cursor_get(cursor, &key, NULL, MDB_SET);
	return rc == 0 ? mdb_cursor_del(cursor, 0) : rc == MDB_NOTFOUND ? 0 : rc;
}
_Static_assert(offsetof(struct change, lo) == offsetof(struct change, hi) + 8, "together they are the key");

static int take_in_all(struct txn *t, const struct overlay *o, uint32_t count)
{
	struct entry *entries = malloc(2 * count * sizeof(*entries)), *sorted;
	size_t n, i;
	MDB_cursor *cursor = NULL;
	int rc = entries == NULL ? ENOMEM : mdb_cursor_open(t->mdb, DBI, &cursor);

	if (rc == 0) {
		n = gather(o, count, entries);
		sorted = sort(entries, entries + count, n);
		for (i = 0; rc == 0 && i < n; i++)
			rc = take_in(cursor, o, sorted[i].change);
		mdb_cursor_close(cursor);
	}
	free(entries);
	return rc;
}

int pending_merge(struct txn *t)
{
	struct cont *c = t->c;
	uint64_t base = mdb_txn_id(t->mdb) - 1;
	struct overlay *o;
	uint32_t count;
	struct key key = make_key(0, KEY_MERGED);
	MDB_val k = {sizeof(key), &key}, v = {sizeof(base), &base};
	int rc;

	t->over = NULL;
	t->pending = t->need_tree = false;
	if (log_base(&c->pending) != base)
		return 0;
	rc = overlay_catch_up(c, base, &o);
	if (rc != 0)
		return rc;
	count = atomic_load(&o->count);
	if (count == 0)
		return 0;
	c->journal.removes = true; /* it may have the space that is kept for those who make some */
	rc = take_in_all(t, o, count);
	/* Changes that cancelled each other must leave the log, too. */
	return rc != 0 ? rc : mdb_put(t->mdb, DBI, &k, &v, 0);
}
