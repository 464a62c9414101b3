/*
 * reserve.c - fallocate(2) by a library that writes and cuts off.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include "provider.h"

static int punch_hole(const struct provider *p, dfs_t *dfs, dfs_obj_t *obj, daos_off_t off, daos_size_t len)
{
	daos_size_t size;
	int rc = p->dfs_get_size(dfs, obj, &size);

	/* Up to the end and beyond, it would be cut off there. */
	if (rc || off >= size)
		return rc;
	return p->dfs_punch(dfs, obj, off, len < size - off ? len : size - off);
}

static int extend(const struct provider *p, dfs_t *dfs, dfs_obj_t *obj, daos_size_t wanted)
{
	daos_size_t size;
	int rc = p->dfs_get_size(dfs, obj, &size);

	return rc || size >= wanted ? rc : p->dfs_punch(dfs, obj, wanted, DFS_MAX_FSIZE);
}

int provider_fallocate(const struct provider *p, dfs_t *dfs, dfs_obj_t *obj, int mode, daos_off_t off, daos_size_t len)
{
	if (p->dfsx_fallocate)
		return p->dfsx_fallocate(dfs, obj, mode, off, len);
	if (mode == (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE))
		return punch_hole(p, dfs, obj, off, len);
	return mode == 0 ? extend(p, dfs, obj, off + len) : EOPNOTSUPP;
}
