/*
 * sweep.c - what destroyed snapshots leave: old records and preserved bytes that no other needs.
 *
 * A value kept under epoch e serves the snapshots that are later than the one kept before it, up to e.
 * When there is none of these any more, it goes. That holds for records and for chunks alike, so a
 * snapshot may be destroyed in the middle without anything being moved.
 */
#include <stdlib.h>
#include <sys/file.h>
#include "container.h"
#include "hostfd.h"
#include "inode.h"
#include "layout.h"
#include "local.h"
#include "preserved.h"
#include "record.h"
#include "snapshot.h"
#include "transaction.h"

#define BATCH 2000 /* keys that are looked at in one transaction */

struct old_key {
	uint64_t space, hi, lo, epoch; /* big-endian */
};

struct place {
	struct old_key at;   /* among records: where to go on */
	uint64_t before;     /* epoch of the last value that was kept for the key of at */
	uint64_t ino, epoch; /* among preserved files */
	bool end;
};

struct sweep {
	uint64_t *live; /* epochs, rising */
	unsigned nr;
	struct place start, now; /* start: of the transaction, which may have to be tried again */
};

/* Is there a snapshot in (from, to]? */
static bool needed(const struct sweep *s, uint64_t from, uint64_t to)
{
	unsigned i;

	for (i = 0; i < s->nr; i++)
		if (s->live[i] > from && s->live[i] <= to)
			return true;
	return false;
}

static int begin(struct txn *txn, struct sweep *s)
{
	s->now = s->start;
	free(s->live);
	s->live = NULL;
	return snapshots_live(txn, &s->live, &s->nr);
}

/* ---- records ------------------------------------------------------------------------------------------- */
static int sweep_records(struct cont *c, struct txn *txn, void *arg)
{
	struct sweep *s = arg;
	MDB_cursor *cur;
	unsigned i;
	int rc;

	(void)c;
	rc = begin(txn, s);
	if (rc == 0)
		rc = tree_cursor(txn, &cur);
	if (rc != 0)
		return rc;
	for (i = 0; i < BATCH; i++) {
		struct old_key key = s->now.at, at;
		MDB_val k = {sizeof(key), &key}, v;

		rc = mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE);
		s->now.end = rc == MDB_NOTFOUND || (rc == 0 && k.mv_size != sizeof(at));
		if (rc != 0 || s->now.end)
			break;
		memcpy(&at, k.mv_data, sizeof(at));
		s->now.end = at.space != __builtin_bswap64(SPACE_HISTORY);
		if (s->now.end)
			break;
		if (at.hi != key.hi || at.lo != key.lo)
			s->now.before = 0;
		s->now.at = at;
		s->now.at.epoch = __builtin_bswap64(__builtin_bswap64(at.epoch) + 1);
		if (needed(s, s->now.before, __builtin_bswap64(at.epoch)))
			s->now.before = __builtin_bswap64(at.epoch);
		else if ((rc = mdb_cursor_del(cur, 0)) != 0)
			break;
	}
	mdb_cursor_close(cur);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* ---- preserved files ------------------------------------------------------------------------------------ */
int kept_put(struct txn *txn, uint64_t ino, uint64_t epoch)
{
	uint64_t key[3] = {__builtin_bswap64(SPACE_KEPT), __builtin_bswap64(ino), __builtin_bswap64(epoch)};
	MDB_val k = {sizeof(key), key}, v = {0, ""};

	return tree_put(txn, &k, &v, 0);
}

static int kept_del(struct txn *txn, uint64_t ino, uint64_t epoch)
{
	uint64_t key[3] = {__builtin_bswap64(SPACE_KEPT), __builtin_bswap64(ino), __builtin_bswap64(epoch)};
	MDB_val k = {sizeof(key), key};
	int rc = tree_del(txn, &k);

	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* The first preserved file of at least (ino, epoch). */
static int kept_next(struct txn *txn, uint64_t *ino, uint64_t *epoch)
{
	uint64_t key[3] = {__builtin_bswap64(SPACE_KEPT), __builtin_bswap64(*ino), __builtin_bswap64(*epoch)}, at[3];
	MDB_val k = {sizeof(key), key}, v;
	MDB_cursor *cur;
	int rc = tree_cursor(txn, &cur);

	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE);
	if (rc == 0 && k.mv_size == sizeof(at))
		memcpy(at, k.mv_data, sizeof(at));
	else if (rc == 0)
		rc = MDB_NOTFOUND;
	mdb_cursor_close(cur);
	if (rc == 0 && at[0] != key[0])
		rc = MDB_NOTFOUND;
	if (rc == 0) {
		*ino = __builtin_bswap64(at[1]);
		*epoch = __builtin_bswap64(at[2]);
	}
	return rc;
}

int labels_get(struct txn *txn, uint64_t ino, uint64_t from, struct labels *l)
{
	uint64_t at = ino;

	for (;; from++) {
		int rc = kept_next(txn, &at, &from);
		uint64_t *more;

		if (rc == MDB_NOTFOUND || (rc == 0 && (at != ino || from == KEPT_WHOLE)))
			return 0;
		if (rc != 0)
			return rc;
		more = realloc(l->epochs, (l->nr + 1) * sizeof(*more));
		if (more == NULL)
			return ENOMEM;
		l->epochs = more;
		more[l->nr++] = from;
	}
}

void labels_free(struct labels *l)
{
	free(l->epochs);
	*l = (struct labels){0};
}

static int open_map(struct cont *c, uint64_t ino, uint64_t epoch, bool map)
{
	char path[64];

	preserved_path(path, ino, epoch, map);
	return fd_open(c->dir_fd, path, O_RDWR | O_NOFOLLOW, 0);
}

static void remove_preserved(struct cont *c, uint64_t ino, uint64_t epoch)
{
	char path[64];

	preserved_path(path, ino, epoch, false);
	sys_unlinkat(c->dir_fd, path, 0);
	preserved_path(path, ino, epoch, true);
	sys_unlinkat(c->dir_fd, path, 0);
}

static bool is_clone(int map)
{
	uint8_t flag = 0;

	return sys_pread(map, &flag, 1, MAP_WHOLE) == 1 && flag != 0;
}

/* Gives back the chunks, of those that a page of the map has, that earlier files have too. True: all. */
static bool punch_page(int data, const uint8_t *mine, size_t len, uint64_t byte, const int *earlier, unsigned nr)
{
	uint8_t theirs[4096] = {0}, one[4096];
	bool all = true;
	unsigned i;
	size_t at;

	for (i = 0; i < nr; i++) {
		ssize_t n = sys_pread(earlier[i], one, len, MAP_BITS + byte), k;

		for (k = 0; k < n; k++)
			theirs[k] |= one[k];
	}
	for (at = 0; at < len * 8; at++) {
		unsigned bit = 1u << at % 8;

		if (!(mine[at / 8] & bit))
			continue;
		if (!(theirs[at / 8] & bit))
			all = false;
		else if (data >= 0)
			sys_fallocate(data, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (byte * 8 + at) * CHUNK_SIZE,
			              CHUNK_SIZE);
	}
	return all;
}

/* The same for the whole file. Its bits stay: for who writes meanwhile they are as true as those of the
 * earlier files. */
static bool punch_chunks(int data, int map, const int *earlier, unsigned nr)
{
	uint8_t mine[4096];
	bool all = true;
	int64_t at = MAP_BITS;
	unsigned i;

	for (i = 0; i < nr; i++)
		if (is_clone(earlier[i]))
			return true;
	if (is_clone(map))
		return false;
	while ((at = sys_lseek(map, at, SEEK_DATA)) >= 0) {
		ssize_t n = sys_pread(map, mine, sizeof(mine), (uint64_t)at);

		if (n <= 0)
			break;
		if (!punch_page(data, mine, (size_t)n, (uint64_t)at - MAP_BITS, earlier, nr))
			all = false;
		at += n;
	}
	return all;
}

/* One preserved file whose snapshot is gone; newest: the one before it that is there. True: nothing of
 * it is needed. */
static bool thin(struct cont *c, struct txn *txn, uint64_t ino, uint64_t epoch, uint64_t newest)
{
	int map = open_map(c, ino, epoch, true), data = open_map(c, ino, epoch, false);
	struct labels l = {0};
	bool useless = map == -ENOENT;
	int *earlier = NULL;
	unsigned i, nr = 0;

	if (labels_get(txn, ino, newest, &l) == 0 && map >= 0)
		earlier = malloc((l.nr + 1) * sizeof(*earlier));
	for (i = 0; earlier != NULL && i < l.nr && l.epochs[i] < epoch; i++) {
		int fd = open_map(c, ino, l.epochs[i], true);

		if (fd >= 0)
			earlier[nr++] = fd;
	}
	if (earlier != NULL)
		useless = punch_chunks(data, map, earlier, nr);
	for (i = 0; i < nr; i++)
		fd_close(earlier[i]);
	free(earlier);
	labels_free(&l);
	fd_close(data);
	fd_close(map);
	return useless;
}

/* With the flock of the host file, so that nobody is copying into the file at this moment. */
static bool useless(struct cont *c, struct txn *txn, const struct sweep *s, uint64_t ino, uint64_t epoch)
{
	unsigned i = s->nr;
	char path[32];
	bool gone;
	int host;

	while (i > 0 && s->live[i - 1] > epoch)
		i--;
	if (i == 0)
		return true;
	if (s->live[i - 1] == epoch)
		return false;
	host_path(path, ino);
	host = fd_open(c->obj_fd, path, O_RDONLY | O_NOFOLLOW, 0);
	if (host >= 0)
		sys_flock(host, LOCK_EX);
	gone = thin(c, txn, ino, epoch, s->live[i - 1]);
	fd_close(host);
	return gone;
}

static int sweep_whole(struct cont *c, struct txn *txn, uint64_t ino)
{
	struct inode_rec rec;
	char path[32];
	int rc = inode_get(txn, ino, &rec);

	if (rc == 0) /* opened again in the last moment: an orphan, with the host file */
		return 0;
	if (rc != ENOENT)
		return rc;
	if (snapshot_holds(txn, ino))
		return 0;
	host_path(path, ino);
	rc = sys_unlinkat(c->obj_fd, path, 0);
	return rc != 0 && rc != -ENOENT ? -rc : kept_del(txn, ino, KEPT_WHOLE);
}

static int sweep_files(struct cont *c, struct txn *txn, void *arg)
{
	struct sweep *s = arg;
	unsigned i;
	int rc;

	rc = begin(txn, s);
	for (i = 0; rc == 0 && i < BATCH / 10; i++) {
		rc = kept_next(txn, &s->now.ino, &s->now.epoch);
		s->now.end = rc == MDB_NOTFOUND;
		if (rc != 0)
			break;
		if (s->now.epoch == KEPT_WHOLE) {
			rc = sweep_whole(c, txn, s->now.ino);
			s->now.ino++;
			s->now.epoch = 0;
			continue;
		}
		if (useless(c, txn, s, s->now.ino, s->now.epoch)) {
			remove_preserved(c, s->now.ino, s->now.epoch);
			rc = kept_del(txn, s->now.ino, s->now.epoch);
		}
		s->now.epoch++;
	}
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* ---- all of it ------------------------------------------------------------------------------------------ */
static int done_fn(struct cont *c, struct txn *txn, void *arg)
{
	const uint64_t *last = arg;
	struct snapshots_rec all;
	struct key key = make_key(0, KEY_SNAPSHOTS);
	MDB_val k = {sizeof(key), &key}, v = {sizeof(all), &all};
	int rc = snapshots_get(txn, &all);

	(void)c;
	if (rc != 0 || all.sweep != *last) /* another one was destroyed meanwhile, and is swept by who did it */
		return rc;
	all.sweep = 0;
	return tree_put(txn, &k, &v, 0);
}

static int all_of(struct cont *c, write_fn fn, struct sweep *s)
{
	int rc = 0;

	while (rc == 0 && !s->start.end) {
		rc = cont_write_tree(c, fn, s);
		s->start = s->now;
	}
	return rc;
}

int sweep(struct cont *c)
{
	struct sweep s = {.start.at.space = __builtin_bswap64(SPACE_HISTORY)};
	struct snapshots_rec all;
	uint64_t last = 0;
	struct rtx r;
	int rc = rtx_begin(c, &r);

	if (rc != 0)
		return rc;
	rc = snapshots_get(r.txn, &all);
	last = all.sweep;
	rtx_end(&r);
	if (rc == 0)
		rc = all_of(c, sweep_files, &s);
	s.start.end = false;
	if (rc == 0)
		rc = all_of(c, sweep_records, &s);
	free(s.live);
	return rc != 0 ? rc : cont_write_tree(c, done_fn, &last);
}
