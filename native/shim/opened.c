/*
 * opened.c - a file that the kernel has opened becomes ours. Its descriptor stays the real one; data calls on it are
 * answered here.
 */
#include "ask.h"
#include "fdtable.h"
#include "mounts.h"
#include "ofd.h"
#include "opened.h"
#include "rings.h"

bool shim_opened(int fd, int flags)
{
	dfs_obj_t *obj;

	if (!shim_nr_mounts || flags & (O_PATH | O_DIRECTORY))
		return false;
	struct mount *mnt = ask_opened(fd, (flags & O_ACCMODE) == O_RDONLY ? O_RDONLY : O_RDWR, &obj);
	if (!mnt)
		return false;
	struct ofd *ofd = ofd_new(mnt, obj, NULL, OFD_FILE, (uint32_t)flags);
	if (!ofd) {
		mnt->p->dfs_release(obj);
		return false;
	}
	atomic_store(&ofd->real, true);
	fd_assign(fd, ofd);
	fd_show(fd);
	return true;
}
