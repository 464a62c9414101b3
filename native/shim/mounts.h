/*
 * mounts.h - the mounts of DFS that are known (mounts.c), and the containers that are linked below them (linked.c).
 */
#ifndef DFSKIT_SHIM_MOUNTS_H
#define DFSKIT_SHIM_MOUNTS_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <daos.h>
#include <daos_fs.h>
#include "../provider/provider.h"

struct mount {
	_Atomic int state; /* enum mount_state */
	const struct provider *p;
	dfs_t *dfs;
	dfs_obj_t *root_obj;
	const volatile uint64_t *generation; /* NULL: the provider has none */
	const volatile uint64_t *links;      /* not 0 once objects may stand for other containers; NULL: the same */
	size_t root_len;
	dev_t dev;   /* st_dev of files, 0 without a dfuse */
	bool dfuse;  /* a kernel mount is there */
	bool covers; /* another mount lies below it */
	bool read_only;
	bool by_oid;             /* it is our dfuse: DFSKIT_OID_NAME works */
	daos_handle_t parts[2];  /* in_parts: of pool and container */
	bool in_parts;           /* dfuse says what is open there in several answers: ask.c */
	bool linked;             /* a container that is linked below a mount: linked.c */
	_Atomic int via;         /* then: a descriptor of a file in it */
	const char *pool, *cont; /* of a mount from the environment, else NULL */
	_Atomic uint64_t id;     /* as the ioctl of dfuse says, 0 before it was asked */
	char root[PATH_MAX];     /* mount point, canonical, no slash at the end */
};

enum mount_state {
	MOUNT_NEW,
	MOUNT_READY,
	MOUNT_DEAD,
	MOUNT_ASLEEP /* connected by the parent of a fork: the provider is made usable at the first call here */
};

/** As many bytes lie on one page: they can be read when the first can. */
static inline bool mount_readable(const char *at, size_t bytes)
{
	return ((uintptr_t)at & 4095) <= 4096 - bytes;
}

static inline bool mount_word_same(const char *a, const char *b)
{
	uint64_t x, y;

	__builtin_memcpy(&x, a, 8);
	__builtin_memcpy(&y, b, 8);
	return x == y;
}

/** memcmp() for short paths: without a call, whose caller would have to save registers. */
static inline bool mount_same(const char *a, const char *b, size_t len)
{
	size_t i = 0;

	if (len < 8) {
		while (i < len && a[i] == b[i])
			i++;
		return i == len;
	}
	for (; i + 8 < len; i += 8)
		if (!mount_word_same(a + i, b + i))
			return false;
	return mount_word_same(a + len - 8, b + len - 8);
}

/** Whether the absolute \a path is the mount point of \a mnt or begins with it. As long as all bytes agreed, the string has
 *  not ended. */
static inline bool mount_holds(const struct mount *mnt, const char *path)
{
	size_t i = 0, len = mnt->root_len;

	if (len >= 8 && mount_readable(path, len)) {
		if (!mount_same(path, mnt->root, len))
			return false;
	} else {
		while (i < len && path[i] == mnt->root[i])
			i++;
		if (i < len)
			return false;
	}
	return path[len] == '/' || path[len] == 0;
}

extern struct mount *const shim_mounts;
extern int shim_nr_mounts;
extern _Atomic(const struct provider *) shim_provider; /* NULL before the first mount is connected */

void mounts_find(void);
/** mount_connect() of one that is not ready. */
bool mount_make_ready(struct mount *mnt);
/** Connects on first use. False: the kernel has to do. */
static inline bool mount_connect(struct mount *mnt)
{
	return __builtin_expect(atomic_load_explicit(&mnt->state, memory_order_acquire) == MOUNT_READY, 1) ||
	       mount_make_ready(mnt);
}
/** mount_of() when the one used last is not it. */
struct mount *mount_search(const char *path);
extern _Atomic int shim_recent_mount; /* which that is */
/** The mount that holds the canonical absolute path, NULL when none does. */
static inline struct mount *mount_of(const char *path)
{
	struct mount *mnt = &shim_mounts[atomic_load_explicit(&shim_recent_mount, memory_order_relaxed)];

	return mnt->root_len && !mnt->covers && mount_holds(mnt, path) ? mnt : mount_search(path);
}
struct mount *mount_by_root(const char *root);
/** The container with this identifier of dfuse that is linked below a mount, in which \a fd is open. NULL: the kernel has to
 *  do. */
struct mount *linked_mount(int fd, uint64_t id);
/** Calls \a fn for each of them. */
void linked_each(void (*fn)(struct mount *mnt));
/** Keeps fork away from a mount that is being connected: \a stage as for dfsx_fork(). */
void mounts_fork(int stage);

#endif
