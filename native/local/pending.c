/*
 * pending.c - changes that are acknowledged and not in the tree yet.
 *
 * A transaction of LMDB writes every page on the way to what it changes: five to nine of them for a file that is made or
 * removed. So small transactions change CONT/pending instead, a log of records (key and value, or that it is gone), under
 * the same lock, and are done with one pwrite(2). What is in the log counts over what is in the tree. When a few hundred
 * changes are there, or somebody needs the tree itself (to walk over it), they are taken in with one transaction.
 *
 * The log belongs to one state of the tree: its head names the tree's transaction (`base`) that it begins behind, and so
 * does each record. A transaction that changes the tree takes in all that is pending, so the log is void from its
 * commit on, at the same moment, without being touched. Who is killed at any instruction has appended a whole record or
 * none: its check value covers it (and the place and the base), a large value at its end excepted, which is written
 * before.
 *
 * Each process reads the log through a map that it can't write, copies records that are new to it to memory of its own
 * (an overlay, found by key) and looks there first. A reader takes the changes up to the end that the log has when it
 * begins. Overlays of earlier bases are freed when nobody can be left in one: who reads or writes holds its slot
 * (transaction.c) all the while.
 *
 * Only fsync(2) needs more: where there is a journal, it has what the tree has taken in (env_sync).
 */
#include <sys/statfs.h>
#include "container.h"
#include "journal.h"
#include "layout.h"
#include "local.h"
#include "overlay.h"
#include "pending.h"
#include "shared_page.h"
#include "transaction.h"

#define KEYS      512           /* different ones in one log: bounds what a merge writes, */
#define RESERVE   (5ULL << 20)  /* for which there is space before the first change is acknowledged */
#define STEP      (1ULL << 20)  /* taken ahead of that */
#define LOW_SPACE (64ULL << 20) /* of the file system: everything goes to the tree at once, which knows what fits */
#define BIG_VALUE 512           /* not covered by the check */

/* A merge must not fail for want of space: what it does is acknowledged. */
static bool reserve(struct txn *t)
{
	struct cont *c = t->c;
	struct pending *p = &c->pending;
	struct statfs fs;
	MDB_envinfo info;
	uint64_t at;
	int fd;

	if (SYS4(SYS_fstatfs, c->dir_fd, &fs, 0, 0) != 0 || (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize < LOW_SPACE ||
	    mdb_env_info(c->env, &info) != 0 || mdb_env_get_fd(c->env, &fd) != 0)
		return false;
	at = ((uint64_t)info.me_last_pgno + 1) * 4096;
	if (at + RESERVE > p->reserved_to) {
		if (own_fallocate(fd, 1 /* KEEP_SIZE */, at, RESERVE + STEP) != 0)
			return false;
		p->reserved_to = at + RESERVE + STEP;
	}
	return journal_reserve(c, mdb_txn_id(t->mdb) - 1, 2 * LOG_ROOM);
}

bool pending_begin(struct txn *t)
{
	struct cont *c = t->c;
	struct pending *p = &c->pending;
	uint64_t base = mdb_txn_id(t->mdb) - 1;
	struct overlay *o = atomic_load(&p->over);

	t->over = NULL;
	t->limit = 0;
	p->nr = 0;
	p->len = sizeof(struct log_record);
	if (c->saving != 0 || c->shared->snapshot != 0) /* what snapshots need is kept in the tree */
		return false;
	if (log_base(p) == base) {
		if ((o == NULL || o->base != base || log_has_more(p, base, atomic_load(&o->end))) &&
		    overlay_catch_up(c, base, &o) != 0)
			return false;
		t->limit = atomic_load(&o->count);
		t->over = t->limit != 0 ? o : NULL;
		if (atomic_load(&o->end) + OWN_BYTES > LOG_ROOM || t->limit + OWN_CHANGES > CHANGES ||
		    atomic_load(&o->keys) + OWN_CHANGES > KEYS)
			return false;
	}
	if (t->over == NULL && !reserve(t))
		return false;
	t->pending = true;
	return true;
}

static int not_here(struct txn *t)
{
	t->need_tree = true;
	return NEED_TREE;
}

static int note(struct txn *t, const MDB_val *k, size_t len, bool removed, char **value)
{
	struct pending *p = &t->c->pending;
	struct log_change change = {.len = (uint32_t)len, .removed = removed};
	uint32_t at = p->len + (uint32_t)sizeof(change);

	if (k->mv_size != sizeof(struct key) || p->nr == OWN_CHANGES || len > OWN_BYTES - at - 8)
		return not_here(t);
	memcpy(&change.hi, k->mv_data, 16);
	memcpy(p->buf + p->len, &change, sizeof(change));
	p->own[p->nr++] = (struct own_change){change.hi, change.lo, at, (uint32_t)len, removed};
	*value = p->buf + at;
	p->len = at + (((uint32_t)len + 7) & ~7U);
	return 0;
}
_Static_assert(sizeof(struct key) == offsetof(struct log_change, len), "a change begins with its key");

int pending_put(struct txn *t, MDB_val *k, MDB_val *v, unsigned flags)
{
	char *value;
	int rc = note(t, k, v->mv_size, false, &value);

	if (rc != 0)
		return rc;
	if (flags & MDB_RESERVE)
		v->mv_data = value;
	else if (v->mv_size != 0)
		memcpy(value, v->mv_data, v->mv_size);
	return 0;
}

int pending_del(struct txn *t, MDB_val *k)
{
	MDB_val v;
	char *value;
	int rc = pending_get(t, k, &v);

	return rc != 0 ? rc : note(t, k, 0, true, &value);
}

static bool write_at(struct pending *p, const void *from, size_t len, uint64_t at)
{
	return own_pwrite(p->fd, from, len, at) == (ssize_t)len;
}

int pending_append(struct txn *t)
{
	struct cont *c = t->c;
	struct pending *p = &c->pending;
	struct log_record *r = (void *)p->buf;
	uint64_t base = mdb_txn_id(t->mdb) - 1;
	struct overlay *o = t->over;
	uint32_t pos = o != NULL ? atomic_load(&o->end) : 0, big = 0;

	if (p->nr == 0)
		return 0;
	if (log_base(p) != base) {
		struct log_head head = {base, ~base};

		if (!write_at(p, &head, sizeof(head), 0))
			return not_here(t);
	}
	if (p->own[p->nr - 1].len >= BIG_VALUE)
		big = p->len - p->own[p->nr - 1].value;
	*r = (struct log_record){.tag = (uint32_t)base,
	                         .len = p->len,
	                         .checked = p->len - big - (uint32_t)sizeof(r->check),
	                         .count = p->nr};
	r->check = log_check(r, base, pos);
	if ((big != 0 && !write_at(p, p->buf + p->len - big, big, LOG_START + pos + p->len - big)) ||
	    !write_at(p, p->buf, p->len - big, LOG_START + pos))
		return not_here(t);
	overlay_catch_up(c, base,
	                 &o); /* ours is found like anybody's; if there is no memory, by the next one who looks */
	return 0;
}
