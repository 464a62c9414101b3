/*
 * walk.c - from a beginning that is known through a container, to the directory of the last component.
 *
 * Follows path_resolution(7) component by component: symbolic links (40 at most), "..", links that lead out of the mount
 * and back. The currency is the canonical path of a directory inside its container, under which dircache.c keeps the
 * directory open; a path without surprises whose directory is known costs one look into that cache.
 */
#include <string.h>
#include <unistd.h>
#include "dircache.h"
#include "links.h"
#include "mounts.h"
#include "runtime.h"
#include "walk.h"
#include "where.h"

#define MAX_LINKS 40

/* step() met an object that stands for another container: no errno of any call here. */
#define ELSEWHERE EREMOTE

void path_normalise(char *path)
{
	char *out = path, *in = path;
	while (*in) {
		while (*in == '/')
			in++;
		size_t n = strcspn(in, "/");
		if (n == 2 && in[0] == '.' && in[1] == '.') {
			while (out > path && *--out != '/')
				;
		} else if (n && !(n == 1 && in[0] == '.')) {
			*out++ = '/';
			memmove(out, in, n);
			out += n;
		}
		in += n;
	}
	*out = 0;
}

/* ---- the ends of a walk ---- */

/* What lies under a mount that only the environment names is not what the program wants of the kernel. */
long walk_unconnected(struct where *w, const struct mount *mnt, int dirfd, const char *path)
{
	return mnt->dfuse ? walk_to_kernel(w, dirfd, path) : -ENOTCONN;
}

/* The kernel goes on at w->path[0..len), and what follows. */
static long elsewhere(struct where *w, size_t len, const char *rest, bool slash)
{
	char full[2 * PATH_MAX];
	size_t n = w->mnt->root_len, nr = strlen(rest);

	if (!w->mnt->dfuse)
		return -EOPNOTSUPP; /* there is no kernel that would know it */
	if (n + len + nr + 2 > PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(full, w->mnt->root, n);
	memcpy(full + n, w->path, len);
	n += len;
	if (nr || slash)
		full[n++] = '/';
	memcpy(full + n, rest, nr + 1);
	strcpy(w->path, full);
	return walk_to_kernel(w, AT_FDCWD, w->path);
}

/* ".." in the root of the container, and what follows. */
static long above(struct where *w, const char *rest)
{
	size_t n = w->mnt->root_len, nr = strlen(rest);

	if (n + 4 + nr >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(w->path, w->mnt->root, n);
	memcpy(w->path + n, "/../", 4);
	memcpy(w->path + n + 4, rest, nr + 1);
	return walk_to_kernel(w, AT_FDCWD, w->path);
}

/* All but the last component is known. That may stand for another container too. */
SHIM_HOT static long found(struct where *w)
{
	if (links_known(w->mnt) && w->name_len && link_named(w->mnt, w->parent, w->name))
		return where_leave(w);
	return 0;
}

/* ---- one component ---- */

/* A component of what is still to be walked, in w->rest. */
struct piece {
	const char *name;
	size_t len;
	const char *after; /* what follows it, without the slashes between */
	bool slash;        /* there are some */
};

static struct piece piece_of(const char *in)
{
	struct piece p;

	while (*in == '/')
		in++;
	p.name = in;
	p.len = strcspn(in, "/");
	p.after = in + p.len;
	p.slash = *p.after == '/';
	while (*p.after == '/')
		p.after++;
	return p;
}

/* For the cache: libdfs creates nothing in a directory that was opened for reading. */
static int open_by_path(const struct mount *mnt, const char *path, dfs_obj_t **obj, mode_t *mode)
{
	const struct provider *p = mnt->p;
	int rc = EACCES;

	if (!mnt->read_only)
		rc = p->dfs_lookup(mnt->dfs, path, O_RDWR | O_PATH, obj, mode, NULL);
	if (rc == EACCES || rc == EPERM)
		rc = p->dfs_lookup(mnt->dfs, path, O_RDONLY | O_PATH, obj, mode, NULL);
	return rc;
}

/* Opens directory w->path[0..len), whose last component is `name`, below `up` (NULL: the root), or finds that it is a
 * link. Lets go of `up`. */
static long step(struct where *w, struct dir_ref *up, const char *name, size_t n, size_t len, dfs_obj_t **link)
{
	const struct provider *p = w->mnt->p;
	dfs_obj_t *obj, *parent = up ? dir_obj(up) : w->mnt->root_obj;
	char comp[NAME_MAX + 1];
	mode_t mode;
	/* What is on the way to a name need not be readable: path_resolution(7). libdfs, which knows no O_PATH, may
	 * refuse an object that we may not write. */
	int acc = O_PATH | O_NOFOLLOW | (w->mnt->read_only ? O_RDONLY : O_RDWR);

	memcpy(comp, name, n);
	comp[n] = 0;
	int rc = p->dfs_lookup_rel(w->mnt->dfs, parent, comp, acc, &obj, &mode, NULL);
	if ((rc == EACCES || rc == EPERM) && acc & O_RDWR)
		rc = p->dfs_lookup_rel(w->mnt->dfs, parent, comp, acc & ~O_RDWR, &obj, &mode, NULL);
	dir_put(up);
	if (rc)
		return -rc;
	if (S_ISLNK(mode)) {
		*link = obj;
		return 0;
	}
	if ((!w->mnt->links || links_known(w->mnt)) && link_here(w->mnt, obj)) {
		p->dfs_release(obj);
		return -ELSEWHERE;
	}
	if (!S_ISDIR(mode)) {
		p->dfs_release(obj);
		return -ENOTDIR;
	}
	w->dir = dir_add(w->mnt, w->path, len, obj);
	return w->dir ? 0 : -ENOMEM;
}

/* May names be looked up in the directory w->path[0..len)? A provider says so itself when it is given the name, but is
 * given none for "." and "..". libdfs checks no permissions of directories. */
static long may_search(struct where *w, size_t len)
{
	const struct provider *p = w->mnt->p;
	dfs_obj_t *obj = NULL;
	int rc;

	if (!p->dfsx_open_oid)
		return 0;
	w->path[len] = 0;
	if (len && !w->dir)
		w->dir = dir_find(w->mnt, w->path, len);
	if (!len || w->dir)
		return -p->dfs_access(w->mnt->dfs, len ? dir_obj(w->dir) : w->mnt->root_obj, NULL, X_OK);
	rc = p->dfs_lookup(w->mnt->dfs, w->path, O_RDONLY | O_PATH, &obj, NULL, NULL);
	if (!rc) {
		rc = p->dfs_access(w->mnt->dfs, obj, NULL, X_OK);
		p->dfs_release(obj);
	}
	return rc == ENOENT ? 0 : -rc; /* without a name: what follows finds out */
}

/* ---- symbolic links ---- */

long walk_link_value(struct where *w, dfs_obj_t *link, char value[PATH_MAX])
{
	daos_size_t size = PATH_MAX;
	int rc = w->mnt->p->dfs_get_symlink_value(link, value, &size);
	w->mnt->p->dfs_release(link);
	return -rc;
}

/* The value comes before what is left, which may lie in w->rest. */
long walk_link(struct where *w, const char *value, const char *rest, size_t len)
{
	size_t nv = strlen(value), nr = strlen(rest);

	if (++w->links > MAX_LINKS)
		return -ELOOP;
	if (!nv)
		return -ENOENT;
	if (nv + nr + 2 > PATH_MAX)
		return -ENAMETOOLONG;
	char joined[PATH_MAX + 2];
	memcpy(joined, value, nv);
	if (nr || w->must_dir)
		joined[nv++] = '/';
	memcpy(joined + nv, rest, nr + 1);
	if (joined[0] != '/' && w->no_path)
		return -ENAMETOOLONG;
	if (joined[0] != '/') {
		strcpy(w->rest, joined);
		return walk(w, len);
	}
	strcpy(w->path, joined);
	if (!mount_of(joined))
		path_normalise(joined); /* only to see whether it is worth a second look */
	if (!mount_of(joined))
		return walk_to_kernel(w, AT_FDCWD, w->path);
	strcpy(w->path, joined);
	char from[PATH_MAX + 2];
	strcpy(from, joined);
	long r = walk_absolute(w, from);
	if (!r && !w->ours && w->kpath == from) {
		strcpy(w->path, from);
		w->kpath = w->path;
	}
	return r;
}

static long follow(struct where *w, dfs_obj_t *link, const char *rest, size_t len)
{
	char value[PATH_MAX];
	long r = walk_link_value(w, link, value);

	w->path[len] = 0;
	return r ? r : walk_link(w, value, rest, len);
}

/* ---- the walk ---- */

/* Opens the directory w->path[0..len) as w->dir. */
static long open_directory(struct where *w, size_t len)
{
	size_t from = len;

	w->dir = dir_find(w->mnt, w->path, len);
	while (from && !w->dir) { /* not known: walk there, from the nearest directory that is */
		while (from && w->path[--from] != '/')
			;
		if (from)
			w->dir = dir_find(w->mnt, w->path, from);
	}
	while (from < len) {
		size_t end = from + 1;
		while (end < len && w->path[end] != '/')
			end++;
		dfs_obj_t *link = NULL;
		struct dir_ref *up = w->dir;
		w->dir = NULL;
		long r = step(w, up, w->path + from + 1, end - from - 1, end, &link);
		if (r)
			return r;
		if (link) { /* replaced behind us: what was a directory is none */
			w->mnt->p->dfs_release(link);
			return -ENOENT;
		}
		from = end;
	}
	return 0;
}

/* p is the last component, or nothing where the directory w->path[0..len) itself is meant: opens the directory. */
static long arrive(struct where *w, size_t len, const struct piece *p)
{
	w->path[len] = 0;
	memcpy(w->last, p->name, p->len);
	w->last[p->len] = 0;
	w->must_dir = w->must_dir || p->slash;
	long r = len ? open_directory(w, len) : 0;
	if (r == -ELSEWHERE)
		return elsewhere(w, len, w->last, w->must_dir);
	if (r)
		return r;
	w->parent = len ? dir_obj(w->dir) : w->mnt->root_obj;
	where_is(w, w->path, len, w->last, p->len);
	w->ours = true;
	return found(w);
}

/* The directory w->path[0..len) fell out of the cache meanwhile: opens it by its path. */
static long open_again(struct where *w, size_t len, struct dir_ref **dir)
{
	dfs_obj_t *obj;
	mode_t mode;

	w->path[len] = 0;
	int rc = open_by_path(w->mnt, w->path, &obj, &mode);
	if (rc)
		return -rc;
	if (!S_ISDIR(mode)) { /* what O_PATH opened need not be one */
		w->mnt->p->dfs_release(obj);
		return -ENOTDIR;
	}
	*dir = dir_add(w->mnt, w->path, len, obj);
	w->path[len] = '/';
	return *dir ? 0 : -ENOMEM;
}

/* Appends p, a component on the way, to the directory w->path[0..len) and opens it as w->dir. A link is not opened but
 * given as *link. */
static long enter(struct where *w, size_t len, const struct piece *p, dfs_obj_t **link)
{
	size_t next = len + 1 + p->len;

	if (next + 1 > PATH_MAX)
		return -ENAMETOOLONG;
	w->path[len] = 0;
	struct dir_ref *up = len ? dir_find(w->mnt, w->path, len) : NULL;
	w->path[len] = '/';
	memcpy(w->path + len + 1, p->name, p->len);
	w->path[next] = 0;
	w->dir = dir_find(w->mnt, w->path, next);
	if (w->dir) {
		dir_put(up);
		return 0;
	}
	long r = len && !up ? open_again(w, len, &up) : 0;
	return r ? r : step(w, up, p->name, p->len, next, link);
}

/* Another container may be mounted at w->path[0..*len): goes on in its root. False: the walk ends here, with *result. */
static bool cross(struct where *w, size_t *len, const char *rest, long *result)
{
	char full[2 * PATH_MAX];
	size_t n = w->mnt->root_len + *len;

	memcpy(full, w->mnt->root, w->mnt->root_len);
	memcpy(full + w->mnt->root_len, w->path, *len);
	full[n] = 0;
	struct mount *other = n < PATH_MAX ? mount_by_root(full) : NULL;
	if (!other)
		return true;
	dir_put(w->dir);
	w->dir = NULL;
	full[n] = '/';
	strcpy(full + n + 1, rest);
	if (strlen(full) >= PATH_MAX) {
		*result = -ENAMETOOLONG;
		return false;
	}
	strcpy(w->path, full);
	if (!mount_connect(other)) {
		*result = walk_unconnected(w, other, AT_FDCWD, w->path);
		return false;
	}
	w->mnt = other;
	*len = 0;
	return true;
}

/* Is another container mounted on p of the directory w->path[0..len)? */
static bool covered(const struct where *w, size_t len, const struct piece *p)
{
	char full[2 * PATH_MAX + NAME_MAX];
	size_t n = w->mnt->root_len;

	memcpy(full, w->mnt->root, n);
	memcpy(full + n, w->path, len);
	full[n + len] = '/';
	memcpy(full + n + len + 1, p->name, p->len);
	full[n + len + 1 + p->len] = 0;
	return mount_by_root(full) != NULL;
}

long walk(struct where *w, size_t len)
{
	struct piece p = {.after = w->rest};

	for (;;) {
		p = piece_of(p.after);
		if (p.len > NAME_MAX)
			return -ENAMETOOLONG;
		bool dot = p.len == 1 && p.name[0] == '.';
		bool dotdot = p.len == 2 && p.name[0] == '.' && p.name[1] == '.';

		if (dot || dotdot) { /* no name for the provider to look up */
			long r = may_search(w, len);
			if (r)
				return r;
		}
		dir_put(w->dir);
		w->dir = NULL;
		if (dotdot && !len)
			return above(w, p.after);
		if (dotdot)
			while (len && w->path[--len] != '/')
				;
		if (dot || dotdot) {
			if (*p.after)
				continue;
			p.len = 0; /* the directory itself is meant */
		}
		if (!*p.after && !(shim_nr_mounts > 1 && p.len && covered(w, len, &p)))
			return arrive(w, len, &p);

		dfs_obj_t *link = NULL;
		size_t next = len + 1 + p.len;
		long r = enter(w, len, &p, &link);
		if (r == -ELSEWHERE)
			return elsewhere(w, next, p.after, p.slash);
		if (r)
			return r;
		if (link)
			return follow(w, link, p.after, len);
		len = next;
		if (shim_nr_mounts > 1 && !cross(w, &len, p.after, &r))
			return r;
	}
}

long walk_absolute(struct where *w, const char *path)
{
	struct mount *mnt = mount_of(path);

	return mnt ? walk_mount(w, mnt, path) : walk_to_kernel(w, AT_FDCWD, path);
}

SHIM_HOT long walk_mount(struct where *w, struct mount *mnt, const char *path)
{
	w->mnt = mnt;
	if (!mount_connect(w->mnt))
		return walk_unconnected(w, w->mnt, AT_FDCWD, path);
	path += w->mnt->root_len;
	size_t n = strnlen(path, PATH_MAX);
	if (n == PATH_MAX)
		return -ENAMETOOLONG;

	/* The short way: nothing to interpret in the directory part, and it is known. */
	const char *slash = memrchr(path, '/', n);
	if (slash && slash[1] && !(slash[1] == '.' && (!slash[2] || (slash[2] == '.' && !slash[3])))) {
		size_t dirlen = (size_t)(slash - path), namelen = n - dirlen - 1;
		if (namelen > NAME_MAX)
			return -ENAMETOOLONG;
		w->dir = dir_find(w->mnt, path, dirlen);
		if (w->dir || dirlen == 0) {
			w->parent = dirlen ? dir_obj(w->dir) : w->mnt->root_obj;
			where_is(w, path, dirlen, slash + 1, namelen);
			return found(w);
		}
	}
	memcpy(w->rest, path, n + 1);
	return walk(w, 0);
}
