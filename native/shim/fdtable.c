/*
 * fdtable.c - which descriptors are ours: the table from numbers to open-file descriptions.
 *
 * A DFS file holds a real kernel descriptor (placeholder.c): numbers, dup, close-on-exec, limits and poll are the
 * kernel's.
 */
#include <string.h>
#include <sys/mman.h>
#include "arena.h"
#include "cwd.h"
#include "fdtable.h"
#include "foreign.h"
#include "fork.h"
#include "locks.h"
#include "ofd.h"
#include "parking.h"
#include "placeholder.h"
#include "rings.h"
#include "runtime.h"
#include "solo.h"

#define FIRST MEMORY_LINE(44) /* where the table begins in its pages */
SHIM_HOT_DATA unsigned int shim_fd_top;

SHIM_HOT static struct ofd *load_ref(struct ofd *volatile *from)
{
	for (;;) {
		struct ofd *ofd = __atomic_load_n(from, __ATOMIC_ACQUIRE);
		if (!ofd || ofd == &foreign_mark)
			return NULL;
		if (ofd == &parked_mark) { /* closed, as the program will see */
			fd_unpark();
			return NULL;
		}
		if (!ofd_ref(ofd))
			continue; /* being closed: the entry changes in a moment */
		if (__atomic_load_n(from, __ATOMIC_ACQUIRE) == ofd)
			return ofd;
		ofd_put(ofd);
	}
}

SHIM_HOT struct ofd *ofd_get(int fd)
{
	if (!shim_fd_ours(fd) || (unsigned int)fd >= SHIM_FD_MAX)
		return NULL;
	struct ofd *theirs;
	if (__builtin_expect(atomic_load_explicit(&shim_foreign_pid, memory_order_relaxed) != 0, 0) &&
	    foreign_get(fd, &theirs))
		return theirs;
	return load_ref(&shim_fds[fd]);
}

struct ofd *ofd_get_cwd(void)
{
	return load_ref((struct ofd *volatile *)&shim_cwd);
}

static bool table_make(void)
{
	if (__atomic_load_n(&shim_fds, __ATOMIC_ACQUIRE))
		return true;
	size_t size = SHIM_FD_MAX * sizeof(*shim_fds) + FIRST;
	long at =
	    SHIM_RAW(SYS_mmap, NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
	if (at < 0)
		return false;
	struct ofd **none = NULL;
	if (!__atomic_compare_exchange_n(&shim_fds, &none, (struct ofd **)(at + FIRST), false, __ATOMIC_ACQ_REL,
	                                 __ATOMIC_ACQUIRE))
		SHIM_RAW(SYS_munmap, at, size);
	fork_watch();
	return true;
}

SHIM_HOT void fd_assign(int fd, struct ofd *ofd)
{
	if ((unsigned int)fd >= SHIM_FD_MAX || !table_make()) {
		ofd_put(ofd);
		return;
	}
	unsigned int top = __atomic_load_n(&shim_fd_top, __ATOMIC_RELAXED);
	while (ofd && (unsigned int)fd >= top &&
	       !__atomic_compare_exchange_n(&shim_fd_top, &top, (unsigned int)fd + 1, false, __ATOMIC_RELAXED,
	                                    __ATOMIC_RELAXED))
		;
	if (fd_foreign_child()) {
		foreign_assign(fd, ofd);
		return;
	}
	struct ofd *old = solo_swap(&shim_fds[fd], ofd);
	if (old == &parked_mark)
		fd_parked_replaced(fd);
	else if (old && old != &foreign_mark) {
		stream_leave(old);
		ofd_put(old);
	}
}

/* A duplicate of the placeholder `from` at the lowest free number from min on, or -errno. */
static long duplicate(int from, int min, bool cloexec)
{
	uint64_t begin = fd_low_begin();
	long fd = from < 0 ? from : SHIM_RAW(SYS_fcntl, from, cloexec ? F_DUPFD_CLOEXEC : F_DUPFD, min);

	if (fd >= (long)SHIM_FD_MAX || (fd >= 0 && !table_make())) {
		SHIM_RAW(SYS_close, fd);
		return -EMFILE;
	}
	if (fd >= 0 && min == 0)
		fd_low_found((int)fd, begin);
	return fd;
}

static long new_number(bool plain, int min, bool cloexec)
{
	fd_unpark();
	return duplicate(plain ? placeholder_get() : path_placeholder_get(), min, cloexec);
}

long fd_install_at(long fd, struct ofd *ofd, bool cloexec)
{
	ofd->parking = ofd->kind == OFD_PATH ? PARK_NOT : cloexec ? PARK_CLOEXEC : PARK_PLAIN;
	fd_assign((int)fd, ofd);
	return fd_show(fd);
}

/* fd: one that was parked, -1 for a new one. */
SHIM_ASIDE static long install(long fd, struct ofd *ofd, int min, bool cloexec)
{
	if (fd < 0)
		fd = new_number(ofd->kind != OFD_PATH, min, cloexec);
	if (fd < 0) {
		ofd_put(ofd);
		return fd;
	}
	return fd_install_at(fd, ofd, cloexec);
}

SHIM_HOT long fd_install(struct ofd *ofd, int min, bool cloexec)
{
	long fd = ofd->kind != OFD_PATH && min == 0 ? fd_parked_take(cloexec) : -1;

	if (fd < 0 || fd_foreign_child())
		return install(fd, ofd, min, cloexec);
	ofd->parking = cloexec ? PARK_CLOEXEC : PARK_PLAIN;
	__atomic_store_n(&shim_fds[fd], ofd, __ATOMIC_RELEASE); /* its mark is ours to replace */
	return fd_show(fd);
}

long fd_reserve(bool cloexec)
{
	int fd = fd_parked_take(cloexec);

	return fd >= 0 ? fd : new_number(true, 0, cloexec);
}

void fd_reserve_end(long fd)
{
	if (fd < 0)
		return;
	fd_assign((int)fd, NULL); /* it may have been parked: the mark goes */
	shim_close_counted((int)fd);
}

long fd_each(long (*fn)(int fd, struct ofd *ofd, void *arg), void *arg)
{
	long result = 0;

	for (unsigned int fd = 0; !result && fd < shim_fd_top; fd++) {
		struct ofd *ofd = shim_fds[fd] ? ofd_get((int)fd) : NULL;
		if (ofd) {
			result = fn((int)fd, ofd, arg);
			ofd_put(ofd);
		}
	}
	return result;
}

static long mark_shared(int fd, struct ofd *ofd, void *arg)
{
	(void)fd;
	(void)arg;
	atomic_store(&ofd->slot->shared, 1);
	return 0;
}

/* The slots that parent and child have both: neither may use them for another description. */
static void mark_all_shared(void)
{
	struct ofd *cwd = ofd_get_cwd();

	if (cwd)
		mark_shared(-1, cwd, NULL);
	ofd_put(cwd);
	if (shim_fds)
		fd_each(mark_shared, NULL);
}

void fds_prepare_fork(void)
{
	if (shim_fds)
		arena_prepare_fork();
	mark_all_shared();
}

void fds_child(void)
{
	foreign_none();
	locks_child();
	mark_all_shared(); /* once more: another thread may have opened something since fds_prepare_fork() */
	ofds_child();
}
