/*
 * entry.h - what every generated entry point does before and after an operation, written once.
 *
 * An entry point is an exported libc symbol or a case of shim_dispatch(). A glance that calls nothing and saves nothing tells
 * of nearly every call that isn't ours that it is none; it leaves by a tail call of the real function.
 */
#ifndef DFSKIT_SHIM_ENTRY_H
#define DFSKIT_SHIM_ENTRY_H

#ifndef _GNU_SOURCE
#error "entry.h needs _GNU_SOURCE"
#endif

#include <aio.h>
#include <errno.h>
#include <limits.h>
#include <linux/aio_abi.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utime.h>

#include "../memory/rank.h"
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

/* The real function behind \a slot, NULL before it was looked up. */
#define ENTRY_KNOWN(slot) __atomic_load_n(&(slot), __ATOMIC_RELAXED)

/* The same, looked up once; losing a race only repeats the look-up. */
#define ENTRY_REAL(slot, name)                                                     \
	({                                                                         \
		__typeof__(slot) entry_known_ = ENTRY_KNOWN(slot);                 \
		if (ENTRY_UNLIKELY(entry_known_ == NULL)) {                        \
			entry_known_ = (__typeof__(slot))entry_next(name);         \
			__atomic_store_n(&(slot), entry_known_, __ATOMIC_RELAXED); \
		}                                                                  \
		entry_known_;                                                      \
	})

/* The mode argument of open() is only there with these flags. */
#define ENTRY_NEEDS_MODE(flags) (((flags)&O_CREAT) != 0 || ((flags)&O_TMPFILE) == O_TMPFILE)
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
#define ENTRY_TAKE(id, operation)                                           \
	({                                                                  \
		SHIM_COUNT(id, taken);                                      \
		RANKS_BEGIN();                                              \
		long entry_result_ = (operation);                           \
		RANKS_END();                                                \
		if (ENTRY_UNLIKELY((unsigned long)entry_result_ > -4096UL)) \
			SHIM_COUNT(id, failed);                             \
		entry_result_;                                              \
	})

/** A cancellation that is pending acts before the operation begins: nothing is held or half done yet. */
static inline void entry_cancellation_point(void)
{
	if (libc_threads() && pthread_testcancel)
		pthread_testcancel();
}

/* Looks at a descriptor that was just opened, after op_opening() had returned \a before; counts it when it became ours.
 * \a again: by a function of libc, whose own system call may have been looked at. */
#define ENTRY_OPENED(id, fd, flags, before, again)                      \
	({                                                              \
		int entry_opened_ = (fd);                               \
		if (op_opened(entry_opened_, flags, before, again) > 0) \
			SHIM_COUNT(id, taken);                          \
		(long)entry_opened_;                                    \
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
	return shim_syscall(SYS_newfstatat, dirfd, (long)path, (long)st, flags, 0, 0);
#else
	return op_newfstatat(dirfd, path, st, flags);
#endif
}

/** close(2). One of another file is the kernel's, but may be the number that the next open of ours gets. */
static inline long entry_close(int fd)
{
	if (ENTRY_UNLIKELY(!shim_fd_ours(fd) && !shim_fd_protected(fd)))
		return shim_close_counted(fd);
	return ENTRY_TAKE(CALL_close, op_close(fd));
}

/** lockf(3) in terms of fcntl(2): the section starts at the current offset. */
static inline long entry_lockf(int fd, int command, off_t length)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_len = length};
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

/** isatty(3): 0 or 1, with the reason in errno. */
static inline int entry_isatty(int fd)
{
	char termios[64]; /* larger than the kernel's struct termios */

	return entry_errno(op_ioctl(fd, TCGETS, (unsigned long)termios)) == 0;
}

/** remove(3): the kernel says with EISDIR (POSIX: EPERM) that a name is a directory. */
static inline long entry_remove(const char *path)
{
	long r = op_unlinkat(AT_FDCWD, path, 0);

	return r == -EISDIR || r == -EPERM ? op_unlinkat(AT_FDCWD, path, AT_REMOVEDIR) : r;
}

/** utimensat(3) takes no null pointer for the path; the system call does. */
static inline long entry_utimensat(int dirfd, const char *path, const struct timespec *times, int flags)
{
	return path == NULL ? -EINVAL : op_utimensat(dirfd, path, times, flags);
}

static inline long entry_utimes(int dirfd, const char *path, const struct timeval *times, int flags)
{
	struct timespec spec[2];

	if (times == NULL)
		return op_utimensat(dirfd, path, NULL, flags);
	for (int i = 0; i < 2; i++) {
		if ((unsigned long)times[i].tv_usec >= 1000000)
			return -EINVAL;
		spec[i] = (struct timespec){.tv_sec = times[i].tv_sec, .tv_nsec = times[i].tv_usec * 1000};
	}
	return op_utimensat(dirfd, path, spec, flags);
}

static inline long entry_utime(const char *path, const struct utimbuf *times)
{
	struct timespec spec[2];

	if (times == NULL)
		return op_utimensat(AT_FDCWD, path, NULL, 0);
	spec[0] = (struct timespec){.tv_sec = times->actime};
	spec[1] = (struct timespec){.tv_sec = times->modtime};
	return op_utimensat(AT_FDCWD, path, spec, 0);
}

/* Whether relative paths start in a directory of ours. */
#define ENTRY_CWD_OURS() shim_path_ours(AT_FDCWD, ".")

/** getcwd(3) with glibc's extension: a null buffer is allocated, of \a size bytes or, when 0, as long as needed. */
static inline char *entry_getcwd(char *buf, size_t size)
{
	char path[PATH_MAX];
	size_t room = buf != NULL || size != 0 ? size : sizeof(path);
	long len;

	if (buf != NULL && size == 0) {
		errno = EINVAL;
		return NULL;
	}
	if (buf != NULL)
		return entry_errno(op_getcwd(buf, size)) < 0 ? NULL : buf;
	if (room > sizeof(path))
		room = sizeof(path);
	len = entry_errno(op_getcwd(path, room));
	if (len < 0)
		return NULL;
	buf = malloc(size != 0 ? size : (size_t)len);
	return buf != NULL ? memcpy(buf, path, (size_t)len) : NULL;
}

/** getwd(3): the buffer has PATH_MAX bytes; on failure it holds the reason. */
static inline char *entry_getwd(char *buf)
{
	if (buf == NULL) {
		errno = EINVAL;
		return NULL;
	}
	if (entry_errno(op_getcwd(buf, PATH_MAX)) >= 0)
		return buf;
	strcpy(buf, strerror(errno));
	return NULL;
}

/** Materialises \a fd if it is ours. -errno when that fails: the real call must not see a placeholder. */
static inline long entry_materialise(int call, int fd)
{
	if (ENTRY_LIKELY(!shim_fd_ours(fd)))
		return 0;
	SHIM_COUNT(call, fallback);
	return shim_materialise(fd);
}

/** The same for a descriptor that is libc's from now on. */
static inline long entry_hand_over(int call, int fd)
{
	if (ENTRY_LIKELY(!shim_fd_ours(fd)))
		return 0;
	SHIM_COUNT(call, fallback);
	return shim_hand_over(fd);
}

static inline long entry_materialise_list(int call, const int *fds, unsigned long count)
{
	long r = 0;

	for (unsigned long i = 0; i < count && r >= 0; i++)
		r = entry_materialise(call, fds[i]);
	return r;
}

static inline long entry_materialise_iocbs(int call, long count, struct iocb **requests)
{
	long r = 0;

	for (long i = 0; i < count && r >= 0; i++)
		r = entry_materialise(call, (int)requests[i]->aio_fildes);
	return r;
}

static inline long entry_materialise_aiocbs(int call, struct aiocb *const *requests, int count)
{
	long r = 0;

	for (int i = 0; i < count && r >= 0; i++)
		if (requests[i] != NULL)
			r = entry_materialise(call, requests[i]->aio_fildes);
	return r;
}

/** Descriptors that \a message passes to another process. */
static inline long entry_materialise_rights(int call, const struct msghdr *message)
{
	long r = 0;

	if (ENTRY_LIKELY(message == NULL || message->msg_controllen == 0 || shim_fds == NULL))
		return 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL && r >= 0;
	     c = CMSG_NXTHDR((struct msghdr *)message, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len >= CMSG_LEN(0))
			r = entry_materialise_list(call, (const int *)CMSG_DATA(c),
			                           (c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	return r;
}

static inline long entry_materialise_rights_of(int call, const struct mmsghdr *messages, unsigned int count)
{
	long r = 0;

	for (unsigned int i = 0; i < count && r >= 0; i++)
		r = entry_materialise_rights(call, &messages[i].msg_hdr);
	return r;
}

/** Descriptors that came with \a message: those of files of a mount are taken over. */
static inline void entry_received(struct msghdr *message)
{
	if (message->msg_controllen == 0)
		return;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len >= CMSG_LEN(0))
			for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++)
				if (shim_adopt(((const int *)CMSG_DATA(c))[i]))
					SHIM_COUNT(CALL_recvmsg, taken);
}

static inline void entry_received_of(struct mmsghdr *messages, int count)
{
	for (int i = 0; i < count; i++)
		entry_received(&messages[i].msg_hdr);
}

/** execve() with the search along PATH of execvp(3). */
long shim_execvpe(const char *file, char *const argv[], char *const envp[]);

/** A system call that makes a child with a copy of our memory: true when it was made, with its result. clone.c. */
bool shim_clone_call(long nr, long a1, long a2, long a3, long a4, long a5, long *result);

/* DIR streams: pil4dfs/stream.c. */
void *shim_readdir(void *dir);
int shim_readdir_r(void *dir, void *room, void **result);
long shim_telldir(void *dir);
void shim_seekdir(void *dir, long place);
void shim_rewinddir(void *dir);
int shim_closedir(void *dir);

/* Functions of libc whose child shares our memory: spawn.c. */
int shim_posix_spawn(void *pid, const char *file, const void *actions, const void *attr, char *const *argv,
                     char *const *envp);
int shim_posix_spawnp(void *pid, const char *file, const void *actions, const void *attr, char *const *argv,
                      char *const *envp);
int shim_pidfd_spawn(void *pidfd, const char *file, const void *actions, const void *attr, char *const *argv,
                     char *const *envp);
int shim_pidfd_spawnp(void *pidfd, const char *file, const void *actions, const void *attr, char *const *argv,
                      char *const *envp);
void *shim_popen(const char *command, const char *type);
int shim_system(const char *command);
int shim_wordexp(const char *words, void *result, int flags);

/* Functions of liburing that make a ring: rings.c. */
int shim_io_uring_queue_init(unsigned int entries, void *ring, unsigned int flags);
int shim_io_uring_queue_init_params(unsigned int entries, void *ring, void *params);
int shim_io_uring_queue_init_mem(unsigned int entries, void *ring, void *params, void *buf, size_t size);

#endif
