/*
 * access.c - who may do what, where the kernel does not ask first.
 *
 * With `default_permissions` the kernel checks permissions by attributes that it must know, so it fetches those of each
 * directory of a path, and of a file before it opens it: that doubles the requests of nearly every call. But when only
 * the user of the daemon may enter the mount, whatever a request asks for is done in the name of who made it, and the
 * provider checks as it does for a program that calls it. What is left for us are descriptors and handles that are
 * there already. The kernel still wants an x bit on what it executes.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <dfskit_ioctl.h>
#include "dfuse.h"

bool access_by_kernel(void)
{
	/* Other users come with other rights than ours; and libdfs checks no permissions of files. */
	return dfuse.opts.allow_other || dfuse.opts.default_permissions || !dfuse.p->dfsx_open_oid;
}

static bool in_group(gid_t gid)
{
	gid_t few[256];
	int n;

	if (gid == dfuse.gid)
		return true;
	n = getgroups(256, few);
	while (n-- > 0)
		if (few[n] == gid)
			return true;
	return false;
}

static int check(const struct stat *st, int mask)
{
	mode_t bits = st->st_mode;

	if (dfuse.uid == 0) /* path_resolution(7): only the execution of a file needs some x */
		return mask & X_OK && !S_ISDIR(bits) && !(bits & 0111) ? EACCES : 0;
	if (st->st_uid == dfuse.uid)
		bits >>= 6;
	else if (in_group(st->st_gid))
		bits >>= 3;
	return (bits & (mode_t)mask) == (mode_t)mask ? 0 : EACCES;
}

int access_check(struct inode *inode, int mask)
{
	struct handle *handle;
	struct stat st;
	int rc;

	if (inode->synthetic || access_by_kernel() || (dfuse.uid == 0 && !(mask & X_OK)))
		return 0;
	rc = inode_handle(inode, false, &handle);
	if (rc)
		return rc;
	rc = dfuse.p->dfs_ostat(handle->dfs, handle->obj, &st);
	handle_put(handle);
	return rc ? rc : check(&st, mask);
}

int access_check_open(struct inode *inode, int flags)
{
	static const int needs[] = {[O_RDONLY] = R_OK, [O_WRONLY] = W_OK, [O_RDWR] = R_OK | W_OK, [O_ACCMODE] = 0};

	if (flags & DFSKIT_OPEN_HELD) /* whoever may enter the mount could open the object without us */
		return 0;
	return access_check(inode, needs[flags & O_ACCMODE] | (flags & O_TRUNC ? W_OK : 0));
}

void op_access(fuse_req_t req, fuse_ino_t ino, int mask)
{
	COUNT(FUSE_ACCESS);
	fuse_reply_err(req, access_check(inode_of(ino), mask & (R_OK | W_OK | X_OK)));
}
