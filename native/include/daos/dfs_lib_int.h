/*
 * dfs_lib_int.h - calls that libdfs exports for dfuse; optional, to be resolved with dlsym.
 */
#ifndef DFS_LIB_INT_H
#define DFS_LIB_INT_H

#include <daos.h>
#include <daos_fs.h>

#ifdef __cplusplus
extern "C" {
#endif

/** dfs_open that also returns the attributes. */
int dfs_open_stat(dfs_t *dfs, dfs_obj_t *parent, const char *name, mode_t mode, int flags, daos_oclass_id_t cid,
                  daos_size_t chunk_size, const char *value, dfs_obj_t **obj, struct stat *stbuf);

/** dfs_lookup_rel that also reads extended attributes. */
int dfs_lookupx(dfs_t *dfs, dfs_obj_t *parent, const char *name, int flags, dfs_obj_t **obj, mode_t *mode,
                struct stat *stbuf, int xnr, char *xnames[], void *xvals[], daos_size_t *xsizes);

/** dfs_move with the flags of renameat2(2) and the identifier of what was moved. */
int dfs_move_internal(dfs_t *dfs, unsigned int flags, dfs_obj_t *parent, const char *name, dfs_obj_t *new_parent,
                      const char *new_name, daos_obj_id_t *moid, daos_obj_id_t *oid);

/** Makes a handle follow a rename. */
void dfs_update_parentfd(dfs_obj_t *obj, dfs_obj_t *new_parent, const char *name);

/** Copies the defaults of a directory handle. */
void dfs_obj_copy_attr(dfs_obj_t *dst_obj, dfs_obj_t *src_obj);

/** dfs_ostat with a completion event. */
int dfs_ostatx(dfs_t *dfs, dfs_obj_t *obj, struct stat *stbuf, daos_event_t *ev);

/** Sets the chunk size of a file. */
int dfs_file_update_chunk_size(dfs_t *dfs, dfs_obj_t *obj, daos_size_t csize);

#ifdef __cplusplus
}
#endif
#endif
