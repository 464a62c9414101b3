/* model_dfs.c - the operations of model.h through the DFS library. */
#include "model.h"

#include <daos.h>
#include <daos_fs.h>
#include <dfskit_ext.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

static dfs_t *dfs;
static struct {
	dfs_obj_t *obj;
	int flags;
} open_files[SLOTS];

int model_start(const char *where)
{
	char pool[128], cont[128];
	int rc;

	if (sscanf(where, "%127[^/]/%127s", pool, cont) != 2)
		return EINVAL;
	rc = dfs_init();
	return rc != 0 ? rc : dfs_connect(pool, NULL, cont, O_RDWR | O_CREAT, NULL, &dfs);
}

static void done(dfs_obj_t *obj)
{
	if (obj != NULL)
		dfs_release(obj);
}

/* Opens the directory that the last name of path is in; NULL is the root. */
static int parent_of(const char *path, dfs_obj_t **parent, const char **name)
{
	const char *slash = strrchr(path, '/');
	char dir[8192];
	mode_t mode;
	int rc;

	*parent = NULL;
	*name = slash == NULL ? path : slash + 1;
	if (strlen(path) >= 4096)
		return ENAMETOOLONG;
	if (strcmp(path, ".") == 0)
		*name = NULL;
	if (slash == NULL)
		return 0;
	snprintf(dir, sizeof(dir), "/%.*s", (int)(slash - path), path);
	rc = dfs_lookup(dfs, dir, O_RDONLY | O_PATH, parent, &mode, NULL);
	if (rc == 0 && !S_ISDIR(mode)) {
		done(*parent);
		rc = ENOTDIR;
	}
	return rc;
}

/* A call with the directory and the name of a path. */
#define AT(path, call)                                     \
	({                                                 \
		dfs_obj_t *parent;                         \
		const char *name;                          \
		int at_rc = parent_of(path, &parent, &name); \
		if (at_rc == 0) {                          \
			at_rc = (call);                    \
			done(parent);                      \
		}                                          \
		at_rc;                                     \
	})

/* A call with the object at a path, links not followed. */
#define ON(path, call)                                                                                       \
	({                                                                                                   \
		dfs_obj_t *obj = NULL;                                                                       \
		mode_t mode = S_IFDIR;                                                                       \
		int on_rc = AT(path, name == NULL ? 0                                                        \
		                                  : dfs_lookup_rel(dfs, parent, name, O_RDONLY | O_PATH | O_NOFOLLOW, \
		                                                   &obj, &mode, NULL));                      \
		(void)mode;                                                                                  \
		if (on_rc == 0) {                                                                            \
			on_rc = (call);                                                                      \
			done(obj);                                                                           \
		}                                                                                            \
		on_rc;                                                                                       \
	})

static int open_in(dfs_obj_t *parent, const char *name, int flags, mode_t mode, dfs_obj_t **obj)
{
	mode_t was;
	int rc;

	if (flags & O_CREAT) {
		rc = name == NULL ? EISDIR
		                  : dfs_open(dfs, parent, name, S_IFREG | mode, flags, 0, 0, NULL, obj);
		if (rc == EINVAL && dfs_lookup_rel(dfs, parent, name, O_RDONLY | O_PATH | O_NOFOLLOW, obj, &was, NULL) == 0) {
			done(*obj);
			rc = S_ISLNK(was) ? ELOOP : EINVAL;
		}
		return rc;
	}
	rc = name == NULL ? dfs_lookup(dfs, "/", flags & ~O_TRUNC, obj, &was, NULL)
	                  : dfs_lookup_rel(dfs, parent, name, (flags & ~O_TRUNC) | O_NOFOLLOW, obj, &was, NULL);
	if (rc != 0)
		return rc;
	if (S_ISLNK(was))
		rc = ELOOP;
	else if (S_ISDIR(was) && (flags & O_ACCMODE) != O_RDONLY)
		rc = EISDIR;
	else if (flags & O_TRUNC)
		rc = dfs_punch(dfs, *obj, 0, DFS_MAX_FSIZE);
	if (rc != 0)
		done(*obj);
	return rc;
}

/* open(2) says what a thing is before it says who may open it. */
static int type_first(dfs_obj_t *parent, const char *name, int rc)
{
	dfs_obj_t *obj;
	mode_t mode;

	if (rc != EACCES || dfs_lookup_rel(dfs, parent, name, O_RDONLY | O_PATH | O_NOFOLLOW, &obj, &mode, NULL) != 0)
		return rc;
	done(obj);
	return S_ISDIR(mode) ? EISDIR : rc;
}

int model_open(int slot, const char *path, int flags, mode_t mode)
{
	dfs_obj_t *obj;
	int rc;

	if (open_files[slot].obj != NULL)
		return EBUSY;
	rc = AT(path, open_in(parent, name, flags, mode, &obj));
	if (flags & (O_CREAT | O_ACCMODE))
		rc = rc != EACCES ? rc : AT(path, type_first(parent, name, rc));
	if (rc != 0)
		return rc;
	open_files[slot].obj = obj;
	open_files[slot].flags = flags;
	return 0;
}

int model_close(int slot)
{
	dfs_obj_t *obj = open_files[slot].obj;

	open_files[slot].obj = NULL;
	return obj == NULL ? EBADF : dfs_release(obj);
}

/* What the kernel checks in a descriptor: the library has handles instead. */
static int usable(int slot, int writing)
{
	mode_t mode;

	if (open_files[slot].obj == NULL)
		return EBADF;
	dfs_get_mode(open_files[slot].obj, &mode);
	if (writing)
		return (open_files[slot].flags & O_ACCMODE) == O_RDONLY ? EBADF : 0;
	if ((open_files[slot].flags & O_ACCMODE) == O_WRONLY)
		return EBADF;
	return S_ISDIR(mode) ? EISDIR : 0;
}

#define SGL(buf, len)                                             \
	d_iov_t iov = {.iov_buf = (void *)(uintptr_t)(buf),       \
	               .iov_buf_len = len,                        \
	               .iov_len = len};                           \
	d_sg_list_t sgl = {.sg_nr = 1, .sg_iovs = &iov}

int model_read(int slot, uint64_t off, char *buf, size_t len, size_t *got)
{
	SGL(buf, len);
	daos_size_t n = 0;
	int rc = usable(slot, 0);

	if (rc == EISDIR || rc == 0) {
		if ((int64_t)off < 0)
			rc = EINVAL;
	}
	if (rc == 0)
		rc = dfs_read(dfs, open_files[slot].obj, &sgl, off, &n, NULL);
	*got = n;
	return rc;
}

int model_write(int slot, uint64_t off, const char *buf, size_t len)
{
	SGL(buf, len);
	int rc = usable(slot, 1);

	return rc != 0 ? rc : dfs_write(dfs, open_files[slot].obj, &sgl, off, NULL);
}

int model_append(int slot, const char *buf, size_t len, uint64_t *end)
{
	SGL(buf, len);
	int rc = usable(slot, 1);

	return rc != 0 ? rc : dfsx_append(dfs, open_files[slot].obj, &sgl, end);
}

int model_truncate(int slot, uint64_t size)
{
	int rc = usable(slot, 1);

	if (rc == EBADF && open_files[slot].obj != NULL)
		return EINVAL; /* ftruncate(2) */
	return rc != 0 ? rc : dfs_punch(dfs, open_files[slot].obj, size, DFS_MAX_FSIZE);
}

int model_fallocate(int slot, int mode, uint64_t off, uint64_t len)
{
	int rc = usable(slot, 1);

	return rc != 0 ? rc : dfsx_fallocate(dfs, open_files[slot].obj, mode, off, len);
}

int model_seek(int slot, uint64_t off, int whence, uint64_t *at)
{
	if (open_files[slot].obj == NULL)
		return EBADF;
	return dfsx_seek(dfs, open_files[slot].obj, off, whence, at);
}

int model_fstat(int slot, struct stat *st)
{
	return open_files[slot].obj == NULL ? EBADF : dfs_ostat(dfs, open_files[slot].obj, st);
}

int model_fsync(int slot)
{
	return open_files[slot].obj == NULL ? EBADF : dfsx_fsync(dfs, open_files[slot].obj, false);
}

int model_sync(void)
{
	return dfs_sync(dfs);
}

int model_stat(const char *path, struct stat *st)
{
	return AT(path, dfs_stat(dfs, parent, name, st));
}

int model_follow(const char *path, struct stat *st)
{
	char absolute[8192];
	dfs_obj_t *obj;
	int rc;

	snprintf(absolute, sizeof(absolute), "/%s", path);
	rc = dfs_lookup(dfs, absolute, O_RDONLY | O_PATH, &obj, NULL, NULL);
	if (rc == 0) {
		rc = dfs_ostat(dfs, obj, st);
		done(obj);
	}
	return rc;
}

int model_mkdir(const char *path, mode_t mode)
{
	return AT(path, dfs_mkdir(dfs, parent, name, mode, 0));
}

int model_unlink(const char *path)
{
	return AT(path, dfsx_remove(dfs, parent, name, false));
}

int model_rmdir(const char *path)
{
	return AT(path, dfsx_remove(dfs, parent, name, true));
}

int model_rename(const char *from, const char *to, unsigned flags)
{
	dfs_obj_t *to_parent;
	const char *to_name;
	int rc = parent_of(to, &to_parent, &to_name), other;

	if (flags == 3) { /* said before any name is looked at */
		done(rc == 0 ? to_parent : NULL);
		return EINVAL;
	}
	if (rc != 0) { /* the kernel looks at the old path first */
		struct stat st;

		other = AT(from, dfs_stat(dfs, parent, name, &st));
		if (other == ENOENT || other == ENOTDIR)
			other = AT(from, 0);
		return other != 0 ? other : rc;
	}
	rc = AT(from, dfsx_rename(dfs, parent, name, to_parent, to_name, flags));
	done(to_parent);
	return rc;
}

int model_link(const char *from, const char *to)
{
	return ON(from, AT(to, dfsx_link(dfs, obj, parent, name)));
}

int model_symlink(const char *target, const char *path)
{
	dfs_obj_t *obj;
	int rc = AT(path, dfs_open(dfs, parent, name, S_IFLNK | 0777, O_RDWR | O_CREAT | O_EXCL, 0, 0, target, &obj));

	if (rc == 0)
		done(obj);
	return rc;
}

int model_readlink(const char *path, char *buf, size_t size)
{
	daos_size_t n = size;

	return ON(path, S_ISLNK(mode) ? dfs_get_symlink_value(obj, buf, &n) : EINVAL);
}

static int each_entry(dfs_obj_t *dir, void (*each)(const char *name, unsigned char type, uint64_t ino))
{
	struct dfsx_dirent entries[16];
	uint64_t cookie = 0;
	uint32_t n, i;
	int rc;

	do {
		n = 16;
		rc = dfsx_readdir(dfs, dir, &cookie, &n, entries, NULL);
		for (i = 0; rc == 0 && i < n; i++)
			each(entries[i].name, entries[i].type, entries[i].ino);
	} while (rc == 0 && n != 0);
	return rc;
}

int model_list(const char *path, void (*each)(const char *name, unsigned char type, uint64_t ino))
{
	char absolute[8192];
	dfs_obj_t *dir;
	mode_t mode;
	int rc;

	snprintf(absolute, sizeof(absolute), "/%s", strcmp(path, ".") == 0 ? "" : path);
	rc = dfs_lookup(dfs, absolute, O_RDONLY, &dir, &mode, NULL);
	if (rc == EACCES && dfs_lookup(dfs, absolute, O_RDONLY | O_PATH, &dir, &mode, NULL) == 0) {
		done(dir);
		return S_ISDIR(mode) ? rc : ENOTDIR;
	}
	if (rc != 0)
		return rc;
	rc = S_ISDIR(mode) ? each_entry(dir, each) : ENOTDIR;
	done(dir);
	return rc;
}

int model_chmod(const char *path, mode_t mode)
{
	struct stat st;
	int rc = model_stat(path, &st);

	return rc != 0 ? rc : S_ISLNK(st.st_mode) ? EOPNOTSUPP : AT(path, dfs_chmod(dfs, parent, name, mode));
}

int model_chown(const char *path, uid_t uid, gid_t gid)
{
	return AT(path, dfs_chown(dfs, parent, name, uid, gid, O_NOFOLLOW));
}

int model_utimes(const char *path, const struct timespec times[2])
{
	struct stat st = {.st_atim = times[0], .st_mtim = times[1]};

	return ON(path, dfs_osetattr(dfs, obj, &st, DFS_SET_ATTR_ATIME | DFS_SET_ATTR_MTIME));
}

int model_setxattr(const char *path, const char *name, const char *value, size_t len, int flags)
{
	return ON(path, S_ISLNK(mode) ? EPERM : dfs_setxattr(dfs, obj, name, value, len, flags));
}

int model_getxattr(const char *path, const char *name, char *value, size_t *len)
{
	daos_size_t n = *len;
	int rc = ON(path, S_ISLNK(mode) ? ENODATA : dfs_getxattr(dfs, obj, name, value, &n));

	*len = n;
	return rc;
}

int model_removexattr(const char *path, const char *name)
{
	return ON(path, S_ISLNK(mode) ? EPERM : dfs_removexattr(dfs, obj, name));
}

int model_listxattr(const char *path, char *list, size_t *len)
{
	daos_size_t n = *len;
	int rc = ON(path, dfs_listxattr(dfs, obj, list, &n));

	*len = n;
	return rc;
}
