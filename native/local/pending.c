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
 * begins. Overlays of earlier bases are freed when nobody can be left in one: who reads or writes holds its slot (env.c)
 * all the while.
 *
 * Only fsync(2) needs more: where there is a journal, it has what the tree has taken in (env_sync).
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include "local.h"

#define LOG_ROOM  (512ULL << 10) /* bytes of records */
#define LOG_START 4096ULL        /* behind the head's page */
#define CHANGES   1024           /* in one log, */
#define KEYS      512            /* and of different keys: bounds what a merge writes, */
#define RESERVE   (5ULL << 20)   /* for which there is space before the first change is acknowledged */
#define STEP      (1ULL << 20)   /* taken ahead of that */
#define LOW_SPACE (64ULL << 20)  /* of the file system: everything goes to the tree at once, which knows what fits */
#define BIG_VALUE 512            /* not covered by the check */
#define BUCKETS   1024
#define NOTHING   UINT32_MAX

/* inverse is ~base: read while it is being written, they do not match. */
struct log_head {
	uint64_t base, inverse;
};

struct log_record {
	uint64_t check;
	uint32_t tag, len;       /* tag: the low half of the base; len: head and changes */
	uint32_t checked, count; /* bytes from tag on that the check covers; changes */
};

struct log_change {
	uint64_t hi, lo;
	uint32_t len;
	uint32_t removed;
};

struct change {
	uint64_t hi, lo;
	uint32_t next; /* older one in the bucket */
	uint32_t value, len;
	bool removed;
};

struct overlay {
	uint64_t base;
	struct overlay *next; /* retired or spare */
	uint64_t readers;     /* retired: slots that may still have one that looks at it */
	/* Changed with pending.lock. */
	_Atomic uint32_t end; /* of the log, as far as it was read */
	_Atomic uint32_t count, keys;
	_Atomic uint32_t buckets[BUCKETS];
	struct change changes[CHANGES];
	char arena[LOG_ROOM];
};

static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static unsigned bucket(uint64_t hi, uint64_t lo)
{
	return (unsigned)(mix(hi ^ 0x9E3779B97F4A7C15ULL, lo ^ 0xE7037ED1A0B428DBULL) % BUCKETS);
}

static uint64_t check_of(const struct log_record *r, uint64_t base, uint32_t pos)
{
	const char *p = (const char *)&r->tag;
	uint64_t h = mix(base ^ 0xA0761D6478BD642FULL, pos ^ 0x8EBC6AF09C88C6E3ULL), w;
	uint32_t left = r->checked;

	for (; left >= 8; left -= 8, p += 8) {
		memcpy(&w, p, 8);
		h = mix(h ^ w, 0xE7037ED1A0B428DBULL) + w;
	}
	w = 0;
	memcpy(&w, p, left);
	return mix(h ^ w, 0xD1B54A32D192ED03ULL ^ left);
}

/* ---- the file ----------------------------------------------------------------------------------- */
int pending_open(struct cont *c)
{
	struct pending *p = &c->pending;
	struct stat st;
	void *map;
	int rc;

	p->fd = fd_open(c->dir_fd, "pending", O_RDWR | O_CREAT, c->share & 0666);
	if (p->fd < 0)
		return -p->fd;
	rc = -sys_fstat(p->fd, &st);
	if (rc == 0 && (uint64_t)st.st_size < LOG_START + LOG_ROOM) {
		rc = -sys_fallocate(p->fd, 0, 0, LOG_START + LOG_ROOM);
		if (rc != 0) /* a write to it then fails, and goes to the tree */
			rc = -sys_ftruncate(p->fd, LOG_START + LOG_ROOM);
	}
	map = rc == 0 ? mmap(NULL, LOG_START + LOG_ROOM, PROT_READ, MAP_SHARED, p->fd, 0) : MAP_FAILED;
	if (map == MAP_FAILED) {
		fd_close(p->fd);
		p->fd = -1;
		return rc != 0 ? rc : ENOMEM;
	}
	p->map = map;
	p->reserved_to = 0;
	return 0;
}

static void free_all(struct overlay *o)
{
	while (o != NULL) {
		struct overlay *next = o->next;

		munmap(o, sizeof(*o));
		o = next;
	}
}

/* No reader is left. */
void pending_close(struct cont *c)
{
	struct pending *p = &c->pending;
	struct overlay *over = atomic_exchange(&p->over, NULL);

	if (over != NULL)
		over->next = NULL;
	free_all(over);
	free_all(p->retired);
	free_all(p->spare);
	p->retired = p->spare = NULL;
	if (p->map != NULL)
		munmap((void *)(uintptr_t)p->map, LOG_START + LOG_ROOM);
	p->map = NULL;
	fd_close(p->fd);
	p->fd = -1;
}

void pending_child(struct cont *c)
{
	pthread_mutex_init(&c->pending.lock, NULL); /* a thread of the parent may have held it, and left a list torn: */
	c->pending.retired = c->pending.spare = NULL;
	pending_close(c);
}

void pending_discard(struct cont *c)
{
	sys_unlinkat(c->dir_fd, "pending", 0);
}

/* The base of the log as it is now; later than any while somebody writes it. */
static uint64_t log_base(const struct pending *p)
{
	const struct log_head *head = (const void *)p->map;
	uint64_t base = __atomic_load_n(&head->base, __ATOMIC_ACQUIRE);
	uint64_t inverse = __atomic_load_n(&head->inverse, __ATOMIC_ACQUIRE);

	return likely(inverse == ~base) ? base : base == 0 && inverse == 0 ? 0 : UINT64_MAX;
}

/* ---- overlays ------------------------------------------------------------------------------------- */
static const struct change *find(const struct overlay *o, uint32_t limit, uint64_t hi, uint64_t lo)
{
	uint32_t i = atomic_load_explicit(&o->buckets[bucket(hi, lo)], memory_order_acquire);

	for (; i != NOTHING; i = o->changes[i].next)
		if (i < limit && o->changes[i].hi == hi && o->changes[i].lo == lo)
			return &o->changes[i];
	return NULL;
}

/* Frees what no reader can be looking at: each slot was idle once since. */
static void sift_retired(struct cont *c)
{
	struct overlay **at = &c->pending.retired;

	while (*at != NULL) {
		struct overlay *o = *at;
		unsigned i;

		for (i = 0; i < READ_SLOTS; i++)
			if (o->readers >> i & 1 && atomic_load(&c->slots[i].busy) == 0)
				o->readers &= ~(1ULL << i);
		if (o->readers != 0) {
			at = &o->next;
			continue;
		}
		*at = o->next;
		o->next = c->pending.spare;
		c->pending.spare = o;
	}
}

/* An empty overlay takes the place of the last one. */
static struct overlay *renew(struct cont *c, uint64_t base)
{
	struct pending *p = &c->pending;
	struct overlay *o, *last = atomic_load(&p->over);
	unsigned i;

	sift_retired(c);
	o = p->spare;
	if (o != NULL) {
		p->spare = o->next;
	} else {
		void *memory = mmap(NULL, sizeof(*o), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (memory == MAP_FAILED)
			return NULL;
		o = memory;
	}
	o->base = base;
	o->next = NULL;
	atomic_store(&o->end, 0);
	atomic_store(&o->count, 0);
	atomic_store(&o->keys, 0);
	for (i = 0; i < BUCKETS; i++)
		atomic_store_explicit(&o->buckets[i], NOTHING, memory_order_relaxed);
	atomic_store(&p->over, o);
	if (last != NULL) {
		last->readers = UINT64_MAX;
		last->next = p->retired;
		p->retired = last;
	}
	return o;
}
_Static_assert(READ_SLOTS == 64, "a bit each");

static const struct log_record *record_at(const struct pending *p, uint32_t pos)
{
	return (const void *)(p->map + LOG_START + pos);
}

/* Is there something of this base that the overlay does not have? */
static bool more_at(const struct pending *p, uint64_t base, uint32_t pos)
{
	return pos + sizeof(struct log_record) <= LOG_ROOM &&
	       __atomic_load_n(&record_at(p, pos)->tag, __ATOMIC_ACQUIRE) == (uint32_t)base;
}

/* Copies the next record. False: there is none. */
static bool take_record(struct cont *c, struct overlay *o)
{
	struct pending *p = &c->pending;
	uint32_t pos = atomic_load(&o->end), n = atomic_load(&o->count), at = pos + (uint32_t)sizeof(struct log_record);
	struct log_record *r = (void *)(o->arena + pos);
	uint32_t end, i;

	if (!more_at(p, o->base, pos))
		return false;
	memcpy(r, record_at(p, pos), sizeof(*r));
	if (r->tag != (uint32_t)o->base || r->len < sizeof(*r) || r->len > LOG_ROOM - pos ||
	    r->checked > r->len - sizeof(r->check) || r->count > CHANGES - n)
		return false;
	end = pos + r->len;
	memcpy(r + 1, record_at(p, pos) + 1, r->len - sizeof(*r));
	if (check_of(r, o->base, pos) != r->check || log_base(p) != o->base)
		return false;
	for (i = 0; i < r->count; i++) {
		struct log_change change;
		struct change *to = &o->changes[n + i];
		unsigned b;

		memcpy(&change, o->arena + at, sizeof(change));
		at += sizeof(change);
		if (change.len > end - at)
			return false; /* never: the check was right */
		atomic_fetch_add(&o->keys, find(o, n + i, change.hi, change.lo) == NULL);
		b = bucket(change.hi, change.lo);
		*to = (struct change){.hi = change.hi,
		                      .lo = change.lo,
		                      .next = atomic_load(&o->buckets[b]),
		                      .value = at,
		                      .len = change.len,
		                      .removed = change.removed != 0};
		atomic_store_explicit(&o->buckets[b], n + i, memory_order_release);
		at += (change.len + 7) & ~7U;
	}
	atomic_store_explicit(&o->count, n + r->count, memory_order_release);
	atomic_store_explicit(&o->end, end, memory_order_release); /* who sees the end sees the count */
	return true;
}

/* The overlay of this base, with all that is in the log. signals are blocked. */
static int catch_up(struct cont *c, uint64_t base, struct overlay **out)
{
	struct pending *p = &c->pending;
	struct overlay *o;
	int rc = 0;

	pthread_mutex_lock(&p->lock);
	o = atomic_load(&p->over);
	if (o != NULL && o->base > base)
		rc = EAGAIN; /* the tree has changed meanwhile */
	else if (o == NULL || o->base != base)
		o = renew(c, base);
	if (rc == 0 && o == NULL)
		rc = ENOMEM;
	while (rc == 0 && take_record(c, o))
		;
	if (rc == 0 && log_base(p) != base)
		rc = EAGAIN;
	pthread_mutex_unlock(&p->lock);
	*out = o;
	return rc;
}

/* ---- readers ---------------------------------------------------------------------------------------- */
int pending_view(struct txn *t)
{
	struct pending *p = &t->c->pending;
	uint64_t tree = mdb_txn_id(t->mdb), base = log_base(p), before;
	struct overlay *o;
	int rc = 0;

	t->over = NULL;
	if (base != tree)
		return base > tree ? EAGAIN : 0;
	o = atomic_load(&p->over);
	if (unlikely(o == NULL || o->base != base || more_at(p, base, atomic_load(&o->end)))) {
		before = signals_block();
		rc = catch_up(t->c, base, &o);
		signals_restore(before);
	} else if (log_base(p) != base) {
		rc = EAGAIN; /* what was at the end may be of the next base */
	}
	t->limit = rc == 0 ? atomic_load_explicit(&o->count, memory_order_acquire) : 0;
	t->over = t->limit != 0 ? o : NULL;
	return rc;
}

int pending_get(struct txn *t, MDB_val *k, MDB_val *v)
{
	const struct pending *p = &t->c->pending;
	const struct change *change = NULL;
	struct key key;
	unsigned i;

	if (k->mv_size != sizeof(key)) /* never pending */
		return mdb_get(t->mdb, DBI, k, v);
	memcpy(&key, k->mv_data, sizeof(key));
	for (i = t->pending ? p->nr : 0; i-- > 0;)
		if (p->own[i].hi == key.hi && p->own[i].lo == key.lo) {
			*v = (MDB_val){p->own[i].len, (void *)(uintptr_t)(p->buf + p->own[i].value)};
			return p->own[i].removed ? MDB_NOTFOUND : 0;
		}
	if (t->over != NULL)
		change = find(t->over, t->limit, key.hi, key.lo);
	if (change == NULL)
		return mdb_get(t->mdb, DBI, k, v);
	*v = (MDB_val){change->len, t->over->arena + change->value};
	return change->removed ? MDB_NOTFOUND : 0;
}

/* ---- writers ------------------------------------------------------------------------------------------ */

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
		if (sys_fallocate(fd, 1 /* KEEP_SIZE */, at, RESERVE + STEP) != 0)
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
		if ((o == NULL || o->base != base || more_at(p, base, atomic_load(&o->end))) &&
		    catch_up(c, base, &o) != 0)
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
	return sys_pwrite(p->fd, from, len, at) == (ssize_t)len;
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
	r->check = check_of(r, base, pos);
	if ((big != 0 && !write_at(p, p->buf + p->len - big, big, LOG_START + pos + p->len - big)) ||
	    !write_at(p, p->buf, p->len - big, LOG_START + pos))
		return not_here(t);
	catch_up(c, base, &o); /* ours is found like anybody's; if there is no memory, by the next one who looks */
	return 0;
}

/* The last change of each key, in the order of the keys. */
static int compare(const void *a, const void *b)
{
	const struct change *x = *(const struct change *const *)a, *y = *(const struct change *const *)b;

	return memcmp(&x->hi, &y->hi, 16);
}
_Static_assert(offsetof(struct change, lo) == offsetof(struct change, hi) + 8, "compared as one");

int pending_merge(struct txn *t)
{
	struct cont *c = t->c;
	uint64_t base = mdb_txn_id(t->mdb) - 1;
	const struct change **last;
	struct overlay *o;
	uint32_t i, n = 0, count;
	struct key key = make_key(0, KEY_MERGED);
	MDB_val k = {sizeof(key), &key}, v = {sizeof(base), &base};
	int rc = 0;

	t->over = NULL;
	t->pending = t->need_tree = false;
	if (log_base(&c->pending) != base)
		return 0;
	rc = catch_up(c, base, &o);
	if (rc != 0)
		return rc;
	count = atomic_load(&o->count);
	if (count == 0)
		return 0;
	last = malloc(count * sizeof(struct change *));
	if (last == NULL)
		return ENOMEM;
	for (i = 0; i < count; i++)
		if (find(o, count, o->changes[i].hi, o->changes[i].lo) == &o->changes[i])
			last[n++] = &o->changes[i];
	qsort(last, n, sizeof(struct change *), compare);
	c->journal.removes = true; /* it may have the space that is kept for those who make some */
	for (i = 0; rc == 0 && i < n; i++) {
		MDB_val at = {16, (void *)(uintptr_t)&last[i]->hi}, to = {last[i]->len, o->arena + last[i]->value};

		rc = last[i]->removed ? mdb_del(t->mdb, DBI, &at, NULL) : mdb_put(t->mdb, DBI, &at, &to, 0);
		if (rc == MDB_NOTFOUND)
			rc = 0;
	}
	free(last);
	/* Changes that cancelled each other must leave the log, too. */
	return rc != 0 ? rc : mdb_put(t->mdb, DBI, &k, &v, 0);
}
