/*
 * placeholder.c - the files that stand behind descriptors of ours, and a number that is kept for our own use.
 *
 * A placeholder is a duplicate of one sealed memfd: a regular file, so poll finds it always ready, of which a call that
 * reached it by mistake reads nothing and which it can't write.
 */
#include <stdio.h>
#include <sys/resource.h>
#include "hidden.h"
#include "memfile.h"
#include "placeholder.h"
#include "runtime.h"

static _Atomic int placeholder = -1;
/* A number for fd_open_aside() when the hard limit is reached. */
static _Atomic int aside = -1;

/* Keeps \a fd as *place, unless another thread was faster. */
static int placeholder_keep(_Atomic int *place, int fd)
{
	int none = -1;

	fd = fd_hide(fd);
	if (!atomic_compare_exchange_strong(place, &none, fd)) {
		fd_unhide(fd);
		fd = none;
	}
	return fd;
}

int placeholder_get(void)
{
	int fd = atomic_load(&placeholder);
	if (fd >= 0)
		return fd;
	long mem = memory_file_sealed("dfskit-placeholder");
	if (mem < 0)
		return (int)mem;
	fd = placeholder_keep(&placeholder, (int)mem);
	fd_aside_refill();
	return fd;
}

void fd_aside_refill(void)
{
	int like = atomic_load(&placeholder);

	if (__builtin_expect(atomic_load_explicit(&aside, memory_order_relaxed) >= 0, 1) || like < 0)
		return;
	long spare = SHIM_RAW(SYS_fcntl, like, F_DUPFD_CLOEXEC, 0);
	if (spare >= 0)
		placeholder_keep(&aside, (int)spare);
}

long fd_open_aside(const char *path, uint32_t flags)
{
	struct rlimit lim = {0};
	long fd = SHIM_RAW(SYS_openat, AT_FDCWD, path, flags);

	if (fd != -EMFILE)
		return fd;
	fd_unpark();
	SHIM_RAW(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &lim);
	bool raise = lim.rlim_cur < lim.rlim_max;
	int kept = raise ? -1 : atomic_exchange(&aside, -1);
	if (raise) {
		struct rlimit more = {lim.rlim_max - lim.rlim_cur < 64 ? lim.rlim_max : lim.rlim_cur + 64,
		                      lim.rlim_max};
		SHIM_RAW(SYS_prlimit64, 0, RLIMIT_NOFILE, &more, NULL);
	}
	if (kept >= 0)
		fd_unhide(kept);
	fd = SHIM_RAW(SYS_openat, AT_FDCWD, path, flags);
	if (raise)
		SHIM_RAW(SYS_prlimit64, 0, RLIMIT_NOFILE, &lim, NULL);
	return fd;
}

/* What O_PATH gives refuses nearly every call: so does its placeholder, where proc(5) is there to make one. */
int path_placeholder_get(void)
{
	static _Atomic int path_placeholder = -1;
	char name[64];
	int fd = atomic_load(&path_placeholder);

	if (fd >= 0)
		return fd;
	fd = placeholder_get();
	if (fd < 0)
		return fd;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	long path = SHIM_RAW(SYS_openat, AT_FDCWD, name, O_PATH | O_CLOEXEC);
	return path < 0 ? fd : placeholder_keep(&path_placeholder, (int)path);
}
