/*
 * resolve.c - from a path as a program says it to a directory object and a name.
 *
 * Here is where a path begins: at the root, in the working directory, in the directory of a descriptor, at the link of an open
 * file (descriptor_paths.c). What follows is walked by walk.c.
 */
#include <string.h>
#include "cwd.h"
#include "descriptor_paths.h"
#include "dircache.h"
#include "fdtable.h"
#include "mounts.h"
#include "ofd.h"
#include "path_test.h"
#include "runtime.h"
#include "walk.h"
#include "where.h"

/* Does the path at which a directory was opened still lead to it? For a provider that can't say the path. */
static bool leads_back(struct ofd *ofd)
{
	const struct provider *p = ofd->mnt->p;
	size_t len = strlen(ofd->path);
	struct dir_ref *dir = len ? dir_find(ofd->mnt, ofd->path, len) : NULL;
	dfs_obj_t *obj = dir ? dir_obj(dir) : NULL;
	daos_obj_id_t oid = {0};

	if (!len)
		return true;
	if (!dir && p->dfs_lookup(ofd->mnt->dfs, ofd->path, O_RDONLY | O_NOFOLLOW, &obj, NULL, NULL) != 0)
		return false;
	p->dfs_obj2id(obj, &oid);
	if (!dir)
		p->dfs_release(obj);
	dir_put(dir);
	if (!ofd->oid.lo && !ofd->oid.hi)
		ofd->oid = oid; /* the working directory that the program began in: only its path was known */
	return oid.lo == ofd->oid.lo && oid.hi == ofd->oid.hi;
}

long ofd_dir_path(struct ofd *ofd, char *out, size_t size)
{
	int err = 0;
	dfs_obj_t *obj;

	uint64_t generation = ofd->mnt->generation ? *ofd->mnt->generation : 0;
	bool true_path = ofd->path && generation && generation == ofd->generation;

	if (!true_path && ofd->mnt->p && ofd->mnt->p->dfsx_dir_path) {
		obj = ofd_obj(ofd, &err);
		if (!obj)
			return -err;
		err = ofd->mnt->p->dfsx_dir_path(ofd->mnt->dfs, obj, out, size);
		if (!err && out[0] == '/' && !out[1])
			out[0] = 0;
		return -err;
	}
	if (!ofd->path && !ofd->mnt->p && mount_connect(ofd->mnt))
		return ofd_dir_path(ofd, out, size);
	if (!ofd->path || strlen(ofd->path) >= size)
		return -ENAMETOOLONG;
	if (!true_path && mount_connect(ofd->mnt) && !leads_back(ofd))
		return -ENOENT;
	ofd->generation = generation;
	strcpy(out, ofd->path);
	return 0;
}

/* The directory was removed, or its path is too long to say. Its own names can still be reached, by its object;
 * what leads through other directories is the kernel's. */
static long start_without_path(struct where *w, struct ofd *ofd, const char *path)
{
	size_t n = strcspn(path, "/");
	int err = 0;
	dfs_obj_t *obj = ofd_obj(ofd, &err);

	if (!obj || path[n] || n > NAME_MAX || (n == 2 && path[0] == '.' && path[1] == '.')) {
		ofd_put(ofd);
		return !obj ? -err : n > NAME_MAX ? -ENAMETOOLONG : walk_to_kernel(w, w->dirfd, path);
	}
	where_is(w, "", 0, path, n);
	if (n == 1 && path[0] == '.')
		where_is(w, "", 0, "", 0);
	w->parent = obj;
	w->holds = ofd;
	w->no_path = true;
	return 0;
}

/* What O_PATH opened may be anything. */
static bool is_directory(struct ofd *ofd)
{
	int err = 0;
	struct stat st;
	dfs_obj_t *obj = ofd_obj(ofd, &err);

	return obj && ofd->mnt->p->dfs_ostat(ofd->mnt->dfs, obj, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Starts in the directory of ofd. Fast when its object can be used as it is. */
static long start_at(struct where *w, struct ofd *ofd, const char *path)
{
	w->mnt = ofd->mnt;
	if (!path[0]) {
		ofd_put(ofd);
		return -ENOENT;
	}
	if (!mount_connect(w->mnt)) {
		ofd_put(ofd);
		return walk_unconnected(w, w->mnt, w->dirfd, path);
	}
	if (ofd->kind == OFD_FILE && path[0]) {
		ofd_put(ofd);
		return -ENOTDIR;
	}
	long r = ofd->kind == OFD_PATH && !is_directory(ofd) ? -ENOTDIR : ofd_dir_path(ofd, w->path, PATH_MAX);
	if (r == -ENOENT || r == -ENAMETOOLONG || r == -ERANGE)
		return start_without_path(w, ofd, path);
	ofd_put(ofd);
	if (r)
		return r;
	size_t n = strlen(path);
	if (n >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(w->rest, path, n + 1);
	return walk(w, strlen(w->path));
}

/* A relative path from a directory above a mount. One with ".." in it is the kernel's to resolve. */
static long start_near(struct where *w, const char *path)
{
	char full[PATH_MAX];
	long n = SHIM_RAW(SYS_getcwd, full, sizeof(full));
	size_t len = strnlen(path, PATH_MAX);

	if (n <= 1 || (size_t)n + len + 1 > sizeof(full) || strstr(path, ".."))
		return walk_to_kernel(w, AT_FDCWD, path);
	n -= 1 + (n == 2); /* without the NUL; the root is only the slash */
	full[n] = '/';
	memcpy(full + n + 1, path, len + 1);
	char plain[PATH_MAX];
	strcpy(plain, full);
	path_normalise(plain);
	if (!mount_of(plain))
		return walk_to_kernel(w, AT_FDCWD, path);
	if (len && path[len - 1] == '/')
		strcat(plain, "/");
	long r = walk_absolute(w, plain);
	return !r && !w->ours && w->kpath == plain ? walk_to_kernel(w, AT_FDCWD, path) : r;
}

SHIM_ASIDE static long start_relative(struct where *w, int dirfd, const char *path)
{
	struct ofd *ofd = dirfd == AT_FDCWD ? ofd_get_cwd() : ofd_get(dirfd);

	if (ofd)
		return start_at(w, ofd, path);
	return dirfd == AT_FDCWD && shim_cwd_near && path[0] ? start_near(w, path) : walk_to_kernel(w, dirfd, path);
}

SHIM_ASIDE static long start_outside(struct where *w, const char *path)
{
	const char *rest;

	return fd_of_path(path, &rest) >= 0 ? where_at_descriptor(w, path) : walk_to_kernel(w, AT_FDCWD, path);
}

/* No mount lies where proc(5) has the links of descriptors. */
SHIM_HOT static long start_absolute(struct where *w, const char *path)
{
	struct mount *mnt = mount_of(path);

	return mnt ? walk_mount(w, mnt, path) : start_outside(w, path);
}

SHIM_HOT long where_find(int dirfd, const char *path, struct where *w)
{
	w->ours = true;
	w->must_dir = false;
	w->dir = NULL;
	w->holds = NULL;
	w->no_path = false;
	w->magic = -1;
	w->type = S_IFDIR;
	w->dirfd = dirfd;
	w->kpath = path;
	w->links = 0;
	return path[0] == '/' ? start_absolute(w, path) : start_relative(w, dirfd, path);
}

long where_follow(struct where *w, const char *value)
{
	if (w->parent_path != w->path)
		memcpy(w->path, w->parent_path, w->parent_len);
	w->path[w->parent_len] = 0;
	return strlen(value) < PATH_MAX ? walk_link(w, value, "", w->parent_len) : -ENAMETOOLONG;
}

long where_follow_obj(struct where *w, dfs_obj_t *link)
{
	char value[PATH_MAX];
	long r = walk_link_value(w, link, value);
	return r ? r : where_follow(w, value);
}

SHIM_HOT void where_done(struct where *w)
{
	dir_put(w->dir);
	w->dir = NULL;
	ofd_put(w->holds);
	w->holds = NULL;
}

void where_path(const struct where *w, char *out)
{
	size_t n = w->parent_len;

	memcpy(out, w->parent_path, n);
	if (w->name_len)
		out[n++] = '/';
	memcpy(out + n, w->name, w->name_len);
	out[n + w->name_len] = 0;
}
