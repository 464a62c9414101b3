/*
 * names.c - the last component of a path: its attributes, its object, the link that it may be.
 */
#include <string.h>
#include "../shim/links.h"
#include "../shim/mounts.h"
#include "../shim/where.h"
#include "names.h"

/* libdfs stats by name without saying which object it was: the number of the inode is made of that. */
static int stat_by_object(const struct where *w, struct stat *st)
{
	const struct provider *p = w->mnt->p;
	daos_obj_id_t oid = {0};
	dfs_obj_t *obj = w->parent;
	int rc = w->name[0] ? p->dfs_lookup_rel(w->mnt->dfs, w->parent, w->name, O_RDONLY | O_NOFOLLOW, &obj, NULL, st)
	                    : p->dfs_ostat(w->mnt->dfs, obj, st);

	if (rc)
		return rc;
	p->dfs_obj2id(obj, &oid);
	provider_complete_stat(st, oid);
	return w->name[0] ? p->dfs_release(obj) : 0;
}

/* O_PATH in the flags of a provider that knows it: opens for all uses, whatever the modes. Others need O_RDWR. */
static int flags_for(const struct mount *mnt, int flags)
{
	return flags & O_PATH && !mnt->p->dfsx_open_oid && !mnt->read_only ? (flags & ~O_PATH) | O_RDWR : flags;
}

long where_lstat(const struct where *w, struct stat *st)
{
	const struct provider *p = w->mnt->p;
	int rc = !p->dfsx_open_oid ? stat_by_object(w, st)
	         : w->name[0]      ? p->dfs_stat(w->mnt->dfs, w->parent, w->name, st)
	                           : p->dfs_ostat(w->mnt->dfs, w->parent, st);
	st->st_dev = w->mnt->dev;
	return -rc;
}

long where_follow_name(struct where *w)
{
	dfs_obj_t *link;
	mode_t mode;
	int rc = w->mnt->p->dfs_lookup_rel(w->mnt->dfs, w->parent, w->name, O_RDONLY | O_NOFOLLOW, &link, &mode, NULL);
	if (rc)
		return -rc;
	if (!S_ISLNK(mode)) { /* replaced meanwhile: look again */
		w->mnt->p->dfs_release(link);
		return 0;
	}
	return where_follow_obj(w, link);
}

long where_stat(int dirfd, const char *path, bool follow, struct where *w, struct stat *st)
{
	long r = where_find(dirfd, path, w);

	if (!path[0])
		return w->ours ? -ENOENT : r;
	if (!r && w->magic >= 0 && follow)
		r = where_enter(w);
	while (!r && w->ours) {
		r = where_lstat(w, st);
		if (!r && S_ISLNK(st->st_mode) && w->name[0] && (follow || w->must_dir)) {
			r = where_follow_name(w);
			continue;
		}
		if (!r && w->must_dir && !S_ISDIR(st->st_mode))
			r = -ENOTDIR;
		break;
	}
	return r;
}

long where_open(int dirfd, const char *path, bool follow, int flags, struct where *w, dfs_obj_t **obj, mode_t *mode)
{
	long r = where_find(dirfd, path, w);

	if (!path[0])
		return w->ours ? -ENOENT : r;
	if (!r && w->magic >= 0 && follow)
		r = where_enter(w);
	while (!r && w->ours) {
		const struct provider *p = w->mnt->p;
		int how = flags_for(w->mnt, flags);
		if (!w->name[0]) {
			*mode = w->type;
			return -p->dfs_dup(w->mnt->dfs, w->parent, (how & O_ACCMODE) == O_RDONLY ? O_RDONLY : O_RDWR,
			                   obj);
		}
		r = -p->dfs_lookup_rel(w->mnt->dfs, w->parent, w->name, how | O_NOFOLLOW, obj, mode, NULL);
		if (!r && S_ISLNK(*mode) && (follow || w->must_dir)) {
			r = where_follow_obj(w, *obj);
			continue;
		}
		if (!r && w->must_dir && !S_ISDIR(*mode)) {
			p->dfs_release(*obj);
			r = -ENOTDIR;
		}
		if (!r && S_ISDIR(*mode) && !p->dfsx_links && link_here(w->mnt, *obj)) {
			p->dfs_release(*obj);
			r = where_leave(w);
		}
		break;
	}
	return r;
}
