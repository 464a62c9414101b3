/*
 * marks.c - who has what open, and the space of what nobody has.
 *
 * Every process keeps one file in CONT/open, locked with flock(2) while it lives, that counts
 * its open handles by a hash of the inode number. Opening and closing an object is an atomic
 * add there, no system call and no transaction. Who takes the last name of an object looks
 * into the counters of all processes: nobody has it open, then it goes at once; otherwise the
 * record stays as an orphan until the last close (or until the next mount, if that process
 * was killed). A hash collision only delays.
 *
 * The order that makes it safe: an opener counts first and then reads the tree; a remover
 * commits first and then looks at the counters.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <time.h>
#include "container.h"
#include "env.h"
#include "hostdir.h"
#include "hostfd.h"
#include "inode.h"
#include "layout.h"
#include "leftovers.h"
#include "local.h"
#include "marks.h"
#include "reclaim.h"
#include "record.h"
#include "shared_page.h"
#include "small.h"
#include "snapshot.h"
#include "transaction.h"

#define SPARE        "open/.spare"
#define DRAIN_PAUSES 200000 /* of 50 µs */

HOT void marks_open(struct cont *c, uint64_t ino)
{
	if (unlikely(c->marks == NULL) && env_ready(c) != 0)
		return;
	atomic_fetch_add(&c->marks->open[mark_bucket(ino)], 1);
}

HOT void marks_release(struct cont *c, uint64_t ino)
{
	if (likely(c->marks != NULL))
		atomic_fetch_sub(&c->marks->open[mark_bucket(ino)], 1);
}

static uint64_t nonce(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec) ^
	       (uint64_t)sys_raw6(SYS_gettid, 0, 0, 0, 0, 0, 0) << 44;
}

/* On a full disk somebody must be able to come and remove something: a file with its space waits for that. */
static int take_spare(struct cont *c, const char *path)
{
	int rc = (int)SYS4(SYS_renameat2, c->dir_fd, SPARE, c->dir_fd, path);

	return rc != 0 ? -ENOSPC : fd_open(c->dir_fd, path, O_RDWR, 0);
}

static void leave_spare(struct cont *c)
{
	struct stat st;
	int fd;

	if (sys_fstatat(c->dir_fd, SPARE, &st, 0) == 0)
		return;
	fd = sys_openat(c->dir_fd, SPARE, O_RDWR | O_CREAT | O_EXCL, c->share & 0666);
	if (fd < 0)
		return;
	if (own_fallocate(fd, 0, 0, sizeof(struct mark_page)) != 0)
		sys_unlinkat(c->dir_fd, SPARE, 0);
	sys_close(fd);
}

static int make_file(struct cont *c)
{
	char path[80];
	void *page;
	int fd, rc, tries;

	for (tries = 0; tries < 100; tries++) {
		struct stat st;

		snprintf(c->mark_name, sizeof(c->mark_name), "%ld-%llx", sys_raw6(SYS_getpid, 0, 0, 0, 0, 0, 0),
		         (unsigned long long)nonce());
		snprintf(path, sizeof(path), "open/%s", c->mark_name);
		fd = fd_open(c->dir_fd, path, O_RDWR | O_CREAT | O_EXCL, c->share & 0666);
		if (fd == -EEXIST)
			continue;
		if (fd < 0)
			return -fd;
		/* With its space: on a full disk a store through the map would be the end of the program. */
		rc = own_fallocate(fd, 0, 0, sizeof(struct mark_page));
		if (rc == -EOPNOTSUPP)
			rc = own_ftruncate(fd, sizeof(struct mark_page));
		if (rc == -ENOSPC) {
			sys_unlinkat(c->dir_fd, path, 0);
			fd_close(fd);
			fd = take_spare(c, path);
			if (fd < 0)
				return -fd;
			rc = 0;
		}
		if (rc == 0)
			rc = sys_flock(fd, LOCK_EX | LOCK_NB);
		/* Somebody may have taken the file for a dead one's before it was locked. */
		if (rc == -EWOULDBLOCK || (rc == 0 && (sys_fstat(fd, &st) != 0 || st.st_nlink == 0))) {
			fd_close(fd);
			continue;
		}
		if (rc != 0) {
			fd_close(fd);
			return -rc;
		}
		page = mmap(NULL, sizeof(struct mark_page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (page == MAP_FAILED) {
			fd_close(fd);
			return ENOMEM;
		}
		c->mark_fd = fd;
		c->marks = page;
		leave_spare(c);
		return 0;
	}
	return EAGAIN;
}

static void announce(struct cont *c)
{
	uint64_t n = nonce();

	shared_put(c, &n, sizeof(n), offsetof(struct shared_page, attach_nonce));
}

/* Removes the host files that a dead process had committed to remove, or had not yet committed to use. */
static bool finish_intents(struct cont *c, struct txn *txn, struct mark_page *page)
{
	bool all = true;
	int i;

	for (i = 0; i < MARK_INTENTS; i++) {
		uint64_t ino = atomic_load(&page->intents[i]);
		struct inode_rec rec;
		char path[32];

		if (ino != 0)
			host_leftover(c, txn, ino);
		if (ino == 0 || inode_get(txn, ino, &rec) != ENOENT)
			continue;
		if (marks_is_open(c, ino)) {
			all = false;
			continue;
		}
		host_path(path, ino);
		sys_unlinkat(c->obj_fd, path, 0);
	}
	return all;
}

static bool intended(struct mark_page *page, uint64_t ino)
{
	int i;

	for (i = 0; page != NULL && i < MARK_INTENTS; i++)
		if (atomic_load(&page->intents[i]) == ino)
			return true;
	return false;
}

static struct peer *peer_find(struct cont *c, const char *name)
{
	unsigned i;

	for (i = 0; i < c->npeers; i++)
		if (strcmp(c->peers[i].name, name) == 0)
			return &c->peers[i];
	return NULL;
}

/* Looks at one file of CONT/open: maps it when its process lives; otherwise, with a
 * transaction, does what that one left undone and removes it. */
static void visit(struct cont *c, struct txn *txn, const char *name)
{
	struct peer *p = peer_find(c, name);
	char path[80];
	struct stat st;
	void *page;
	int fd;

	if (name[0] == '.' || strcmp(name, c->mark_name) == 0 || strlen(name) >= sizeof(p->name))
		return;
	if (p != NULL && txn == NULL) {
		p->seen = true;
		return;
	}
	snprintf(path, sizeof(path), "open/%s", name);
	fd = sys_openat(c->dir_fd, path, O_RDWR, 0);
	if (fd < 0)
		fd = sys_openat(c->dir_fd, path, O_RDONLY, 0);
	if (fd < 0)
		return;
	if (p == NULL) {
		struct peer *more;

		if (sys_fstat(fd, &st) != 0 || (uint64_t)st.st_size < sizeof(struct mark_page))
			goto out;
		page = mmap(NULL, sizeof(struct mark_page), PROT_READ, MAP_SHARED, fd, 0);
		if (page == MAP_FAILED)
			goto out;
		more = realloc(c->peers, (c->npeers + 1) * sizeof(*more));
		if (more == NULL) {
			munmap(page, sizeof(struct mark_page));
			goto out;
		}
		c->peers = more;
		p = &c->peers[c->npeers++];
		p->page = page;
		snprintf(p->name, sizeof(p->name), "%s", name);
	}
	p->seen = true;
	if (txn != NULL && sys_flock(fd, LOCK_EX | LOCK_NB) == 0) {
		struct mark_page *dead = p->page;

		p->page = NULL; /* its open handles have gone with it */
		if (finish_intents(c, txn, dead)) {
			sys_unlinkat(c->dir_fd, path, 0);
			p->seen = false;
		}
		p->page = dead;
	}
out:
	sys_close(fd);
}

static bool peer_lives(struct cont *c, const struct peer *p)
{
	char path[80];
	int fd, rc;

	snprintf(path, sizeof(path), "open/%s", p->name);
	fd = sys_openat(c->dir_fd, path, O_RDONLY, 0);
	if (fd < 0)
		return false;
	rc = sys_flock(fd, LOCK_SH | LOCK_NB);
	sys_close(fd);
	return rc == -EWOULDBLOCK;
}

struct scanning {
	struct cont *c;
	struct txn *txn;
};

static int visit_entry(int fd, struct hostdir_entry *d, void *arg)
{
	struct scanning *s = arg;

	(void)fd;
	visit(s->c, s->txn, d->name);
	return 0;
}

/* Brings the list of peers up to date. With txn also buries the dead. */
static void scan(struct cont *c, struct txn *txn)
{
	struct scanning s = {c, txn};
	unsigned i, kept = 0;
	int fd = sys_openat(c->dir_fd, "open", O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		return;
	for (i = 0; i < c->npeers; i++)
		c->peers[i].seen = false;
	hostdir_walk(fd, visit_entry, &s);
	sys_close(fd);
	for (i = 0; i < c->npeers; i++) {
		if (c->peers[i].seen)
			c->peers[kept++] = c->peers[i];
		else
			munmap(c->peers[i].page, sizeof(struct mark_page));
	}
	c->npeers = kept;
}

int marks_drain(struct cont *c)
{
	struct timespec pause = {0, 50000};
	unsigned waited, i, slot;

	scan(c, NULL);
	for (waited = 0; waited < DRAIN_PAUSES; waited++) {
		bool busy = false;

		for (slot = 0; slot < MARK_WRITERS && !busy; slot++) {
			busy = c->marks != NULL && atomic_load(&c->marks->writing[slot].n) != 0;
			for (i = 0; i < c->npeers && !busy; i++)
				busy =
				    atomic_load(&c->peers[i].page->writing[slot].n) != 0 && peer_lives(c, &c->peers[i]);
		}
		if (!busy)
			return 0;
		SYS4(SYS_nanosleep, &pause, NULL, 0, 0);
	}
	return EBUSY;
}

static bool counted(struct mark_page *page, uint64_t ino)
{
	return page != NULL && (atomic_load(&page->open[mark_bucket(ino)]) != 0 || atomic_load(&page->forking) != 0);
}

bool marks_is_open(struct cont *c, uint64_t ino)
{
	unsigned i;

	if (unlikely(c->shared->attach_nonce != c->seen_nonce)) {
		c->seen_nonce = c->shared->attach_nonce;
		scan(c, NULL);
	}
	if (counted(c->marks, ino))
		return true;
	for (i = 0; i < c->npeers; i++)
		if (counted(c->peers[i].page, ino))
			return true;
	return false;
}

bool marks_is_going(struct cont *c, uint64_t ino)
{
	bool going;
	unsigned i;

	scan(c, NULL);
	going = intended(c->marks, ino);
	for (i = 0; i < c->npeers && !going; i++)
		going = intended(c->peers[i].page, ino);
	return going;
}

/* Joins: buries the dead, and when nobody else lives, voids all write marks. */
static int attach_fn(struct cont *c, struct txn *txn, void *arg)
{
	struct key key = make_key(0, KEY_SUPER);
	MDB_val k = {sizeof(key), &key}, v;
	bool *alone = arg;
	int rc;

	c->seen_nonce = c->shared->attach_nonce;
	scan(c, txn);
	*alone = c->npeers == 0;
	snapshot_attach(c, txn);
	rc = tree_get(txn, &k, &v);
	if (rc != 0)
		return rc;
	memcpy(&c->super, v.mv_data, sizeof(c->super));
	if (!*alone)
		return 0;
	c->super.epoch++;
	v = (MDB_val){sizeof(c->super), &c->super};
	return tree_put(txn, &k, &v, 0);
}

int marks_attach(struct cont *c)
{
	bool alone = false;
	int rc = make_file(c);

	if (rc != 0)
		return rc;
	announce(c);
	rc = cont_write_tree(c, attach_fn, &alone);
	if (rc == 0 && (alone || c->shared->orphans != 0))
		reclaim_all(c);
	if (rc == 0 && c->sweep_due)
		sweep(c); /* nobody misses it if it fails */
	if (rc == 0 && c->shared->cut_at != 0)
		leftovers_remove(c);
	return rc;
}

static int bury_fn(struct cont *c, struct txn *txn, void *arg)
{
	(void)arg;
	c->seen_nonce = c->shared->attach_nonce;
	scan(c, txn);
	return 0;
}

/* What processes had open that have died since we came. */
void marks_bury(struct cont *c)
{
	if (c->shared->orphans != 0 && cont_write_tree(c, bury_fn, NULL) == 0)
		reclaim_all(c);
}

/* In the child of a fork: a file of its own instead of the parent's. writer is held, or the
 * process has one thread. */
int marks_attach_child(struct cont *c)
{
	int old = c->mark_fd, rc = make_file(c);

	if (rc != 0)
		return rc;
	announce(c);
	fd_close(old);
	return 0;
}

static bool anything_open(struct mark_page *page)
{
	unsigned i;

	for (i = 0; i < MARK_BUCKETS; i++)
		if (atomic_load_explicit(&page->open[i], memory_order_relaxed) != 0)
			return true;
	return false;
}

/* Without open handles a child needs no marks before its first call. With some, it makes its
 * own file at once; until that is there, `forking` in the parent's stands for it. */
void marks_fork(struct cont *c, int stage)
{
	struct mark_page *parent = c->marks;
	size_t size = sizeof(parent->open);

	if (parent == NULL || stage == 1)
		return;
	if (stage == 0) {
		c->fork_pinned = anything_open(parent);
		if (!c->fork_pinned)
			return;
		if (c->fork_counts == NULL)
			c->fork_counts = malloc(size);
		if (c->fork_counts != NULL)
			memcpy(c->fork_counts, (void *)parent->open, size);
		atomic_fetch_add(&parent->forking, 1);
		return;
	}
	c->marks = NULL;
	if (c->fork_pinned && c->fork_counts != NULL && marks_attach_child(c) == 0) {
		memcpy((void *)c->marks->open, c->fork_counts, size);
		atomic_fetch_sub(&parent->forking, 1);
	}
	munmap(parent, sizeof(*parent));
}

void marks_detach(struct cont *c)
{
	char path[80];
	unsigned i;

	if (c->marks != NULL) {
		munmap(c->marks, sizeof(struct mark_page));
		snprintf(path, sizeof(path), "open/%s", c->mark_name);
		sys_unlinkat(c->dir_fd, path, 0);
	}
	fd_close(c->mark_fd);
	c->marks = NULL;
	c->mark_fd = -1;
	for (i = 0; i < c->npeers; i++)
		munmap(c->peers[i].page, sizeof(struct mark_page));
	free(c->peers);
	c->peers = NULL;
	c->npeers = 0;
}
