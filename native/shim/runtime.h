/*
 * runtime.h - the parts of the shim that operations are written with.
 */
#ifndef DFSKIT_RUNTIME_H
#define DFSKIT_RUNTIME_H

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <daos.h>
#include <daos_fs.h>
#include <dfskit_ext.h>
#include <dfskit_ioctl.h>
#include "../memory/memory.h"
#include "../memory/rank.h"
#include "../provider/provider.h"
#include "shim.h"

/* Locks: a lower rank is taken first. */
enum rank {
	RANK_STREAM = 1, /* of a DIR: its batch of entries (pil4dfs/stream.c) */
	RANK_SLOT =
	    2, /* of an open-file description: its offset, in shared memory (slot_lock); where files are mapped */
	RANK_MOUNT = 3, /* connecting a mount, when the provider is loaded (mounts.c) */
	RANK_CACHE = 4  /* directory cache (dircache.c) */
};

/* ---- arena.c: what processes share --------------------------------------------------------- */

/* Where the file offset of a description is kept. */
enum slot_where {
	SLOT_SHIM,  /* here, in slot.offset */
	SLOT_KERNEL /* in the kernel: some process holds it without a shim */
};

/* One open-file description's shared state; 32 bytes, two a cache line. */
struct slot {
	_Atomic uint32_t lock;    /* thread id of the holder, 0 when free */
	_Atomic uint32_t flags;   /* status flags, O_APPEND and such: F_SETFL changes them for all */
	_Atomic uint64_t offset;  /* file offset, or the cookie of a directory */
	_Atomic uint32_t where;   /* enum slot_where */
	_Atomic uint32_t shared;  /* inherited over a fork: never used again, others may hold it */
	_Atomic uint32_t waiting; /* the holder waits for another slot, in a signal handler */
	uint32_t pad;
};

struct slot *slot_new(uint32_t flags);
void slot_free(struct slot *slot);
/** As slot_new() leaves it. */
void slot_reset(struct slot *slot, uint32_t flags);
/** False when another process may hold it. */
bool slot_private(const struct slot *slot);
uint32_t slot_index(const struct slot *slot);
struct slot *slot_at(uint32_t index);
/** Locks the offset; a dead holder is passed over, the same thread (a signal handler) gets through, and so does one of two
 *  handlers that would wait for each other. Returns whether slot_unlock() is due. */
bool slot_lock(struct slot *slot);
void slot_unlock(struct slot *slot, bool locked);
/** Descriptors that an exec hands over: the arena and the mailbox, -1 where not yet made. */
void arena_fds(int fds[3]);
/** Maps the arena that the program before exec left. */
bool arena_adopt(const int fds[3]);
void arena_prepare_fork(void);
void arena_child(void);
/** Puts a kernel descriptor of \a slot where other processes of this family find it, and fetches it. */
bool mailbox_put(const struct slot *slot, int fd);
int mailbox_get(const struct slot *slot);

/* ---- mounts.c ------------------------------------------------------------------------------ */

struct mount {
	char root[PATH_MAX]; /* mount point, canonical, no slash at the end */
	size_t root_len;
	dev_t dev;  /* st_dev of files, 0 without a dfuse */
	bool dfuse; /* a kernel mount is there */
	bool read_only;
	bool by_oid;             /* it is our dfuse: DFSKIT_OID_NAME works */
	bool in_parts;           /* dfuse says what is open there in several answers: ask.c */
	bool linked;             /* a container that is linked below a mount: linked.c */
	_Atomic int via;         /* then: a descriptor of a file in it */
	_Atomic int state;       /* enum mount_state */
	const char *pool, *cont; /* of a mount from the environment, else NULL */
	const struct provider *p;
	dfs_t *dfs;
	dfs_obj_t *root_obj;
	const volatile uint64_t *generation; /* NULL: the provider has none */
	_Atomic uint64_t id;                 /* as the ioctl of dfuse says, 0 before it was asked */
};

enum mount_state {
	MOUNT_NEW,
	MOUNT_READY,
	MOUNT_DEAD,
	MOUNT_ASLEEP /* connected by the parent of a fork: the provider is made usable at the first call here */
};

/** Whether the absolute \a path is the mount point of \a mnt or begins with it. Eight bytes at a time, where a page
 *  boundary lets them be read: as long as all agreed, the string has not ended. */
static inline bool mount_holds(const struct mount *mnt, const char *path)
{
	size_t i = 0, len = mnt->root_len;

	for (; len - i >= 8 && ((uintptr_t)(path + i) & 4095) <= 4096 - 8; i += 8) {
		uint64_t a, b;
		__builtin_memcpy(&a, path + i, 8);
		__builtin_memcpy(&b, mnt->root + i, 8);
		if (a != b)
			return false;
	}
	for (; i < len; i++)
		if (path[i] != mnt->root[i])
			return false;
	return path[len] == '/' || path[len] == 0;
}

extern struct mount shim_mounts[];
extern int shim_nr_mounts;
extern _Atomic(const struct provider *) shim_provider; /* NULL before the first mount is connected */

void mounts_find(void);
/** Connects on first use. False: the kernel has to do. */
bool mount_connect(struct mount *mnt);
/** The mount that holds the canonical absolute path, NULL when none does. */
struct mount *mount_of(const char *path);
struct mount *mount_by_root(const char *root);
/** The container with this identifier of dfuse that is linked below a mount, in which \a fd is open. NULL: the kernel has to
 *  do. */
struct mount *linked_mount(int fd, uint64_t id);
/** Calls \a fn for each of them. */
void linked_each(void (*fn)(struct mount *mnt));
/** Keeps fork away from a mount that is being connected: \a stage as for dfsx_fork(). */
void mounts_fork(int stage);

/* ---- ask.c --------------------------------------------------------------------------------- */

/* What reaches a mount, learned before any lock is taken. */
struct route {
	char err[256];
	char provider[16];
	bool ours; /* our own dfuse, of the same user: `all` has everything */
	d_iov_t all;
	d_iov_t pool, cont, dfs; /* else these; pool and cont are empty when we have to open them by name */
	char pool_name[128], cont_name[128];
	struct dfskit_ioctl_mount info;
};

/** Asks the dfuse of \a mnt. 0 or an errno. */
int route_ask(const struct mount *mnt, struct route *route);
/** Connects \a mnt as \a route says, and lets go of what that holds. 0 or an errno. */
int route_take(struct mount *mnt, const struct provider *p, struct route *route, int flags);
/** Opens the object behind a real descriptor on \a mnt. 0 or an errno. */
int ask_object(const struct mount *mnt, int fd, int acc, dfs_obj_t **obj);
/** The mount and the object of a descriptor that the kernel has opened; NULL when it is no file of ours. */
struct mount *ask_opened(int fd, int acc, dfs_obj_t **obj);
/** The mount that \a fd is on: of a regular file on a dfuse. */
struct mount *ask_device(int fd);
/** Makes \a fd ours, which the kernel has opened with \a flags, when it is a regular file on a mount. */
bool shim_opened(int fd, int flags);
/** Like ask_opened() without connecting: the mount of a regular file, and its identifier, 0 when that takes a connection. */
struct mount *ask_identity(int fd, daos_obj_id_t *oid);

/* ---- fdtable.c ------------------------------------------------------------------------------ */

enum ofd_kind {
	OFD_FILE,
	OFD_DIR,
	OFD_PATH
};

/* May the descriptor be parked? Not once it was duplicated or its flags may have changed. */
enum parking {
	PARK_NOT,
	PARK_PLAIN,
	PARK_CLOEXEC
};

/* What the kernel's pages of a file are needed for, in all its descriptions of this process. */
enum pages {
	PAGES_NOTHING,
	PAGES_WRITES, /* who reads through the kernel has the file too: what is written has to reach its pages */
	PAGES_ALL     /* it is mapped: what is in the pages may be nowhere else */
};

/* An open-file description in this process. Memory of these is never given back (a stale pointer
 * always points at one), so the table can be read without a lock: see ofd_get(). */
struct ofd {
	void *next; /* free: memory_lanes_push() */
	_Atomic int refs;
	uint8_t kind;          /* enum ofd_kind */
	uint8_t parking;       /* enum parking: of its only descriptor */
	_Atomic bool real;     /* descriptors of it are real dfuse descriptors, no placeholders */
	_Atomic bool locked;   /* record locks of the process were taken on it */
	_Atomic int spare;     /* a descriptor that may be closed only with it, 0 for none: see lock_held() */
	_Atomic uint8_t pages; /* enum pages */
	bool adopted;          /* somebody else opened it: adopt.c */
	struct mount *mnt;
	struct slot *slot;
	_Atomic(dfs_obj_t *) obj; /* opened at first use after an exec: use ofd_obj() */
	daos_obj_id_t oid;
	char *path;      /* where it was opened, inside the container; NULL when unknown */
	char *path_room; /* memory of path, kept for the next description */
	size_t path_size;
	uint64_t generation;             /* of the directory tree when path was true */
	_Atomic(struct stream *) stream; /* of the DIR on it, NULL when there is none: pil4dfs/stream.c */
};

extern _Atomic(struct ofd *) shim_cwd; /* the working directory when it is ours */
extern bool shim_cwd_near;             /* it is not ours but above a mount */
extern unsigned int shim_fd_top;       /* no descriptor at or above it is ours */

/** Takes a reference to the description of \a fd. NULL when it isn't ours. */
struct ofd *ofd_get(int fd);
struct ofd *ofd_get_cwd(void);
void ofd_put(struct ofd *ofd);
/* How many streams have gone, or lost a descriptor: what was remembered of one before may be of that. */
extern _Atomic unsigned int shim_streams_gone;
void stream_free(struct stream *stream);
/** A descriptor of \a ofd is closed or becomes another file's: that of its DIR, perhaps. */
static inline void stream_leave(const struct ofd *ofd)
{
	if (__builtin_expect(atomic_load_explicit(&ofd->stream, memory_order_relaxed) != NULL, 0))
		atomic_fetch_add(&shim_streams_gone, 1);
}
/** A new description with one reference. It takes \a obj and copies the path, \a name in \a dir ("": \a dir itself;
 *  \a dir NULL: unknown). NULL: no memory. */
struct ofd *ofd_new(struct mount *mnt, dfs_obj_t *obj, enum ofd_kind kind, uint32_t flags, const char *dir,
                    const char *name);
/** A description whose slot (NULL: a new one) and object another program left, or that has none yet. */
struct ofd *ofd_adopt(struct mount *mnt, struct slot *slot, enum ofd_kind kind, daos_obj_id_t oid, const char *path);
/** The provider's object, opened again after an exec. NULL with *err set. */
dfs_obj_t *ofd_obj(struct ofd *ofd, int *err);
/** Gives \a ofd the lowest free descriptor from \a min on; takes the reference. -errno. */
long fd_install(struct ofd *ofd, int min, bool cloexec);
/** For an open that changes something: takes the number before, and installs there or gives it back. -errno. */
long fd_reserve(bool cloexec);
long fd_install_at(long fd, struct ofd *ofd, bool cloexec);
void fd_reserve_end(long fd);
/** Opens what is closed again soon, also when the program has used up its numbers. -errno. */
long fd_open_aside(const char *path, uint32_t flags);
/** After that was closed. */
void fd_aside_refill(void);
/** Makes table entry \a fd say \a ofd (NULL: not ours); takes the reference, drops the old one. */
void fd_assign(int fd, struct ofd *ofd);
/* parking.c: the number of a closed file, kept for the next open. */

/** Parks \a fd, the only descriptor of its description, instead of closing it. False: it has to be closed. */
bool fd_park(int fd, bool cloexec);
/** The parked number, when it is the one that an open gets; -1: the kernel has to be asked. */
int fd_parked_take(bool cloexec);
/** The kernel has put another file at \a fd. */
void fd_parked_replaced(int fd);
/** \a fd was closed. */
void fd_low_closed(int fd);
/** Before the kernel is asked for the lowest number, and when it was \a fd. */
uint64_t fd_low_begin(void);
void fd_low_found(int fd, uint64_t begin);
extern struct ofd parked_mark; /* in the table where it is parked */

/** Calls \a fn for every descriptor of ours, in order, until it returns non-zero. */
long fd_each(long (*fn)(int fd, struct ofd *ofd, void *arg), void *arg);
void fds_prepare_fork(void);
void fds_child(void);
/** The child that shared our memory has exec'd: its entries go. */
void fds_spawned(void);
/** Sets shim_fd_floor; due before the provider opens anything. */
void fd_floor_set(void);
/** True in a child that shares this memory but not the descriptor table (vfork, posix_spawn). */
bool fd_foreign_child(void);
extern _Atomic int shim_spawning; /* such children that may be under way: spawn.c */
/** Moves \a fd out of the program's way and remembers it. Returns the new number. */
int fd_hide(int fd);
void fd_unhide(int fd);

/* ---- memfile.c ---- */

/** A file in memory without a name, close-on-exec, or -errno. */
long memory_file(const char *name);
/** The same, empty for ever. */
long memory_file_sealed(const char *name);

/** Lifts RLIMIT_FSIZE, which is about the program's files and no others, until limit_restore(). True when a file may have
 *  \a size bytes then. */
bool limit_lift(struct rlimit *was, uint64_t size);
void limit_restore(const struct rlimit *was);

/* ---- dircache.c, resolve.c ------------------------------------------------------------------ */

struct dir_ref;

/* Where a path leads. */
struct where {
	bool ours;
	bool must_dir; /* it ended in a slash */
	struct mount *mnt;
	struct dir_ref *dir; /* ours: holds parent; where_done() lets it go */
	struct ofd *holds;   /* or this does */
	int magic;           /* the path is the link that proc(5) has for this descriptor of ours, -1 for any other */
	mode_t type;         /* of parent, when it is what where_enter() found */
	bool no_path;        /* parent was removed, or its path is too long to say */
	dfs_obj_t *parent;
	const char *name;  /* ours: last component, "" for parent itself */
	char *parent_path; /* ours: path of parent inside the container, "" for the root */
	int dirfd;         /* not ours: what the kernel is to be asked */
	const char *kpath;
	int links; /* symbolic links followed so far */
	char last[NAME_MAX + 1];
	char path[PATH_MAX + NAME_MAX + 2]; /* parent_path, or kpath of a path that left us */
	char rest[PATH_MAX + NAME_MAX + 2]; /* what is still to be walked */
};

/** Resolves all but the last component. 0 and *w filled (call where_done in any case), or -errno. */
long where_find(int dirfd, const char *path, struct where *w);
/** Follows the link of proc(5) that \a w is (w->magic): parent is what the descriptor has open, of w->type. */
long where_enter(struct where *w);
/** Goes on with the value of the symbolic link that the last component turned out to be. */
long where_follow(struct where *w, const char *value);
/** where_follow() with the value read from \a link. Releases it. */
long where_follow_obj(struct where *w, dfs_obj_t *link);
void where_done(struct where *w);
/** For a where_done() without a where_find(). */
static inline void where_none(struct where *w)
{
	w->dir = NULL;
	w->holds = NULL;
}
/** Path inside the container of the last component. */
void where_path(const struct where *w, char *out);

extern _Atomic int shim_own_pid; /* 0 before the first descriptor of ours */
/** Descriptor that a path of proc(5) or /dev/fd begins with, -1 for any other path. \a rest: what follows it. */
int fd_of_path(const char *path, const char **rest);
/** True path of a directory description inside the container. -errno. */
long ofd_dir_path(struct ofd *ofd, char *out, size_t size);

/* ---- link.c --------------------------------------------------------------------------------- */

/** True when objects of the container that stand for another one are known to be there, at the cost of a look into
 *  memory. */
static inline bool links_known(const struct mount *mnt)
{
	return mnt->p->dfsx_has_links && __builtin_expect(mnt->p->dfsx_has_links(mnt->dfs), 0);
}
/** Whether an object stands for another container. */
bool link_here(const struct mount *mnt, dfs_obj_t *obj);
bool link_named(const struct mount *mnt, dfs_obj_t *parent, const char *name);
/** Hands the path that \a w found to the kernel. 0, or -errno where no mount is. */
long where_leave(struct where *w);

struct dir_ref *dir_find(struct mount *mnt, const char *path, size_t len);
struct dir_ref *dir_add(struct mount *mnt, const char *path, size_t len, dfs_obj_t *obj);
dfs_obj_t *dir_obj(const struct dir_ref *dir);
void dir_put(struct dir_ref *dir);
void dirs_lock(bool take);

/* ---- materialise.c -------------------------------------------------------------------------- */

/** Opens the file of \a ofd through the kernel. A descriptor, or -errno. */
long ofd_open_kernel(struct ofd *ofd, uint32_t flags);
/** Replaces every placeholder of \a ofd; with \a give_offset the kernel owns the offset from now on. */
long ofd_materialise(struct ofd *ofd, bool give_offset);
/** The same for a shared mapping: through the page cache also when the descriptor appends. */
long ofd_materialise_pages(struct ofd *ofd);
/** Makes descriptors real when another process gave the offset to the kernel. 0 or -errno. */
long ofd_follow_kernel(struct ofd *ofd);

/** From now on the pages of the file are needed for \a pages; until ofd_leave_pages(), or for good. */
void ofd_use_pages(struct ofd *ofd, enum pages pages, bool for_good);
void ofd_keep_pages(const struct mount *mnt, daos_obj_id_t oid);
void ofd_leave_pages(const struct mount *mnt, daos_obj_id_t oid);
/** What for: asked of a description that is opened later. */
enum pages ofd_pages(const struct ofd *ofd);

/* ---- adopt.c --------------------------------------------------------------------------------- */

/** Takes over the descriptors that a program without a shim has left, and from now on those that are received. */
void adopt_inherited(void);
/** Counts \a ofd, which is adopted and whose object is known, until it is closed. */
void adopt_note(const struct ofd *ofd);
void adopt_forget(const struct ofd *ofd);
extern _Atomic uint16_t shim_adopted[1024];
static inline unsigned int adopt_place(daos_obj_id_t oid)
{
	return (unsigned int)((oid.lo ^ oid.hi << 32) * 0x9E3779B97F4A7C15ull >> 54);
}
/** True when this process has an adopted description of the file; rarely when it has one of another file only. */
static inline bool adopt_has(daos_obj_id_t oid)
{
	return __builtin_expect(atomic_load_explicit(&shim_adopted[adopt_place(oid)], memory_order_relaxed) != 0, 0);
}

/* ---- mappings.c ------------------------------------------------------------------------------ */

/** The file of \a ofd was mapped at \a at: its pages are in use as long as that is there. */
void mapping_made(struct ofd *ofd, uintptr_t at, size_t length);

/* ---- memcopy.c ------------------------------------------------------------------------------- */

/** A memfd, close-on-exec, with the bytes that the file has now. -errno. */
long ofd_memory_copy(struct ofd *ofd);

/* ---- rings.c -------------------------------------------------------------------------------- */

/** Descriptor \a fd has become ours: a real one at once where the kernel is going to meet it unseen. */
void fd_show(int fd);

/* ---- locks.c -------------------------------------------------------------------------------- */

/** Whether the process may hold record locks on the file: then closing any real descriptor of it drops them. */
bool lock_held(const struct ofd *ofd);
/** The program closes \a fd: the locks of its file go, as if it were a real one. Does nothing when there are none. */
void lock_closing(int fd);
bool lock_command(int cmd);
/** F_SETLK and its kin. */
long lock_record(int fd, struct ofd *ofd, int cmd, struct flock *lock);
void locks_child(void);

/* ---- op_move.c ------------------------------------------------------------------------------ */

/** Why the bytes of \a in can't become those of \a out without being copied: ioctl_ficlone(2). -errno. */
long can_clone(int in, int out);

/* ---- fork.c --------------------------------------------------------------------------------- */

/** From now on the locks and tables are right in a forked child. Call before the first use of either. */
void fork_watch(void);
enum fork_stage {
	FORK_PREPARE,
	FORK_PARENT,
	FORK_CHILD
};
/** What the handlers do, for a child that is made without them. */
void fork_around(enum fork_stage stage);

/* ---- spawn.c ---------------------------------------------------------------------------------- */

/** Around the making of a child that shares our memory until it execs. */
struct ofd *spawn_begin(void);
void spawn_end(struct ofd *cwd);

/* ---- cwd.c ---------------------------------------------------------------------------------- */

/** Learns the working directory from the kernel: at the start, and after it changed to one not ours. */
void cwd_learn(void);

/* ---- exec.c --------------------------------------------------------------------------------- */

void handover_take(void);
extern char shim_library[PATH_MAX];    /* path of this library */
extern const char *shim_library_given; /* the one that the loader was given */

/* ---- of each flavour ------------------------------------------------------------------------ */

/** True when paths are answered in the process (pil4dfs), false when only descriptors are (ioil). */
extern const bool shim_takes_paths;
/** The program at a path that only the provider reaches, as ofd_memory_copy() of it; -ENOENT when the kernel can. */
long shim_program_copy(int dirfd, const char *path, int flags);
/** The flavour's own part of shim_start(). */
void shim_flavour_start(void);

#define SHIM_RAW(nr, ...) SHIM_RAW_(nr, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define SHIM_RAW_(nr, a, b, c, d, e, f, ...) \
	shim_syscall(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

#endif
