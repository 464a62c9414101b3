/*
 * rename.c - renameat2(2) by a library that moves and exchanges names; not atomic with its flags.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include "provider.h"

/* libdfs stamps what it moves. A tool that sets the time of a copy and then gives it its name (rsync, tar, cp by way of
 * a temporary one) would find it changed. */
static void keep_time(const struct provider *p, dfs_t *dfs, dfs_obj_t *parent, const char *name,
                      const struct stat *before)
{
	struct stat st = *before;
	dfs_obj_t *obj;

	if (!S_ISREG(st.st_mode) || p->dfs_lookup_rel(dfs, parent, name, O_RDWR | O_NOFOLLOW, &obj, NULL, NULL) != 0)
		return;
	p->dfs_osetattr(dfs, obj, &st, DFS_SET_ATTR_MTIME);
	p->dfs_release(obj);
}

int provider_rename(const struct provider *p, dfs_t *dfs, dfs_obj_t *parent, const char *name, dfs_obj_t *new_parent,
                    const char *new_name, unsigned int flags, bool *directory)
{
	struct stat st, at;
	int rc, there;

	*directory = false;
	if (p->dfsx_rename)
		return p->dfsx_rename(dfs, parent, name, new_parent, new_name, flags);
	rc = p->dfs_stat(dfs, parent, name, &st);
	if (rc)
		return rc;
	there = p->dfs_stat(dfs, new_parent, new_name, &at);
	if (flags & RENAME_NOREPLACE && there != ENOENT)
		return there ? there : EEXIST;
	if (flags & RENAME_EXCHANGE)
		rc = p->dfs_exchange(dfs, parent, name, new_parent, new_name);
	else
		rc = p->dfs_move(dfs, parent, name, new_parent, new_name, NULL);
	if (rc)
		return rc;
	*directory = S_ISDIR(st.st_mode);
	if (*directory || (there == 0 && S_ISDIR(at.st_mode)))
		provider_dirs_changed(p);
	keep_time(p, dfs, new_parent, new_name, &st);
	if (flags & RENAME_EXCHANGE)
		keep_time(p, dfs, parent, name, &at);
	return 0;
}
