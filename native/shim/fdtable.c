/*
 * fdtable.c - which descriptors are ours, and the open-file descriptions behind them.
 *
 * A DFS file holds a real kernel descriptor, a duplicate of one sealed memfd: numbers, dup, close-on-exec,
 * limits and poll (a regular file is always ready) are the kernel's, and a call that reached it by
 * mistake reads nothing and can't write.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <linux/memfd.h>
#include <dfskit_ioctl.h>
#include "runtime.h"
#include "solo.h"

SHIM_HOT_DATA struct ofd **shim_fds;
SHIM_HOT_DATA unsigned int shim_fd_top;
SHIM_HOT_DATA unsigned int shim_fd_floor = UINT_MAX;

static struct memory_lanes pool;
/* The one given back last, with its slot: spares a program that opens one file after the other the pool and arena. */
static _Atomic(struct ofd *) recent;
static _Atomic int placeholder = -1;
/* A number for fd_open_aside() when the hard limit is reached. */
static _Atomic int aside = -1;

/* ---- descriptors of our own ---- */

#define MAX_HIDDEN 16
static _Atomic int hidden[MAX_HIDDEN]; /* number + 1 */

/* High, but not so high that the kernel's table of the process grows large. */
#define HIDE_TOP 4096u

int fd_hide(int fd)
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
	long high = SHIM_RAW(SYS_fcntl, fd, F_DUPFD_CLOEXEC, top > 4 * MAX_HIDDEN ? top - 2 * MAX_HIDDEN : top / 2);
	if (raise)
		SHIM_RAW(SYS_prlimit64, 0, RLIMIT_NOFILE, &lim, NULL);
	if (high >= 0) {
		SHIM_RAW(SYS_close, fd);
		fd = (int)high;
	}
	fd_floor_set();
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
	const struct provider *p = atomic_load_explicit(&shim_provider, memory_order_relaxed);
	return p && p->dfsx_owns_fd && p->dfsx_owns_fd(fd);
}

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

static int placeholder_get(void)
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
static int path_placeholder_get(void)
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

/* ---- a child that shares our memory but not our descriptors ---- */

_Atomic int shim_own_pid;
SHIM_HOT_DATA static _Atomic int foreign_pid; /* the child whose changes are kept apart */
static struct foreign {
	int fd;
	struct ofd *ofd;
} * foreign; /* in mapped memory; ends with fd -1 */
#define MAX_FOREIGN 512
static struct ofd foreign_mark; /* in the table where only such a child has something */

static void mark_all_shared(void);

void fds_child(void)
{
	atomic_store(&shim_own_pid, (int)SHIM_RAW(SYS_getpid, 0));
	atomic_store(&foreign_pid, 0);
	atomic_store(&shim_spawning, 0);
	locks_child();
	mark_all_shared(); /* once more: another thread may have opened something since fds_prepare_fork() */
	struct ofd *ofd = atomic_exchange(&recent, NULL);
	if (ofd) { /* its slot is also the parent's to use */
		ofd->slot = NULL;
		memory_lanes_push(&pool, ofd);
	}
}

bool fd_foreign_child(void)
{
	if (__builtin_expect(atomic_load_explicit(&shim_spawning, memory_order_relaxed) == 0, 1))
		return false;
	int own = atomic_load_explicit(&shim_own_pid, memory_order_relaxed);
	return own && (int)SHIM_RAW(SYS_getpid, 0) != own;
}

/* The child's own entry for fd: found, or added when there is room. */
static struct foreign *foreign_entry(int fd, bool add)
{
	int pid = (int)SHIM_RAW(SYS_getpid, 0);
	if (!foreign) {
		long at = SHIM_RAW(SYS_mmap, NULL, MAX_FOREIGN * sizeof(*foreign), PROT_READ | PROT_WRITE,
		                   MAP_PRIVATE | MAP_ANONYMOUS, -1);
		if (at < 0)
			return NULL;
		foreign = (struct foreign *)at;
	}
	if (atomic_exchange(&foreign_pid, pid) != pid)
		foreign[0].fd = -1;
	struct foreign *f = foreign;
	while (f->fd >= 0 && f->fd != fd)
		f++;
	if (f->fd == fd)
		return f;
	if (!add || f == foreign + MAX_FOREIGN - 1)
		return NULL;
	*f = (struct foreign){fd, NULL};
	f[1].fd = -1;
	return f;
}

void fds_spawned(void)
{
	if (!atomic_load(&foreign_pid))
		return;
	for (struct foreign *f = foreign; f->fd >= 0; f++) {
		struct ofd *mark = &foreign_mark;
		__atomic_compare_exchange_n(&shim_fds[f->fd], &mark, NULL, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
	}
	atomic_store(&foreign_pid, 0);
}

/* ---- descriptions ---- */

SHIM_HOT static bool ref_up(struct ofd *ofd)
{
	int refs = atomic_load_explicit(&ofd->refs, memory_order_relaxed);
	while (refs > 0)
		if (solo_cas(&ofd->refs, &refs, refs + 1))
			return true;
	return false;
}

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
		if (!ref_up(ofd))
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
	if (__builtin_expect(atomic_load_explicit(&foreign_pid, memory_order_relaxed) != 0, 0) && fd_foreign_child()) {
		struct foreign *f = foreign_entry(fd, false);
		if (f) {
			if (f->ofd)
				ref_up(f->ofd);
			return f->ofd;
		}
	}
	return load_ref(&shim_fds[fd]);
}

struct ofd *ofd_get_cwd(void)
{
	return load_ref((struct ofd *volatile *)&shim_cwd);
}

static struct ofd *pool_take(void)
{
	struct ofd *ofd = memory_lanes_pop(&pool);

	if (ofd)
		return ofd;
	ofd = memory_zeroed(64 * sizeof(*ofd));
	for (int i = 1; ofd && i < 64; i++)
		memory_lanes_push(&pool, &ofd[i]);
	return ofd;
}

static void pool_give(struct ofd *ofd)
{
	if (ofd->slot)
		slot_free(ofd->slot);
	ofd->slot = NULL;
	memory_lanes_push(&pool, ofd);
}

/* dir/name, or dir when name is "". */
static bool set_path(struct ofd *ofd, const char *dir, const char *name)
{
	ofd->path = NULL;
	if (!dir)
		return true;
	size_t len = strlen(dir), more = strlen(name), need = len + more + 2;
	if (need > ofd->path_size) {
		char *room = memory_take(need + 64);
		if (!room)
			return false;
		memory_give(ofd->path_room);
		ofd->path_room = room;
		ofd->path_size = need + 64;
	}
	ofd->path = ofd->path_room;
	memcpy(ofd->path, dir, len);
	if (more)
		ofd->path[len++] = '/';
	memcpy(ofd->path + len, name, more + 1);
	return true;
}

/* A description with a slot that nobody else has. */
static struct ofd *fresh(uint32_t flags)
{
	struct ofd *ofd = solo_swap(&recent, (struct ofd *)NULL);

	if (ofd) {
		slot_reset(ofd->slot, flags);
		return ofd;
	}
	ofd = pool_take();
	if (ofd && !(ofd->slot = slot_new(flags))) {
		pool_give(ofd);
		return NULL;
	}
	return ofd;
}

/* slot NULL: it has one. */
static struct ofd *fill(struct ofd *ofd, struct slot *slot, struct mount *mnt, enum ofd_kind kind, daos_obj_id_t oid,
                        const char *dir, const char *name)
{
	if (!ofd)
		return NULL;
	if (!set_path(ofd, dir, name)) {
		pool_give(ofd);
		return NULL;
	}
	if (slot)
		ofd->slot = slot;
	ofd->kind = kind;
	ofd->parking = PARK_NOT;
	ofd->mnt = mnt;
	ofd->generation = mnt->generation ? *mnt->generation : 0;
	ofd->oid = oid;
	atomic_store_explicit(&ofd->real, false, memory_order_relaxed);
	atomic_store_explicit(&ofd->locked, false, memory_order_relaxed);
	atomic_store_explicit(&ofd->spare, 0, memory_order_relaxed);
	atomic_store_explicit(&ofd->pages, kind == OFD_FILE ? ofd_pages(ofd) : PAGES_NOTHING, memory_order_relaxed);
	ofd->adopted = false;
	atomic_store_explicit(&ofd->obj, NULL, memory_order_relaxed);
	atomic_store_explicit(&ofd->refs, 1, memory_order_release);
	return ofd;
}

struct ofd *ofd_adopt(struct mount *mnt, struct slot *slot, enum ofd_kind kind, daos_obj_id_t oid, const char *path)
{
	return fill(slot ? pool_take() : fresh(O_RDONLY), slot, mnt, kind, oid, path, "");
}

struct ofd *ofd_new(struct mount *mnt, dfs_obj_t *obj, enum ofd_kind kind, uint32_t flags, const char *dir,
                    const char *name)
{
	daos_obj_id_t oid = {0};

	mnt->p->dfs_obj2id(obj, &oid);
	struct ofd *ofd = fill(fresh(flags), NULL, mnt, kind, oid, dir, name);
	if (ofd)
		atomic_store_explicit(&ofd->obj, obj, memory_order_release);
	return ofd;
}

SHIM_HOT_DATA _Atomic unsigned int shim_streams_gone;

void stream_free(struct stream *stream)
{
	atomic_fetch_add(&shim_streams_gone, 1);
	memory_give(stream);
}

SHIM_HOT void ofd_put(struct ofd *ofd)
{
	if (!ofd || solo_add(&ofd->refs, -1) != 1)
		return;
	dfs_obj_t *obj = atomic_load_explicit(&ofd->obj, memory_order_relaxed);
	if (obj)
		ofd->mnt->p->dfs_release(obj);
	if (ofd->adopted)
		adopt_forget(ofd);
	int spare = atomic_load_explicit(&ofd->spare, memory_order_relaxed);
	if (spare && !fd_foreign_child())
		shim_close_counted(spare);
	atomic_store_explicit(&ofd->obj, NULL, memory_order_relaxed);
	struct stream *left = atomic_load_explicit(&ofd->stream, memory_order_relaxed);
	if (left) { /* its DIR was not closed */
		atomic_store_explicit(&ofd->stream, NULL, memory_order_relaxed);
		stream_free(left);
	}
	struct ofd *none = NULL;
	if (!slot_private(ofd->slot) || !solo_cas(&recent, &none, ofd))
		pool_give(ofd);
}

/* The object behind a descriptor that is real, asked of our dfuse as libioil does after an open. */
static int ask_descriptor(struct ofd *ofd, int acc, dfs_obj_t **obj)
{
	for (unsigned int fd = 0; fd < shim_fd_top; fd++)
		if (shim_fds[fd] == ofd)
			return ask_object(ofd->mnt, (int)fd, acc, obj) ? EIO : 0;
	return EIO;
}

static int reopen(struct ofd *ofd, dfs_obj_t **obj)
{
	const struct provider *p = ofd->mnt->p; /* known: the mount is connected */
	int acc = ofd->kind == OFD_FILE ? (int)atomic_load(&ofd->slot->flags) & O_ACCMODE : O_RDONLY;

	if (acc == O_WRONLY)
		acc = O_RDWR;
	if (p->dfsx_open_oid && (ofd->oid.lo || ofd->oid.hi))
		return p->dfsx_open_oid(ofd->mnt->dfs, ofd->oid, acc, obj);
	if (ofd->kind == OFD_FILE && atomic_load(&ofd->real))
		return ask_descriptor(ofd, acc, obj);
	return ofd->path ? p->dfs_lookup(ofd->mnt->dfs, ofd->path[0] ? ofd->path : "/", acc, obj, NULL, NULL) : ENOENT;
}

SHIM_HOT dfs_obj_t *ofd_obj(struct ofd *ofd, int *err)
{
	dfs_obj_t *obj = atomic_load_explicit(&ofd->obj, memory_order_acquire);
	if (__builtin_expect(obj && atomic_load_explicit(&ofd->mnt->state, memory_order_acquire) == MOUNT_READY, 1))
		return obj;
	if (!mount_connect(ofd->mnt))
		*err = EIO;
	else if (obj) /* it was open before a fork */
		return obj;
	else
		*err = reopen(ofd, &obj);
	if (*err)
		return NULL;
	dfs_obj_t *none = NULL;
	if (!atomic_compare_exchange_strong(&ofd->obj, &none, obj)) {
		ofd->mnt->p->dfs_release(obj);
		return none;
	}
	if (!ofd->oid.lo && !ofd->oid.hi) { /* a dfuse that does not say it is not ours */
		ofd->mnt->p->dfs_obj2id(obj, &ofd->oid);
		if (ofd->adopted)
			adopt_note(ofd);
	}
	return obj;
}

/* ---- the table ---- */

static bool table_make(void)
{
	if (__atomic_load_n(&shim_fds, __ATOMIC_ACQUIRE))
		return true;
	long at = SHIM_RAW(SYS_mmap, NULL, SHIM_FD_MAX * sizeof(*shim_fds), PROT_READ | PROT_WRITE,
	                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
	if (at < 0)
		return false;
	struct ofd **none = NULL;
	if (!__atomic_compare_exchange_n(&shim_fds, &none, (struct ofd **)at, false, __ATOMIC_ACQ_REL,
	                                 __ATOMIC_ACQUIRE))
		SHIM_RAW(SYS_munmap, at, SHIM_FD_MAX * sizeof(*shim_fds));
	fork_watch();
	return true;
}

void fd_assign(int fd, struct ofd *ofd)
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
	if (fd_foreign_child()) { /* its entries die with it at exec: no reference to drop */
		struct foreign *f = foreign_entry(fd, true);
		struct ofd *none = NULL;
		if (f)
			f->ofd = ofd;
		/* The entry must look ours, so that calls on it come here. What the parent has is unchanged. */
		__atomic_compare_exchange_n(&shim_fds[fd], &none, &foreign_mark, false, __ATOMIC_ACQ_REL,
		                            __ATOMIC_ACQUIRE);
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

static long number_for(bool plain, int min, bool cloexec)
{
	long fd = plain && min == 0 ? fd_parked_take(cloexec) : -1;

	if (fd < 0) {
		fd_unpark();
		fd = duplicate(plain ? placeholder_get() : path_placeholder_get(), min, cloexec);
	}
	return fd;
}

long fd_install_at(long fd, struct ofd *ofd, bool cloexec)
{
	ofd->parking = ofd->kind == OFD_PATH ? PARK_NOT : cloexec ? PARK_CLOEXEC : PARK_PLAIN;
	fd_assign((int)fd, ofd);
	fd_show((int)fd);
	return fd;
}

long fd_install(struct ofd *ofd, int min, bool cloexec)
{
	long fd = number_for(ofd->kind != OFD_PATH, min, cloexec);

	if (fd < 0) {
		ofd_put(ofd);
		return fd;
	}
	return fd_install_at(fd, ofd, cloexec);
}

long fd_reserve(bool cloexec)
{
	return number_for(true, 0, cloexec);
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
