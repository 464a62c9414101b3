/*
 * descriptor_paths.c - paths through the link that proc(5) has for an open descriptor of ours.
 */
#include <string.h>
#include "descriptor_paths.h"
#include "fdtable.h"
#include "mounts.h"
#include "ofd.h"
#include "path_test.h"
#include "runtime.h"
#include "walk.h"
#include "where.h"

/* A name of an open descriptor is a link to its file. As last component it is the kernel's, for who does not follow
 * links; through a directory it goes on at that directory's path. */
long where_at_descriptor(struct where *w, const char *path)
{
	char full[2 * PATH_MAX], own[PATH_MAX];
	const char *rest;
	int fd = fd_of_path(path, &rest);

	if (!rest[0]) {
		struct ofd *ofd = ofd_get(fd);
		w->magic = ofd && !ofd->mnt->linked ? fd : -1;
		ofd_put(ofd);
		return walk_to_kernel(w, AT_FDCWD, path);
	}
	struct ofd *ofd = ofd_get(fd);
	long r = !ofd ? -ENOENT : ofd->kind == OFD_FILE ? -ENOTDIR : ofd_dir_path(ofd, own, sizeof(own));
	if (r || ofd->mnt->root_len + strlen(own) + strlen(rest) >= PATH_MAX) {
		ofd_put(ofd);
		return r == -ENOTDIR ? r : walk_to_kernel(w, AT_FDCWD, path);
	}
	memcpy(full, ofd->mnt->root, ofd->mnt->root_len);
	strcpy(full + ofd->mnt->root_len, own);
	strcat(full, rest);
	ofd_put(ofd);
	r = walk_absolute(w, full);
	return !r && !w->ours ? walk_to_kernel(w, AT_FDCWD, path) : r;
}

long where_enter(struct where *w)
{
	struct stat st;
	int err = 0;
	struct ofd *ofd = ofd_get(w->magic);
	dfs_obj_t *obj = ofd ? ofd_obj(ofd, &err) : NULL;

	if (obj)
		err = ofd->mnt->p->dfs_ostat(ofd->mnt->dfs, obj, &st);
	if (!obj || err) {
		ofd_put(ofd);
		return err ? -err : -ENOENT;
	}
	w->ours = true;
	w->magic = -1;
	w->mnt = ofd->mnt;
	w->holds = ofd;
	w->parent = obj;
	w->type = st.st_mode;
	w->path[0] = 0;
	w->no_path = true;
	if (S_ISDIR(st.st_mode))
		w->no_path = ofd_dir_path(ofd, w->path, PATH_MAX) != 0;
	else if (ofd->path && strlen(ofd->path) < PATH_MAX) {
		strcpy(w->path, ofd->path);
		w->no_path = false;
	}
	where_is(w, w->path, strlen(w->path), "", 0);
	return 0;
}
