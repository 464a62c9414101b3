/*
 * checked.h - the container that dfs_cont_check is tried on, in a store of its own.
 */
#ifndef TEST_NATIVE_CHECKED_H
#define TEST_NATIVE_CHECKED_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <daos.h>
#include <daos_fs.h>
#include <dfskit_ext.h>

extern struct checked {
	char store[64];                /* directory of the store */
	uint64_t dir, sub, small, big; /* inode numbers: what checked_make() made */
	char said[8192];               /* lines of the last check */
} checked;

void checked_store_in(const char *directory);
void checked_store_remove(void);

/* /dir with small, big, their link, a symbolic link, and a directory sub with a file x. With a snapshot: and some of it
 * changed since. */
void checked_make(bool snapshot);
dfs_t *checked_mount(void);
/* Looks at every name and reads every byte; how many names there are. */
unsigned checked_walk(void);
void checked_destroy(void);

struct dfsx_check checked_check(uint64_t flags);
void checked_expect_clean(const char *when);

#endif
