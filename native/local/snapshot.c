/*
 * snapshot.c - taking, listing and destroying snapshots.
 *
 * Taking one is a transaction that writes a record and a counter; record.c and preserve.c keep what
 * changes afterwards. Destroying one removes the record, and everybody finds the snapshot gone; then
 * sweep.c gives back what no other snapshot needs, in transactions of bounded length. Who is killed
 * in between leaves a note that the next one to open the container follows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "container.h"
#include "der.h"
#include "env.h"
#include "handle.h"
#include "layout.h"
#include "local.h"
#include "marks.h"
#include "record.h"
#include "shared_page.h"
#include "snapdir.h"
#include "snapshot.h"
#include "transaction.h"
#include "views.h"

/* ---- records -------------------------------------------------------------------------------------- */
int snapshots_get(struct txn *txn, struct snapshots_rec *all)
{
	struct key key = make_key(0, KEY_SNAPSHOTS);
	MDB_val k = {sizeof(key), &key}, v;
	int rc = tree_get(txn, &k, &v);

	memset(all, 0, sizeof(*all));
	if (rc == 0 && v.mv_size >= sizeof(*all))
		memcpy(all, v.mv_data, sizeof(*all));
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int snapshots_put(struct txn *txn, const struct snapshots_rec *all)
{
	struct key key = make_key(0, KEY_SNAPSHOTS);
	MDB_val k = {sizeof(key), &key}, v = {sizeof(*all), (void *)(uintptr_t)all};

	return tree_put(txn, &k, &v, 0);
}

int snapshot_get(struct txn *txn, uint64_t id, MDB_val *v)
{
	struct key key = make_key(SPACE_SNAPSHOT, id);
	MDB_val k = {sizeof(key), &key};
	int rc = tree_get(txn, &k, v);

	if (rc != 0)
		return rc == MDB_NOTFOUND ? ESTALE : rc;
	return v->mv_size < SNAPSHOT_HEAD ? DAMAGED : 0;
}

int snapshot_epoch(struct txn *txn, uint64_t id, uint64_t *epoch)
{
	MDB_val v;
	int rc = snapshot_get(txn, id, &v);

	if (rc == 0)
		memcpy(epoch, v.mv_data, sizeof(*epoch));
	return rc;
}

static void set_word(struct cont *c, uint64_t word)
{
	shared_put(c, &word, sizeof(word), offsetof(struct shared_page, snapshot));
}

static uint64_t word_of(const struct snapshots_rec *all)
{
	return all->newest != 0 ? all->change << 1 : 0;
}

/* Notes under which epoch the transaction keeps old records, and mends the word of the shared page
 * where somebody was killed between it and the commit. */
void snapshot_begin(struct cont *c, struct txn *txn)
{
	struct snapshots_rec all;

	c->saving = 0;
	if (likely(c->shared->snapshot == 0))
		return;
	if (snapshots_get(txn, &all) != 0)
		return;
	c->saving = all.newest;
	if (c->shared->snapshot != word_of(&all))
		set_word(c, word_of(&all));
}

/* Corrects the record. */
int snapshots_set(struct cont *c, struct txn *txn, struct snapshots_rec *all)
{
	all->change++;
	set_word(c, word_of(all));
	return snapshots_put(txn, all);
}

/* The word may be missing after a power cut. */
void snapshot_attach(struct cont *c, struct txn *txn)
{
	struct snapshots_rec all;

	if (snapshots_get(txn, &all) != 0)
		return;
	c->saving = all.newest;
	c->sweep_due = all.sweep != 0;
	if (c->shared->snapshot != word_of(&all))
		set_word(c, word_of(&all));
}

struct live {
	uint64_t *epochs;
	unsigned nr;
	int rc;
};

static int live_one(uint64_t id, const MDB_val *v, void *arg)
{
	struct live *l = arg;
	uint64_t *more = realloc(l->epochs, (l->nr + 1) * sizeof(*more)), epoch;
	unsigned i;

	(void)id;
	if (more == NULL) {
		l->rc = ENOMEM;
		return 1;
	}
	l->epochs = more;
	memcpy(&epoch, v->mv_data, sizeof(epoch));
	for (i = l->nr++; i > 0 && more[i - 1] > epoch; i--) /* numbers wrap around, epochs do not */
		more[i] = more[i - 1];
	more[i] = epoch;
	return 0;
}

int snapshots_live(struct txn *txn, uint64_t **epochs, unsigned *nr)
{
	struct live l = {0};
	int rc = snapdir_walk(txn, 0, live_one, &l);

	*epochs = l.epochs;
	*nr = l.nr;
	return rc != 0 ? rc : l.rc;
}

bool snapshot_holds(struct txn *txn, uint64_t ino)
{
	struct inode_rec rec;
	uint64_t *epochs;
	unsigned nr;
	bool holds = snapshots_live(txn, &epochs, &nr) != 0; /* in doubt, keep */

	while (!holds && nr-- > 0) {
		struct key key = make_key(SPACE_INODE | ino, 0);
		MDB_val k = {sizeof(key), &key}, v;
		int rc = rec_get_saved(txn, SPACE_INODE | ino, 0, epochs[nr], &v);

		if (rc == MDB_NOTFOUND)
			rc = tree_get(txn, &k, &v);
		if (rc == MDB_NOTFOUND || (rc == 0 && v.mv_size == 0))
			continue;
		if (rc != 0 || v.mv_size < sizeof(rec)) {
			holds = true;
			break;
		}
		memcpy(&rec, v.mv_data, sizeof(rec));
		holds = rec.nlink != 0;
	}
	free(epochs);
	return holds;
}

int snapshots_count(struct cont *c, uint32_t *count, uint64_t *newest)
{
	struct snapshots_rec all;
	struct rtx r;
	int rc = rtx_begin(c, &r);

	if (rc != 0)
		return rc;
	rc = env_errno(snapshots_get(r.txn, &all));
	rtx_end(&r);
	*count = all.count;
	*newest = all.newest;
	return rc;
}

int snapshot_exists(struct cont *c, uint64_t id)
{
	uint64_t epoch;
	struct rtx r;
	int rc = rtx_begin(c, &r);

	if (rc != 0)
		return rc;
	rc = env_errno(snapshot_epoch(r.txn, id, &epoch));
	rtx_end(&r);
	return rc;
}

/* ---- taking --------------------------------------------------------------------------------------- */
struct take {
	const char *name;
	size_t len;
	uint64_t epoch; /* out */
};

/* "" and names that a path or an epoch could be mistaken for are none. */
static int check_name(const char *name, size_t *len)
{
	*len = strnlen(name, DAOS_SNAPSHOT_MAX_LEN);
	if (*len == DAOS_SNAPSHOT_MAX_LEN)
		return ENAMETOOLONG;
	if (*len == 0 || memchr(name, '/', *len) != NULL || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return EINVAL;
	return strspn(name, "0123456789") == *len ? EINVAL : 0;
}

static int free_id(struct txn *txn, uint32_t *last)
{
	uint64_t epoch, tried;

	for (tried = 0; tried < VIEW_MAX; tried++) {
		int rc;

		*last = *last < VIEW_MAX ? *last + 1 : 1;
		rc = snapshot_epoch(txn, *last, &epoch);
		if (rc != 0)
			return rc == ESTALE ? 0 : rc;
	}
	return ENOSPC;
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static int take_fn(struct cont *c, struct txn *txn, void *arg)
{
	struct take *t = arg;
	uint64_t now = now_us(), ino, before;
	struct snapshots_rec all;
	struct key key;
	MDB_val k = {sizeof(key), &key}, v = {SNAPSHOT_HEAD + t->len, NULL};
	int rc = snapshots_get(txn, &all);

	if (rc == 0 && t->len != 0 && snapdir_find(txn, t->name, t->len, &ino) == 0)
		return EEXIST;
	if (rc == 0)
		rc = free_id(txn, &all.last_id);
	if (rc != 0)
		return rc;
	t->epoch = all.newest = all.last_epoch = now > all.last_epoch ? now : all.last_epoch + 1;
	all.count++;
	all.change++;
	key = make_key(SPACE_SNAPSHOT, all.last_id);
	rc = tree_put(txn, &k, &v, MDB_RESERVE);
	if (rc != 0)
		return rc;
	memcpy(v.mv_data, &t->epoch, sizeof(t->epoch));
	memcpy((char *)v.mv_data + SNAPSHOT_HEAD, t->name, t->len);
	rc = snapshots_put(txn, &all);
	if (rc != 0)
		return rc;
	before = c->shared->snapshot;
	set_word(c, word_of(&all) | 1);
	rc = marks_drain(c);
	if (rc != 0)
		set_word(c, before);
	return rc;
}

static int settle_fn(struct cont *c, struct txn *txn, void *arg)
{
	(void)c, (void)txn, (void)arg;
	return 0; /* snapshot_begin does it */
}

static int take(struct cont *c, const char *name, uint64_t *epoch)
{
	struct take t = {.name = name != NULL ? name : ""};
	int rc = name == NULL ? 0 : check_name(name, &t.len);

	if (rc == 0)
		rc = cont_write_tree(c, take_fn, &t);
	/* Any later transaction would do it: ours makes the changes that wait go on now. */
	if (c->shared->snapshot & 1)
		cont_write_tree(c, settle_fn, NULL);
	if (rc == 0)
		shared_bump_dirs(c);
	*epoch = t.epoch;
	return rc;
}

/* ---- finding and listing ------------------------------------------------------------------------------ */
struct wanted {
	uint64_t epoch, id;
	const char *name;
	size_t len;
};

static int match(uint64_t id, const MDB_val *v, void *arg)
{
	struct wanted *w = arg;
	uint64_t epoch;

	memcpy(&epoch, v->mv_data, sizeof(epoch));
	if (w->name == NULL ? epoch != w->epoch
	                    : v->mv_size != SNAPSHOT_HEAD + w->len ||
	                          memcmp((char *)v->mv_data + SNAPSHOT_HEAD, w->name, w->len) != 0)
		return 0;
	w->id = id;
	return 1;
}

/* The snapshot of an epoch, or (epoch 0) of a name. ENOENT. */
int snapshot_find(struct cont *c, uint64_t epoch, const char *name, uint64_t *id)
{
	struct wanted w = {.epoch = epoch, .name = epoch == 0 ? name : NULL};
	struct rtx r;
	int rc;

	if (epoch == 0 && (name == NULL || name[0] == '\0'))
		return EINVAL;
	if (w.name != NULL)
		w.len = strlen(name);
	rc = rtx_begin(c, &r);
	if (rc != 0)
		return rc;
	rc = snapdir_walk(r.txn, 0, match, &w);
	rtx_end(&r);
	*id = w.id;
	return rc != 0 ? env_errno(rc) : w.id == 0 ? ENOENT : 0;
}

struct listing {
	int nr, room;
	daos_epoch_t *epochs;
	char **names;
};

static int list_one(uint64_t id, const MDB_val *v, void *arg)
{
	struct listing *l = arg;
	size_t len = v->mv_size - SNAPSHOT_HEAD;

	(void)id;
	if (l->nr < l->room) {
		if (l->epochs != NULL)
			memcpy(&l->epochs[l->nr], v->mv_data, sizeof(l->epochs[0]));
		if (l->names != NULL && l->names[l->nr] != NULL && len < DAOS_SNAPSHOT_MAX_LEN) {
			memcpy(l->names[l->nr], (char *)v->mv_data + SNAPSHOT_HEAD, len);
			l->names[l->nr][len] = '\0';
		}
	}
	l->nr++;
	return 0;
}

/* ---- destroying ---------------------------------------------------------------------------------------- */
struct destroy {
	daos_epoch_range_t range;
	unsigned gone; /* out */
};

struct victims {
	daos_epoch_range_t range;
	uint64_t id;     /* one to destroy, 0: none left */
	uint64_t newest; /* of those that stay */
};

static int choose(uint64_t id, const MDB_val *v, void *arg)
{
	struct victims *s = arg;
	uint64_t epoch;

	memcpy(&epoch, v->mv_data, sizeof(epoch));
	if (epoch >= s->range.epr_lo && epoch <= s->range.epr_hi)
		s->id = id;
	else if (epoch > s->newest)
		s->newest = epoch;
	return 0;
}

static int destroy_fn(struct cont *c, struct txn *txn, void *arg)
{
	struct destroy *d = arg;
	struct victims s = {.range = d->range};
	struct snapshots_rec all;
	int rc = snapshots_get(txn, &all);

	(void)c;
	d->gone = 0;
	for (;;) {
		struct key key;
		MDB_val k = {sizeof(key), &key};

		s.id = s.newest = 0;
		if (rc == 0)
			rc = snapdir_walk(txn, 0, choose, &s);
		if (rc != 0 || s.id == 0)
			break;
		key = make_key(SPACE_SNAPSHOT, s.id);
		rc = tree_del(txn, &k);
		d->gone++;
	}
	if (rc != 0 || d->gone == 0)
		return rc != 0 ? rc : ENOENT;
	all.newest = s.newest;
	all.change++;
	all.count -= d->gone;
	if (++all.sweep == 0)
		all.sweep = 1;
	return snapshots_put(txn, &all);
}

static int destroy(struct cont *c, daos_epoch_range_t range)
{
	struct destroy d = {.range = range};
	int rc = cont_write_tree(c, destroy_fn, &d);

	if (rc != 0)
		return rc;
	shared_bump_dirs(c);
	if (c->journal.on) /* a power cut must not bring back a snapshot without its bytes */
		rc = env_sync(c);
	return rc != 0 ? rc : sweep(c);
}

/* ---- the API ------------------------------------------------------------------------------------------ */
static int writable_cont(daos_handle_t coh, struct handle *h)
{
	int rc = handle_get(coh, DAOS_HTYPE_CO, h);

	return rc == 0 && !(h->flags & (DAOS_COO_RW | DAOS_COO_EX)) ? EACCES : rc;
}

EXPORT int daos_cont_create_snap_opt(daos_handle_t coh, daos_epoch_t *epoch, char *name, enum daos_snapshot_opts opts,
                                     daos_event_t *ev)
{
	struct handle h;
	int rc;

	if (epoch == NULL || !(opts & DAOS_SNAP_OPT_CR))
		return -DER_INVAL;
	rc = writable_cont(coh, &h);
	return der_done(ev, rc != 0 ? rc : take(h.cont, name, epoch));
}

EXPORT int daos_cont_create_snap(daos_handle_t coh, daos_epoch_t *epoch, char *name, daos_event_t *ev)
{
	return daos_cont_create_snap_opt(coh, epoch, name, DAOS_SNAP_OPT_CR, ev);
}

EXPORT int daos_cont_list_snap(daos_handle_t coh, int *nr, daos_epoch_t *epochs, char **names, daos_anchor_t *anchor,
                               daos_event_t *ev)
{
	struct listing l = {.epochs = epochs, .names = names};
	struct handle h;
	struct rtx r;
	int rc;

	if (nr == NULL || *nr < 0)
		return -DER_INVAL;
	l.room = *nr;
	rc = handle_get(coh, DAOS_HTYPE_CO, &h);
	if (rc == 0)
		rc = rtx_begin(h.cont, &r);
	if (rc == 0) {
		rc = env_errno(snapdir_walk(r.txn, 0, list_one, &l));
		rtx_end(&r);
		*nr = l.nr;
		if (anchor != NULL)
			anchor->da_type = DAOS_ANCHOR_TYPE_EOF;
	}
	return der_done(ev, rc);
}

EXPORT int daos_cont_destroy_snap(daos_handle_t coh, daos_epoch_range_t epr, daos_event_t *ev)
{
	struct handle h;
	int rc = epr.epr_lo > epr.epr_hi ? EINVAL : writable_cont(coh, &h);

	return der_done(ev, rc != 0 ? rc : destroy(h.cont, epr));
}
