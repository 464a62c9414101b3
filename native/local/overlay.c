/*
 * overlay.c - what is in the log of pending changes, as this process has read it. pending.c says what the log is.
 */
#include <sys/mman.h>
#include "container.h"
#include "hostfd.h"
#include "layout.h"
#include "local.h"
#include "overlay.h"
#include "pending.h"
#include "ranks.h"
#include "transaction.h"

static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static unsigned bucket(uint64_t hi, uint64_t lo)
{
	return (unsigned)(mix(hi ^ 0x9E3779B97F4A7C15ULL, lo ^ 0xE7037ED1A0B428DBULL) % BUCKETS);
}

uint64_t log_check(const struct log_record *r, uint64_t base, uint32_t pos)
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
		rc = -own_fallocate(p->fd, 0, 0, LOG_START + LOG_ROOM);
		if (rc != 0) /* a write to it then fails, and goes to the tree */
			rc = -own_ftruncate(p->fd, LOG_START + LOG_ROOM);
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

uint64_t log_base(const struct pending *p)
{
	const struct log_head *head = (const void *)p->map;
	uint64_t base = __atomic_load_n(&head->base, __ATOMIC_ACQUIRE);
	uint64_t inverse = __atomic_load_n(&head->inverse, __ATOMIC_ACQUIRE);

	return likely(inverse == ~base) ? base : base == 0 && inverse == 0 ? 0 : UINT64_MAX;
}

/* ---- overlays ------------------------------------------------------------------------------------- */
HOT const struct change *overlay_find(const struct overlay *o, uint32_t limit, uint64_t hi, uint64_t lo)
{
	uint32_t i = atomic_load_explicit(&o->buckets[bucket(hi, lo)], memory_order_acquire);

	for (; i != NOTHING; i = o->changes[i].next)
		if (i < limit && o->changes[i].hi == hi && o->changes[i].lo == lo)
			return &o->changes[i];
	return NULL;
}

/* Frees what nobody can be looking at: each slot was idle once since. We are in ours, and look at none of these. */
static void sift_retired(struct cont *c)
{
	const struct read_slot *mine = my_slot(c);
	struct overlay **at = &c->pending.retired;

	while (*at != NULL) {
		struct overlay *o = *at;
		unsigned i;

		for (i = 0; i < READ_SLOTS; i++)
			if (o->readers >> i & 1 && atomic_load(&c->slots[i].busy) <= (&c->slots[i] == mine))
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

bool log_has_more(const struct pending *p, uint64_t base, uint32_t pos)
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

	if (!log_has_more(p, o->base, pos))
		return false;
	memcpy(r, record_at(p, pos), sizeof(*r));
	if (r->tag != (uint32_t)o->base || r->len < sizeof(*r) || r->len > LOG_ROOM - pos ||
	    r->checked > r->len - sizeof(r->check) || r->count > CHANGES - n)
		return false;
	end = pos + r->len;
	memcpy(r + 1, record_at(p, pos) + 1, r->len - sizeof(*r));
	if (log_check(r, o->base, pos) != r->check || log_base(p) != o->base)
		return false;
	for (i = 0; i < r->count; i++) {
		struct log_change change;
		struct change *to = &o->changes[n + i];
		unsigned b;

		memcpy(&change, o->arena + at, sizeof(change));
		at += sizeof(change);
		if (change.len > end - at)
			return false; /* never: the check was right */
		atomic_fetch_add(&o->keys, overlay_find(o, n + i, change.hi, change.lo) == NULL);
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

int overlay_catch_up(struct cont *c, uint64_t base, struct overlay **out)
{
	struct pending *p = &c->pending;
	struct overlay *o;
	int rc = 0;

	rank_lock(&p->lock, RANK_PENDING);
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
	rank_unlock(&p->lock, RANK_PENDING);
	*out = o;
	return rc;
}

/* ---- readers ---------------------------------------------------------------------------------------- */
HOT int pending_view(struct txn *t)
{
	struct pending *p = &t->c->pending;
	uint64_t tree = mdb_txn_id(t->mdb), base = log_base(p), before;
	struct overlay *o;
	int rc = 0;

	t->over = NULL;
	if (base != tree)
		return base > tree ? EAGAIN : 0;
	o = atomic_load(&p->over);
	if (unlikely(o == NULL || o->base != base || log_has_more(p, base, atomic_load(&o->end)))) {
		before = signals_block();
		rc = overlay_catch_up(t->c, base, &o);
		signals_restore(before);
	} else if (log_base(p) != base) {
		rc = EAGAIN; /* what was at the end may be of the next base */
	}
	t->limit = rc == 0 ? atomic_load_explicit(&o->count, memory_order_acquire) : 0;
	t->over = t->limit != 0 ? o : NULL;
	return rc;
}

HOT int pending_get(struct txn *t, MDB_val *k, MDB_val *v)
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
		change = overlay_find(t->over, t->limit, key.hi, key.lo);
	if (change == NULL)
		return mdb_get(t->mdb, DBI, k, v);
	*v = (MDB_val){change->len, t->over->arena + change->value};
	return change->removed ? MDB_NOTFOUND : 0;
}
