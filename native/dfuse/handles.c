/*
 * handles.c - handles of the provider as bytes, for the shims.
 */
#include <errno.h>
#include <stdlib.h>
#include "dfuse.h"

/* The sizes may change between two calls, as the map of a pool does. */
#define TRIES 4

/* An errno of dfs_*, or -DER_TRUNC of daos_*. */
static int local_to_global(enum what what, const struct container *cont, struct handle *file, d_iov_t *out)
{
	const struct provider *p = dfuse.p;
	daos_handle_t handle;
	int rc;

	switch (what) {
	case WHAT_POOL:
		if (!p->daos_pool_local2global || p->dfs_pool_get(cont->dfs, &handle) != 0)
			return ENOTSUP;
		rc = p->daos_pool_local2global(handle, out);
		p->dfs_pool_put(cont->dfs, handle);
		return rc;
	case WHAT_CONT:
		if (!p->daos_cont_local2global || p->dfs_cont_get(cont->dfs, &handle) != 0)
			return ENOTSUP;
		rc = p->daos_cont_local2global(handle, out);
		p->dfs_cont_put(cont->dfs, handle);
		return rc;
	case WHAT_DFS:
		return p->dfs_local2global ? p->dfs_local2global(cont->dfs, out) : ENOTSUP;
	case WHAT_ALL:
		return p->dfs_local2global_all(cont->dfs, out);
	default:
		return p->dfs_obj_local2global(file->dfs, file->obj, out);
	}
}

static int fill(enum what what, const struct container *cont, struct handle *file, d_iov_t *out)
{
	int rc = 0;

	for (int i = 0; i < TRIES; i++) {
		*out = (d_iov_t){.iov_buf = NULL};
		rc = local_to_global(what, cont, file, out);
		if (rc)
			break;
		out->iov_buf = malloc(out->iov_buf_len);
		if (!out->iov_buf)
			return ENOMEM;
		out->iov_len = out->iov_buf_len;
		rc = local_to_global(what, cont, file, out);
		if (rc == 0)
			return 0;
		free(out->iov_buf);
	}
	return rc > 0 ? rc : EIO;
}

int handle_bytes(enum what what, struct inode *inode, d_iov_t *out)
{
	struct handle *file = NULL;
	int rc = what == WHAT_OBJECT ? inode_handle(inode, false, &file) : 0;

	if (rc == 0)
		rc = fill(what, inode->cont, file, out);
	if (file)
		handle_put(file);
	return rc;
}
