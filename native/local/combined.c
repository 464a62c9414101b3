/*
 * combined.c - what libdfs exports for dfuse, to save it a request: two calls in one.
 */
#include <daos/dfs_lib_int.h>
#include "event.h"
#include "local.h"
#include "object.h"

EXPORT int dfs_open_stat(dfs_t *dfs, dfs_obj_t *parent, const char *name, mode_t mode, int flags, daos_oclass_id_t cid,
                         daos_size_t chunk_size, const char *value, dfs_obj_t **obj, struct stat *stbuf)
{
	int rc = dfs_open(dfs, parent, name, mode, flags, cid, chunk_size, value, obj);

	if (rc != 0 || stbuf == NULL)
		return rc;
	rc = dfs_ostat(dfs, *obj, stbuf);
	if (rc != 0)
		dfs_release(*obj);
	return rc;
}

/* An attribute that is missing, or does not fit, has the size 0. */
EXPORT int dfs_lookupx(dfs_t *dfs, dfs_obj_t *parent, const char *name, int flags, dfs_obj_t **obj, mode_t *mode,
                       struct stat *stbuf, int xnr, char *xnames[], void *xvals[], daos_size_t *xsizes)
{
	int rc = xnr > 0 && (xnames == NULL || xvals == NULL || xsizes == NULL)
	             ? EINVAL
	             : dfs_lookup_rel(dfs, parent, name, flags, obj, mode, stbuf);
	int i;

	for (i = 0; rc == 0 && i < xnr; i++)
		if (dfs_getxattr(dfs, *obj, xnames[i], xvals[i], &xsizes[i]) != 0)
			xsizes[i] = 0;
	return rc;
}

EXPORT int dfs_ostatx(dfs_t *dfs, dfs_obj_t *obj, struct stat *stbuf, daos_event_t *ev)
{
	return event_done(ev, dfs_ostat(dfs, obj, stbuf));
}

EXPORT void dfs_update_parentfd(dfs_obj_t *obj, dfs_obj_t *new_parent, const char *name)
{
	(void)name;
	obj->parent = dir_ino(obj->dfs, new_parent);
}

/* What is copied is looked up in the directory's record whenever it is needed. */
EXPORT void dfs_obj_copy_attr(dfs_obj_t *dst_obj, dfs_obj_t *src_obj)
{
	(void)dst_obj, (void)src_obj;
}
