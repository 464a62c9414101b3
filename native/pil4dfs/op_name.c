/*
 * op_name.c - calls that make, remove and change names.
 *
 * The provider's extensions give what the public DFS API lacks (types checked on removal, hard links,
 * RENAME_NOREPLACE); without them the nearest public call is used after a check of the type.
 */
#include <stdio.h>
#include <string.h>
#include <linux/fs.h>
#include "../shim/attributes.h"
#include "../shim/fdtable.h"
#include "../shim/links.h"
#include "../shim/mounts.h"
#include "../shim/ofd.h"
#include "../shim/path_test.h"
#include "../shim/runtime.h"
#include "../shim/where.h"
#include "names.h"
#include "ops.h"

mode_t shim_umask = 022;

long op_umask(mode_t mask)
{
	shim_umask = mask & 0777;
	return SHIM_RAW(SYS_umask, mask);
}

long op_mkdirat(int dirfd, const char *path, mode_t mode)
{
	struct where w;
	long r = where_find(dirfd, path, &w);

	if (!r && !w.ours)
		r = SHIM_RAW(SYS_mkdirat, w.dirfd, w.kpath, mode);
	else if (!r)
		r = !path[0] ? -ENOENT
		    : !w.name[0]
		        ? -EEXIST
		        : -w.mnt->p->dfs_mkdir(w.mnt->dfs, w.parent, w.name, (mode & 01777 & ~shim_umask) | S_IFDIR, 0);
	where_done(&w);
	return r;
}

/* Whether something that is no directory can be made there: the name must not be, nor end in a slash. */
static long new_name(const struct where *to)
{
	struct stat st;

	if (!to->name[0])
		return -EEXIST;
	long r = where_lstat(to, &st);
	return r == 0 ? -EEXIST : r == -ENOENT && !to->must_dir ? 0 : r;
}

long op_mknodat(int dirfd, const char *path, mode_t mode, dev_t dev)
{
	struct where w;
	long r = where_find(dirfd, path, &w);

	if (!r && !w.ours)
		r = SHIM_RAW(SYS_mknodat, w.dirfd, w.kpath, mode, dev);
	else if (!r && (mode & S_IFMT) && !S_ISREG(mode))
		r = -EPERM; /* no pipes, sockets or devices in DFS: mknod(2) */
	else if (!r && !path[0])
		r = -ENOENT;
	else if (!r && !(r = new_name(&w))) {
		dfs_obj_t *obj;
		r = -w.mnt->p->dfs_open(w.mnt->dfs, w.parent, w.name, S_IFREG | (mode & 07777 & ~shim_umask),
		                        O_CREAT | O_EXCL | O_RDWR, 0, 0, NULL, &obj);
		if (!r)
			w.mnt->p->dfs_release(obj);
	}
	where_done(&w);
	return r;
}

static long remove_checked(const struct where *w, bool is_dir)
{
	const struct provider *p = w->mnt->p;
	struct stat st;

	if (p->dfsx_remove)
		return -p->dfsx_remove(w->mnt->dfs, w->parent, w->name, is_dir);
	long r = where_lstat(w, &st);
	if (!r && is_dir && !S_ISDIR(st.st_mode))
		r = -ENOTDIR;
	if (!r && !is_dir && S_ISDIR(st.st_mode))
		r = -EISDIR;
	if (!r && is_dir && link_named(w->mnt, w->parent, w->name))
		r = -EXDEV;
	if (!r)
		r = -p->dfs_remove(w->mnt->dfs, w->parent, w->name, false, NULL);
	if (!r && is_dir)
		provider_dirs_changed(p);
	return r;
}

long op_unlinkat(int dirfd, const char *path, int flags)
{
	struct where w;
	bool is_dir = flags & AT_REMOVEDIR;

	if (flags & ~AT_REMOVEDIR)
		return -EINVAL;
	long r = where_find(dirfd, path, &w);

	if (!r && !w.ours)
		r = SHIM_RAW(SYS_unlinkat, w.dirfd, w.kpath, flags);
	else if (!r && !path[0])
		r = -ENOENT;
	else if (!r && !w.name[0]) { /* "." and "..", or the root of the mount */
		size_t n = strlen(path);
		bool dot = n && path[n - 1] == '.' && (n == 1 || path[n - 2] == '/');
		bool dotdot = n > 1 && path[n - 1] == '.' && path[n - 2] == '.';
		r = !is_dir ? -EISDIR : dot ? -EINVAL : dotdot ? -ENOTEMPTY : -EBUSY;
	} else if (!r && w.must_dir && !is_dir) {
		struct stat st;
		r = where_lstat(&w, &st);
		if (!r)
			r = S_ISDIR(st.st_mode) ? -EISDIR : -ENOTDIR;
	} else if (!r)
		r = remove_checked(&w, is_dir);
	where_done(&w);
	return r;
}

/* What a slash at the end asks for, a directory, is looked at after both names are there that have to be: rename(2). */
static long rename_slash(const struct where *from, const struct where *to, unsigned int flags)
{
	struct stat st, at;

	if (!from->must_dir && !to->must_dir)
		return 0;
	long r = where_lstat(from, &st), there = where_lstat(to, &at);
	if (r)
		return r;
	if (flags & RENAME_NOREPLACE && !there)
		return -EEXIST;
	if (flags & RENAME_EXCHANGE && there)
		return there;
	if (flags & RENAME_EXCHANGE && to->must_dir && !S_ISDIR(at.st_mode))
		return -ENOTDIR;
	bool asked = from->must_dir || !(flags & RENAME_EXCHANGE);
	return asked && !S_ISDIR(st.st_mode) ? -ENOTDIR : 0;
}

/* One name is the kernel's: it gets both and says what it thinks of them. False when there is no dfuse to say it by. */
static bool to_kernel(struct where *w, char path[2 * PATH_MAX])
{
	if (!w->ours)
		return true;
	if (!w->mnt->dfuse || w->no_path)
		return false;
	memcpy(path, w->mnt->root, w->mnt->root_len);
	where_path(w, path + w->mnt->root_len);
	if (w->must_dir)
		strcat(path, "/");
	w->dirfd = AT_FDCWD;
	w->kpath = path;
	return true;
}

/* The kernel looks at the directories of the names, the first one's first, before it looks at the names: whether they
 * are there and may be searched. */
static long parent_there(const struct where *w)
{
	char path[PATH_MAX];
	struct stat st;
	size_t n = w->ours ? 0 : strnlen(w->kpath, PATH_MAX);

	if (w->ours) /* libdfs checks no permissions of directories */
		return w->mnt->p->dfsx_open_oid ? -w->mnt->p->dfs_access(w->mnt->dfs, w->parent, NULL, X_OK) : 0;
	if (n == PATH_MAX)
		return 0;
	while (n > 1 && w->kpath[n - 1] == '/')
		n--;
	while (n && w->kpath[n - 1] != '/')
		n--;
	memcpy(path, w->kpath, n);
	strcpy(path + n, ".");
	return SHIM_RAW(SYS_newfstatat, w->dirfd, path, &st, 0);
}

/* The working directory goes with what was moved. */
static void follow_rename(const struct where *from, const struct where *to)
{
	char a[PATH_MAX + NAME_MAX + 2], b[PATH_MAX + NAME_MAX + 2];

	if (from->no_path || to->no_path)
		return;
	where_path(from, a);
	where_path(to, b);
	cwd_renamed(from->mnt, a, b);
}

/* Is \a w what is mounted in a directory of \a mnt? */
static bool mounted_in(const struct where *w, const struct mount *mnt)
{
	char above[PATH_MAX];

	if (w->name_len || w->parent_len)
		return false;
	memcpy(above, w->mnt->root, w->mnt->root_len + 1);
	*strrchr(above, '/') = 0;
	return mount_of(above) == mnt;
}

static long rename_ours(const struct where *from, const struct where *to, unsigned int flags)
{
	bool directory;

	if (from->mnt != to->mnt && mounted_in(to, from->mnt))
		return flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	if (from->mnt != to->mnt)
		return mounted_in(from, to->mnt) ? -EBUSY : -EXDEV;
	if (!from->name[0] || !to->name[0])
		return flags & RENAME_NOREPLACE && from->name[0] ? -EEXIST : -EBUSY;
	long r = rename_slash(from, to, flags);
	if (r)
		return r;
	r = -provider_rename(from->mnt->p, from->mnt->dfs, from->parent, from->name, to->parent, to->name, flags,
	                     &directory);
	if (!r && directory)
		follow_rename(from, to);
	return r;
}

long op_renameat2(int olddirfd, const char *oldpath, int newdirfd, const char *newpath, unsigned int flags)
{
	struct where from, to;
	char a[2 * PATH_MAX], b[2 * PATH_MAX];

	if (flags & ~(unsigned int)(RENAME_NOREPLACE | RENAME_EXCHANGE) ||
	    flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	long r = where_find(olddirfd, oldpath, &from);
	if (!r && !oldpath[0])
		r = -ENOENT;
	if (r) {
		where_done(&from);
		return r;
	}
	r = where_find(newdirfd, newpath, &to);
	if (!r && !newpath[0])
		r = -ENOENT;
	if (r)
		r = parent_there(&from) ?: r;
	else if (!from.ours || !to.ours)
		r = parent_there(&from) ?: parent_there(&to);
	if (!r && (!from.ours || !to.ours)) {
		bool said = to_kernel(&from, a) && to_kernel(&to, b);
		/* From a directory that has no path any more the words of the program lead as far as any. */
		if (said)
			r = SHIM_RAW(SYS_renameat2, from.dirfd, from.kpath, to.dirfd, to.kpath, flags);
		else if (olddirfd == AT_FDCWD && newdirfd == AT_FDCWD &&
		         ((from.ours && from.no_path && from.mnt->dfuse) || (to.ours && to.no_path && to.mnt->dfuse)))
			r = SHIM_RAW(SYS_renameat2, olddirfd, oldpath, newdirfd, newpath, flags);
		else
			r = -EXDEV;
	} else if (!r)
		r = rename_ours(&from, &to, flags);
	where_done(&to);
	where_done(&from);
	return r;
}

/* Another name for an object that is open. */
static long link_object(struct mount *mnt, dfs_obj_t *obj, mode_t mode, int newdirfd, const char *newpath)
{
	struct where to;
	long r = where_find(newdirfd, newpath, &to);

	if (!r && !newpath[0])
		r = -ENOENT;
	else if (!r && !to.ours) {
		/* What the kernel says of any link from here to there, as that of a directory is never made. */
		r = SHIM_RAW(SYS_linkat, AT_FDCWD, mnt->root, to.dirfd, to.kpath, 0);
		r = !r || r == -EPERM ? -EXDEV : r;
	} else if (!r)
		r = new_name(&to);
	if (!r && to.mnt != mnt)
		r = -EXDEV;
	else if (!r && S_ISDIR(mode))
		r = -EPERM;
	else if (!r)
		r = mnt->p->dfsx_link ? -mnt->p->dfsx_link(mnt->dfs, obj, to.parent, to.name) : -EPERM;
	where_done(&to);
	return r;
}

/* Another name for something that only the kernel knows. */
static long link_foreign(int olddirfd, const char *oldpath, int newdirfd, const char *newpath, int flags)
{
	struct where to;
	struct stat st;
	char full[2 * PATH_MAX];
	long r = where_find(newdirfd, newpath, &to);

	if (!r && to_kernel(&to, full))
		r = SHIM_RAW(SYS_linkat, olddirfd, oldpath, to.dirfd, to.kpath, flags);
	else { /* the old name is looked at first */
		int how = (flags & AT_EMPTY_PATH) | (flags & AT_SYMLINK_FOLLOW ? 0 : AT_SYMLINK_NOFOLLOW);
		long there = SHIM_RAW(SYS_newfstatat, olddirfd, oldpath, &st, how);
		r = there ? there : r ? r : -EXDEV;
	}
	where_done(&to);
	return r;
}

long op_linkat(int olddirfd, const char *oldpath, int newdirfd, const char *newpath, int flags)
{
	struct where from;
	dfs_obj_t *obj;
	mode_t mode;
	int err = 0;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	bool itself = flags & AT_EMPTY_PATH && !oldpath[0];
	struct ofd *ofd = !itself ? NULL : olddirfd == AT_FDCWD ? ofd_get_cwd() : ofd_get(olddirfd);
	if (ofd && !ofd->mnt->linked) {
		obj = ofd_obj(ofd, &err);
		long r = obj ? link_object(ofd->mnt, obj, ofd->kind == OFD_DIR ? S_IFDIR : S_IFREG, newdirfd, newpath)
		             : -err;
		ofd_put(ofd);
		return r;
	}
	ofd_put(ofd);
	if (itself)
		return link_foreign(olddirfd, oldpath, newdirfd, newpath, flags);
	long r = where_open(olddirfd, oldpath, flags & AT_SYMLINK_FOLLOW, O_RDONLY | O_PATH, &from, &obj, &mode);
	if (!r && from.ours) {
		r = link_object(from.mnt, obj, mode, newdirfd, newpath);
		from.mnt->p->dfs_release(obj);
	} else if (!r)
		r = link_foreign(from.dirfd, from.kpath, newdirfd, newpath, flags);
	where_done(&from);
	return r;
}

long op_symlinkat(const char *target, int newdirfd, const char *newpath)
{
	struct where w;
	dfs_obj_t *obj;

	if (!target[0])
		return -ENOENT;
	long r = where_find(newdirfd, newpath, &w);
	if (!r && !w.ours)
		r = SHIM_RAW(SYS_symlinkat, target, w.dirfd, w.kpath);
	else if (!r && !newpath[0])
		r = -ENOENT;
	else if (!r && !(r = new_name(&w))) {
		r = strlen(target) >= PATH_MAX ? -ENAMETOOLONG
		                               : -w.mnt->p->dfs_open(w.mnt->dfs, w.parent, w.name, S_IFLNK | 0777,
		                                                     O_CREAT | O_EXCL | O_RDWR, 0, 0, target, &obj);
		if (!r)
			w.mnt->p->dfs_release(obj);
	}
	where_done(&w);
	return r;
}

static long link_bytes(struct mount *mnt, dfs_obj_t *obj, char *buf, size_t size)
{
	char value[PATH_MAX];
	daos_size_t len = sizeof(value);
	long r = -mnt->p->dfs_get_symlink_value(obj, value, &len);

	if (r)
		return r;
	size_t n = strnlen(value, sizeof(value));
	memcpy(buf, value, n < size ? n : size);
	return (long)(n < size ? n : size);
}

/* The link that proc(5) shows for a descriptor. */
static long descriptor_link(int fd, char *buf, size_t size)
{
	struct ofd *ofd = ofd_get(fd);
	char own[PATH_MAX];
	struct stat st = {.st_nlink = 1};
	size_t n = 0;

	if (!ofd)
		return -ENOENT;
	if (ofd->kind != OFD_DIR || ofd_dir_path(ofd, own, sizeof(own)) != 0)
		ofd->path ? snprintf(own, sizeof(own), "%s", ofd->path)
		          : snprintf(own, sizeof(own), "/#%lu", (unsigned long)ofd->oid.lo);
	ofd_stat(ofd, &st);
	const char *parts[3] = {ofd->mnt->root, own, st.st_nlink ? "" : " (deleted)"};
	for (int i = 0; i < 3; i++) {
		size_t len = strnlen(parts[i], size - n);
		memcpy(buf + n, parts[i], len);
		n += len;
	}
	ofd_put(ofd);
	return (long)n;
}

long op_readlinkat(int dirfd, const char *path, char *buf, size_t size)
{
	struct where w;
	dfs_obj_t *obj;
	mode_t mode;
	int err = 0;

	if ((int)size <= 0)
		return -EINVAL;
	const char *rest;
	if (path[0] == '/' && strncmp(path, "/dev/std", 8) != 0 && fd_of_path(path, &rest) >= 0 && !rest[0])
		return descriptor_link(fd_of_path(path, &rest), buf, size);
	if (!path[0]) { /* of a descriptor opened with O_PATH | O_NOFOLLOW */
		struct ofd *ofd = ofd_get(dirfd);
		if (!ofd)
			return -ENOENT;
		obj = ofd->kind == OFD_PATH ? ofd_obj(ofd, &err) : NULL;
		long r = obj ? link_bytes(ofd->mnt, obj, buf, size) : err ? -err : -EINVAL;
		ofd_put(ofd);
		return r;
	}
	long r = where_open(dirfd, path, false, O_RDONLY | O_PATH, &w, &obj, &mode);
	if (!r && w.ours) {
		r = S_ISLNK(mode) ? link_bytes(w.mnt, obj, buf, size) : -EINVAL;
		w.mnt->p->dfs_release(obj);
	} else if (!r)
		r = SHIM_RAW(SYS_readlinkat, w.dirfd, w.kpath, buf, size);
	where_done(&w);
	return r;
}
