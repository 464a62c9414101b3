/*
 * hidden.c - descriptors of the shim itself, out of the program's way: which they are, and that they lie high.
 */
#include <sys/resource.h>
#include "hidden.h"
#include "mounts.h"
#include "runtime.h"

#define MAX_HIDDEN 16
static _Atomic int hidden[MAX_HIDDEN]; /* number + 1 */

/* High, but not so high that the kernel's table of the process grows large. */
#define HIDE_TOP 4096u

/* Those of a provider that does not say which are its own. */
static _Atomic uint64_t provided[HIDE_TOP / 64];

/* To the first free number that lies \a below the top. */
static int move_up(int fd, unsigned int below)
{
	struct rlimit lim = {0};
	unsigned int top = HIDE_TOP;

	SHIM_RAW(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &lim);
	/* A number above the soft limit stays usable and is in nobody's way. */
	bool raise = lim.rlim_cur < HIDE_TOP && lim.rlim_max >= HIDE_TOP;
	if (raise) {
		struct rlimit more = {HIDE_TOP, lim.rlim_max};
		SHIM_RAW(SYS_prlimit64, 0, RLIMIT_NOFILE, &more, NULL);
	} else if (lim.rlim_cur < HIDE_TOP)
		top = (unsigned int)lim.rlim_cur;
	long high = SHIM_RAW(SYS_fcntl, fd, F_DUPFD_CLOEXEC, top > 2 * below ? top - below : top / 2);
	if (raise)
		SHIM_RAW(SYS_prlimit64, 0, RLIMIT_NOFILE, &lim, NULL);
	if (high >= 0) {
		SHIM_RAW(SYS_close, fd);
		fd = (int)high;
	}
	fd_floor_set();
	return fd;
}

int fd_hide_provided(int fd)
{
	fd = move_up(fd, 16 * MAX_HIDDEN);
	if ((unsigned int)fd < HIDE_TOP)
		atomic_fetch_or(&provided[fd / 64], 1ull << (fd % 64));
	return fd;
}

void fd_forget_provided(int fd)
{
	if ((unsigned int)fd < HIDE_TOP)
		atomic_fetch_and(&provided[fd / 64], ~(1ull << (fd % 64)));
}

int fd_hide(int fd)
{
	fd = move_up(fd, 2 * MAX_HIDDEN);
	for (int i = 0; i < MAX_HIDDEN; i++) {
		int none = 0;
		if (atomic_compare_exchange_strong(&hidden[i], &none, fd + 1))
			break;
	}
	return fd;
}

void fd_floor_set(void)
{
	struct rlimit lim = {0};
	SHIM_RAW(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &lim);
	unsigned int top = lim.rlim_max < HIDE_TOP ? (unsigned int)lim.rlim_max : HIDE_TOP;
	shim_fd_floor = top / 4; /* the provider keeps its own up there too */
}

void fd_unhide(int fd)
{
	for (int i = 0; i < MAX_HIDDEN; i++) {
		int it = fd + 1;
		if (atomic_compare_exchange_strong(&hidden[i], &it, 0))
			break;
	}
	SHIM_RAW(SYS_close, fd);
}

bool fd_hidden(int fd)
{
	for (int i = 0; i < MAX_HIDDEN; i++)
		if (atomic_load_explicit(&hidden[i], memory_order_relaxed) == fd + 1)
			return true;
	if ((unsigned int)fd < HIDE_TOP &&
	    atomic_load_explicit(&provided[fd / 64], memory_order_relaxed) >> (fd % 64) & 1)
		return true;
	const struct provider *p = atomic_load_explicit(&shim_provider, memory_order_relaxed);
	return p && p->dfsx_owns_fd && p->dfsx_owns_fd(fd);
}
