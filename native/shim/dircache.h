/*
 * dircache.h - directories that are kept open, by their path (dircache.c).
 */
#ifndef DFSKIT_SHIM_DIRCACHE_H
#define DFSKIT_SHIM_DIRCACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <daos_fs.h>

struct dir_ref;
struct mount;

struct dir_ref *dir_find(struct mount *mnt, const char *path, size_t len);
struct dir_ref *dir_add(struct mount *mnt, const char *path, size_t len, dfs_obj_t *obj);
dfs_obj_t *dir_obj(const struct dir_ref *dir);
void dir_put(struct dir_ref *dir);
void dirs_lock(bool take);

#endif
