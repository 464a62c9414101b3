/*
 * preserve.c - the bytes that snapshots need, kept before they change.
 *
 * A file has one host file, which the live container goes on changing. Before the first change of a
 * chunk (64 KiB) after a snapshot, the chunk is copied to CONT/preserved/ab/INODE-EPOCH, at its
 * own offset, and its bit is set in the map beside it; the bit comes last, so whoever is killed in
 * between leaves nothing that counts. Where the host can clone files, the first change clones the
 * whole file. A snapshot of epoch E reads a chunk from the first of these files with an epoch of at
 * least E that has it, otherwise from the host file.
 *
 * Who may change bytes without keeping them: a change announces itself in the process's mark page and
 * then looks at shared->snapshot; taking a snapshot sets that word and then waits until no announced
 * change is left (marks_drain). So a change that saw no snapshot is over before the snapshot is
 * there. While it waits it holds LMDB's lock of writers, which the changes that come meanwhile wait
 * for, and which the kernel takes from a process that is killed.
 *
 * Copying a chunk needs the flock of the host file, for all epochs: two that copy the same chunk
 * would otherwise copy what the faster one's program has written meanwhile. Lock order: LMDB's lock
 * of writers, then that one.
 */
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include "container.h"
#include "fork.h"
#include "hostfd.h"
#include "inode.h"
#include "layout.h"
#include "local.h"
#include "marks.h"
#include "object.h"
#include "preserve.h"
#include "preserved.h"
#include "record.h"
#include "shared_page.h"
#include "snapshot.h"
#include "transaction.h"

struct guard {
	struct guard *next; /* of earlier snapshots: other threads may still look at them */
	uint64_t word;      /* shared->snapshot that this is about */
	uint64_t epoch;     /* of the snapshot that was the newest then */
	uint64_t size;      /* bytes that the snapshot has of the file */
	uint64_t map_len;
	unsigned nr;
	uint8_t *maps[]; /* of the epochs from the snapshot's on; its own is the first */
};

static uint64_t snapshot_word(struct cont *c)
{
	return __atomic_load_n((const uint64_t *)(uintptr_t)&c->shared->snapshot, __ATOMIC_SEQ_CST);
}

void preserved_path(char out[64], uint64_t ino, uint64_t epoch, bool map)
{
	char host[32];

	host_path(host, ino);
	snprintf(out, 64, "preserved/%s-%016llx%s", host, (unsigned long long)epoch, map ? ".map" : "");
}

/* Opens one of these files, with the directories above it if need be. */
static int open_preserved(struct cont *c, uint64_t ino, uint64_t epoch, bool map)
{
	char path[64];
	int fd, flags = O_RDWR | O_CREAT | O_NOFOLLOW;

	preserved_path(path, ino, epoch, map);
	fd = fd_open(c->dir_fd, path, flags, c->share & 0666);
	if (fd != -ENOENT)
		return fd;
	sys_mkdirat_exactly(c->dir_fd, "preserved", 0700 | (c->share & 0777));
	path[strlen("preserved/ab")] = '\0';
	sys_mkdirat_exactly(c->dir_fd, path, 0700 | (c->share & 0777));
	path[strlen("preserved/ab")] = '/';
	return fd_open(c->dir_fd, path, flags, c->share & 0666);
}

/* ---- what a handle knows ------------------------------------------------------------------------ */
HOT void guard_free(struct guard *g)
{
	while (g != NULL) {
		struct guard *next = g->next;
		unsigned i;

		for (i = 0; i < g->nr; i++)
			munmap(g->maps[i], g->map_len);
		free(g);
		g = next;
	}
}

static bool has_chunk(const struct guard *g, uint64_t chunk)
{
	unsigned i;

	for (i = 0; i < g->nr; i++) {
		const uint8_t *map = g->maps[i];

		if (__atomic_load_n(&map[MAP_WHOLE], __ATOMIC_ACQUIRE) ||
		    __atomic_load_n(&map[MAP_BITS + chunk / 8], __ATOMIC_ACQUIRE) >> chunk % 8 & 1)
			return true;
	}
	return false;
}

static bool covered(const struct guard *g, uint64_t off, uint64_t end)
{
	uint64_t chunk;

	if (end > g->size)
		end = g->size;
	for (chunk = off / CHUNK_SIZE; off < end && chunk <= (end - 1) / CHUNK_SIZE; chunk++)
		if (!has_chunk(g, chunk))
			return false;
	return true;
}

struct guard_arg {
	uint64_t ino, word, epoch, size;
	struct labels labels;
};

/* Keeps the record as it is in the snapshot, with the size that it has there. */
static int guard_fn(struct cont *c, struct txn *txn, void *arg)
{
	struct guard_arg *a = arg;
	struct inode_rec rec;
	MDB_val v;
	int rc;

	a->size = 0;
	a->word = c->shared->snapshot; /* snapshot_begin has made it true */
	a->epoch = c->saving;
	labels_free(&a->labels);
	if (c->saving == 0)
		return 0;
	rc = rec_save(txn, SPACE_INODE | a->ino, 0);
	if (rc == 0)
		rc = rec_get_saved(txn, SPACE_INODE | a->ino, 0, c->saving, &v);
	if (rc != 0)
		return rc;
	if (v.mv_size < sizeof(rec))
		return v.mv_size == 0 ? 0 : DAMAGED; /* younger than the snapshot */
	memcpy(&rec, v.mv_data, sizeof(rec));
	if (!(rec.flags & INODE_HAS_HOST)) /* its bytes were a record then, and are kept as one */
		return 0;
	/* Without a name in the newest snapshot, it may have one in an earlier. */
	if (rec.size == 0 || (rec.nlink == 0 && !snapshot_holds(txn, a->ino)))
		return 0;
	a->size = rec.size;
	rc = kept_put(txn, a->ino, c->saving);
	return rc != 0 ? rc : labels_get(txn, a->ino, c->saving, &a->labels);
}

/* Reading a mapped file behind its end is a fault. That of a later epoch may be too short, when the file
 * was. Never makes it shorter, whoever does the same at the same time. */
static int make_longer(int fd, uint64_t len)
{
	struct stat st;
	int rc = -sys_fstat(fd, &st);

	if (rc != 0 || (uint64_t)st.st_size >= len)
		return rc;
	rc = -own_fallocate(fd, 0, len - 1, 1);
	return rc == EOPNOTSUPP ? -own_ftruncate(fd, len) : rc;
}

static int map_label(struct cont *c, uint64_t ino, uint64_t epoch, bool own, struct guard *g)
{
	char path[64];
	int fd, rc = 0;
	void *map;

	preserved_path(path, ino, epoch, true);
	fd = own ? open_preserved(c, ino, epoch, true) : fd_open(c->dir_fd, path, O_RDWR | O_NOFOLLOW, 0);
	if (fd < 0)
		return fd == -ENOENT && !own ? 0 : -fd;
	rc = make_longer(fd, g->map_len);
	map = rc == 0 ? mmap(NULL, g->map_len, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
	fd_close(fd);
	if (map == MAP_FAILED)
		return rc != 0 ? rc : ENOMEM;
	g->maps[g->nr++] = map;
	return 0;
}

static int guard_new(struct dfs_obj *o)
{
	struct guard_arg a = {.ino = o->ino};
	struct guard *g;
	int rc = cont_write(o->c, guard_fn, &a);
	unsigned i;

	if (rc != 0 || a.epoch == 0)
		goto out;
	rc = ENOMEM;
	g = calloc(1, sizeof(*g) + a.labels.nr * sizeof(g->maps[0]));
	if (g == NULL)
		goto out;
	g->word = a.word;
	g->epoch = a.epoch;
	g->size = a.size;
	g->map_len = MAP_BITS + (a.size + CHUNK_SIZE * 8 - 1) / (CHUNK_SIZE * 8);
	for (i = 0, rc = 0; rc == 0 && i < a.labels.nr; i++)
		rc = map_label(o->c, o->ino, a.labels.epochs[i], a.labels.epochs[i] == a.epoch, g);
	if (rc != 0) {
		guard_free(g);
		goto out;
	}
	g->next = atomic_load(&o->guard);
	while (!atomic_compare_exchange_weak(&o->guard, &g->next, g))
		;
out:
	labels_free(&a.labels);
	return rc;
}

/* ---- copying ---------------------------------------------------------------------------------------- */
struct copy {
	struct cont *c;
	const struct guard *g;
	int live, data, map;
	uint8_t *buf;
};

static int set_byte(struct copy *cp, uint64_t at, uint8_t value)
{
	ssize_t n = own_pwrite(cp->map, &value, 1, at);

	return n == 1 ? 0 : n < 0 ? (int)-n : EIO;
}

static int copy_bytes(struct copy *cp, uint64_t off, uint64_t end)
{
	while (off < end) {
		ssize_t n = sys_pread(cp->live, cp->buf, end - off, off), m = 0, did;

		if (n <= 0)
			return (int)-n;
		for (; m < n; m += did) {
			did = own_pwrite(cp->data, cp->buf + m, (size_t)(n - m), off + (uint64_t)m);
			if (did <= 0)
				return did < 0 ? (int)-did : EIO;
		}
		off += (uint64_t)n;
	}
	return 0;
}

static int copy_chunk(struct copy *cp, uint64_t chunk)
{
	uint64_t off = chunk * CHUNK_SIZE, end = off + CHUNK_SIZE;
	int64_t data = sys_lseek(cp->live, (int64_t)off, SEEK_DATA);
	int rc = 0;

	if (end > cp->g->size)
		end = cp->g->size;
	if (data >= 0 ? (uint64_t)data < end : data != -ENXIO) /* a hole stays one */
		rc = copy_bytes(cp, off, end);
	if (rc == 0)
		rc = set_byte(cp, MAP_BITS + chunk / 8, cp->g->maps[0][MAP_BITS + chunk / 8] | 1u << chunk % 8);
	return rc;
}

/* Clones the whole file, if nothing of it is kept yet. ENOTSUP: chunks have to be copied. */
static int clone_whole(struct copy *cp)
{
	int rc;

	if (atomic_load(&cp->c->no_clone) || cp->g->nr != 1 || cp->g->maps[0][MAP_STARTED])
		return ENOTSUP;
	rc = (int)-SYS4(SYS_ioctl, cp->data, FICLONE, cp->live, 0);
	if (rc == 0)
		return set_byte(cp, MAP_WHOLE, 1);
	if (rc == ENOSPC || rc == EDQUOT)
		return rc;
	atomic_store(&cp->c->no_clone, true);
	return ENOTSUP;
}

/* With the flock of the host file. */
static int copy_range(struct copy *cp, uint64_t off, uint64_t end)
{
	uint64_t chunk, last;
	int rc = clone_whole(cp);

	if (rc != ENOTSUP)
		return rc;
	rc = cp->g->maps[0][MAP_STARTED] ? 0 : set_byte(cp, MAP_STARTED, 1);
	if (end > cp->g->size)
		end = cp->g->size;
	last = (end - 1) / CHUNK_SIZE;
	for (chunk = off / CHUNK_SIZE; rc == 0 && chunk <= last; chunk++)
		if (!has_chunk(cp->g, chunk))
			rc = copy_chunk(cp, chunk);
	return rc;
}

/* Has no snapshot been taken or destroyed since? Only then the files of this one may grow. */
static int still_newest(struct cont *c, uint64_t word, bool *yes)
{
	struct snapshots_rec all;
	struct rtx r;
	int rc = rtx_begin(c, &r);

	if (rc != 0)
		return rc;
	rc = snapshots_get(r.txn, &all);
	*yes = rc == 0 && all.newest != 0 && all.change == word >> 1;
	rtx_end(&r);
	return rc;
}

static int preserve(struct dfs_obj *o, const struct guard *g, uint64_t off, uint64_t end)
{
	struct copy cp = {.c = o->c, .g = g, .live = -1, .data = -1, .map = -1};
	uint64_t before = signals_block();
	bool newest = false;
	char path[32];
	int rc = 0;

	host_path(path, o->ino);
	cp.buf = malloc(CHUNK_SIZE);
	if (cp.buf == NULL)
		rc = ENOMEM;
	else if ((cp.live = fd_open(o->c->obj_fd, path, O_RDONLY | O_NOFOLLOW, 0)) < 0)
		rc = -cp.live;
	else
		rc = -sys_flock(cp.live, LOCK_EX);
	if (rc == 0)
		rc = still_newest(o->c, g->word, &newest);
	if (rc == 0 && newest) {
		cp.data = open_preserved(o->c, o->ino, g->epoch, false);
		cp.map = open_preserved(o->c, o->ino, g->epoch, true);
		rc = cp.data < 0 ? -cp.data : cp.map < 0 ? -cp.map : copy_range(&cp, off, end);
	}
	fd_close(cp.map);
	fd_close(cp.data);
	fd_close(cp.live);
	free(cp.buf);
	signals_restore(before);
	return rc;
}

/* ---- changes of data ------------------------------------------------------------------------------- */
static int wait_fn(struct cont *c, struct txn *txn, void *arg)
{
	(void)c, (void)txn, (void)arg;
	return 0;
}

/* Does what has to be done before the bytes from off to end may change under this word. */
static int make_ready(struct dfs_obj *o, uint64_t word, uint64_t off, uint64_t end)
{
	struct guard *g = atomic_load(&o->guard);

	if (word & 1) /* a snapshot is being taken: its transaction ends first */
		return cont_write(o->c, wait_fn, NULL);
	if (g == NULL || g->word != word)
		return guard_new(o);
	return preserve(o, g, off, end);
}

int write_enter(struct dfs_obj *o, uint64_t off, uint64_t end, struct writing *w)
{
	struct cont *c = o->c;

	w->slot = (unsigned)(o->ino % MARK_WRITERS);
	for (;;) {
		uint64_t word;
		struct guard *g;
		int rc;

		w->generation = atomic_load_explicit(&fork_generation, memory_order_relaxed);
		w->page = c->marks;
		if (unlikely(w->page == NULL))
			return EAGAIN; /* a child that could not make its own */
		atomic_fetch_add(&w->page->writing[w->slot].n, 1);
		word = snapshot_word(c);
		if (likely(word == 0))
			return 0;
		g = atomic_load(&o->guard);
		if (g != NULL && g->word == word && covered(g, off, end))
			return 0;
		write_leave(c, w);
		rc = make_ready(o, word, off, end);
		if (rc != 0)
			return rc;
	}
}

void write_leave(struct cont *c, struct writing *w)
{
	(void)c;
	/* A handler of a signal may have forked in between: then the page is the parent's. */
	if (likely(w->generation == atomic_load_explicit(&fork_generation, memory_order_relaxed)))
		atomic_fetch_sub_explicit(&w->page->writing[w->slot].n, 1, memory_order_release);
}
