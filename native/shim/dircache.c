/*
 * dircache.c - directories of the container by their canonical path, open.
 *
 * Only directories are kept, never files or missing names. With a provider that counts changes of the
 * directory tree (dfsx_dir_generation) an entry is true or is dropped. With another one only what this user does on
 * this node is counted (provider_dir_generation), and an entry is trusted for D_IL_DCACHE_REC_TIMEOUT seconds, as users
 * of DAOS know it.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "dircache.h"
#include "mounts.h"
#include "ranks.h"
#include "runtime.h"
#include "solo.h"

#define NR_BUCKETS  4096u
#define MAX_ENTRIES 8192u /* beyond it all are dropped: each holds an open object of the provider */

struct dir_ref {
	_Atomic int refs;
	uint32_t hash;
	struct mount *mnt;
	dfs_obj_t *obj;
	struct dir_ref *next;
	time_t until;
	_Atomic uint64_t generation; /* in which it was true */
	size_t len;
	char path[];
};

static struct dir_ref *buckets[NR_BUCKETS];
/* The one used last and its reference: a program that stays in a directory takes no lock. */
SHIM_HOT_DATA static _Atomic(struct dir_ref *) recent;
static unsigned int nr_entries;
static uint64_t seen_generation;
static long timeout = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* This thread is at work on the table: a signal handler that interrupts it does without. */
static _Thread_local volatile bool inside;

static bool enter(void)
{
	if (inside)
		return false;
	inside = true;
	rank_lock(&lock, RANK_CACHE);
	return true;
}

static void leave(void)
{
	rank_unlock(&lock, RANK_CACHE);
	inside = false;
}

static uint32_t hash_of(const struct mount *mnt, const char *path, size_t len)
{
	uint64_t h = (uint64_t)(uintptr_t)mnt ^ len, word;
	for (; len >= 8; path += 8, len -= 8) {
		memcpy(&word, path, 8);
		h = (h ^ word) * 0x9E3779B97F4A7C15u;
		h ^= h >> 29;
	}
	word = 0;
	memcpy(&word, path, len);
	h = (h ^ word) * 0x9E3779B97F4A7C15u;
	return (uint32_t)(h >> 32);
}

static void let_go(struct dir_ref *dir);

static void drop_all(void)
{
	for (unsigned int i = 0; i < NR_BUCKETS && nr_entries; i++)
		while (buckets[i]) {
			struct dir_ref *dir = buckets[i];
			buckets[i] = dir->next;
			nr_entries--;
			let_go(dir);
		}
}

static time_t now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return ts.tv_sec;
}

/* Sum of the generations: any change changes it. */
static void check_generation(void)
{
	uint64_t sum = 0;
	for (int i = 0; i < shim_nr_mounts; i++)
		if (shim_mounts[i].generation)
			sum += *shim_mounts[i].generation;
	if (sum != seen_generation) {
		drop_all();
		seen_generation = sum;
	}
}

static bool is(const struct dir_ref *dir, const struct mount *mnt, const char *path, size_t len)
{
	return dir->mnt == mnt && dir->len == len && mount_same(dir->path, path, len);
}

static uint64_t generation_of(const struct mount *mnt)
{
	return mnt->generation ? *mnt->generation : 0;
}

/* dir_find() when the one used last is not it. */
SHIM_ASIDE static struct dir_ref *search(struct dir_ref *last, struct mount *mnt, const char *path, size_t len)
{
	uint64_t generation = generation_of(mnt);
	uint32_t hash = hash_of(mnt, path, len);
	struct dir_ref *dir;

	let_go(last);
	if (!enter())
		return NULL;
	check_generation();
	for (dir = buckets[hash % NR_BUCKETS]; dir; dir = dir->next)
		if (dir->hash == hash && is(dir, mnt, path, len))
			break;
	if (dir && dir->until && dir->until < now()) {
		drop_all();
		dir = NULL;
	}
	if (dir) {
		solo_add(&dir->refs, 1);
		atomic_store_explicit(&dir->generation, generation, memory_order_relaxed);
	}
	leave();
	return dir;
}

SHIM_HOT struct dir_ref *dir_find(struct mount *mnt, const char *path, size_t len)
{
	uint64_t generation = generation_of(mnt);
	struct dir_ref *dir = solo_swap(&recent, (struct dir_ref *)NULL);

	if (dir && is(dir, mnt, path, len) && generation && !dir->until &&
	    atomic_load_explicit(&dir->generation, memory_order_relaxed) == generation)
		return dir;
	return search(dir, mnt, path, len);
}

struct dir_ref *dir_add(struct mount *mnt, const char *path, size_t len, dfs_obj_t *obj)
{
	struct dir_ref *dir = memory_take(sizeof(*dir) + len + 1);
	if (!dir) {
		mnt->p->dfs_release(obj);
		return NULL;
	}
	*dir = (struct dir_ref){.hash = hash_of(mnt, path, len), .mnt = mnt, .obj = obj, .len = len};
	atomic_init(&dir->generation, UINT64_MAX); /* the look-up may be of an older one: dir_find() says */
	memcpy(dir->path, path, len);
	dir->path[len] = 0;
	atomic_init(&dir->refs, 1);

	if (!enter())
		return dir;
	if (timeout < 0) {
		const char *s = getenv("D_IL_DCACHE_REC_TIMEOUT");
		timeout = s ? atol(s) : 60;
	}
	if (nr_entries >= MAX_ENTRIES)
		drop_all();
	bool counted = mnt->p->dfsx_dir_generation != NULL;
	dir->until = counted ? 0 : now() + timeout;
	if (counted || timeout != 0) {
		atomic_store(&dir->refs, 2);
		dir->next = buckets[dir->hash % NR_BUCKETS];
		buckets[dir->hash % NR_BUCKETS] = dir;
		nr_entries++;
	}
	leave();
	return dir;
}

SHIM_HOT dfs_obj_t *dir_obj(const struct dir_ref *dir)
{
	return dir->obj;
}

SHIM_HOT void dir_put(struct dir_ref *dir)
{
	struct dir_ref *none = NULL;

	if (dir && !solo_cas(&recent, &none, dir))
		let_go(dir);
}

static void let_go(struct dir_ref *dir)
{
	if (!dir || solo_add(&dir->refs, -1) != 1)
		return;
	dir->mnt->p->dfs_release(dir->obj);
	memory_give(dir);
}

void dirs_lock(bool take)
{
	static _Thread_local bool taken; /* not by a handler that came when it was */

	if (take)
		taken = enter();
	else if (taken)
		leave();
}
