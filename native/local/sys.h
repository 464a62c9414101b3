/*
 * sys.h - system calls, made in our own text.
 *
 * The library lives in programs whose libc is intercepted by a shim that calls this library.
 * A system call made here reaches the kernel, whatever is preloaded. Result: as of the
 * kernel, -errno on failure; calls that a signal interrupts are repeated.
 */
#ifndef LOCAL_SYS_H
#define LOCAL_SYS_H

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static inline long sys_raw6(long nr, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__)
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
	                 : "=a"(ret)
	                 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
	                 : "rcx", "r11", "memory");
	return ret;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
#else
	long ret = syscall(nr, a, b, c, d, e, f);

	return ret < 0 ? -errno : ret;
#endif
}

#define SYS4(nr, a, b, c, d) sys_raw6(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define RETRY(expr)                            \
	({                                     \
		long retry_rc_;                \
		do {                           \
			retry_rc_ = (expr);    \
		} while (retry_rc_ == -EINTR); \
		retry_rc_;                     \
	})

/* openat(2) when the program has used up its numbers: hostfd.c. */
int fd_open_crowded(int dir, const char *path, int flags, mode_t mode);

/* What is made gets the mode that is asked for: the program's umask(2) is about its own files. */
static inline int sys_openat(int dir, const char *path, int flags, mode_t mode)
{
	int fd = (int)RETRY(SYS4(SYS_openat, dir, path, flags | O_CLOEXEC, mode));
	struct stat st;

	if (__builtin_expect(fd == -EMFILE, 0))
		fd = fd_open_crowded(dir, path, flags, mode);
	if (fd >= 0 && flags & O_CREAT && SYS4(SYS_fstat, fd, &st, 0, 0) == 0 && (st.st_mode & 0777) != mode)
		SYS4(SYS_fchmod, fd, mode, 0, 0);
	return fd;
}

static inline int sys_close(int fd)
{
	return (int)SYS4(SYS_close, fd, 0, 0, 0);
}

static inline ssize_t sys_pread(int fd, void *buf, size_t len, uint64_t off)
{
	return RETRY(SYS4(SYS_pread64, fd, buf, len, off));
}

static inline ssize_t sys_pwrite(int fd, const void *buf, size_t len, uint64_t off)
{
	return RETRY(SYS4(SYS_pwrite64, fd, buf, len, off));
}

static inline ssize_t sys_preadv(int fd, const struct iovec *iov, int nr, uint64_t off)
{
	return RETRY(SYS4(SYS_preadv, fd, iov, nr, off));
}

static inline ssize_t sys_pwritev(int fd, const struct iovec *iov, int nr, uint64_t off)
{
	return RETRY(SYS4(SYS_pwritev, fd, iov, nr, off));
}

/* Appends when flags has RWF_APPEND; off -1 means the position of the descriptor. */
static inline ssize_t sys_pwritev2(int fd, const struct iovec *iov, int nr, int64_t off, int flags)
{
	return RETRY(sys_raw6(SYS_pwritev2, fd, (long)iov, nr, off, 0, flags));
}

static inline int sys_fcntl(int fd, int cmd, long arg)
{
	return (int)RETRY(SYS4(SYS_fcntl, fd, cmd, arg, 0));
}

static inline int sys_fstat(int fd, struct stat *st)
{
	return (int)SYS4(SYS_newfstatat, fd, "", st, AT_EMPTY_PATH);
}

static inline int sys_fstatat(int dir, const char *path, struct stat *st, int flags)
{
	return (int)SYS4(SYS_newfstatat, dir, path, st, flags);
}

static inline int sys_ftruncate(int fd, uint64_t size)
{
	return (int)RETRY(SYS4(SYS_ftruncate, fd, size, 0, 0));
}

static inline int sys_fallocate(int fd, int mode, uint64_t off, uint64_t len)
{
	return (int)RETRY(SYS4(SYS_fallocate, fd, mode, off, len));
}

static inline int64_t sys_lseek(int fd, int64_t off, int whence)
{
	return SYS4(SYS_lseek, fd, off, whence, 0);
}

static inline int sys_unlinkat(int dir, const char *path, int flags)
{
	return (int)SYS4(SYS_unlinkat, dir, path, flags, 0);
}

static inline int sys_mkdirat(int dir, const char *path, mode_t mode)
{
	return (int)SYS4(SYS_mkdirat, dir, path, mode, 0);
}

/* With that mode, whatever the umask is. */
static inline int sys_mkdirat_exactly(int dir, const char *path, mode_t mode)
{
	int rc = sys_mkdirat(dir, path, mode);

	if (rc == 0)
		SYS4(SYS_fchmodat, dir, path, mode, 0);
	return rc;
}

static inline int sys_flock(int fd, int op)
{
	return (int)RETRY(SYS4(SYS_flock, fd, op, 0, 0));
}

/* The same of what the store keeps of its own, whatever the limit of the program is: limit.c. Signals are blocked. */
ssize_t own_pwrite_slow(int fd, const void *buf, size_t len, uint64_t off, ssize_t n);
int own_ftruncate(int fd, uint64_t size);
int own_fallocate(int fd, int mode, uint64_t off, uint64_t len);

static inline ssize_t own_pwrite(int fd, const void *buf, size_t len, uint64_t off)
{
	ssize_t n = sys_pwrite(fd, buf, len, off);

	return __builtin_expect(n == (ssize_t)len, 1) ? n : own_pwrite_slow(fd, buf, len, off, n);
}

/* A signal handler that calls us must not wait for a lock of the thread that it stopped: around our locks no signal
 * is delivered to the thread. */
static inline uint64_t signals_block(void)
{
	uint64_t all = ~0ULL, before = 0;

	SYS4(SYS_rt_sigprocmask, 0 /* SIG_BLOCK */, &all, &before, sizeof(all));
	return before;
}

static inline void signals_restore(uint64_t before)
{
	SYS4(SYS_rt_sigprocmask, 2 /* SIG_SETMASK */, &before, 0, sizeof(before));
}

#endif
