/*
 * mount_info.c - what hangs on a mount: handles of its pool and container, its owner, and what has no meaning here.
 */
#include <stdlib.h>
#include "container.h"
#include "handle.h"
#include "layout.h"
#include "local.h"
#include "object.h"
#include "store.h"

EXPORT int dfs_pool_get(dfs_t *dfs, daos_handle_t *poh)
{
	if (dfs == NULL || poh == NULL)
		return EINVAL;
	return handle_pool(dfs->c->store, dfs->c->pool, DAOS_PC_RW, poh);
}

EXPORT int dfs_pool_put(dfs_t *dfs, daos_handle_t poh)
{
	return dfs == NULL || daos_pool_disconnect(poh, NULL) != 0 ? EINVAL : 0;
}

EXPORT int dfs_cont_get(dfs_t *dfs, daos_handle_t *coh)
{
	int rc;

	if (dfs == NULL || coh == NULL)
		return EINVAL;
	store_cont_ref(dfs->c);
	rc = handle_cont(dfs->c, DAOS_COO_RW, coh);
	if (rc != 0)
		store_cont_put(dfs->c);
	return rc;
}

EXPORT int dfs_cont_put(dfs_t *dfs, daos_handle_t coh)
{
	return dfs == NULL || daos_cont_close(coh, NULL) != 0 ? EINVAL : 0;
}

EXPORT int dfs_query(dfs_t *dfs, dfs_attr_t *attr)
{
	const struct super_rec *s;

	if (dfs == NULL || attr == NULL)
		return EINVAL;
	s = &dfs->c->super;
	memset(attr, 0, sizeof(*attr));
	attr->da_id = s->id;
	attr->da_chunk_size = s->chunk_size;
	attr->da_oclass_id = s->oclass;
	attr->da_dir_oclass_id = s->dir_oclass;
	attr->da_file_oclass_id = s->file_oclass;
	attr->da_mode = s->mode;
	memcpy(attr->da_hints, s->hints, sizeof(attr->da_hints));
	return 0;
}

EXPORT int dfs_set_prefix(dfs_t *dfs, const char *prefix)
{
	char *copy = NULL;
	size_t n = 0;

	if (dfs == NULL || (prefix != NULL && prefix[0] != '/'))
		return EINVAL;
	if (prefix != NULL) {
		copy = strdup(prefix);
		if (copy == NULL)
			return ENOMEM;
		for (n = strlen(copy); n > 0 && copy[n - 1] == '/';)
			copy[--n] = '\0';
	}
	free(dfs->prefix);
	dfs->prefix = copy;
	dfs->prefix_len = n;
	return 0;
}

/* The container's owner is the owner of its root directory. */
EXPORT int dfs_cont_set_owner(daos_handle_t coh, d_string_t user, uid_t uid, d_string_t group, gid_t gid)
{
	dfs_t *dfs;
	int rc;

	(void)user, (void)group;
	rc = dfs_mount(DAOS_HDL_INVAL, coh, O_RDWR, &dfs);
	if (rc != 0)
		return rc;
	rc = dfs_chown(dfs, NULL, NULL, uid, gid, 0);
	dfs_umount(dfs);
	return rc;
}

/* Files are no arrays of objects here. */
EXPORT int dfs_get_file_oh(dfs_obj_t *obj, daos_handle_t *oh)
{
	return obj == NULL || oh == NULL ? EINVAL : ENOTSUP;
}
