/*
 * opened.c - libioil: the kernel opens, then the descriptor of a regular file on dfuse becomes ours.
 *
 * It stays the real descriptor; only its data calls are answered here. One ioctl asks what a descriptor is. A file
 * system that is no dfuse refuses it (ENOTTY) faster than any call would tell which file system it is; on dfuse the
 * answer says all that is needed.
 */
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <dfskit_ioctl.h>
#include "../shim/attributes.h"
#include "ops.h"
#include "../shim/runtime.h"

const bool shim_takes_paths = false;

/* The mount that a descriptor of ours is on: known by its identifier, once that was seen with the device. */
static struct mount *mount_of_file(int fd, uint64_t id)
{
	struct statx stx;

	for (int i = 0; i < shim_nr_mounts; i++)
		if (atomic_load_explicit(&shim_mounts[i].id, memory_order_relaxed) == id)
			return &shim_mounts[i];
	/* What is cached of the file is enough to see its device: no request to the daemon. */
	if (SHIM_RAW(SYS_statx, fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &stx))
		return NULL;
	dev_t dev = makedev(stx.stx_dev_major, stx.stx_dev_minor);
	for (int i = 0; i < shim_nr_mounts; i++)
		if (shim_mounts[i].dfuse && shim_mounts[i].dev == dev) {
			atomic_store_explicit(&shim_mounts[i].id, id, memory_order_relaxed);
			return &shim_mounts[i];
		}
	return NULL;
}

long op_opened(int fd, int flags)
{
	struct dfskit_ioctl_file info;

	if (!shim_nr_mounts || fd < 0 || flags & (O_PATH | O_DIRECTORY))
		return fd;
	if (SHIM_RAW(SYS_ioctl, fd, DFSKIT_IOCTL_FILE, &info) || info.version != DFSKIT_IOCTL_VERSION ||
	    info.blob_len > sizeof(info.blob))
		return fd;
	struct mount *mnt = mount_of_file(fd, info.mount_id);
	if (!mnt || !mount_connect(mnt))
		return fd;

	d_iov_t blob = {.iov_buf = info.blob, .iov_buf_len = info.blob_len, .iov_len = info.blob_len};
	dfs_obj_t *obj;
	int acc = (flags & O_ACCMODE) == O_RDONLY ? O_RDONLY : O_RDWR;
	if (mnt->p->dfs_obj_global2local(mnt->dfs, acc, blob, &obj))
		return fd;
	struct ofd *ofd = ofd_new(mnt, obj, OFD_FILE, (uint32_t)flags, NULL, "");
	if (!ofd) {
		mnt->p->dfs_release(obj);
		return fd;
	}
	atomic_store(&ofd->real, true);
	fd_assign(fd, ofd);
	fd_show(fd);
	return fd;
}

long shim_program_copy(int dirfd, const char *path, int flags)
{
	(void)dirfd;
	(void)path;
	(void)flags;
	return -ENOENT; /* there is a mount, or nothing here concerns it */
}

void shim_flavour_start(void)
{
	shim_paths_active = 0; /* paths are the kernel's */
}

long op_statx(int dirfd, const char *path, int flags, unsigned int mask, struct statx *stx)
{
	struct stat st;

	if (!(flags & AT_EMPTY_PATH) || (path && path[0]))
		return SHIM_RAW(SYS_statx, dirfd, path, flags, mask, stx);
	long r = op_fstat(dirfd, &st);
	if (!r)
		stat_to_statx(&st, stx);
	return r;
}
