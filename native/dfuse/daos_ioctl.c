/*
 * daos_ioctl.c - what the interception libraries of DAOS ask: see daos_dfuse_ioctl.h.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <daos_dfuse_ioctl.h>
#include "dfuse.h"

static int size_of(enum what what, struct inode *inode, size_t *size)
{
	d_iov_t bytes;
	int rc = handle_bytes(what, inode, &bytes);

	if (rc)
		return rc;
	*size = bytes.iov_len;
	free(bytes.iov_buf);
	return 0;
}

static void reply(fuse_req_t req, int rc, const void *out, size_t size)
{
	if (rc)
		fuse_reply_err(req, rc);
	else
		fuse_reply_ioctl(req, 0, out, size);
}

static void identity(fuse_req_t req, const struct inode *inode)
{
	const struct container *cont = inode->cont;
	struct daos_dfuse_identity out;

	memset(&out, 0, sizeof(out));
	out.version = DAOS_DFUSE_VERSION;
	out.oid = inode->oid;
	memcpy(out.pool, cont->pool_uuid, sizeof(out.pool));
	memcpy(out.cont, cont->uuid, sizeof(out.cont));
	out.flags = cont->policy.attr > 0 ? DAOS_DFUSE_CACHES_ATTRIBUTES : 0;
	reply(req, 0, &out, sizeof(out));
}

static void sizes(fuse_req_t req, struct inode *inode)
{
	struct daos_dfuse_sizes out;
	int rc;

	memset(&out, 0, sizeof(out));
	out.version = DAOS_DFUSE_VERSION;
	rc = size_of(WHAT_POOL, inode, &out.pool);
	if (rc == 0)
		rc = size_of(WHAT_CONT, inode, &out.cont);
	if (rc == 0)
		rc = size_of(WHAT_DFS, inode, &out.dfs);
	if (rc == 0 && (out.cont > DAOS_DFUSE_MAX_HANDLE || out.dfs > DAOS_DFUSE_MAX_HANDLE))
		rc = EOVERFLOW;
	reply(req, rc, &out, sizeof(out));
}

static void object_size(fuse_req_t req, struct inode *inode)
{
	struct daos_dfuse_object_size out;
	int rc;

	memset(&out, 0, sizeof(out));
	out.version = DAOS_DFUSE_VERSION;
	rc = size_of(WHAT_OBJECT, inode, &out.size);
	reply(req, rc ? rc : out.size > DAOS_DFUSE_MAX_HANDLE ? EOVERFLOW : 0, &out, sizeof(out));
}

static void handle(fuse_req_t req, struct inode *inode, enum what what, size_t size)
{
	d_iov_t bytes;
	int rc = handle_bytes(what, inode, &bytes);

	if (rc) {
		fuse_reply_err(req, rc);
		return;
	}
	reply(req, bytes.iov_len == size ? 0 : EAGAIN, bytes.iov_buf, size);
	free(bytes.iov_buf);
}

static int write_file(char *name, const d_iov_t *bytes)
{
	int fd = mkostemp(name, O_CLOEXEC), rc = 0;

	if (fd < 0)
		return errno;
	if (write(fd, bytes->iov_buf, bytes->iov_len) != (ssize_t)bytes->iov_len) {
		rc = EIO;
		unlink(name);
	}
	close(fd);
	return rc;
}

static void pool_file(fuse_req_t req, struct inode *inode, size_t size)
{
	char name[128] = DAOS_DFUSE_FILE_NAME;
	d_iov_t bytes;
	int rc = size < sizeof(DAOS_DFUSE_FILE_NAME) ? EINVAL : handle_bytes(WHAT_POOL, inode, &bytes);

	if (rc == 0) {
		rc = write_file(name, &bytes);
		free(bytes.iov_buf);
	}
	reply(req, rc, name, size < sizeof(name) ? size : sizeof(name));
}

static void user(fuse_req_t req)
{
	struct daos_dfuse_user out = {dfuse.uid, dfuse.gid};

	reply(req, 0, &out, sizeof(out));
}

/* Those that let others use the container in the name of our user. */
static bool trusted(unsigned int cmd)
{
	switch (_IOC_NR(cmd)) {
	case DAOS_DFUSE_NR_POOL:
	case DAOS_DFUSE_NR_CONT:
	case DAOS_DFUSE_NR_POOL_FILE:
	case _IOC_NR(DAOS_DFUSE_SIZES):
		return true;
	default:
		return false;
	}
}

bool daos_ioctl(fuse_req_t req, struct inode *inode, unsigned int cmd)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	size_t size = _IOC_SIZE(cmd);

	if (_IOC_TYPE(cmd) != DAOS_DFUSE_TYPE || _IOC_DIR(cmd) != _IOC_READ || inode->synthetic)
		return false;
	if (trusted(cmd) && (ctx->uid != dfuse.uid || ctx->gid != dfuse.gid)) {
		fuse_reply_err(req, EPERM);
		return true;
	}
	if (cmd == DAOS_DFUSE_IDENTITY)
		identity(req, inode);
	else if (cmd == DAOS_DFUSE_SIZES)
		sizes(req, inode);
	else if (cmd == DAOS_DFUSE_OBJECT_SIZE)
		object_size(req, inode);
	else if (cmd == DAOS_DFUSE_USER)
		user(req);
	else if (_IOC_NR(cmd) == DAOS_DFUSE_NR_POOL)
		handle(req, inode, WHAT_POOL, size);
	else if (_IOC_NR(cmd) == DAOS_DFUSE_NR_CONT)
		handle(req, inode, WHAT_CONT, size);
	else if (_IOC_NR(cmd) == DAOS_DFUSE_NR_DFS)
		handle(req, inode, WHAT_DFS, size);
	else if (_IOC_NR(cmd) == DAOS_DFUSE_NR_OBJECT)
		handle(req, inode, WHAT_OBJECT, size);
	else if (_IOC_NR(cmd) == DAOS_DFUSE_NR_POOL_FILE)
		pool_file(req, inode, size);
	else
		return false;
	return true;
}
