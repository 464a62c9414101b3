/*
 * resolve.c - from a path as a program says it to a directory object and a name.
 *
 * Follows path_resolution(7) component by component: symbolic links (40 at most), "..", links that
 * lead out of the mount and back. The currency is the canonical path of a directory inside its
 * container, under which dircache.c keeps the directory open; a path without surprises whose
 * directory is known costs one look into that cache.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cwd.h"
#include "dircache.h"
#include "fdtable.h"
#include "links.h"
#include "mounts.h"
#include "ofd.h"
#include "path_test.h"
#include "runtime.h"
#include "where.h"

#define MAX_LINKS 40

static long walk(struct where *w, size_t len);

/* The caller gets what the kernel would be asked: the original words, or a path that left us. */
static long to_kernel(struct where *w, int dirfd, const char *kpath)
{
	dir_put(w->dir);
	w->dir = NULL;
	w->ours = false;
	w->dirfd = dirfd;
	w->kpath = kpath;
	return 0;
}

/* Drops ".", ".." and double slashes of an absolute path without looking at the file system. */
static void normalise(char *path)
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
		return !obj ? -err : n > NAME_MAX ? -ENAMETOOLONG : to_kernel(w, w->dirfd, path);
	}
	memcpy(w->last, path, n + 1);
	if (n == 1 && path[0] == '.')
		w->last[0] = 0;
	w->name = w->last;
	w->path[0] = 0;
	w->parent_path = w->path;
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

/* A mount that could not be connected: the kernel has dfuse's; what lies under a mount that only the environment names
 * is not what the program wants. */
static long unconnected(struct where *w, const struct mount *mnt, int dirfd, const char *path)
{
	return mnt->dfuse ? to_kernel(w, dirfd, path) : -ENOTCONN;
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
		return unconnected(w, w->mnt, w->dirfd, path);
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

/* step() met an object that stands for another container: no errno of any call here. */
#define ELSEWHERE EREMOTE

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
	return to_kernel(w, AT_FDCWD, w->path);
}

/* All but the last component is known. That may stand for another container too. */
static long found(struct where *w)
{
	if (w->name[0] && links_known(w->mnt) && link_named(w->mnt, w->parent, w->name))
		return where_leave(w);
	return 0;
}

static long start_absolute(struct where *w, const char *path)
{
	w->mnt = mount_of(path);
	if (!w->mnt)
		return to_kernel(w, AT_FDCWD, path);
	if (!mount_connect(w->mnt))
		return unconnected(w, w->mnt, AT_FDCWD, path);
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
			memcpy(w->path, path, dirlen);
			w->path[dirlen] = 0;
			memcpy(w->last, slash + 1, namelen + 1);
			w->name = w->last;
			w->parent_path = w->path;
			return found(w);
		}
	}
	memcpy(w->rest, path, n + 1);
	return walk(w, 0);
}

/* Opens directory w->path[0..len) below parent, or finds that comp is a link. */
static long step(struct where *w, dfs_obj_t *parent, const char *comp, size_t len, dfs_obj_t **link)
{
	const struct provider *p = w->mnt->p;
	dfs_obj_t *obj;
	mode_t mode;
	/* What is on the way to a name need not be readable: path_resolution(7). libdfs, which knows no O_PATH, may
	 * refuse an object that we may not write. */
	int acc = O_PATH | O_NOFOLLOW | (w->mnt->read_only ? O_RDONLY : O_RDWR);

	int rc = p->dfs_lookup_rel(w->mnt->dfs, parent, comp, acc, &obj, &mode, NULL);
	if ((rc == EACCES || rc == EPERM) && acc & O_RDWR)
		rc = p->dfs_lookup_rel(w->mnt->dfs, parent, comp, acc & ~O_RDWR, &obj, &mode, NULL);
	if (rc)
		return -rc;
	if (S_ISLNK(mode)) {
		*link = obj;
		return 0;
	}
	if ((!p->dfsx_has_links || links_known(w->mnt)) && link_here(w->mnt, obj)) {
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

static long link_value(struct where *w, dfs_obj_t *link, char value[PATH_MAX])
{
	daos_size_t size = PATH_MAX;
	int rc = w->mnt->p->dfs_get_symlink_value(link, value, &size);
	w->mnt->p->dfs_release(link);
	return -rc;
}

/* Puts the value of a link before what is left, and says from where to go on. */
static long put_link(struct where *w, const char *value, const char *rest, size_t len)
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
		normalise(joined); /* only to see whether it is worth a second look */
	if (!mount_of(joined))
		return to_kernel(w, AT_FDCWD, w->path);
	strcpy(w->path, joined);
	char from[PATH_MAX + 2];
	strcpy(from, joined);
	long r = start_absolute(w, from);
	if (!r && !w->ours && w->kpath == from) {
		strcpy(w->path, from);
		w->kpath = w->path;
	}
	return r;
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

/* Walks w->rest from the directory whose path is w->path[0..len). */
static long walk(struct where *w, size_t len)
{
	const char *in = w->rest;

	for (;;) {
		while (*in == '/')
			in++;
		size_t n = strcspn(in, "/");
		const char *after = in + n;
		bool slash = *after == '/';
		while (*after == '/')
			after++;
		if (n > NAME_MAX)
			return -ENAMETOOLONG;
		bool dot = n == 1 && in[0] == '.';
		bool dotdot = n == 2 && in[0] == '.' && in[1] == '.';

		if (dot || dotdot) { /* no name for the provider to look up */
			long r = may_search(w, len);
			if (r)
				return r;
		}
		dir_put(w->dir);
		w->dir = NULL;
		if (dotdot) {
			if (!len) { /* above the mount */
				char up[2 * PATH_MAX + 8];
				int un = 0;
				memcpy(up, w->mnt->root, w->mnt->root_len);
				un = (int)w->mnt->root_len;
				memcpy(up + un, "/../", 4);
				size_t rest = strlen(after);
				if (un + 4 + rest >= PATH_MAX)
					return -ENAMETOOLONG;
				memcpy(up + un + 4, after, rest + 1);
				memcpy(w->path, up, (size_t)un + 5 + rest);
				return to_kernel(w, AT_FDCWD, w->path);
			}
			while (len && w->path[--len] != '/')
				;
		}
		if (n == 0 || dot || dotdot) {
			if (*after) {
				in = after;
				continue;
			}
			n = 0; /* the directory itself is meant */
		}
		if (n == 0 || !*after) {
			/* The last component: open its directory. */
			w->path[len] = 0;
			memcpy(w->last, in, n);
			w->last[n] = 0;
			w->must_dir = w->must_dir || slash;
			if (len == 0) {
				w->parent = w->mnt->root_obj;
			} else if (!(w->dir = dir_find(w->mnt, w->path, len))) {
				/* Not known: walk there, from the nearest directory that is. */
				size_t from = len;
				while (from && !w->dir) {
					while (from && w->path[--from] != '/')
						;
					if (from)
						w->dir = dir_find(w->mnt, w->path, from);
				}
				while (from < len) {
					size_t end = from + 1;
					while (end < len && w->path[end] != '/')
						end++;
					char comp[NAME_MAX + 1];
					memcpy(comp, w->path + from + 1, end - from - 1);
					comp[end - from - 1] = 0;
					dfs_obj_t *link = NULL;
					struct dir_ref *up = w->dir;
					w->dir = NULL;
					long r = step(w, up ? dir_obj(up) : w->mnt->root_obj, comp, end, &link);
					dir_put(up);
					if (r == -ELSEWHERE)
						return elsewhere(w, len, w->last, w->must_dir);
					if (r)
						return r;
					if (link) { /* replaced behind us: what was a directory is none */
						w->mnt->p->dfs_release(link);
						return -ENOENT;
					}
					from = end;
				}
			}
			if (len)
				w->parent = dir_obj(w->dir);
			w->name = w->last;
			w->parent_path = w->path;
			w->ours = true;
			return found(w);
		}

		/* A component on the way: a directory or a link. */
		if (len + n + 2 > PATH_MAX)
			return -ENAMETOOLONG;
		w->path[len] = 0;
		struct dir_ref *up = len ? dir_find(w->mnt, w->path, len) : NULL;
		w->path[len] = '/';
		memcpy(w->path + len + 1, in, n);
		size_t next = len + 1 + n;
		w->path[next] = 0;
		w->dir = dir_find(w->mnt, w->path, next);
		if (!w->dir) {
			char comp[NAME_MAX + 1];
			memcpy(comp, in, n);
			comp[n] = 0;
			if (len && !up) { /* fell out of the cache meanwhile: open it by its path */
				dfs_obj_t *obj;
				w->path[len] = 0;
				mode_t mode;
				int rc =
				    w->mnt->p->dfs_lookup(w->mnt->dfs, w->path, O_RDONLY | O_PATH, &obj, &mode, NULL);
				if (rc)
					return -rc;
				if (!S_ISDIR(mode)) { /* what O_PATH opened need not be one */
					w->mnt->p->dfs_release(obj);
					return -ENOTDIR;
				}
				up = dir_add(w->mnt, w->path, len, obj);
				w->path[len] = '/';
				if (!up)
					return -ENOMEM;
			}
			dfs_obj_t *link = NULL;
			long r = step(w, up ? dir_obj(up) : w->mnt->root_obj, comp, next, &link);
			dir_put(up);
			up = NULL;
			if (r == -ELSEWHERE)
				return elsewhere(w, next, after, slash);
			if (r)
				return r;
			if (link) {
				char value[PATH_MAX];
				r = link_value(w, link, value);
				w->path[len] = 0;
				if (r)
					return r;
				char rest[PATH_MAX];
				strcpy(rest, after);
				if (slash && !*after)
					w->must_dir = true;
				return put_link(w, value, rest, len);
			}
		}
		dir_put(up);
		len = next;
		if (shim_nr_mounts > 1) { /* another container may be mounted here */
			char full[2 * PATH_MAX];
			memcpy(full, w->mnt->root, w->mnt->root_len);
			memcpy(full + w->mnt->root_len, w->path, len);
			full[w->mnt->root_len + len] = 0;
			struct mount *other = w->mnt->root_len + len < PATH_MAX ? mount_by_root(full) : NULL;
			if (other) {
				dir_put(w->dir);
				w->dir = NULL;
				full[w->mnt->root_len + len] = '/';
				strcpy(full + w->mnt->root_len + len + 1, after);
				if (strlen(full) >= PATH_MAX)
					return -ENAMETOOLONG;
				strcpy(w->path, full);
				if (!mount_connect(other))
					return unconnected(w, other, AT_FDCWD, w->path);
				w->mnt = other;
				len = 0;
			}
		}
		in = after;
	}
}

/* A name of an open descriptor is a link to its file. As last component it is the kernel's, for who does not follow
 * links; through a directory it goes on at that directory's path. */
static long start_at_descriptor(struct where *w, const char *path)
{
	char full[2 * PATH_MAX], own[PATH_MAX];
	const char *rest;
	int fd = fd_of_path(path, &rest);

	if (!rest[0]) {
		struct ofd *ofd = ofd_get(fd);
		w->magic = ofd && !ofd->mnt->linked ? fd : -1;
		ofd_put(ofd);
		return to_kernel(w, AT_FDCWD, path);
	}
	struct ofd *ofd = ofd_get(fd);
	long r = !ofd ? -ENOENT : ofd->kind == OFD_FILE ? -ENOTDIR : ofd_dir_path(ofd, own, sizeof(own));
	if (r || ofd->mnt->root_len + strlen(own) + strlen(rest) >= PATH_MAX) {
		ofd_put(ofd);
		return r == -ENOTDIR ? r : to_kernel(w, AT_FDCWD, path);
	}
	memcpy(full, ofd->mnt->root, ofd->mnt->root_len);
	strcpy(full + ofd->mnt->root_len, own);
	strcat(full, rest);
	ofd_put(ofd);
	r = start_absolute(w, full);
	return !r && !w->ours ? to_kernel(w, AT_FDCWD, path) : r;
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
	w->last[0] = 0;
	w->name = w->last;
	w->parent_path = w->path;
	w->path[0] = 0;
	w->no_path = true;
	if (S_ISDIR(st.st_mode))
		w->no_path = ofd_dir_path(ofd, w->path, PATH_MAX) != 0;
	else if (ofd->path && strlen(ofd->path) < PATH_MAX) {
		strcpy(w->path, ofd->path);
		w->no_path = false;
	}
	return 0;
}

/* A relative path from a directory above a mount. One with ".." in it is the kernel's to resolve. */
static long start_near(struct where *w, const char *path)
{
	char full[PATH_MAX];
	long n = SHIM_RAW(SYS_getcwd, full, sizeof(full));
	size_t len = strnlen(path, PATH_MAX);

	if (n <= 1 || (size_t)n + len + 1 > sizeof(full) || strstr(path, ".."))
		return to_kernel(w, AT_FDCWD, path);
	n -= 1 + (n == 2); /* without the NUL; the root is only the slash */
	full[n] = '/';
	memcpy(full + n + 1, path, len + 1);
	char plain[PATH_MAX];
	strcpy(plain, full);
	normalise(plain);
	if (!mount_of(plain))
		return to_kernel(w, AT_FDCWD, path);
	if (len && path[len - 1] == '/')
		strcat(plain, "/");
	long r = start_absolute(w, plain);
	return !r && !w->ours && w->kpath == plain ? to_kernel(w, AT_FDCWD, path) : r;
}

long where_find(int dirfd, const char *path, struct where *w)
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
	const char *rest;
	if (path[0] == '/')
		return fd_of_path(path, &rest) >= 0 ? start_at_descriptor(w, path) : start_absolute(w, path);
	struct ofd *ofd = dirfd == AT_FDCWD ? ofd_get_cwd() : ofd_get(dirfd);
	if (ofd)
		return start_at(w, ofd, path);
	return dirfd == AT_FDCWD && shim_cwd_near && path[0] ? start_near(w, path) : to_kernel(w, dirfd, path);
}

long where_follow(struct where *w, const char *value)
{
	char keep[PATH_MAX];
	if (strlen(value) >= PATH_MAX)
		return -ENAMETOOLONG;
	strcpy(keep, value);
	return put_link(w, keep, "", strlen(w->path));
}

long where_follow_obj(struct where *w, dfs_obj_t *link)
{
	char value[PATH_MAX];
	long r = link_value(w, link, value);
	return r ? r : where_follow(w, value);
}

void where_done(struct where *w)
{
	dir_put(w->dir);
	w->dir = NULL;
	ofd_put(w->holds);
	w->holds = NULL;
}

void where_path(const struct where *w, char *out)
{
	size_t n = strlen(w->parent_path);
	memcpy(out, w->parent_path, n);
	if (w->name[0]) {
		out[n] = '/';
		strcpy(out + n + 1, w->name);
	} else
		out[n] = 0;
}
