/*
 * opened.c - libioil: the kernel opens, then the descriptor of a regular file on dfuse becomes ours.
 *
 * It stays the real descriptor; only its data calls are answered here. One ioctl asks what a descriptor is, unless
 * opens.c says that it is none of ours. A file system that is no dfuse refuses it (ENOTTY) faster than any call would
 * tell which file system it is; on dfuse the answer says all that is needed.
 */
#include <string.h>
#include <sys/stat.h>
#include "../shim/attach.h"
#include "../shim/attributes.h"
#include "../shim/flavour.h"
#include "../shim/opened.h"
#include "../shim/runtime.h"
#include "opens.h"
#include "calls.h"
#include "ops.h"

const bool shim_takes_paths = false;

/* The descriptor that this thread has looked at last: libc's function of a symbol makes a system call that is looked at
 * too, where libc is routed. */
static _Thread_local int looked = -1;

SHIM_HOT long op_opening(void)
{
	looked = -1;
	return opens_count();
}

SHIM_HOT long op_opened(int fd, int flags, long before, bool again)
{
	if (again && looked == fd)
		return 0;
	looked = fd;
	return fd >= 0 && !opens_elsewhere(before) && shim_opened(fd, flags);
}

static long look(const long regs[7])
{
	looked = (int)regs[0];
	if (shim_opened(looked, (int)regs[3]))
		SHIM_COUNT(CALL_openat, taken);
	return regs[0];
}

/** Behind an openat() that was of a file on the mount: regs[0] is its result. Called with vector state saved. */
long attach_opened(const long regs[7])
{
	return attach_undisturbed(look, regs);
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
	opens_watch();
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
