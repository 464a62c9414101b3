/*
 * provider.h - a DFS library, found and loaded at run time, as one table of functions.
 *
 * Compiled into the daemon, the shims and the addon; usable inside a preloaded library: it
 * prints nothing, never exits, and touches nothing before the first provider_load().
 */
#ifndef DFSKIT_PROVIDER_H
#define DFSKIT_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <daos.h>
#include <daos_fs.h>
#include <daos/dfs_lib_int.h>
#include <dfskit_ext.h>
#include "calls.h"

#ifdef __cplusplus
extern "C" {
#endif
/* In no public header: what libdaos before 2.6.2 has in place of daos_reinit(). */
int daos_eq_lib_reset_after_fork(void);
void daos_dti_reset(void);
#ifdef __cplusplus
/* Qualified: a member may not change what its own name means. */
#define PROVIDER_MEMBER(fn) decltype(::fn) *fn;
#else
#define PROVIDER_MEMBER(fn) __typeof__(fn) *fn;
#endif

/* Members have the names of the calls (daos_cont_open is daos_cont_open2, as in the headers). */
struct provider {
	char name[16];  /* "local" or "daos" */
	char lib[4096]; /* file that was loaded */
	PROVIDER_CALLS(PROVIDER_MEMBER)
	PROVIDER_OPTIONAL_CALLS(PROVIDER_MEMBER)
};

/**
 * Loads a provider; later calls return the same table at once. It is never unloaded.
 *
 * The library is $DFSKIT_PROVIDER_LIB where that is set. Else local is libdfs_local.so beside
 * the object that this code is part of, in its ../lib, or on the search path of ld.so(8); daos is
 * libdaos.so and libdfs.so in $DFSKIT_DAOS_PREFIX/lib64 or on the search path.
 * Any thread may call it. After a failure the next call tries again.
 *
 * \param name    "local" or "daos"; NULL: $DFSKIT_PROVIDER, else "local"
 * \param err     NULL, or room for one line that says why
 * \param errlen  bytes of it
 * \return        the table, or NULL
 */
const struct provider *provider_load(const char *name, char *err, size_t errlen);

/** Adds to the attributes of an object what libdfs leaves out: an inode number made of \a oid, a directory's link. */
void provider_complete_stat(struct stat *st, daos_obj_id_t oid);

/**
 * Attributes of an open file, as dfs_ostat(). libdfs looks them up by the name and knows nothing of one that was removed:
 * then they are what the object itself says, with no links.
 */
int provider_open_stat(const struct provider *p, dfs_t *dfs, dfs_obj_t *obj, struct stat *st);

/**
 * Makes a provider usable in the child of a fork, by the thread that is left there, for one that has no dfsx_fork().
 * libdaos keeps the connections and the progress of its parent otherwise, and a call waits for ever.
 */
void provider_after_fork(const struct provider *p);

/**
 * Writes at the end of a file, atomically among the processes of the node (with a library that can't do it, among those
 * of the user). \param end  out: offset after the bytes. \return 0 or an errno
 */
int provider_append(const struct provider *p, dfs_t *dfs, dfs_obj_t *obj, d_sg_list_t *sgl, daos_off_t *end);

/**
 * fallocate(2). A library that can't do it extends a file (\a mode 0) without setting space aside, and makes holes; other
 * modes are EOPNOTSUPP. \return 0 or an errno
 */
int provider_fallocate(const struct provider *p, dfs_t *dfs, dfs_obj_t *obj, int mode, daos_off_t off, daos_size_t len);

/** dfsx_open_name(), made of the calls of libdfs where there is none. */
static inline int provider_open_name(const struct provider *p, dfs_t *dfs, dfs_obj_t *parent, const char *name,
                                     size_t len, int flags, dfs_obj_t **obj, mode_t *mode, daos_obj_id_t *oid)
{
	if (p->dfsx_open_name)
		return p->dfsx_open_name(dfs, parent, name, len, flags, obj, mode, oid);
	int rc = p->dfs_lookup_rel(dfs, parent, name, flags | O_NOFOLLOW, obj, mode, NULL);
	if (!rc)
		p->dfs_obj2id(*obj, oid);
	return rc;
}

/**
 * A counter in shared memory that changes whenever a directory is renamed or removed: dfsx_dir_generation(), or with a
 * library without it one of what this user does on this node and tells by provider_dirs_changed(). It is never 0.
 */
const volatile uint64_t *provider_dir_generation(const struct provider *p, dfs_t *dfs);

/** After a directory was renamed or removed by \a p; nothing where it counts by itself. */
void provider_dirs_changed(const struct provider *p);

/**
 * renameat2(2): \a flags is 0, RENAME_NOREPLACE or RENAME_EXCHANGE. A library that can't do it does its best.
 * \param directory  out: a directory was moved by such a library. \return 0 or an errno
 */
int provider_rename(const struct provider *p, dfs_t *dfs, dfs_obj_t *parent, const char *name, dfs_obj_t *new_parent,
                    const char *new_name, unsigned int flags, bool *directory);

/** dfs_osetattr(), also of an object that was opened for reading: libdfs refuses that with EPERM, fchmod(2) does not. */
int provider_set_attributes(const struct provider *p, dfs_t *dfs, dfs_obj_t *obj, struct stat *st, int flags);

/** Before dfs_osetattr: UTIME_NOW in \a st is a time that our provider knows, and knows who may set it; libdfs does not. */
static inline void provider_set_now(const struct provider *p, struct stat *st)
{
	struct timespec now;

	if (p->dfsx_open_oid != NULL)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	if (st->st_atim.tv_nsec == UTIME_NOW)
		st->st_atim = now;
	if (st->st_mtim.tv_nsec == UTIME_NOW)
		st->st_mtim = now;
}

#ifdef __cplusplus
}
#endif
#endif
