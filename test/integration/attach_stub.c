/*
 * attach_stub.c - a runtime for entry points whose operations are the system calls themselves.
 *
 * STUB_OURS=1 makes every descriptor and path ours: then each call of a program goes through its row's operation,
 * and the program must not notice. STUB_OURS=2 has a mount and descriptors, but none that a program will meet.
 * STUB_REPORT names a file that gets the counters when the process ends.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "entry.h"

/* Every path is looked at: which are ours, shim_path_test() says. */
struct shim_gate shim_gate = {.fd_floor = ~0U, .parked = PARKED_NONE, .path_bits = ~0ull, .cwd_near = true};
_Atomic unsigned int shim_mapped_ranges;
static struct shim_counter storage[NR_CALLS];
struct shim_counter *shim_counters = storage;
bool shim_counters_shared;
static int sites;
static bool all;
static int inside; /* operations that have begun and not ended */

bool shim_path_test(int dirfd, const char *path)
{
	(void)dirfd;
	if (!all)
		return path != NULL && path[0] == 0x2f && path[1] == 0x73 && path[2] == 0x74;
	return path == NULL || strncmp(path, "/proc/self/", 11) != 0;
}

bool fd_hidden(int fd)
{
	(void)fd;
	return false;
}

bool shim_adopts;

bool shim_adopt(int fd)
{
	(void)fd;
	return false;
}

void fd_unpark(void)
{
}

long shim_close_counted(int fd)
{
	return shim_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
}

long shim_materialise(int fd)
{
	(void)fd;
	return 0;
}

long shim_hand_over(int fd)
{
	return shim_materialise(fd);
}

long shim_execvpe(const char *file, char *const argv[], char *const envp[])
{
	const char *path = getenv("PATH");
	char buf[PATH_MAX];
	long r = -ENOENT;

	if (strchr(file, '/') != NULL)
		return shim_syscall(SYS_execve, (long)file, (long)argv, (long)envp, 0, 0, 0);
	for (path = path ? path : "/bin:/usr/bin"; *path != '\0'; path += *path == ':') {
		size_t n = strcspn(path, ":");

		snprintf(buf, sizeof(buf), "%.*s/%s", (int)n, path, file);
		r = shim_syscall(SYS_execve, (long)buf, (long)argv, (long)envp, 0, 0, 0);
		if (r != -ENOENT && r != -EACCES && r != -ENOTDIR)
			return r;
		path += n;
	}
	return r;
}

#define REAL(type, name, params, ...)                        \
	type shim_##name params                              \
	{                                                    \
		static type(*real) params;                   \
		return ENTRY_REAL(real, #name)(__VA_ARGS__); \
	}

REAL(int, posix_spawn, (void *p, const char *f, const void *a, const void *b, char *const *v, char *const *e), p, f, a,
     b, v, e)
REAL(int, posix_spawnp, (void *p, const char *f, const void *a, const void *b, char *const *v, char *const *e), p, f, a,
     b, v, e)
REAL(int, pidfd_spawn, (void *p, const char *f, const void *a, const void *b, char *const *v, char *const *e), p, f, a,
     b, v, e)
REAL(int, pidfd_spawnp, (void *p, const char *f, const void *a, const void *b, char *const *v, char *const *e), p, f, a,
     b, v, e)
REAL(void *, popen, (const char *c, const char *t), c, t)
REAL(int, system, (const char *c), c)
REAL(int, io_uring_queue_init, (unsigned int n, void *r, unsigned int f), n, r, f)
REAL(int, io_uring_queue_init_params, (unsigned int n, void *r, void *p), n, r, p)
REAL(int, io_uring_queue_init_mem, (unsigned int n, void *r, void *p, void *b, size_t s), n, r, p, b, s)
REAL(int, wordexp, (const char *w, void *r, int f), w, r, f)
REAL(void *, readdir, (void *d), d)
REAL(int, readdir_r, (void *d, void *e, void **r), d, e, r)
REAL(long, telldir, (void *d), d)
REAL(void, seekdir, (void *d, long p), d, p)
REAL(void, rewinddir, (void *d), d)
REAL(int, closedir, (void *d), d)

#define OP6(name, nr, params, a, b, c, d, e, f)                                                            \
	long op_##name params                                                                              \
	{                                                                                                  \
		return shim_syscall(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f)); \
	}
#define OP0(name, nr, params, ...)                   OPN(name, nr, params, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define OPN(name, nr, params, a, b, c, d, e, f, ...) OP6(name, nr, params, a, b, c, d, e, f)
#define OP(name, params, ...)                        OP0(name, SYS_##name, params, __VA_ARGS__)

OP(munmap, (void *a, size_t n), a, n)
OP(mremap, (void *a, size_t o, size_t n, int f, void *at), a, o, n, f, at)
OP(openat, (int d, const char *p, int f, mode_t m), d, p, f, m)
OP(io_uring_setup, (unsigned int n, void *p), n, p)
OP(openat2, (int d, const char *p, const struct open_how *h, size_t s), d, p, h, s)
/* Leaves other values in the vector registers, as the string functions of an operation would. */
static void clobber(void)
{
	__asm__ volatile("pcmpeqd %%xmm7, %%xmm7" ::: "xmm7");
	if (__builtin_cpu_supports("avx"))
		__asm__ volatile("vxorps %%ymm7, %%ymm7, %%ymm7" ::: "xmm7");
}

long op_opening(void)
{
	return 0;
}
long op_opened(int fd, int flags, long before, bool again)
{
	(void)fd, (void)flags, (void)before, (void)again;
	return 0;
}
OP(close, (int fd), fd)
OP(close_range, (unsigned int a, unsigned int b, unsigned int f), a, b, f)
long op_read(int fd, void *b, size_t n)
{
	long r;

	__atomic_fetch_add(&inside, 1, __ATOMIC_RELAXED);
	r = shim_syscall(SYS_read, fd, (long)b, (long)n, 0, 0, 0);
	__atomic_fetch_sub(&inside, 1, __ATOMIC_RELAXED);
	return r;
}
OP(write, (int fd, const void *b, size_t n), fd, b, n)
OP(pread64, (int fd, void *b, size_t n, off_t o), fd, b, n, o)
OP(pwrite64, (int fd, const void *b, size_t n, off_t o), fd, b, n, o)
OP(readv, (int fd, const struct iovec *v, int n), fd, v, n)
OP(writev, (int fd, const struct iovec *v, int n), fd, v, n)
OP(preadv2, (int fd, const struct iovec *v, int n, off_t o, int f), fd, v, n, o, 0, f)
OP(pwritev2, (int fd, const struct iovec *v, int n, off_t o, int f), fd, v, n, o, 0, f)
long op_lseek(int fd, off_t o, int w)
{
	if (getenv("STUB_CLOBBER") != NULL)
		clobber();
	return shim_syscall(SYS_lseek, fd, o, w, 0, 0, 0);
}
OP(sendfile, (int o, int i, off_t *off, size_t n), o, i, off, n)
OP(copy_file_range, (int i, off_t *io, int o, off_t *oo, size_t n, unsigned int f), i, io, o, oo, n, f)
OP(fsync, (int fd), fd)
OP(fdatasync, (int fd), fd)
OP(sync_file_range, (int fd, off_t o, off_t n, unsigned int f), fd, o, n, f)
OP(syncfs, (int fd), fd)
OP(ftruncate, (int fd, off_t n), fd, n)
OP(truncate, (const char *p, off_t n), p, n)
OP(fallocate, (int fd, int m, off_t o, off_t n), fd, m, o, n)
OP(fadvise64, (int fd, off_t o, off_t n, int a), fd, o, n, a)
OP(readahead, (int fd, off_t o, size_t n), fd, o, n)
OP(fstat, (int fd, struct stat *s), fd, s)
OP(newfstatat, (int d, const char *p, struct stat *s, int f), d, p, s, f)
OP(statx, (int d, const char *p, int f, unsigned int m, struct statx *s), d, p, f, m, s)
long op_faccessat2(int d, const char *p, int m, int f)
{
	return shim_syscall(439, d, (long)p, m, f, 0, 0);
}
OP(statfs, (const char *p, struct statfs *s), p, s)
OP(fstatfs, (int fd, struct statfs *s), fd, s)
OP(getdents64, (int fd, void *p, size_t n), fd, p, n)
OP(chdir, (const char *p), p)
OP(fchdir, (int fd), fd)
OP(getcwd, (char *b, size_t n), b, n)
OP(mkdirat, (int d, const char *p, mode_t m), d, p, m)
OP(umask, (mode_t m), m)
OP(mknodat, (int d, const char *p, mode_t m, dev_t v), d, p, m, v)
OP(unlinkat, (int d, const char *p, int f), d, p, f)
OP(renameat2, (int d, const char *p, int e, const char *q, unsigned int f), d, p, e, q, f)
OP(linkat, (int d, const char *p, int e, const char *q, int f), d, p, e, q, f)
OP(symlinkat, (const char *t, int d, const char *p), t, d, p)
OP(readlinkat, (int d, const char *p, char *b, size_t n), d, p, b, n)
OP(fchmod, (int fd, mode_t m), fd, m)
long op_fchmodat2(int d, const char *p, mode_t m, int f)
{
	return f != 0 ? shim_syscall(452, d, (long)p, m, f, 0, 0) : shim_syscall(SYS_fchmodat, d, (long)p, m, 0, 0, 0);
}
OP(fchown, (int fd, uid_t u, gid_t g), fd, u, g)
OP(fchownat, (int d, const char *p, uid_t u, gid_t g, int f), d, p, u, g, f)
OP(utimensat, (int d, const char *p, const struct timespec *t, int f), d, p, t, f)
long op_getxattr(const char *p, const char *n, void *v, size_t s, bool follow)
{
	return shim_syscall(follow ? SYS_getxattr : SYS_lgetxattr, (long)p, (long)n, (long)v, (long)s, 0, 0);
}
long op_setxattr(const char *p, const char *n, const void *v, size_t s, int f, bool follow)
{
	return shim_syscall(follow ? SYS_setxattr : SYS_lsetxattr, (long)p, (long)n, (long)v, (long)s, f, 0);
}
long op_listxattr(const char *p, char *l, size_t s, bool follow)
{
	return shim_syscall(follow ? SYS_listxattr : SYS_llistxattr, (long)p, (long)l, (long)s, 0, 0, 0);
}
long op_removexattr(const char *p, const char *n, bool follow)
{
	return shim_syscall(follow ? SYS_removexattr : SYS_lremovexattr, (long)p, (long)n, 0, 0, 0, 0);
}
OP(fgetxattr, (int fd, const char *n, void *v, size_t s), fd, n, v, s)
OP(fsetxattr, (int fd, const char *n, const void *v, size_t s, int f), fd, n, v, s, f)
OP(flistxattr, (int fd, char *l, size_t s), fd, l, s)
OP(fremovexattr, (int fd, const char *n), fd, n)
OP(dup, (int fd), fd)
OP(dup2, (int o, int n), o, n)
OP(epoll_ctl, (int e, int o, int fd, void *v), e, o, fd, v)
OP(dup3, (int o, int n, int f), o, n, f)
OP(fcntl, (int fd, int c, unsigned long a), fd, c, a)
OP(ioctl, (int fd, unsigned long q, unsigned long a), fd, q, a)
OP(flock, (int fd, int o), fd, o)
OP(mmap, (void *a, size_t n, int p, int f, int fd, off_t o), a, n, p, f, fd, o)
OP(execveat, (int d, const char *p, char *const *v, char *const *e, int f), d, p, v, e, f)

/* Memory that was writable or comes from a file never becomes executable again: PR_SET_MDWE, Linux 6.3. */
static void deny(void)
{
	if (shim_syscall(SYS_prctl, 65, 1, 0, 0, 0, 0) < 0)
		shim_attach_note = "no PR_SET_MDWE";
}

__attribute__((constructor)) static void start(void)
{
	const char *ours = getenv("STUB_OURS");

	all = ours != NULL && *ours == '1';
	if (ours != NULL && *ours != '0') {
		shim_fds = mmap(NULL, SHIM_FD_MAX * sizeof(*shim_fds), PROT_READ | PROT_WRITE,
		                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		for (int i = all ? 0 : 4096; i < 8192; i++)
			shim_fds[i] = (struct ofd *)&storage;
		shim_paths_active = 1;
		shim_mapped_ranges = 1;
	}
	if (getenv("STUB_DENY") != NULL)
		deny();
	if (getenv("STUB_SYMBOLS") == NULL)
		sites = shim_attach();
}

__attribute__((destructor)) static void report(void)
{
	const char *name = getenv("STUB_REPORT");
	char text[8192];
	int n = snprintf(text, sizeof(text), "sites %d other %d inside %d note %s\n", sites, shim_attach_other, inside,
	                 shim_attach_note ? shim_attach_note : "-");
	long fd;

	if (name == NULL)
		return;
	for (int i = 0; i < NR_CALLS; i++)
		if (storage[i].taken != 0)
			n += snprintf(text + n, sizeof(text) - (size_t)n, "%s %lu %lu\n", shim_call_names[i],
			              (unsigned long)storage[i].taken, (unsigned long)storage[i].failed);
	fd = shim_syscall(SYS_openat, AT_FDCWD, (long)name, O_WRONLY | O_CREAT | O_APPEND, 0644, 0, 0);
	shim_syscall(SYS_write, fd, (long)text, n, 0, 0, 0);
	shim_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
}

bool shim_clone_call(long nr, long a1, long a2, long a3, long a4, long a5, long *result)
{
	(void)nr, (void)a1, (void)a2, (void)a3, (void)a4, (void)a5, (void)result;
	return false;
}
