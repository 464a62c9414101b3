/*
 * mount_info.c - what hangs on a mount: handles of its pool and container, its owner, and what has no meaning here.
 */
#include "handle.h"

EXPORT int dfs_pool_get(dfs_t *dfs, daos_handle_t *poh)
{
	if (dfs == NULL || poh == NULL)
		return EINVAL;
	return daos_pool_connect(dfs->c->pool, NULL, DAOS_PC_RW, poh, NULL, NULL) == 0 ? 0 : EIO;
}

EXPORT int dfs_pool_put(dfs_t *dfs, daos_handle_t poh)
{
	return dfs == NULL || daos_pool_disconnect(poh, NULL) != 0 ? EINVAL : 0;
}

EXPORT int dfs_cont_get(dfs_t *dfs, daos_handle_t *coh)
{
	daos_handle_t poh;
	int rc;

	if (dfs == NULL || coh == NULL)
		return EINVAL;
	rc = dfs_pool_get(dfs, &poh);
	if (rc != 0)
		return rc;
	rc = daos_cont_open(poh, dfs->c->label, DAOS_COO_RW, coh, NULL, NULL);
	daos_pool_disconnect(poh, NULL);
	return rc == 0 ? 0 : EIO;
}

EXPORT int dfs_cont_put(dfs_t *dfs, daos_handle_t coh)
{
	return dfs == NULL || daos_cont_close(coh, NULL) != 0 ? EINVAL : 0;
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

/* Classes are kept and mean nothing here; the answers are those for a system of one target. */
EXPORT int dfs_suggest_oclass(dfs_t *dfs, const char *hint, daos_oclass_id_t *cid)
{
	if (dfs == NULL || hint == NULL || cid == NULL)
		return EINVAL;
	*cid = strstr(hint, "max") != NULL ? OC_SX : OC_S1;
	return 0;
}

/* Files are no arrays of objects here. */
EXPORT int dfs_get_file_oh(dfs_obj_t *obj, daos_handle_t *oh)
{
	return obj == NULL || oh == NULL ? EINVAL : ENOTSUP;
}
