/*
 * path_test.c - does a path concern us? Asked of every path that the program or libc hands to the kernel.
 *
 * Runs between a routed instruction and the kernel (attach_quick.c), where vector registers still hold the
 * program's values: nothing here uses those, and nothing of libc is called.
 */
#pragma GCC target("general-regs-only")

#include "cwd.h"
#include "foreign.h"
#include "mounts.h"
#include "path_test.h"
#include "runtime.h"

/* Length of the common beginning is all of \a prefix. */
static bool begins(const char *s, const char *prefix)
{
	while (*prefix)
		if (*s++ != *prefix++)
			return false;
	return true;
}

/* What follows the directory of our descriptors in a path below /proc; NULL when it is another one. */
static const char *own_fds(const char *path)
{
	int pid = 0;

	if (begins(path, "self/fd/"))
		return path + sizeof("self/fd/") - 1;
	if (begins(path, "thread-self/fd/"))
		return path + sizeof("thread-self/fd/") - 1;
	for (; *path >= '0' && *path <= '9' && pid < (1 << 22); path++)
		pid = pid * 10 + *path - '0';
	return pid && pid == shim_own_pid && begins(path, "/fd/") ? path + sizeof("/fd/") - 1 : NULL;
}

int fd_of_path(const char *path, const char **rest)
{
	int fd = 0;

	*rest = "";
	if (begins(path, "/dev/std")) {
		path += sizeof("/dev/std") - 1;
		if (begins(path, "in") && !path[2])
			return 0;
		if (begins(path, "out") && !path[3])
			return 1;
		return begins(path, "err") && !path[3] ? 2 : -1;
	}
	if (begins(path, "/dev/fd/"))
		path += sizeof("/dev/fd/") - 1;
	else if (!begins(path, "/proc/") || !(path = own_fds(path + sizeof("/proc/") - 1)))
		return -1;
	if (*path < '0' || *path > '9')
		return -1;
	for (; *path >= '0' && *path <= '9' && fd < (int)SHIM_FD_MAX; path++)
		fd = fd * 10 + *path - '0';
	*rest = path;
	return *path && *path != '/' ? -1 : fd;
}

SHIM_HOT_DATA _Atomic int shim_recent_mount;

SHIM_HOT struct mount *mount_search(const char *path)
{
	struct mount *best = NULL;

	for (int i = 0; i < shim_nr_mounts; i++) {
		struct mount *mnt = &shim_mounts[i];
		if ((!best || mnt->root_len > best->root_len) && mount_holds(mnt, path))
			best = mnt;
	}
	if (best)
		atomic_store_explicit(&shim_recent_mount, (int)(best - shim_mounts), memory_order_relaxed);
	return best;
}

SHIM_HOT bool shim_path_test(int dirfd, const char *path)
{
	if (!path)
		return dirfd == AT_FDCWD ? shim_cwd != NULL : shim_fd_ours(dirfd);
	/* The lowest page is never mapped (vm.mmap_min_addr): a bad address is the kernel's to refuse. */
	if ((uintptr_t)path < 4096)
		return false;
	if (path[0] != '/') {
		if (dirfd != AT_FDCWD)
			return shim_fd_ours(dirfd);
		return shim_cwd != NULL || shim_cwd_near;
	}
	if (mount_of(path))
		return true;
	if (__builtin_expect(shim_fds != NULL, 0) && (path[1] == 'd' || path[1] == 'p'))
		return shim_fd_ours(fd_of_path(path, &path));
	/* "/x/../mnt/f" and the like also reach the mount, through the kernel. */
	return false;
}
