/*
 * limit.c - RLIMIT_FSIZE: the program's for its own files, none for the store's.
 *
 * The bytes of a small file lie in the tree, where the kernel can't know which file they are of: their limit is judged
 * here (small.c). What the store keeps of its own, on the other hand, is no file of the program's, and one that may not write
 * beyond a kilobyte may still rename: where the kernel refuses such a write, the limit is lifted for the length of it. It
 * belongs to the whole process, so another thread may exceed it meanwhile. Where the hard limit is in the way too, and
 * the process may not raise that, the call fails with EFBIG.
 */
#include <signal.h>
#include <sys/resource.h>
#include "limit.h"
#include "local.h"
#include "ranks.h"

static pthread_mutex_t lifting = PTHREAD_MUTEX_INITIALIZER; /* RANK_LIMIT: the limit is ours to put back */

void limit_fork(int stage)
{
	if (stage == 0)
		rank_lock(&lifting, RANK_LIMIT);
	else
		rank_unlock(&lifting, RANK_LIMIT);
}

uint64_t limit_get(void)
{
	struct rlimit limit;

	/* The older call asks for no right to look at another process, and takes half the time. */
#ifdef SYS_getrlimit
	return SYS4(SYS_getrlimit, RLIMIT_FSIZE, &limit, 0, 0) == 0 ? limit.rlim_cur : RLIM_INFINITY;
#else
	return SYS4(SYS_prlimit64, 0, RLIMIT_FSIZE, NULL, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
#endif
}

int limit_refuse(void)
{
	long pid = sys_raw6(SYS_getpid, 0, 0, 0, 0, 0, 0);

	SYS4(SYS_tgkill, pid, sys_raw6(SYS_gettid, 0, 0, 0, 0, 0, 0), SIGXFSZ, 0);
	return EFBIG;
}

/* A write that the limit refused; signals are blocked, so its SIGXFSZ waits. */
struct refused {
	long (*again)(const struct refused *);
	int fd, mode;
	const char *buf;
	uint64_t off, len;
};

static void forget_signal(void)
{
	uint64_t xfsz = 1ULL << (SIGXFSZ - 1);
	struct timespec now = {0, 0};

	SYS4(SYS_rt_sigtimedwait, &xfsz, NULL, &now, sizeof(xfsz));
}

static long without_limit(const struct refused *r)
{
	struct rlimit was, none = {RLIM_INFINITY, RLIM_INFINITY}, most;
	uint64_t before = signals_block();
	long rc = -EFBIG;

	rank_lock(&lifting, RANK_LIMIT);
	if (SYS4(SYS_prlimit64, 0, RLIMIT_FSIZE, NULL, &was) == 0) {
		most = (struct rlimit){was.rlim_max, was.rlim_max};
		if (SYS4(SYS_prlimit64, 0, RLIMIT_FSIZE, &none, NULL) != 0)
			SYS4(SYS_prlimit64, 0, RLIMIT_FSIZE, &most, NULL);
		rc = r->again(r);
		if (was.rlim_cur != RLIM_INFINITY) /* else a shim has lifted it just now, and puts it back */
			SYS4(SYS_prlimit64, 0, RLIMIT_FSIZE, &was, NULL);
	}
	rank_unlock(&lifting, RANK_LIMIT);
	forget_signal();
	signals_restore(before);
	return rc;
}

static long write_rest(const struct refused *r)
{
	return sys_pwrite(r->fd, r->buf, r->len, r->off);
}

/* What did not go in one: the rest says why. */
ssize_t own_pwrite_slow(int fd, const void *buf, size_t len, uint64_t off, ssize_t n)
{
	size_t done = 0;

	for (;;) {
		if (n == -EFBIG || (n > 0 && limit_get() <= off + done + (uint64_t)n)) {
			done += n > 0 ? (size_t)n : 0;
			n = without_limit(
			    &(struct refused){write_rest, fd, 0, (const char *)buf + done, off + done, len - done});
			done += n > 0 ? (size_t)n : 0;
			return n >= 0 || done != 0 ? (ssize_t)done : n;
		}
		if (n <= 0)
			return done != 0 ? (ssize_t)done : n;
		done += (size_t)n;
		if (done == len)
			return (ssize_t)done;
		n = sys_pwrite(fd, (const char *)buf + done, len - done, off + done);
	}
}

static long truncate_again(const struct refused *r)
{
	return sys_ftruncate(r->fd, r->len);
}

int own_ftruncate(int fd, uint64_t size)
{
	int rc = sys_ftruncate(fd, size);

	return likely(rc != -EFBIG) ? rc : (int)without_limit(&(struct refused){truncate_again, fd, .len = size});
}

static long fallocate_again(const struct refused *r)
{
	return sys_fallocate(r->fd, r->mode, r->off, r->len);
}

int own_fallocate(int fd, int mode, uint64_t off, uint64_t len)
{
	int rc = sys_fallocate(fd, mode, off, len);

	return likely(rc != -EFBIG)
	           ? rc
	           : (int)without_limit(&(struct refused){fallocate_again, fd, mode, .off = off, .len = len});
}
