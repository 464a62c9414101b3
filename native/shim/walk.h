/*
 * walk.h - from a beginning that is known through a container (walk.c): for what finds the beginning.
 */
#ifndef DFSKIT_SHIM_WALK_H
#define DFSKIT_SHIM_WALK_H

#include <stddef.h>
#include "dircache.h"
#include "where.h"

/** Drops ".", ".." and double slashes of an absolute path without looking at the file system. */
void path_normalise(char *path);

/** The kernel is to be asked: the original words, or a path that left us. 0. */
static inline long walk_to_kernel(struct where *w, int dirfd, const char *kpath)
{
	dir_put(w->dir);
	w->dir = NULL;
	w->ours = false;
	w->dirfd = dirfd;
	w->kpath = kpath;
	return 0;
}

/** \a mnt could not be connected: the kernel has dfuse's. 0, or -errno where there is none. */
long walk_unconnected(struct where *w, const struct mount *mnt, int dirfd, const char *path);
/** Walks w->rest from the directory of w->mnt whose path is w->path[0..\a len). As where_find(). */
long walk(struct where *w, size_t len);
/** Walks an absolute path, from the mount that holds it. As where_find(). */
long walk_absolute(struct where *w, const char *path);
/** The same, from \a mnt, which holds it. */
long walk_mount(struct where *w, struct mount *mnt, const char *path);
/** Walks \a value, of a link in the directory w->path[0..\a len), and then \a rest. As where_find(). */
long walk_link(struct where *w, const char *value, const char *rest, size_t len);
/** The value of \a link, which is released. 0 or -errno. */
long walk_link_value(struct where *w, dfs_obj_t *link, char value[PATH_MAX]);

#endif
