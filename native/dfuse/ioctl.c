/*
 * ioctl.c - what our shims ask: see dfskit_ioctl.h.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dfuse.h"

/* The bytes of a handle where they fit, and how many there are in any case. */
static int put_blob(enum what what, struct inode *inode, uint8_t *room, size_t size, uint32_t *len)
{
	d_iov_t bytes;
	int rc = handle_bytes(what, inode, &bytes);

	if (rc)
		return rc;
	*len = (uint32_t)bytes.iov_len;
	if (bytes.iov_len <= size)
		memcpy(room, bytes.iov_buf, bytes.iov_len);
	free(bytes.iov_buf);
	return 0;
}

static int describe_mount(struct inode *inode, struct dfskit_ioctl_mount *out)
{
	out->version = DFSKIT_IOCTL_VERSION;
	memcpy(out->provider, dfuse.p->name, sizeof(out->provider));
	snprintf(out->label, sizeof(out->label), "%s/%s", inode->cont->pool, inode->cont->label);
	return put_blob(WHAT_ALL, inode, out->blob, sizeof(out->blob), &out->blob_len);
}

static int check_file(const struct inode *inode)
{
	return S_ISREG(inode->type) ? 0 : S_ISDIR(inode->type) ? EISDIR : EINVAL;
}

static int describe_file(struct inode *inode, struct dfskit_ioctl_file *out)
{
	int rc = check_file(inode);

	out->version = DFSKIT_IOCTL_VERSION;
	out->oid_lo = inode->oid.lo;
	out->oid_hi = inode->oid.hi;
	out->mount_id = inode->cont->mount_id;
	out->linked = inode->cont != &dfuse.main;
	return rc ? rc : put_blob(WHAT_OBJECT, inode, out->blob, sizeof(out->blob), &out->blob_len);
}

static uint64_t sum_of(const uint8_t *bytes, size_t len)
{
	uint64_t sum = 0xcbf29ce484222325u; /* FNV-1a */

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ bytes[i]) * 0x100000001b3u;
	return sum;
}

static int describe_part(struct inode *inode, const struct dfskit_ioctl_part *in, struct dfskit_ioctl_part *out)
{
	bool file = in->of == DFSKIT_PART_FILE;
	d_iov_t bytes;
	int rc = file ? check_file(inode) : in->of == DFSKIT_PART_MOUNT ? 0 : EINVAL;

	if (rc == 0)
		rc = handle_bytes(file ? WHAT_OBJECT : WHAT_ALL, inode, &bytes);
	if (rc)
		return rc;
	out->version = DFSKIT_IOCTL_VERSION;
	out->of = in->of;
	out->offset = in->offset;
	out->total = bytes.iov_len;
	out->sum = sum_of(bytes.iov_buf, bytes.iov_len);
	if (in->offset < bytes.iov_len) {
		size_t left = bytes.iov_len - in->offset;

		out->len = (uint32_t)(left < sizeof(out->data) ? left : sizeof(out->data));
		memcpy(out->data, (const uint8_t *)bytes.iov_buf + in->offset, out->len);
	}
	free(bytes.iov_buf);
	return 0;
}

static int identify(struct inode *inode, struct dfskit_ioctl_identity *out)
{
	const struct container *cont = inode->cont;
	d_iov_t bytes;
	int rc = handle_bytes(WHAT_DFS, inode, &bytes);

	if (rc)
		return rc;
	out->mount_len = (uint32_t)bytes.iov_len;
	free(bytes.iov_buf);
	out->version = DFSKIT_IOCTL_VERSION;
	memcpy(out->provider, dfuse.p->name, sizeof(out->provider));
	snprintf(out->pool, sizeof(out->pool), "%s", cont->pool);
	snprintf(out->cont, sizeof(out->cont), "%s", cont->label);
	return 0;
}

static void count_requests(struct dfskit_ioctl_stats *out)
{
	out->version = DFSKIT_IOCTL_VERSION;
	out->opens = __atomic_load_n(&dfuse.stats->opens, __ATOMIC_RELAXED);
	for (size_t i = 0; i < sizeof(out->requests) / sizeof(out->requests[0]); i++)
		out->requests[i] = __atomic_load_n(&dfuse.stats->requests[i], __ATOMIC_RELAXED);
}

void op_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned int cmd, void *arg, struct fuse_file_info *fi, unsigned flags,
              const void *in, size_t in_size, size_t out_size)
{
	union {
		struct dfskit_ioctl_mount mount;
		struct dfskit_ioctl_file file;
		struct dfskit_ioctl_part part;
		struct dfskit_ioctl_identity identity;
		struct dfskit_ioctl_stats stats;
	} out;
	struct inode *inode = inode_of(ino);
	size_t size = _IOC_SIZE(cmd);
	int rc = 0;

	(void)arg;
	(void)fi;
	(void)flags;
	COUNT(FUSE_IOCTL);
	if (cmd != DFSKIT_IOCTL_MOUNT && cmd != DFSKIT_IOCTL_FILE && cmd != DFSKIT_IOCTL_STATS &&
	    cmd != DFSKIT_IOCTL_PART && cmd != DFSKIT_IOCTL_IDENTITY) {
		if (!daos_ioctl(req, inode, cmd))
			fuse_reply_err(req, ENOTTY);
		return;
	}
	/* The bytes open the container, whatever the modes of its files. */
	if (fuse_req_ctx(req)->uid != dfuse.uid && cmd != DFSKIT_IOCTL_IDENTITY) {
		fuse_reply_err(req, EPERM);
		return;
	}
	memset(&out, 0, sizeof(out));
	if (out_size < size || (cmd == DFSKIT_IOCTL_PART && in_size < sizeof(out.part)))
		rc = EINVAL;
	else if (cmd == DFSKIT_IOCTL_MOUNT)
		rc = describe_mount(inode, &out.mount);
	else if (cmd == DFSKIT_IOCTL_FILE)
		rc = describe_file(inode, &out.file);
	else if (cmd == DFSKIT_IOCTL_PART)
		rc = describe_part(inode, in, &out.part);
	else if (cmd == DFSKIT_IOCTL_IDENTITY)
		rc = identify(inode, &out.identity);
	else
		count_requests(&out.stats);
	if (rc)
		fuse_reply_err(req, rc);
	else
		fuse_reply_ioctl(req, 0, &out, size);
}
