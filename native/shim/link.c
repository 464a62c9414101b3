/*
 * link.c - the unified namespace: objects of a container that stand for another one.
 *
 * dfuse shows the other container there. A path that meets such an object is therefore the kernel's.
 */
#include <string.h>
#include <daos_uns.h>
#include "links.h"
#include "mounts.h"
#include "where.h"

bool link_here(const struct mount *mnt, dfs_obj_t *obj)
{
	static const char prefix[] = "DAOS.POSIX://";
	char value[512];
	daos_size_t size = sizeof(value);

	return mnt->p->dfs_getxattr(mnt->dfs, obj, DUNS_XATTR_NAME, value, &size) == 0 && size >= sizeof(prefix) &&
	       memcmp(value, prefix, sizeof(prefix) - 1) == 0;
}

bool link_named(const struct mount *mnt, dfs_obj_t *parent, const char *name)
{
	dfs_obj_t *obj;
	mode_t mode;
	bool found;

	if (mnt->p->dfs_lookup_rel(mnt->dfs, parent, name, O_NOFOLLOW | (mnt->p->dfsx_open_oid ? O_PATH : O_RDONLY),
	                           &obj, &mode, NULL) != 0)
		return false;
	found = (S_ISDIR(mode) || S_ISREG(mode)) && link_here(mnt, obj);
	mnt->p->dfs_release(obj);
	return found;
}

long where_leave(struct where *w)
{
	char path[sizeof(w->path)];
	size_t n = w->mnt->root_len;

	if (!w->mnt->dfuse)
		return -EOPNOTSUPP; /* there is no kernel that would know it */
	where_path(w, path);
	if (n + strlen(path) + w->must_dir >= PATH_MAX)
		return -ENAMETOOLONG;
	if (w->must_dir)
		strcat(path, "/");
	where_done(w);
	memcpy(w->path, w->mnt->root, n);
	strcpy(w->path + n, path);
	w->ours = false;
	w->dirfd = AT_FDCWD;
	w->kpath = w->path;
	return 0;
}
