/*
 * attributes.c - attributes, extended attributes, and those of the file system.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <daos_uns.h>
#include "dfuse.h"

static void reply_attributes(fuse_req_t req, struct inode *inode, struct stat *st)
{
	inode_complete_stat(inode, st);
	fuse_reply_attr(req, st, inode->snapshot ? 0 : inode->cont->policy.attr);
}

static bool is_open(struct inode *inode)
{
	pthread_mutex_lock(&inode->lock);
	bool open = inode->opens > 0;
	pthread_mutex_unlock(&inode->lock);
	return open;
}

void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct inode *inode = inode_of(ino);
	struct handle *handle;
	struct stat st;
	int rc;

	(void)fi;
	COUNT(FUSE_GETATTR);
	if (inode->synthetic) {
		st = (struct stat){.st_mode = S_IFLNK | 0777, .st_nlink = 1, .st_ino = (ino_t)ino};
		fuse_reply_attr(req, &st, 0);
		return;
	}
	rc = inode_handle(inode, false, &handle);
	if (rc == 0) {
		rc = is_open(inode) ? provider_open_stat(dfuse.p, handle->dfs, handle->obj, &st)
		                    : dfuse.p->dfs_ostat(handle->dfs, handle->obj, &st);
		handle_put(handle);
	}
	if (rc)
		fuse_reply_err(req, rc == ENOENT ? ESTALE : rc);
	else
		reply_attributes(req, inode, &st);
}

/* The flags of dfs_osetattr() for those of FUSE. */
static int set_flags(int to_set, struct stat *st)
{
	const struct timespec now = {0, UTIME_NOW};
	int flags = 0;

	if (to_set & FUSE_SET_ATTR_ATIME_NOW)
		st->st_atim = now;
	if (to_set & FUSE_SET_ATTR_MTIME_NOW)
		st->st_mtim = now;
	if (to_set & (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_ATIME_NOW))
		flags |= DFS_SET_ATTR_ATIME;
	if (to_set & (FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW))
		flags |= DFS_SET_ATTR_MTIME;
	if (to_set & FUSE_SET_ATTR_MODE)
		flags |= DFS_SET_ATTR_MODE;
	if (to_set & FUSE_SET_ATTR_UID)
		flags |= DFS_SET_ATTR_UID;
	if (to_set & FUSE_SET_ATTR_GID)
		flags |= DFS_SET_ATTR_GID;
	if (to_set & FUSE_SET_ATTR_SIZE)
		flags |= DFS_SET_ATTR_SIZE;
	return flags;
}

void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *st, int to_set, struct fuse_file_info *fi)
{
	struct inode *inode = inode_of(ino);
	struct handle *handle;
	struct stat got = *st;
	int flags, rc;

	COUNT(FUSE_SETATTR);
	flags = set_flags(to_set, &got);
	rc = to_set & FUSE_SET_ATTR_SIZE && !fi ? access_check(inode, W_OK) : 0; /* truncate(2): no open before it */
	if (rc == 0)
		rc = inode_handle(inode, to_set & FUSE_SET_ATTR_SIZE, &handle);
	if (rc == 0 && (rc = transport_drop_privs(handle)) != 0)
		handle_put(handle);
	if (rc) {
		fuse_reply_err(req, rc);
		return;
	}
	/* The type is no part of what may change, and the provider wants to see the true one. */
	got.st_mode = inode->type | (got.st_mode & 07777);
	provider_set_now(dfuse.p, &got);
	if (flags)
		rc = dfuse.p->dfs_osetattr(handle->dfs, handle->obj, &got, flags);
	if (rc == 0)
		rc = dfuse.p->dfs_ostat(handle->dfs, handle->obj, &got);
	handle_put(handle);
	if (rc)
		fuse_reply_err(req, rc);
	else
		reply_attributes(req, inode, &got);
}

/* The kernel asks for security.capability at every write and for ACLs at every look. */
static bool no_such_namespace(const char *name)
{
	return strncmp(name, "security.", 9) == 0 || strncmp(name, "system.", 7) == 0;
}

/* Of an object whose attribute shall be changed. */
static int xattr_handle(struct inode *inode, const char *name, struct handle **handle)
{
	int rc = no_such_namespace(name) ? EOPNOTSUPP : access_check(inode, W_OK);

	return rc ? rc : inode_handle(inode, false, handle);
}

void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size, int flags)
{
	struct handle *handle;
	int rc;

	COUNT(FUSE_SETXATTR);
	rc = xattr_handle(inode_of(ino), name, &handle);
	if (rc == 0) {
		rc = dfuse.p->dfs_setxattr(handle->dfs, handle->obj, name, value, size, flags);
		handle_put(handle);
	}
	fuse_reply_err(req, rc);
}

static void reply_bytes(fuse_req_t req, int rc, size_t room, const char *bytes, daos_size_t size)
{
	if (rc == 0 && room > 0 && size > room)
		rc = ERANGE;
	if (rc)
		fuse_reply_err(req, rc);
	else if (room == 0)
		fuse_reply_xattr(req, size);
	else
		fuse_reply_buf(req, bytes, size);
}

void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t room)
{
	char own[sizeof(((struct link *)0)->value)];
	daos_size_t size = room;
	struct handle *handle;
	char *value = NULL;
	int rc, len;

	COUNT(FUSE_GETXATTR);
	/* What stands for a container can be seen at its root, and so at every mount. */
	len = strcmp(name, DUNS_XATTR_NAME) == 0 ? link_value(inode_of(ino), own, sizeof(own)) : 0;
	if (len > 0) {
		reply_bytes(req, 0, room, own, (daos_size_t)len);
		return;
	}
	if (no_such_namespace(name)) {
		fuse_reply_err(req, strncmp(name, "system.", 7) == 0 ? EOPNOTSUPP : ENODATA);
		return;
	}
	if (room > 0 && !(value = malloc(room))) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	rc = inode_of(ino)->synthetic ? ENODATA : access_check(inode_of(ino), R_OK);
	if (rc == 0)
		rc = inode_handle(inode_of(ino), false, &handle);
	if (rc == 0) {
		rc = dfuse.p->dfs_getxattr(handle->dfs, handle->obj, name, value, &size);
		handle_put(handle);
	}
	reply_bytes(req, rc, room, value, size);
	free(value);
}

void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t room)
{
	daos_size_t size = room;
	struct handle *handle;
	char *list = NULL;
	int rc;

	COUNT(FUSE_LISTXATTR);
	if (room > 0 && !(list = malloc(room))) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	rc = inode_of(ino)->synthetic ? EOPNOTSUPP : inode_handle(inode_of(ino), false, &handle);
	if (rc == 0) {
		rc = dfuse.p->dfs_listxattr(handle->dfs, handle->obj, list, &size);
		handle_put(handle);
	}
	reply_bytes(req, rc, room, list, size);
	free(list);
}

void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	struct handle *handle;
	int rc;

	COUNT(FUSE_REMOVEXATTR);
	rc = xattr_handle(inode_of(ino), name, &handle);
	if (rc == 0) {
		rc = dfuse.p->dfs_removexattr(handle->dfs, handle->obj, name);
		handle_put(handle);
	}
	fuse_reply_err(req, rc);
}

/* For a provider without dfsx_statfs(): the space of its pool. */
static int pool_statfs(dfs_t *dfs, struct statvfs *out)
{
	const struct provider *p = dfuse.p;
	daos_pool_info_t info = {.pi_bits = DPI_SPACE};
	daos_handle_t pool;
	int rc;

	memset(out, 0, sizeof(*out));
	out->f_bsize = out->f_frsize = 4096;
	out->f_namemax = DFS_MAX_NAME;
	if (!p->dfs_pool_get || !p->daos_pool_query)
		return 0;
	rc = p->dfs_pool_get(dfs, &pool);
	if (rc)
		return rc;
	if (p->daos_pool_query(pool, NULL, &info, NULL, NULL) == 0)
		for (int i = 0; i < DAOS_MEDIA_MAX; i++) {
			out->f_blocks += info.pi_space.ps_space.s_total[i] / out->f_frsize;
			out->f_bfree += info.pi_space.ps_space.s_free[i] / out->f_frsize;
		}
	out->f_bavail = out->f_bfree;
	if (p->dfs_pool_put)
		p->dfs_pool_put(dfs, pool);
	return 0;
}

void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	dfs_t *dfs = inode_of(ino)->cont->dfs;
	struct statvfs st;
	int rc;

	COUNT(FUSE_STATFS);
	rc = dfuse.p->dfsx_statfs ? dfuse.p->dfsx_statfs(dfs, &st) : pool_statfs(dfs, &st);
	if (rc)
		fuse_reply_err(req, rc);
	else
		fuse_reply_statfs(req, &st);
}
