/*
 * ioctl.c - what a shim asks: see dfskit_ioctl.h.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dfuse.h"

static int describe_mount(const struct container *cont, struct dfskit_ioctl_mount *out)
{
	d_iov_t blob = {.iov_buf = NULL};
	int rc = dfuse.p->dfs_local2global_all(cont->dfs, &blob);

	if (rc)
		return rc;
	if (blob.iov_buf_len > sizeof(out->blob))
		return EOVERFLOW;
	blob.iov_buf = out->blob;
	blob.iov_len = blob.iov_buf_len;
	rc = dfuse.p->dfs_local2global_all(cont->dfs, &blob);
	if (rc)
		return rc;
	out->version = DFSKIT_IOCTL_VERSION;
	out->blob_len = (uint32_t)blob.iov_len;
	memcpy(out->provider, dfuse.p->name, sizeof(out->provider));
	snprintf(out->label, sizeof(out->label), "%s/%s", cont->pool, cont->label);
	return 0;
}

static int describe_file(struct inode *inode, struct dfskit_ioctl_file *out)
{
	d_iov_t blob = {.iov_buf = NULL};
	struct handle *handle;
	int rc;

	if (inode->cont != &dfuse.main)
		return EXDEV;
	if (!S_ISREG(inode->type))
		return S_ISDIR(inode->type) ? EISDIR : EINVAL;
	rc = inode_handle(inode, false, &handle);
	if (rc)
		return rc;
	rc = dfuse.p->dfs_obj_local2global(handle->dfs, handle->obj, &blob);
	if (rc == 0 && blob.iov_buf_len > sizeof(out->blob))
		rc = EOVERFLOW;
	if (rc == 0) {
		blob.iov_buf = out->blob;
		blob.iov_len = blob.iov_buf_len;
		rc = dfuse.p->dfs_obj_local2global(handle->dfs, handle->obj, &blob);
	}
	handle_put(handle);
	out->version = DFSKIT_IOCTL_VERSION;
	out->blob_len = (uint32_t)blob.iov_len;
	out->oid_lo = inode->oid.lo;
	out->oid_hi = inode->oid.hi;
	out->mount_id = inode->cont->mount_id;
	return rc;
}

static void count_requests(struct dfskit_ioctl_stats *out)
{
	out->version = DFSKIT_IOCTL_VERSION;
	for (size_t i = 0; i < sizeof(out->requests) / sizeof(out->requests[0]); i++)
		out->requests[i] = atomic_load_explicit(&dfuse.requests[i], memory_order_relaxed);
}

void op_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned int cmd, void *arg, struct fuse_file_info *fi, unsigned flags,
              const void *in, size_t in_size, size_t out_size)
{
	union {
		struct dfskit_ioctl_mount mount;
		struct dfskit_ioctl_file file;
		struct dfskit_ioctl_stats stats;
	} out;
	size_t size = _IOC_SIZE(cmd);
	int rc = 0;

	(void)arg;
	(void)fi;
	(void)flags;
	(void)in;
	(void)in_size;
	COUNT(FUSE_IOCTL);
	if (cmd != DFSKIT_IOCTL_MOUNT && cmd != DFSKIT_IOCTL_FILE && cmd != DFSKIT_IOCTL_STATS) {
		fuse_reply_err(req, ENOTTY);
		return;
	}
	/* The bytes open the container, whatever the modes of its files. */
	if (fuse_req_ctx(req)->uid != dfuse.uid) {
		fuse_reply_err(req, EPERM);
		return;
	}
	memset(&out, 0, sizeof(out));
	if (out_size < size)
		rc = EINVAL;
	else if (cmd == DFSKIT_IOCTL_MOUNT)
		rc = describe_mount(inode_of(ino)->cont, &out.mount);
	else if (cmd == DFSKIT_IOCTL_FILE)
		rc = describe_file(inode_of(ino), &out.file);
	else
		count_requests(&out.stats);
	if (rc)
		fuse_reply_err(req, rc);
	else
		fuse_reply_ioctl(req, 0, &out, size);
}
