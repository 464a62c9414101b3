/*
 * dfs_library.h - the calls of the DFS library that the workloads make, resolved at run time.
 */
#ifndef BENCH_DFS_LIBRARY_H
#define BENCH_DFS_LIBRARY_H

#include <daos_fs.h>

struct dfs_library {
	int (*init)(void);
	int (*fini)(void);
	int (*connect)(const char *, const char *, const char *, int, dfs_attr_t *, dfs_t **);
	int (*disconnect)(dfs_t *);
	int (*lookup)(dfs_t *, const char *, int, dfs_obj_t **, mode_t *, struct stat *);
	int (*lookup_rel)(dfs_t *, dfs_obj_t *, const char *, int, dfs_obj_t **, mode_t *, struct stat *);
	int (*open)(dfs_t *, dfs_obj_t *, const char *, mode_t, int, daos_oclass_id_t, daos_size_t, const char *,
	            dfs_obj_t **);
	int (*release)(dfs_obj_t *);
	int (*read)(dfs_t *, dfs_obj_t *, d_sg_list_t *, daos_off_t, daos_size_t *, daos_event_t *);
	int (*write)(dfs_t *, dfs_obj_t *, d_sg_list_t *, daos_off_t, daos_event_t *);
	int (*stat)(dfs_t *, dfs_obj_t *, const char *, struct stat *);
	int (*readdir)(dfs_t *, dfs_obj_t *, daos_anchor_t *, uint32_t *, struct dirent *);
	int (*mkdir)(dfs_t *, dfs_obj_t *, const char *, mode_t, daos_oclass_id_t);
	int (*remove)(dfs_t *, dfs_obj_t *, const char *, bool, daos_obj_id_t *);
	int (*move)(dfs_t *, dfs_obj_t *, const char *, dfs_obj_t *, const char *, daos_obj_id_t *);
};

/** Loads the library that DFSKIT_PROVIDER names ("local" by default, "daos"): libdfs_local.so from ../lib of this
 *  program, libdfs.so by the loader's own search. 0, ELIBACC (not found) or ELIBBAD (lacks a call; stderr says which). */
int dfs_library_load(struct dfs_library *lib);

#endif
