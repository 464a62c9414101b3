/*
 * ofd.c - open-file descriptions: where they come from, what opens their object again, and where they go.
 */
#include <string.h>
#include "adopt.h"
#include "arena.h"
#include "ask.h"
#include "fdtable.h"
#include "foreign.h"
#include "materialise.h"
#include "mounts.h"
#include "ofd.h"
#include "runtime.h"
#include "solo.h"
#include "wait.h"

static struct memory_lanes pool;
/* The one given back last, with its slot: spares a program that opens one file after the other the pool and arena. */
SHIM_HOT_DATA static _Atomic(struct ofd *) recent;

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

SHIM_ASIDE static void pool_give(struct ofd *ofd)
{
	if (ofd->slot)
		slot_free(ofd->slot);
	ofd->slot = NULL;
	memory_lanes_push(&pool, ofd);
}

/* From two strings, or into more room. */
SHIM_ASIDE static bool join_path(struct ofd *ofd, const char *dir, size_t dir_len, const char *name, size_t name_len)
{
	size_t need = dir_len + name_len + 2;

	if (need > ofd->path_size) {
		char *room = memory_take(need + 64);
		if (!room)
			return false;
		memory_give(ofd->path_room);
		ofd->path_room = room;
		ofd->path_size = need + 64;
	}
	char *out = ofd->path_room;
	memcpy(out, dir, dir_len);
	if (name_len)
		out[dir_len++] = '/';
	memcpy(out + dir_len, name, name_len);
	out[dir_len + name_len] = 0;
	ofd->path = out;
	return true;
}

SHIM_HOT bool ofd_set_path(struct ofd *ofd, const char *dir, size_t dir_len, const char *name, size_t name_len)
{
	size_t len = dir_len + 1 + name_len;

	if (name != dir + dir_len + 1 || dir[dir_len] != '/' || len >= ofd->path_size)
		return join_path(ofd, dir, dir_len, name, name_len);
	ofd->path = ofd->path_room; /* they are one string, as the program wrote it */
	ofd->path[len] = 0;
	memcpy(ofd->path, dir, len);
	return true;
}

/* With a slot, which a new description has of its own. */
static inline void fill(struct ofd *ofd, struct mount *mnt, dfs_obj_t *obj, daos_obj_id_t oid, enum ofd_kind kind)
{
	ofd->path = NULL;
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
	atomic_store_explicit(&ofd->obj, obj, memory_order_relaxed);
	atomic_store_explicit(&ofd->refs, 1, memory_order_release);
}

/* slot NULL: a new one. */
SHIM_ASIDE static struct ofd *from_pool(struct mount *mnt, struct slot *slot, dfs_obj_t *obj, const daos_obj_id_t *oid,
                                        enum ofd_kind kind, uint32_t flags)
{
	struct ofd *ofd = pool_take();

	if (ofd && !(ofd->slot = slot ? slot : slot_new(flags))) {
		pool_give(ofd);
		return NULL;
	}
	if (ofd)
		fill(ofd, mnt, obj, *oid, kind);
	return ofd;
}

SHIM_ASIDE static struct ofd *ask_and_new(struct mount *mnt, dfs_obj_t *obj, enum ofd_kind kind, uint32_t flags)
{
	daos_obj_id_t oid = {0};

	mnt->p->dfs_obj2id(obj, &oid);
	return ofd_new(mnt, obj, &oid, kind, flags);
}

SHIM_HOT struct ofd *ofd_new(struct mount *mnt, dfs_obj_t *obj, const daos_obj_id_t *oid, enum ofd_kind kind,
                             uint32_t flags)
{
	if (!oid)
		return ask_and_new(mnt, obj, kind, flags);
	struct ofd *ofd = solo_swap(&recent, (struct ofd *)NULL);

	if (!ofd)
		return from_pool(mnt, NULL, obj, oid, kind, flags);
	slot_reset(ofd->slot, flags);
	fill(ofd, mnt, obj, *oid, kind);
	return ofd;
}

struct ofd *ofd_adopt(struct mount *mnt, struct slot *slot, enum ofd_kind kind, daos_obj_id_t oid, const char *path)
{
	struct ofd *ofd = from_pool(mnt, slot, NULL, &oid, kind, O_RDONLY);

	if (ofd && path && !ofd_set_path(ofd, path, strlen(path), "", 0)) {
		pool_give(ofd);
		return NULL;
	}
	return ofd;
}

SHIM_HOT_DATA _Atomic unsigned int shim_streams_gone;

void stream_free(struct stream *stream)
{
	atomic_fetch_add(&shim_streams_gone, 1);
	memory_give(stream);
}

/* The last reference has gone. */
SHIM_HOT static void end(struct ofd *ofd)
{
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
	if (atomic_load_explicit(&ofd->slot->shared, memory_order_relaxed) || !solo_cas(&recent, &none, ofd))
		pool_give(ofd);
}

SHIM_HOT void ofd_put(struct ofd *ofd)
{
	if (ofd && solo_add(&ofd->refs, -1) == 1)
		end(ofd);
}

/* ---- waiting ---- */

extern int __cxa_thread_atexit_impl(void (*function)(void *), void *arg, void *library) __attribute__((weak));
extern char __dso_handle;

static __thread struct ofd *waits_with __attribute__((tls_model("initial-exec")));

static void put_at_end(void *arg)
{
	(void)arg;
	ofd_put(waits_with);
	waits_with = NULL;
}

long ofd_wait(struct ofd *ofd, long nr, long a1, long a2, long a3)
{
	static __thread bool known __attribute__((tls_model("initial-exec")));

	/* Not by a handler for cleaning up: that takes a library of the compiler's, or libc's of a version. */
	if (libc_threads() && !known && __cxa_thread_atexit_impl)
		known = __cxa_thread_atexit_impl(put_at_end, NULL, &__dso_handle) == 0;
	struct ofd *outer = waits_with; /* of a call that a signal handler has interrupted */
	waits_with = ofd;
	long r = shim_wait(nr, a1, a2, a3, 0, 0, 0);
	waits_with = outer;
	return r;
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

void ofds_child(void)
{
	struct ofd *ofd = atomic_exchange(&recent, NULL);

	if (ofd) { /* its slot is also the parent's to use */
		ofd->slot = NULL;
		memory_lanes_push(&pool, ofd);
	}
}
