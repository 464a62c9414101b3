/*
 * links.h - objects that stand for another container (link.c).
 */
#ifndef DFSKIT_SHIM_LINKS_H
#define DFSKIT_SHIM_LINKS_H

#include <stdbool.h>
#include <daos_fs.h>
#include "mounts.h"

struct where;

/** True when objects of the container that stand for another one are known to be there, at the cost of a look into
 *  memory. */
static inline bool links_known(const struct mount *mnt)
{
	return mnt->links && __builtin_expect(*mnt->links != 0, 0);
}
/** Whether an object stands for another container. */
bool link_here(const struct mount *mnt, dfs_obj_t *obj);
bool link_named(const struct mount *mnt, dfs_obj_t *parent, const char *name);
/** Hands the path that \a w found to the kernel. 0, or -errno where no mount is. */
long where_leave(struct where *w);

#endif
