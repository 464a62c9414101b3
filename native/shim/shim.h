/*
 * shim.h - what the generated entry points and the attachments need of the shared runtime.
 */
#ifndef DFSKIT_SHIM_H
#define DFSKIT_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <sys/types.h>
#include "gate.h"

struct ofd;

/* What a data call, an open and a close run. These functions lie together, in a few pages: where a system call leaves the
 * TLB empty, as under some hypervisors, each page that is touched between two of them costs as much as a dozen
 * instructions. And what lies together does not compete for the same places of the first cache of instructions: scattered,
 * an open and close missed 25 lines there, together 8 (cachegrind, 32 KiB, with the provider). */
#define SHIM_HOT      __attribute__((hot))
#define SHIM_HOT_DATA __attribute__((section("shim_hot"))) /* and what they look at */
/* What a hot function seldom needs. Part of it, it would take registers that have to be saved each time. */
#define SHIM_ASIDE    __attribute__((noinline))

#define SHIM_FD_MAX (1u << 20) /* entries of shim_fds */

/** True when descriptor \a fd is a DFS file or directory of ours. */
static inline bool shim_fd_ours(int fd)
{
	return __builtin_expect(shim_fds != NULL, 0) && (unsigned int)fd < SHIM_FD_MAX &&
	       __atomic_load_n(&shim_fds[fd], __ATOMIC_RELAXED) != NULL;
}

/** The full test behind shim_fd_protected(). */
bool fd_hidden(int fd);

/** True when \a fd belongs to the shim or the provider: the program can't close or replace it. */
static inline bool shim_fd_protected(int fd)
{
	return __builtin_expect((unsigned int)fd >= shim_fd_floor, 0) && fd_hidden(fd);
}

/** False when \a fd certainly is none of those. */
static inline bool shim_fd_high(int fd)
{
	return (unsigned int)fd >= shim_fd_floor;
}

/** Whether the number of \a fd, which isn't ours, counts for what the next open gets. */
static inline bool shim_fd_counts(int fd)
{
	return __builtin_expect((unsigned int)fd < (unsigned int)shim_fd_low, 0);
}

/** Closes a descriptor of the kernel's and notes that its number is free. -errno. */
long shim_close_counted(int fd);

/** Closes what is parked. To be called before the kernel makes a descriptor for the program or looks at several. */
void fd_unpark(void);

/* How many mappings of files of ours are known: mappings.c. */
extern _Atomic unsigned int shim_mapped_ranges;

/* It touches no vector register: attach_quick.c may call it before those are saved. */
#define SHIM_PATH_TEST_NOVEC 1

/** The full test behind shim_path_ours(). Does not fail, block or allocate. */
bool shim_path_test(int dirfd, const char *path);

#define SHIM_PATH_FACTOR 0x9E3779B97F4A7C15ull /* of the hash in shim_path_bits */

/** False when an absolute \a path can't begin with a mount point: nearly all can be told at this glance. */
static inline bool shim_path_glance(const char *path)
{
	uint64_t word;

	if ((uintptr_t)path < 4096 || ((uintptr_t)path & 4095) > 4096 - 8)
		return true;
	/* In the page that the path begins in, if beyond its end: the compiler must not see what it points at. */
	__asm__("" : "+r"(path));
	__builtin_memcpy(&word, path, 8);
	if ((word & 0xff) != '/' || shim_path_bits >> ((word & shim_path_mask) * SHIM_PATH_FACTOR >> 58) & 1)
		return true;
	char second = (char)(word >> 8);
	return shim_fds != NULL && (second == 'd' || second == 'p'); /* /dev/fd, /proc/self/fd */
}

/** False when shim_path_ours() is, of nearly all paths. */
static inline bool shim_path_near(int dirfd, const char *path)
{
	if (__builtin_expect(!shim_paths_active, 1))
		return false;
	if ((uintptr_t)path < 4096 || path[0] == '/')
		return shim_path_glance(path);
	return dirfd == AT_FDCWD ? shim_cwd != NULL || shim_cwd_near : shim_fd_ours(dirfd);
}

/** True when (\a dirfd, \a path) may name something inside a mount. A NULL path is ours when dirfd is. */
static inline bool shim_path_ours(int dirfd, const char *path)
{
	return __builtin_expect(shim_paths_active, 0) && __builtin_expect(shim_path_glance(path), 0) &&
	       shim_path_test(dirfd, path);
}

/** Replaces the placeholder \a fd in place by a kernel descriptor of the same file at the same offset.
 *  0, or -errno when there is no mount to reach it through. */
long shim_materialise(int fd);
/** Materialises \a fd and forgets it: libc will close it where no symbol is called. */
long shim_hand_over(int fd);

/** Takes over \a fd, which somebody else has opened, when it is a regular file on a mount of ours: adopt.c. Whether
 *  it did. */
bool shim_adopt(int fd);
/* Descriptors that are received are looked at: there is a mount, and libc is routed. */
extern bool shim_adopts;

/** The real system call, never routed back to the shim. Returns -errno as the kernel does. */
long shim_syscall(long nr, long a1, long a2, long a3, long a4, long a5, long a6);

/** Runs once when the library is loaded: finds mounts, takes over inherited descriptors. True when there is
 *  (or may be later) anything to intercept: only then are libc's system calls routed. */
bool shim_start(void);

#endif
