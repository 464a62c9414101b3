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
	char root[PATH_MAX]; /* mount point, canonical, no slash at the end */
	size_t root_len;
	dev_t dev;  /* st_dev of files, 0 without a dfuse */
	bool dfuse; /* a kernel mount is there */
	bool read_only;
	bool by_oid;             /* it is our dfuse: DFSKIT_OID_NAME works */
	bool in_parts;           /* dfuse says what is open there in several answers: ask.c */
	bool linked;             /* a container that is linked below a mount: linked.c */
	_Atomic int via;         /* then: a descriptor of a file in it */
	_Atomic int state;       /* enum mount_state */
	const char *pool, *cont; /* of a mount from the environment, else NULL */
	const struct provider *p;
	dfs_t *dfs;
	dfs_obj_t *root_obj;
	const volatile uint64_t *generation; /* NULL: the provider has none */
	_Atomic uint64_t id;                 /* as the ioctl of dfuse says, 0 before it was asked */
};

enum mount_state {
	MOUNT_NEW,
	MOUNT_READY,
	MOUNT_DEAD,
	MOUNT_ASLEEP /* connected by the parent of a fork: the provider is made usable at the first call here */
};

/** Whether the absolute \a path is the mount point of \a mnt or begins with it. Eight bytes at a time, where a page
 *  boundary lets them be read: as long as all agreed, the string has not ended. */
static inline bool mount_holds(const struct mount *mnt, const char *path)
{
	size_t i = 0, len = mnt->root_len;

	for (; len - i >= 8 && ((uintptr_t)(path + i) & 4095) <= 4096 - 8; i += 8) {
		uint64_t a, b;
		__builtin_memcpy(&a, path + i, 8);
		__builtin_memcpy(&b, mnt->root + i, 8);
		if (a != b)
			return false;
	}
	for (; i < len; i++)
		if (path[i] != mnt->root[i])
			return false;
	return path[len] == '/' || path[len] == 0;
}

extern struct mount shim_mounts[];
extern int shim_nr_mounts;
extern _Atomic(const struct provider *) shim_provider; /* NULL before the first mount is connected */

void mounts_find(void);
/** Connects on first use. False: the kernel has to do. */
bool mount_connect(struct mount *mnt);
/** The mount that holds the canonical absolute path, NULL when none does. */
struct mount *mount_of(const char *path);
struct mount *mount_by_root(const char *root);
/** The container with this identifier of dfuse that is linked below a mount, in which \a fd is open. NULL: the kernel has to
 *  do. */
struct mount *linked_mount(int fd, uint64_t id);
/** Calls \a fn for each of them. */
void linked_each(void (*fn)(struct mount *mnt));
/** Keeps fork away from a mount that is being connected: \a stage as for dfsx_fork(). */
void mounts_fork(int stage);

#endif
