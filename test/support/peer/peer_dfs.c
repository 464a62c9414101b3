/* peer_dfs.c - the calls of peer.h as a program makes them that was written for the DFS library. */
#include "peer.h"

#include <daos.h>
#include <daos_fs.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static dfs_t *dfs;
static dfs_obj_t *held;

int peer_start(const char *where)
{
	char pool[128], cont[128];

	if (sscanf(where, "%127[^/]/%127s", pool, cont) != 2)
		return EINVAL;
	int rc = dfs_init();
	return rc ? rc : dfs_connect(pool, NULL, cont, O_RDWR | O_CREAT, NULL, &dfs);
}

/* Opens the directory of \a path; NULL is the root. */
static int parent_of(const char *path, dfs_obj_t **parent, const char **name)
{
	char dir[1024];
	const char *slash = strrchr(path, '/');

	snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
	*name = slash + 1;
	*parent = NULL;
	return slash == path ? 0 : dfs_lookup(dfs, dir, O_RDWR, parent, NULL, NULL);
}

static void done(dfs_obj_t *obj)
{
	if (obj)
		dfs_release(obj);
}

/* Calls with the parent and the name of a path. */
#define WITH_PARENT(path, call)                                    \
	({                                                         \
		dfs_obj_t *parent;                                 \
		const char *name;                                  \
		int rc_ = parent_of(path, &parent, &name);         \
		if (rc_ == 0)                                      \
			rc_ = (call);                              \
		done(parent);                                      \
		rc_;                                               \
	})

static int put(const char *path, int flags, bool at_end, const char *text)
{
	dfs_obj_t *obj;
	d_iov_t iov = {.iov_buf = (void *)text, .iov_buf_len = strlen(text), .iov_len = strlen(text)};
	d_sg_list_t sgl = {.sg_nr = 1, .sg_iovs = &iov};
	daos_size_t at = 0;
	int rc = WITH_PARENT(path, dfs_open(dfs, parent, name, S_IFREG | 0644, O_RDWR | O_CREAT | flags, 0, 0, NULL, &obj));

	if (rc)
		return rc;
	if (at_end)
		rc = dfs_get_size(dfs, obj, &at);
	if (rc == 0)
		rc = dfs_write(dfs, obj, &sgl, at, NULL);
	dfs_release(obj);
	return rc;
}

int peer_write(const char *path, const char *text)
{
	return put(path, O_TRUNC, false, text);
}

int peer_append(const char *path, const char *text)
{
	return put(path, 0, true, text);
}

static int get(dfs_obj_t *obj, char *text, size_t size)
{
	d_iov_t iov = {.iov_buf = text, .iov_buf_len = size - 1, .iov_len = size - 1};
	d_sg_list_t sgl = {.sg_nr = 1, .sg_iovs = &iov};
	daos_size_t n = 0;
	int rc = dfs_read(dfs, obj, &sgl, 0, &n, NULL);

	text[rc ? 0 : n] = 0;
	return rc;
}

int peer_read(const char *path, char *text, size_t size)
{
	dfs_obj_t *obj;
	int rc = dfs_lookup(dfs, path, O_RDONLY, &obj, NULL, NULL);

	if (rc)
		return rc;
	rc = get(obj, text, size);
	dfs_release(obj);
	return rc;
}

int peer_hold(const char *path)
{
	done(held);
	held = NULL;
	return dfs_lookup(dfs, path, O_RDONLY, &held, NULL, NULL);
}

int peer_held(char *text, size_t size)
{
	return get(held, text, size);
}

int peer_stat(const char *path, struct stat *st)
{
	return WITH_PARENT(path, dfs_stat(dfs, parent, name[0] ? name : NULL, st));
}

int peer_mkdir(const char *path)
{
	return WITH_PARENT(path, dfs_mkdir(dfs, parent, name, 0755, 0));
}

int peer_rmdir(const char *path)
{
	return WITH_PARENT(path, dfs_remove(dfs, parent, name, false, NULL));
}

int peer_unlink(const char *path)
{
	return peer_rmdir(path);
}

int peer_rename(const char *from, const char *to)
{
	dfs_obj_t *new_parent;
	const char *new_name;
	int rc = parent_of(to, &new_parent, &new_name);

	if (rc == 0)
		rc = WITH_PARENT(from, dfs_move(dfs, parent, name, new_parent, new_name, NULL));
	done(new_parent);
	return rc;
}

int peer_symlink(const char *value, const char *path)
{
	dfs_obj_t *obj;
	int rc = WITH_PARENT(path, dfs_open(dfs, parent, name, S_IFLNK, O_RDWR | O_CREAT | O_EXCL, 0, 0, value, &obj));

	if (rc == 0)
		dfs_release(obj);
	return rc;
}

int peer_readlink(const char *path, char *value, size_t size)
{
	dfs_obj_t *obj;
	daos_size_t n = size;
	int rc = dfs_lookup(dfs, path, O_RDONLY | O_NOFOLLOW, &obj, NULL, NULL);

	if (rc)
		return rc;
	rc = dfs_get_symlink_value(obj, value, &n);
	dfs_release(obj);
	return rc;
}

int peer_truncate(const char *path, off_t size)
{
	dfs_obj_t *obj;
	int rc = dfs_lookup(dfs, path, O_RDWR, &obj, NULL, NULL);

	if (rc)
		return rc;
	rc = dfs_punch(dfs, obj, (daos_off_t)size, DFS_MAX_FSIZE);
	dfs_release(obj);
	return rc;
}

int peer_chmod(const char *path, mode_t mode)
{
	return WITH_PARENT(path, dfs_chmod(dfs, parent, name, mode));
}

int peer_list(const char *path, void (*each)(const char *name))
{
	dfs_obj_t *obj;
	daos_anchor_t anchor = {0};
	struct dirent entries[64];
	int rc = dfs_lookup(dfs, path, O_RDONLY, &obj, NULL, NULL);

	if (rc)
		return rc;
	while (rc == 0 && !daos_anchor_is_eof(&anchor)) {
		uint32_t n = 64;
		rc = dfs_readdir(dfs, obj, &anchor, &n, entries);
		for (uint32_t i = 0; rc == 0 && i < n; i++)
			each(entries[i].d_name);
	}
	dfs_release(obj);
	return rc;
}
