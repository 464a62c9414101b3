/*
 * names.h - what the operations on names share.
 */
#ifndef DFSKIT_PIL4DFS_NAMES_H
#define DFSKIT_PIL4DFS_NAMES_H

#include "../shim/where.h"

/** Attributes of what (\a dirfd, \a path) names, links followed on request.
 *  When w->ours is false afterwards, the kernel is to be asked at (w->dirfd, w->kpath) and nothing was filled.
 *  where_done(w) is due in any case. */
long where_stat(int dirfd, const char *path, bool follow, struct where *w, struct stat *st);

/** Opens what (\a dirfd, \a path) names with dfs_lookup_rel \a flags; the rest as where_stat(). */
long where_open(int dirfd, const char *path, bool follow, int flags, struct where *w, dfs_obj_t **obj, mode_t *mode);

/** Attributes of the last component itself. */
long where_lstat(const struct where *w, struct stat *st);

/** The value of the link that w names replaces it. */
long where_follow_name(struct where *w);

/** After a directory was renamed in the process: the working directory, when it is that or below it, is where it is now.
 *  For a library that can't say the path of a directory; paths are inside the container. */
void cwd_renamed(struct mount *mnt, const char *from, const char *to);

/** umask of the process, as the program set it last. */
extern mode_t shim_umask;

#endif
