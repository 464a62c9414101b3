/*
 * entry.h - what every generated entry point does before and after an operation, written once.
 *
 * An entry point is an exported libc symbol or a case of shim_dispatch(). Its prologue decides whether the call
 * concerns a descriptor or path of ours; everything else leaves by a tail call of the real function.
 */
#ifndef DFSKIT_SHIM_ENTRY_H
#define DFSKIT_SHIM_ENTRY_H

#ifndef _GNU_SOURCE
#error "entry.h needs _GNU_SOURCE"
#endif

#include <errno.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utime.h>

#include "shim.h"
#include "attach.h"
#include "calls.h"
#include "ops.h"

#define ENTRY_LIKELY(x)   __builtin_expect(!!(x), 1)
#define ENTRY_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Every exported symbol is declared with this; the library is built with -fvisibility=hidden. The C name differs
 * from the exported one, so that no prototype, attribute or macro of a libc header stands in the way. */
#define ENTRY_EXPORT __attribute__((visibility("default"), used))

/** The next definition of \a name after this library, or NULL. Leaves errno alone. */
void *entry_next(const char *name);

/* The real function behind \a slot. It is looked up once; losing a race only repeats the look-up. */
#define ENTRY_REAL(slot, name)                                                                   \
	(ENTRY_LIKELY(__atomic_load_n(&(slot), __ATOMIC_RELAXED) != NULL) ? (slot)               \
	 : ({ __atomic_store_n(&(slot), (__typeof__(slot))entry_next(name), __ATOMIC_RELAXED); (slot); }))

/* The mode argument of open() is only there with these flags. */
#define ENTRY_NEEDS_MODE(flags) (((flags) & O_CREAT) != 0 || ((flags) & O_TMPFILE) == O_TMPFILE)
#define ENTRY_MODE(flags, mode) (ENTRY_NEEDS_MODE(flags) ? (mode) : 0)

/* Versions of struct stat that mean the kernel's on x86-64: _STAT_VER_KERNEL and _STAT_VER_LINUX. */
#define ENTRY_STAT_VERSION(version) ((unsigned int)(version) <= 1)

/** The C library's way to return the kernel's \a result. */
static inline long entry_errno(long result)
{
	if (ENTRY_UNLIKELY((unsigned long)result > -4096UL)) {
		errno = (int)-result;
		return -1;
	}
	return result;
}

/** The way of posix_fallocate(): the error number is the return value and errno stays. */
static inline long entry_number(long result)
{
	return result < 0 ? -result : 0;
}

/* Counts a call that an operation answers: before it runs, because execve() does not return. */
#define ENTRY_TAKE(id, operation)                                                                \
	({                                                                                       \
		SHIM_COUNT(id, taken);                                                           \
		long entry_result_ = (operation);                                                \
		if (ENTRY_UNLIKELY((unsigned long)entry_result_ > -4096UL))                      \
			SHIM_COUNT(id, failed);                                                  \
		entry_result_;                                                                   \
	})

/* Looks at a descriptor that the kernel has just opened; counts it when it became ours. */
#define ENTRY_OPENED(id, fd, flags)                                                              \
	({                                                                                       \
		long entry_opened_ = op_opened(fd, flags);                                       \
		if (shim_fd_ours((int)entry_opened_))                                            \
			SHIM_COUNT(id, taken);                                                   \
		entry_opened_;                                                                   \
	})

/** True when (\a dirfd, \a path) is the descriptor \a dirfd itself and that is ours. */
static inline bool entry_fd_itself(int dirfd, const char *path)
{
	return shim_fd_ours(dirfd) && (path == NULL || *path == '\0');
}

static inline long entry_fstatat(int dirfd, const char *path, struct stat *st, int flags)
{
	if ((flags & AT_EMPTY_PATH) && entry_fd_itself(dirfd, path))
		return op_fstat(dirfd, st);
#ifdef SHIM_IOIL
	return shim_syscall(262, dirfd, (long)path, (long)st, flags, 0, 0);
#else
	return op_newfstatat(dirfd, path, st, flags);
#endif
}

/** lockf(3) in terms of fcntl(2): the section starts at the current offset. */
static inline long entry_lockf(int fd, int command, off_t length)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_len = length };
	long r;

	switch (command) {
	case F_TEST:
		lock.l_type = F_RDLCK;
		r = op_fcntl(fd, F_GETLK, (unsigned long)&lock);
		if (r < 0)
			return r;
		return lock.l_type == F_UNLCK || lock.l_pid == getpid() ? 0 : -EACCES;
	case F_ULOCK:
		lock.l_type = F_UNLCK;
		return op_fcntl(fd, F_SETLK, (unsigned long)&lock);
	case F_LOCK:
		return op_fcntl(fd, F_SETLKW, (unsigned long)&lock);
	case F_TLOCK:
		return op_fcntl(fd, F_SETLK, (unsigned long)&lock);
	default:
		return -EINVAL;
	}
}

/** Materialises \a fd if it is ours. -errno when that fails: the real call must not see a placeholder. */
static inline long entry_materialise(int call, int fd)
{
	if (!shim_fd_ours(fd))
		return 0;
	SHIM_COUNT(call, fallback);
	return shim_materialise(fd);
}

#endif
