/*
 * linked.c - containers that are linked below a mount (the unified namespace): data of their files.
 *
 * Names there are the kernel's: a link goes where its name goes, and dfuse gives the inodes their numbers. A file that
 * the kernel has opened is read and written here as one of the mount itself, through a connection of its own to the
 * container, which lasts as long as the process.
 */
#include <string.h>
#include "arena.h"
#include "ask.h"
#include "mounts.h"

/* Files in more of them are the kernel's. */
#define MAX_LINKED 32

static struct mount linked[MAX_LINKED];
static _Atomic int nr_linked;

/* A lock that a signal handler passes through and that outlives who held it. */
static struct slot guard;

static struct mount *find(uint64_t id)
{
	int nr = atomic_load_explicit(&nr_linked, memory_order_acquire);

	for (int i = 0; i < nr; i++)
		if (atomic_load_explicit(&linked[i].id, memory_order_relaxed) == id)
			return &linked[i];
	return NULL;
}

static struct mount *add(int fd, uint64_t id)
{
	const struct mount *above = ask_device(fd);
	int nr = atomic_load(&nr_linked);

	if (!above || nr == MAX_LINKED)
		return NULL;
	struct mount *mnt = &linked[nr];
	memcpy(mnt->root, above->root, above->root_len + 1);
	mnt->root_len = above->root_len;
	mnt->dev = above->dev;
	mnt->dfuse = true;
	mnt->read_only = above->read_only;
	mnt->linked = true;
	atomic_store(&mnt->id, id);
	atomic_store_explicit(&nr_linked, nr + 1, memory_order_release);
	return mnt;
}

struct mount *linked_mount(int fd, uint64_t id)
{
	struct mount *mnt = find(id);

	if (!mnt) {
		bool locked = slot_lock(&guard);
		mnt = find(id);
		if (!mnt)
			mnt = add(fd, id);
		slot_unlock(&guard, locked);
	}
	if (!mnt)
		return NULL;
	if (atomic_load(&mnt->state) == MOUNT_NEW)
		atomic_store(&mnt->via, fd);
	return mount_connect(mnt) ? mnt : NULL;
}

void linked_each(void (*fn)(struct mount *mnt))
{
	for (int i = 0, nr = atomic_load(&nr_linked); i < nr; i++)
		fn(&linked[i]);
}
