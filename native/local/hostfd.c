/*
 * hostfd.c - descriptors of our own: out of the program's way, and few.
 *
 * Ours live near the soft limit of descriptors, so that the program's lowest-free numbers are
 * the kernel's. A handle opens its host file at its first read or write. At most HOST_MAX of
 * these are open; the one not used for longest gives way and is opened again on demand.
 */
#include <stdlib.h>
#include <sys/resource.h>
#include "container.h"
#include "fork.h"
#include "hostfd.h"
#include "inode.h"
#include "local.h"
#include "object.h"
#include "ranks.h"
#include "shared_page.h"
#include "transaction.h"
#include "views.h"

#define HOST_MAX    256
#define OWN_MAX     65536 /* descriptors above can't be ours */
#define FD_TOP      4096  /* a higher base would only make the kernel's table large */
#define FD_ROOM     (HOST_MAX + 64)
#define PIN_CLOSING 0x80000000u

static _Atomic uint64_t own_fds[OWN_MAX / 64];
static pthread_mutex_t lru_lock = PTHREAD_MUTEX_INITIALIZER; /* RANK_DESCRIPTOR */
static struct dfs_obj *lru;                                  /* clock hand; lru_lock */
static unsigned lru_count;                                   /* lru_lock */

EXPORT bool dfsx_owns_fd(int fd)
{
	if (fd < 0 || fd >= OWN_MAX)
		return false;
	return atomic_load_explicit(&own_fds[fd / 64], memory_order_relaxed) >> (fd % 64) & 1;
}

/* Where ours go. Numbers above the soft limit stay usable and are in nobody's way: when the limit is lower than
 * our place, it is raised for the moment of the move. */
int fd_adopt(int fd)
{
	struct rlimit lim = {0}, more;
	rlim_t top = FD_TOP;
	bool raise;
	int high;

	if (fd < 0)
		return fd;
	sys_raw6(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, (long)&lim, 0, 0);
	raise = lim.rlim_cur < FD_TOP && lim.rlim_max >= FD_TOP;
	if (raise) {
		more = (struct rlimit){FD_TOP, lim.rlim_max};
		sys_raw6(SYS_prlimit64, 0, RLIMIT_NOFILE, (long)&more, 0, 0, 0);
	} else if (lim.rlim_cur < FD_TOP) {
		top = lim.rlim_cur;
	}
	high = sys_fcntl(fd, F_DUPFD_CLOEXEC, (long)(top > 2 * FD_ROOM ? top - FD_ROOM : top / 2));
	if (raise)
		sys_raw6(SYS_prlimit64, 0, RLIMIT_NOFILE, (long)&lim, 0, 0, 0);
	if (high < 0) /* crowded up there: low is better than not at all */
		high = fd;
	else
		sys_close(fd);
	if (high < OWN_MAX)
		atomic_fetch_or(&own_fds[high / 64], 1ULL << (high % 64));
	return high;
}

/* Kept for when the hard limit is reached: where the program finds no number, there is this one for us. */
static _Atomic int reserve, reserve_like;
static _Atomic bool crowded; /* it was given away */

void fd_reserve(int like)
{
	int none = 0;

	atomic_store(&reserve_like, like);
	if (atomic_load(&reserve) == 0) {
		int fd = fd_adopt(sys_fcntl(like, F_DUPFD_CLOEXEC, 0));

		if (fd > 0 && !atomic_compare_exchange_strong(&reserve, &none, fd))
			fd_close(fd);
	}
}

void fd_close(int fd)
{
	if (fd < 0)
		return;
	if (fd < OWN_MAX)
		atomic_fetch_and(&own_fds[fd / 64], ~(1ULL << (fd % 64)));
	sys_close(fd);
	if (unlikely(crowded) && atomic_exchange(&crowded, false))
		fd_reserve(atomic_load(&reserve_like)); /* its number is free again */
}

int fd_open_crowded(int dir, const char *path, int flags, mode_t mode)
{
	struct rlimit lim = {0}, more;
	int fd;

	sys_raw6(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, (long)&lim, 0, 0);
	if (lim.rlim_cur < lim.rlim_max) { /* for the moment, as in fd_adopt() */
		more =
		    (struct rlimit){lim.rlim_max - lim.rlim_cur < 64 ? lim.rlim_max : lim.rlim_cur + 64, lim.rlim_max};
		sys_raw6(SYS_prlimit64, 0, RLIMIT_NOFILE, (long)&more, 0, 0, 0);
	} else {
		int kept = atomic_exchange(&reserve, 0);

		if (kept > 0) {
			fd_close(kept);
			atomic_store(&crowded, true);
		}
	}
	fd = (int)RETRY(SYS4(SYS_openat, dir, path, flags | O_CLOEXEC, mode));
	if (lim.rlim_cur < lim.rlim_max)
		sys_raw6(SYS_prlimit64, 0, RLIMIT_NOFILE, (long)&lim, 0, 0, 0);
	return fd;
}

int fd_open(int dir, const char *path, int flags, mode_t mode)
{
	return fd_adopt(sys_openat(dir, path, flags, mode));
}

static void lru_insert(struct dfs_obj *o)
{
	if (lru == NULL) {
		o->lru_next = o->lru_prev = o;
		lru = o;
	} else { /* just behind the hand: looked at last */
		o->lru_next = lru;
		o->lru_prev = lru->lru_prev;
		lru->lru_prev->lru_next = o;
		lru->lru_prev = o;
	}
	lru_count++;
}

static void lru_remove(struct dfs_obj *o)
{
	if (o->lru_next == NULL)
		return;
	if (lru == o)
		lru = o->lru_next == o ? NULL : o->lru_next;
	o->lru_prev->lru_next = o->lru_next;
	o->lru_next->lru_prev = o->lru_prev;
	o->lru_next = o->lru_prev = NULL;
	lru_count--;
}

/* Closes descriptors until one more has room. Pinned ones are passed over. */
static void lru_make_room(unsigned most)
{
	unsigned looked;

	for (looked = 0; lru_count != 0 && lru_count >= most && looked < 2 * HOST_MAX; looked++) {
		struct dfs_obj *o = lru;
		unsigned idle = 0;

		lru = o->lru_next;
		if (atomic_exchange_explicit(&o->used, false, memory_order_relaxed))
			continue;
		if (!atomic_compare_exchange_strong(&o->pins, &idle, PIN_CLOSING))
			continue;
		fd_close(atomic_exchange(&o->fd, HOST_NONE));
		lru_remove(o);
		atomic_fetch_and(&o->pins, ~PIN_CLOSING);
	}
}

/* Nobody asks for the host file's atime; only its owner may say so. */
static int open_quietly(struct cont *c, const char *path, int flags)
{
	int fd = sys_openat(c->obj_fd, path, flags | O_NOFOLLOW | O_NOATIME, c->share & 0666);

	return likely(fd != -EPERM) ? fd : sys_openat(c->obj_fd, path, flags | O_NOFOLLOW, c->share & 0666);
}

int host_create(struct cont *c, uint64_t ino, int flags)
{
	char path[32];
	int fd;

	flags |= O_RDWR | O_CREAT;
	host_path(path, ino);
	fd = open_quietly(c, path, flags);
	if (fd == -ENOENT) {
		path[2] = '\0';
		fd = sys_mkdirat_exactly(c->obj_fd, path, 0700 | (c->share & 0777));
		path[2] = '/';
		if (fd == 0 || fd == -EEXIST)
			fd = open_quietly(c, path, flags);
	}
	return fd;
}

static int host_open(struct dfs_obj *o, bool write)
{
	char path[32];
	int fd;

	if (write)
		return fd_adopt(host_create(o->c, o->ino, 0));
	host_path(path, o->ino);
	fd = open_quietly(o->c, path, O_RDWR);
	if (fd == -EACCES || fd == -EROFS)
		fd = open_quietly(o->c, path, O_RDONLY);
	return fd_adopt(fd);
}

int host_sync_name(struct cont *c, uint64_t ino)
{
	char path[32];
	int fd, rc;

	host_path(path, ino);
	path[2] = '\0';
	fd = sys_openat(c->obj_fd, path, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return -fd;
	rc = (int)-RETRY(SYS4(SYS_fsync, fd, 0, 0, 0));
	sys_close(fd);
	return rc != 0 ? rc : (int)-RETRY(SYS4(SYS_fsync, c->obj_fd, 0, 0, 0));
}

static int pin_slow(struct dfs_obj *o, bool write, int *out)
{
	uint64_t before;
	int fd;

	if (VIEW_OF(o->ino) != 0) /* its bytes may be in several places: view.c */
		return write ? EROFS : EXDEV;
	before = signals_block();
	rank_lock(&lru_lock, RANK_DESCRIPTOR);
	fd = atomic_load(&o->fd);
	if (fd < 0) {
		lru_make_room(HOST_MAX);
		fd = host_open(o, write);
		if (fd == -EMFILE && lru_count != 0) {
			lru_make_room(lru_count);
			fd = host_open(o, write);
		}
		if (fd >= 0) {
			lru_insert(o);
			o->fd_generation = atomic_load(&fork_generation);
			atomic_store(&o->fd, fd);
		}
	}
	if (fd >= 0)
		atomic_fetch_add(&o->pins, 1);
	rank_unlock(&lru_lock, RANK_DESCRIPTOR);
	signals_restore(before);
	if (fd < 0)
		return -fd;
	*out = fd;
	return 0;
}

int hostfd_pin(struct dfs_obj *o, bool write, int *out)
{
	unsigned pins = atomic_fetch_add_explicit(&o->pins, 1, memory_order_seq_cst);
	int fd = atomic_load(&o->fd);

	if (likely(!(pins & PIN_CLOSING) && fd >= 0)) {
		if (!atomic_load_explicit(&o->used, memory_order_relaxed))
			atomic_store_explicit(&o->used, true, memory_order_relaxed);
		*out = fd;
		return 0;
	}
	atomic_fetch_sub(&o->pins, 1);
	int rc = pin_slow(o, write, out);
	/* A full disk: the space of files that only wait for a sync is there for a new one. */
	if (unlikely(rc == ENOSPC && write && o->c->shared->purges != 0) && env_sync(o->c) == 0)
		rc = pin_slow(o, write, out);
	return rc;
}

void hostfd_unpin(struct dfs_obj *o)
{
	atomic_fetch_sub_explicit(&o->pins, 1, memory_order_release);
}

HOT void hostfd_drop(struct dfs_obj *o)
{
	if (atomic_load(&o->fd) < 0)
		return;
	uint64_t before = signals_block();

	rank_lock(&lru_lock, RANK_DESCRIPTOR);
	fd_close(atomic_exchange(&o->fd, HOST_NONE));
	lru_remove(o);
	rank_unlock(&lru_lock, RANK_DESCRIPTOR);
	signals_restore(before);
}

void hostfd_forget(struct dfs_obj *o, int fd)
{
	uint64_t before = signals_block();

	rank_lock(&lru_lock, RANK_DESCRIPTOR);
	if (atomic_load(&o->fd) == fd) {
		if (fd < OWN_MAX)
			atomic_fetch_and(&own_fds[fd / 64], ~(1ULL << (fd % 64)));
		atomic_store(&o->fd, HOST_NONE);
		lru_remove(o);
	}
	rank_unlock(&lru_lock, RANK_DESCRIPTOR);
	signals_restore(before);
}

void hostfd_fork(int stage)
{
	if (stage == 0)
		rank_lock(&lru_lock, RANK_DESCRIPTOR);
	else
		rank_unlock(&lru_lock, RANK_DESCRIPTOR);
}
