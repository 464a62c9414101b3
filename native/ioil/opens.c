/*
 * opens.c - see opens.h. No call can tell at no cost what an open has opened: a path may lead through symbolic links,
 * mounts made since, a directory that was moved. But an open of a file on a mount of ours is a request to its daemon, which
 * counts it before it answers, in memory that is mapped here (native/dfuse/published.c). Who else opens files on the
 * mounts at the same time makes us ask, nothing more.
 */
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <dfskit_ioctl.h>
#include "../shim/mounts.h"
#include "../shim/runtime.h"
#include "opens.h"
#include "ops.h"

/* Mounts beyond it are asked for at every open. */
#define MAX_WATCHED 16

SHIM_HOT_DATA static const struct dfskit_ioctl_stats *watched[MAX_WATCHED];
SHIM_HOT_DATA static int nr_watched;
SHIM_HOT_DATA const uint32_t *opens_of_one;
SHIM_HOT_DATA static bool unwatched; /* a daemon is there whose counters can't be seen: DAOS's, or another user's */

/* Another user could cut the page short, and us off with it. Nobody holds the lock of one that was left behind. */
static bool is_page(int fd)
{
	struct stat st;

	return SHIM_RAW(SYS_fstat, fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       (st.st_uid == 0 || st.st_uid == (uid_t)SHIM_RAW(SYS_geteuid, 0)) &&
	       st.st_size >= (off_t)sizeof(*watched[0]) && SHIM_RAW(SYS_flock, fd, LOCK_SH | LOCK_NB) == -EWOULDBLOCK;
}

static bool watch(const struct mount *mnt)
{
	char name[64];
	long at = -1;

	if (nr_watched == MAX_WATCHED)
		return false;
	snprintf(name, sizeof(name), DFSKIT_REQUESTS_NAME, major(mnt->dev), minor(mnt->dev));
	long fd = SHIM_RAW(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return false;
	if (is_page((int)fd))
		at = SHIM_RAW(SYS_mmap, NULL, sizeof(*watched[0]), PROT_READ, MAP_SHARED, fd, 0);
	SHIM_RAW(SYS_close, fd);
	if (at < 0 && at > -4096)
		return false;
	watched[nr_watched] = (const struct dfskit_ioctl_stats *)at;
	if (watched[nr_watched]->version != DFSKIT_IOCTL_VERSION) {
		SHIM_RAW(SYS_munmap, at, sizeof(*watched[0]));
		return false;
	}
	nr_watched++;
	return true;
}

void opens_watch(void)
{
	for (int i = 0; i < shim_nr_mounts; i++)
		if (shim_mounts[i].dfuse && !watch(&shim_mounts[i]))
			unwatched = true;
	static const uint32_t none;

	if (nr_watched <= 1 && !unwatched)
		opens_of_one = nr_watched ? &watched[0]->opens : &none;
}

SHIM_HOT long opens_count(void)
{
	uint64_t n = 0;

	for (int i = 0; i < nr_watched; i++)
		n += __atomic_load_n(&watched[i]->opens, __ATOMIC_ACQUIRE);
	return (long)n;
}

SHIM_HOT bool opens_elsewhere(long before)
{
	return !unwatched && opens_count() == before;
}
