/*
 * local.h - the parts of the local provider, as they see one another.
 *
 * Readers take none of the locks (enum rank): see rtx_begin.
 */
#ifndef LOCAL_H
#define LOCAL_H

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <daos.h>
#include <daos_fs.h>
#include <dfskit_ext.h>
#include "journal.h"
#include "pending.h"
#include "sys.h"
#include "../memory/rank.h"

#define EXPORT      __attribute__((visibility("default")))
#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Locks: a lower rank is taken first. All are taken before fork and released after it. */
enum rank {
	RANK_REGISTRY = 1,   /* open containers (store.c) */
	RANK_HANDLES = 2,    /* the handle table (handle.c) */
	RANK_CHECKPOINT = 3, /* of a container: one step of it (checkpoint.c); never together with the writer */
	RANK_WRITER = 3,     /* of a container: write transactions of this process, its own tables (transaction.c) */
	RANK_DESCRIPTOR = 4, /* the list of cached host descriptors (hostfd.c) */
	RANK_PENDING = 4,    /* of a container: its overlays (overlay.c); a child of a fork makes its own */
	RANK_OPEN = 5,       /* opening an environment of LMDB (env.c) */
	RANK_EVENTS = 6      /* events and their queues (event.c) */
};

#define STORE_VERSION 1 /* of the layout on disk; a newer one is refused with EPROTONOSUPPORT */
#define CONT_VERSION  3 /* the same for a container */
#define STORE_MAGIC   0x6466736b69743031ULL
#define ROOT_INO      1ULL
#define DBI           ((MDB_dbi)1) /* LMDB's main database, the only one */
#define DAMAGED       EUCLEAN      /* a store that contradicts itself */

/* ---- keys ------------------------------------------------------------------------------
 * One B-tree of 16-byte keys, two big-endian words:
 *   0, KEY_SUPER                     struct super_rec
 *   0, KEY_INO                       next free inode number
 *   directory, slot                  struct dirent_rec; slot is the cookie of readdir
 *   0, KEY_JOURNAL                   struct journal_pos: in the base, what it has taken in
 *   0, KEY_SNAPSHOTS                 struct snapshots_rec
 *   0, KEY_MERGED                    the transaction before the last one that took in what was pending
 *   SPACE_ORPHAN, inode              an inode without a name that somebody may have open
 *   SPACE_PURGE, inode               a host file that goes when its removal is durable
 *   SPACE_SNAPSHOT, id               struct snapshot_rec
 *   SPACE_KEPT, inode, epoch         a preserved file, see preserve.c; KEPT_WHOLE: the host file of
 *                                    an object that only snapshots have
 *   SPACE_USER, slot                 attribute of the container set by its users, see named.c
 *   SPACE_INODE | inode, 0           struct inode_rec (a symbolic link's target follows it)
 *   SPACE_INODE | inode, DATA_SLOT   the bytes of a small file, see small.c
 *   SPACE_INODE | inode, slot        extended attribute, see named.c
 *   SPACE_HISTORY, key, epoch        what was at a key of a name, inode or xattr up to that epoch, see
 *                                    record.c
 */
#define SPACE_INODE    (1ULL << 63)
#define SPACE_ORPHAN   (1ULL << 62)
#define SPACE_PURGE    (SPACE_ORPHAN + 1)
#define SPACE_SNAPSHOT (SPACE_ORPHAN + 2)
#define SPACE_KEPT     (SPACE_ORPHAN + 3)
#define SPACE_USER     (SPACE_ORPHAN + 4)
#define SPACE_HISTORY  (SPACE_INODE | SPACE_ORPHAN)
#define KEY_SUPER      0ULL
#define KEY_INO        1ULL
#define KEY_JOURNAL    3ULL
#define KEY_SNAPSHOTS  4ULL
#define KEY_MERGED     5ULL
#define KEPT_WHOLE     UINT64_MAX
#define DATA_SLOT      1ULL /* no hash of a name is as small */

struct key {
	uint64_t hi, lo; /* big-endian */
};
_Static_assert(sizeof(struct key) == 16, "keys are two words");

/* Inode numbers as the code passes them around have the snapshot in which the object is seen above
 * the number proper: 0 is the live container. What is stored has no such bits. */
#define INO_BITS            44
#define VIEW_BITS           18
#define VIEW_MAX            ((1ULL << VIEW_BITS) - 1)
#define BARE_INO(ino)       ((ino) & ((1ULL << INO_BITS) - 1))
#define VIEW_OF(ino)        ((ino) >> INO_BITS & VIEW_MAX)
#define VIEW_INO(view, ino) ((uint64_t)(view) << INO_BITS | (ino))
#define SNAPDIR_INO         ((1ULL << INO_BITS) - 1) /* .snapshot, which has no record */
#define SNAPDIR_NAME        ".snapshot"
_Static_assert(INO_BITS + VIEW_BITS == 62, "below SPACE_ORPHAN");

struct super_rec {
	uint64_t magic;
	uint32_t version;
	uint32_t epoch;     /* moves on when all write marks are void; see inode.c */
	uint64_t hash_seed; /* of names */
	uint8_t uuid[16];
	uint64_t id; /* dfs_attr_t and properties from here */
	uint64_t chunk_size;
	uint32_t oclass, dir_oclass, file_oclass;
	uint32_t mode;
	int64_t created;
	char label[DAOS_PROP_LABEL_MAX_LEN + 1];
	char hints[DAOS_CONT_HINT_MAX_LEN];
};
_Static_assert(sizeof(struct super_rec) == 336, "layout on disk");

struct dirent_rec {
	uint64_t ino;
	uint8_t type; /* DT_* */
	char name[];  /* up to the end of the value, no NUL */
};
#define DIRENT_HEAD offsetof(struct dirent_rec, name)
#define SLOT_SHARE  8 /* names (of entries, of xattrs) of one hash */

#define INODE_HAS_HOST  (1U << 0) /* a host file may exist */
#define INODE_HAS_XATTR (1U << 1)
#define INODE_LINKABLE  (1U << 2) /* made without a name: it may still get its first one */
#define INODE_HAS_DATA  (1U << 3) /* its bytes are in the tree; never together with INODE_HAS_HOST */

#define SMALL_MAX  4096 /* bytes of a file in the tree, */
#define SMALL_HEAD 4080 /* and of its record: with LMDB's header one page */
#define SMALL_TAIL 16

struct inode_rec {
	uint32_t mode, uid, gid, nlink;
	uint64_t size;               /* true while writers is 0; otherwise ask the host file */
	int64_t atime, mtime, ctime; /* nanoseconds since 1970 */
	union {
		struct {
			uint64_t parent, slot; /* of a directory: where its name is */
		};
		uint8_t tail[SMALL_TAIL]; /* of a file with INODE_HAS_DATA: its bytes from SMALL_HEAD on */
	};
	uint32_t
	    epoch; /* handles that write, valid in this epoch; with INODE_HAS_DATA: shared->syncs when it got that */
	uint32_t writers;
	uint32_t flags; /* INODE_HAS_* */
	uint32_t oclass;
	uint32_t dir_oclass, file_oclass;
	uint64_t chunk_size;
	uint64_t blocks; /* of 512 bytes, true as size is */
};
_Static_assert(sizeof(struct inode_rec) == 104, "layout on disk");

struct snapshots_rec {
	uint64_t newest;     /* epoch of the newest snapshot there is, 0: none */
	uint64_t last_epoch; /* ever given; epochs are microseconds since 1970, each larger than the last */
	uint64_t change;     /* counts snapshots taken and destroyed */
	uint32_t last_id, count;
	uint32_t sweep; /* not 0: what destroyed snapshots have left is not all gone; counts them */
	uint32_t pad;
};
_Static_assert(sizeof(struct snapshots_rec) == 40, "layout on disk");

struct snapshot_rec {
	uint64_t epoch;
	char name[]; /* up to the end of the value, no NUL; empty: has none */
};
#define SNAPSHOT_HEAD offsetof(struct snapshot_rec, name)

/* ---- descriptors of our own (hostfd.c) ------------------------------------------------- */
int fd_adopt(int fd);  /* moves fd up and notes it as ours; -errno and fd closed on failure */
void fd_close(int fd); /* closes one of ours */
void fd_reserve(int like);
int fd_open(int dir, const char *path, int flags, mode_t mode); /* sys_openat and fd_adopt */

/* ---- containers (store.c, env.c, transaction.c, marks.c) ----------------------------------------------- */
#define READ_SLOTS 64

struct read_slot {
	_Alignas(64) _Atomic(MDB_txn *) txn; /* idle transaction, reset */
	atomic_uint busy;
};

#define BOOT_ID_LEN 36

/* Mapped for reading by everybody; written with pwrite. */
struct shared_page {
	uint64_t dir_generation;
	uint64_t attach_nonce;      /* changes whenever a process joins */
	uint64_t orphans;           /* hint: not 0 while there may be some */
	uint64_t purges;            /* hint: host files that wait for their removal to be durable, */
	uint64_t purge_blocks;      /* and their size in 512 bytes */
	struct journal_pos journal; /* a place not far from the end; see journal.c */
	char boot[BOOT_ID_LEN];     /* of the machine's run that meta is of */
	uint64_t snapshot;          /* snapshots_rec.change * 2, + 1 while one is being taken; 0: there is none */
	uint32_t syncs, pad;        /* of the whole container, counted */
	uint8_t orphan_bits[64];    /* which orphans there may be: a bit each, by hash of the inode number */
	uint64_t links;             /* not 0 once an object was given the attribute user.daos */
	uint64_t set_id_generation; /* changes whenever a file gets a set-user-ID or set-group-ID bit */
	uint64_t cut_at;            /* not 0: host files near this number may have lost their record with the power */
};

#define MARK_BUCKETS 4096
#define MARK_INTENTS 64
#define MARK_WRITERS 64

/* One file a process in CONT/open, locked while it lives. Soft state: it says which objects
 * must not be reclaimed, and can't damage anything but their reclaiming. */
struct mark_page {
	_Atomic uint32_t forking; /* children that have no marks of their own yet */
	uint32_t pad;
	_Atomic uint64_t intents[MARK_INTENTS]; /* inodes whose host file is about to go */
	_Atomic uint32_t open[MARK_BUCKETS];    /* open handles, by hash of the inode number */
	struct {
		_Alignas(64) _Atomic uint32_t n;
	} writing[MARK_WRITERS]; /* changes of data under way, by inode number: preserve.c */
};

struct peer {
	struct mark_page *page;
	char name[48];
	bool seen;
};

struct cont {
	struct cont *next; /* registry */
	int refs;          /* registry */
	char pool[DAOS_PROP_LABEL_MAX_LEN + 1];
	char label[DAOS_PROP_LABEL_MAX_LEN + 1];
	char *store; /* directory of the store */
	char *path;  /* of the container */

	atomic_uint fork_generation; /* of the process that opened env */
	MDB_env *env;
	atomic_bool gate; /* readers wait: the map is being moved */
	struct read_slot slots[READ_SLOTS];
	int env_fds[8]; /* LMDB's, to close in a child */
	int env_nfds;

	pthread_mutex_t writer;
	int dir_fd, obj_fd, shared_fd, mark_fd;
	volatile struct shared_page *shared;
	struct mark_page *marks;
	char mark_name[48];
	uint32_t *fork_counts; /* open counts between prepare and child */
	bool fork_pinned;
	uint64_t seen_nonce; /* writer */
	unsigned writes;     /* writer */
	struct peer *peers;  /* writer */
	unsigned npeers;
	uint64_t ino_next, ino_end; /* writer */
	bool ino_taken;             /* writer: by the transaction under way */
	pid_t pid;                  /* of the process that opened env */
	mode_t share;               /* permission bits for what we create on the host */
	uint64_t next_sweep;
	uint64_t saving;         /* writer: in a transaction, the epoch under which old records are kept, 0: none */
	bool sweep_due;          /* at the attach */
	atomic_bool no_clone;    /* the host file system can't clone files */
	char scratch[SMALL_MAX]; /* writer: a small file */
	struct super_rec super;
	struct journal journal;
	struct pending pending;
};

struct rtx {
	struct txn *txn, own;
	struct read_slot *slot;
};

extern atomic_uint fork_generation;

int store_check_name(const char *name);
/* store: the directory of the store, NULL (it could not be told) is ENOENT. */
int store_cont_create(const char *store, const char *pool, const char *label, const dfs_attr_t *attr, uuid_t *uuid);
int store_cont_get(const char *store, const char *pool, const char *label, struct cont **out);
#define POOL_RECORDS ".pool" /* a container that nobody sees, for what a pool itself keeps */
int store_make_cont(const char *store, const char *pool, const char *label, const dfs_attr_t *attr,
                    uuid_t *uuid); /* the same with any label */
int store_pool_records(const char *store, const char *pool, bool create, struct cont **out);
void store_cont_ref(struct cont *c);
void store_cont_put(struct cont *c);
int store_cont_destroy(const char *store, const char *pool, const char *label, bool force);
unsigned store_users(struct cont *c); /* processes that have it open */
int store_pool_exists(const char *store, const char *pool);
int store_cont_list(const char *store, const char *pool, int (*cb)(void *arg, const char *label), void *arg);
char *store_dir(void); /* that of the environment, to be freed */
int store_init(void);  /* once a process: fork handlers */
int store_check_version(const char *store, bool create);
struct cont *store_hold_all(void); /* the open containers, which stay until store_let_all() */
void store_let_all(void);
struct cont *cont_alloc(const char *store, const char *pool, const char *label);
void cont_free(struct cont *c);
int cont_open_parts(struct cont *c, bool create); /* the directories and the shared page */
void uuid_text(const uint8_t *uuid, char out[DAOS_UUID_STR_SIZE]);

/* Room for one more element than *nr has: the array, perhaps moved; NULL without memory. */
static inline void *array_grow(void *array, size_t nr, size_t *room, size_t size)
{
	size_t more = *room == 0 ? 64 : 2 * *room;

	if (nr < *room)
		return array;
	array = realloc(array, more * size);
	if (array != NULL)
		*room = more;
	return array;
}

/* ---- directories of the host (hostdir.c) ------------------------------------------------ */
struct hostdir_entry { /* as the kernel lays it out */
	uint64_t ino;
	int64_t off;
	unsigned short len;
	unsigned char type;
	char name[];
};
int hostdir_walk(int fd, int (*cb)(int fd, struct hostdir_entry *d, void *arg), void *arg); /* until non-zero */
int hostdir_remove(const char *path);                                                       /* with all that is in it */

int owner_claim(struct cont *c); /* EREMOTE: another machine's */
int env_open(struct cont *c, bool create);
void env_close(struct cont *c);
void env_gate(struct cont *c);             /* keeps readers out until c->gate is false again */
int env_resize(struct cont *c, bool grow); /* of the map; writer held */
int env_errno(int rc);                     /* positive errno of an LMDB result */
int env_sync(struct cont *c);
int env_open_base(const char *path, mode_t mode, MDB_env **env); /* a tree of this process alone, synced */
int env_ready(struct cont *c);                                   /* after a fork: opens everything anew in the child */

struct read_slot *my_slot(struct cont *c); /* this thread's */

/* A read transaction, for the length of one call. Takes no lock; safe in any thread. */
int rtx_begin(struct cont *c, struct rtx *r);
void rtx_end(struct rtx *r);
int rtx_begin_tree(struct cont *c, struct rtx *r); /* one that may walk over names, xattrs and lists: see tree_scan */

/* Takes c->writer for what a signal handler of this thread may also want. */
static inline uint64_t writer_lock(struct cont *c)
{
	uint64_t before = signals_block();

	rank_lock(&c->writer, RANK_WRITER);
	return before;
}

static inline void writer_unlock(struct cont *c, uint64_t before)
{
	rank_unlock(&c->writer, RANK_WRITER);
	signals_restore(before);
}

/* Runs fn in a write transaction and commits when it returns 0. fn may run more than once
 * (the map grew), and returns an LMDB result or a positive errno. */
typedef int (*write_fn)(struct cont *c, struct txn *txn, void *arg);
int cont_write(struct cont *c, write_fn fn, void *arg);
struct drop;
int cont_write_drop(struct cont *c, write_fn fn, void *arg, struct drop *drop); /* fn fills drop; then drop_finish */
int cont_write_tree(struct cont *c, write_fn fn, void *arg); /* at once in the tree: what is more than a few records */

int marks_attach(struct cont *c);
void marks_bury(struct cont *c);
void marks_detach(struct cont *c);
int marks_attach_child(struct cont *c);
void marks_open(struct cont *c, uint64_t ino);
void marks_release(struct cont *c, uint64_t ino);
bool marks_is_open(struct cont *c, uint64_t ino);  /* writer held */
bool marks_is_going(struct cont *c, uint64_t ino); /* the same; somebody is about to remove the host file */
void marks_fork(struct cont *c, int stage);        /* 0 before, 1 in the parent, 2 in the child */
void shared_bump_dirs(struct cont *c);
void shared_bump_set_id(struct cont *c);
void shared_set_orphans(struct cont *c, uint64_t n);
int shared_set_links(struct cont *c);
void shared_add_orphan(struct cont *c, uint64_t ino);
bool shared_may_be_orphan(struct cont *c, uint64_t ino);

/* An object whose last name goes: in the transaction, and after its commit. */
struct drop {
	uint64_t ino;
	struct inode_rec rec;
	bool gone;   /* the record was deleted */
	bool orphan; /* the record stays: somebody has the object open */
	bool kept;   /* a snapshot needs the host file */
	bool raced;  /* gone, and somebody has opened it before the commit */
	void *data;  /* bytes of a small file that is gone; to be freed */
	int intent;
};
/* Keeps a record without a name while somebody has it open; orphan_named() when it gets one. */
int put_orphan(struct cont *c, struct txn *txn, uint64_t ino, struct inode_rec *rec);
int orphan_named(struct cont *c, struct txn *txn, uint64_t ino);
int drop_inode(struct cont *c, struct txn *txn, uint64_t ino, struct inode_rec *rec, struct drop *d);
void drop_look(struct cont *c, struct drop *d); /* right after the commit; writer held */
void drop_finish(struct cont *c, struct drop *d, int rc);
void reclaim_orphan(struct cont *c, uint64_t ino);
void reclaim_all(struct cont *c);
/* Notes, where a dead process's successors will find it, that a host file is to go, or is not to count yet. */
int intent_begin(struct cont *c, uint64_t ino);
void intent_end(struct cont *c, int i);
/* Host files whose removal was committed before purge_list: gone once that is durable. */
#define PURGE_BATCH 256
unsigned purge_list(struct cont *c, uint64_t list[PURGE_BATCH]);
unsigned purge_all(struct cont *c, const uint64_t *list, unsigned n); /* how many went */
void purge_count(struct cont *c, uint64_t files, uint64_t blocks);    /* sets the hint; writer held, or alone */
bool purge_due(struct cont *c);                                       /* enough wait that it is worth a sync */
int purge_later(struct cont *c, struct txn *txn, uint64_t ino, const struct inode_rec *rec);

/* The first inode numbers with a record (space, number), behind `after`. */
unsigned list_space(struct cont *c, uint64_t space, uint64_t after, uint64_t *list, unsigned max);

/* ---- records and what they were (record.c) -------------------------------------------------- */
static inline struct key make_key(uint64_t hi, uint64_t lo)
{
	return (struct key){__builtin_bswap64(hi), __builtin_bswap64(lo)};
}

int rec_get_view(struct txn *txn, uint64_t hi, uint64_t lo, MDB_val *v);

/* The tree with what is pending. What they return holds up to the next change. */
static inline int tree_get(struct txn *t, MDB_val *k, MDB_val *v)
{
	return likely(t->over == NULL && !t->pending) ? mdb_get(t->mdb, DBI, k, v) : pending_get(t, k, v);
}

static inline int tree_put(struct txn *t, MDB_val *k, MDB_val *v, unsigned flags)
{
	return t->pending ? pending_put(t, k, v, flags) : mdb_put(t->mdb, DBI, k, v, flags);
}

static inline int tree_del(struct txn *t, MDB_val *k)
{
	return t->pending ? pending_del(t, k) : mdb_del(t->mdb, DBI, k, NULL);
}

/* A cursor over the tree alone: for what is never pending, snapshots and all that is kept for them. */
static inline int tree_cursor(struct txn *t, MDB_cursor **cur)
{
	return mdb_cursor_open(t->mdb, DBI, cur);
}

/* A cursor over anything. Where something is pending a writer begins anew in the tree (NEED_TREE). */
static inline int tree_scan(struct txn *t, MDB_cursor **cur)
{
	if (likely(t->over == NULL && !t->pending))
		return mdb_cursor_open(t->mdb, DBI, cur);
	t->need_tree = true;
	return NEED_TREE;
}

/* Reads a record; hi may name a snapshot. LMDB's result, or ESTALE: the snapshot is no more. */
static inline int rec_get(struct txn *txn, uint64_t hi, uint64_t lo, MDB_val *v)
{
	struct key key = make_key(hi, lo);
	MDB_val k = {sizeof(key), &key};

	return unlikely(VIEW_OF(hi) != 0) ? rec_get_view(txn, hi, lo, v) : tree_get(txn, &k, v);
}

/* These keep the old value when a snapshot needs it. EROFS when hi names a snapshot. */
int rec_put(struct txn *txn, uint64_t hi, uint64_t lo, MDB_val *v, unsigned flags);
int rec_del(struct txn *txn, uint64_t hi, uint64_t lo);
int rec_save(struct txn *txn, uint64_t hi, uint64_t lo);

/* The records (hi, lo > after) of a snapshot in order, until fn returns non-zero. */
typedef int (*rec_fn)(uint64_t lo, const MDB_val *v, void *arg);
int rec_walk_view(struct txn *txn, uint64_t hi, uint64_t after, rec_fn fn, void *arg);

/* ---- snapshots (snapshot.c, sweep.c, snapdir.c) ----------------------------------------------- */
int snapshots_get(struct txn *txn, struct snapshots_rec *all);
int snapshot_epoch(struct txn *txn, uint64_t id, uint64_t *epoch); /* ESTALE */
int snapshots_count(struct cont *c, uint32_t *count, uint64_t *newest);
int snapshot_exists(struct cont *c, uint64_t id); /* 0 or ESTALE */
int snapshot_find(struct cont *c, uint64_t epoch, const char *name, uint64_t *id);
void snapshot_begin(struct cont *c, struct txn *txn); /* of every write transaction */
void snapshot_attach(struct cont *c, struct txn *txn);
bool snapshot_holds(struct txn *txn, uint64_t ino); /* is the object in one? */
int snapshots_set(struct cont *c, struct txn *txn, struct snapshots_rec *all);
int snapshots_live(struct txn *txn, uint64_t **epochs, unsigned *nr); /* rising; to be freed */
int snapshot_drain(struct cont *c);
int sweep(struct cont *c);
void leftovers_remove(struct cont *c); /* of a power cut, see check.c */
int kept_put(struct txn *txn, uint64_t ino, uint64_t epoch);

int snapdir_inode(struct txn *txn, struct inode_rec *rec);
int snapdir_find(struct txn *txn, const char *name, size_t len, uint64_t *ino);
int snapdir_name(struct txn *txn, uint64_t id, char *out, size_t *len); /* room: DAOS_SNAPSHOT_MAX_LEN */
int snapdir_walk(struct txn *txn, uint64_t after, rec_fn fn, void *arg);
int snapdir_list(struct txn *txn, uint64_t after,
                 int (*fn)(uint64_t slot, uint64_t ino, const char *name, size_t len, void *arg), void *arg);

/* ---- bytes that snapshots need (preserve.c, view.c) -------------------------------------------- */
#define CHUNK_SIZE 65536ULL /* what is preserved at a time */

struct guard; /* what a handle knows about the bytes to preserve */
struct writing {
	struct mark_page *page;
	unsigned slot, generation;
};
/* Around every change of an object's bytes: nothing from off to end may be lost for snapshots. */
int write_enter(struct dfs_obj *o, uint64_t off, uint64_t end, struct writing *w);
void write_leave(struct cont *c, struct writing *w);
void guard_free(struct guard *g);
void preserved_path(char out[64], uint64_t ino, uint64_t epoch, bool map);

int view_read(struct dfs_obj *o, const struct iovec *iov, int nr, uint64_t off, uint64_t *done);
int view_seek(struct dfs_obj *o, uint64_t off, int whence, uint64_t *result);

/* ---- small files (small.c): NOT_SMALL when the file has a host file, or needs one ----------------- */
#define NOT_SMALL -1
int small_read(struct dfs_obj *o, const struct iovec *iov, int nr, uint64_t off, uint64_t *done);
int small_write(struct dfs_obj *o, const struct iovec *iov, int nr, uint64_t total, uint64_t off,
                uint64_t *end); /* off UINT64_MAX: append */
int small_truncate(struct dfs_obj *o, uint64_t size);
int small_seek(struct dfs_obj *o, uint64_t off, int whence, uint64_t *result);
#define ALWAYS_SYNC UINT32_MAX /* an epoch: bytes that do not move out without a sync */
int small_synced(struct dfs_obj *o);
int small_move_out(struct cont *c, struct txn *txn, uint64_t ino, struct inode_rec *rec, int *intent);
void small_moved_out(struct cont *c, uint64_t ino, int intent, int rc);
/* The record of a file's bytes, as a copy (NULL: there is none), and back. */
int small_get(struct txn *txn, uint64_t ino, const struct inode_rec *rec, void **head);
int small_put(struct txn *txn, uint64_t ino, uint64_t size, void *head);
void host_leftover(struct cont *c, struct txn *txn, uint64_t ino);

/* ---- records (inode.c, dirent.c) --------------------------------------------------------- */
int64_t time_now(void);
void boot_id(char out[BOOT_ID_LEN]); /* of this run of the machine; zeros where /proc does not tell */
void host_path(char out[32], uint64_t ino);
int inode_get(struct txn *txn, uint64_t ino, struct inode_rec *rec);
int inode_get_link(struct txn *txn, uint64_t ino, char *buf, size_t *len); /* len in: room */
int inode_put(struct txn *txn, uint64_t ino, const struct inode_rec *rec);
int inode_put_link(struct txn *txn, uint64_t ino, const struct inode_rec *rec, const char *target);
int inode_delete(struct txn *txn, uint64_t ino, const struct inode_rec *rec);
int inode_alloc(struct cont *c, struct txn *txn, uint64_t *ino);
int inode_host_stat(struct cont *c, uint64_t ino, int fd, struct inode_rec *rec);
void inode_set_host_mtime(struct cont *c, uint64_t ino, int64_t mtime);
void inode_to_stat(const struct dfs *dfs, uint64_t ino, const struct inode_rec *rec, struct stat *st);
unsigned char mode_to_type(uint32_t mode);
void defaults_inherit(struct inode_rec *rec, const struct inode_rec *dir);

struct found {
	uint64_t ino;
	uint64_t slot;
	uint8_t type;
};
int dirent_check_name(const char *name, size_t *len);
int dirent_find(struct cont *c, struct txn *txn, uint64_t dir, const char *name, size_t len, struct found *f);
int dirent_add(struct cont *c, struct txn *txn, uint64_t dir, const char *name, size_t len, uint64_t ino, uint8_t type,
               uint64_t *slot);
int dirent_set(struct txn *txn, uint64_t dir, uint64_t slot, const char *name, size_t len, uint64_t ino, uint8_t type);
int dirent_delete(struct txn *txn, uint64_t dir, uint64_t slot);
int dirent_empty(struct txn *txn, uint64_t dir); /* 0 or ENOTEMPTY */
uint64_t name_hash(struct cont *c, const char *name, size_t len);

/* ---- values that have a name (named.c) ----------------------------------------------------- */
struct named {
	uint64_t hi; /* of its key: what it belongs to */
	const char *name;
	size_t len;
};
int named_find(struct cont *c, struct txn *txn, const struct named *n, uint64_t *slot, const char **value,
               size_t *size);
int named_put(struct txn *txn, const struct named *n, uint64_t slot, const void *value, size_t size);
int named_delete(struct txn *txn, const struct named *n, uint64_t slot);
int named_list(struct txn *txn, uint64_t hi, char *out, size_t room, size_t *need);

/* ---- permissions (perm.c) ------------------------------------------------------------------ */
struct cred {
	uid_t uid;
	gid_t gid;
};
#define MAY_X 1
#define MAY_W 2
#define MAY_R 4
void cred_get(struct cred *cr);
int perm_check(const struct cred *cr, const struct inode_rec *rec, int want);
int perm_change_name(const struct cred *cr, const struct inode_rec *dir,
                     const struct inode_rec *victim); /* victim NULL: a new name */
bool perm_in_group(const struct cred *cr, gid_t gid);

/* ---- handles -------------------------------------------------------------------------------- */
struct dfs {
	struct cont *c;
	uint64_t root; /* number of the root; names the snapshot that is mounted */
	int flags;
	atomic_int refs;
	char *prefix;
	size_t prefix_len;
};

#define HOST_NONE -1

struct dfs_obj {
	struct dfs *dfs;
	struct cont *c;
	uint64_t ino;
	uint32_t mode; /* as it was at open */
	int flags;
	uint64_t parent;
	uint64_t chunk_size;
	char *link; /* target of a symbolic link */

	/* Directories: generation + 1 in which everybody could look names up, see dir_search. */
	_Atomic uint64_t perm_generation;

	/* Files: the host descriptor; see hostfd.c. */
	atomic_bool hosted;       /* it has a host file, and will always have one; else: small.c */
	atomic_uint small_writes; /* while it had none */
	atomic_uint pins;
	atomic_int fd;
	bool fd_writable;
	_Atomic uint64_t set_id_generation; /* generation + 1 in which it had no set-ID bits */
	atomic_bool used;                   /* since the clock hand passed */
	struct dfs_obj *lru_next, *lru_prev;
	atomic_uint mark;              /* 0, or fork generation + 1 in which we hold a write mark */
	_Atomic uint64_t appending;    /* fork generation and thread that appends, 0: none */
	_Atomic uint64_t position;     /* that the last append or seek left */
	unsigned fd_generation;        /* fork generation that opened fd */
	_Atomic int64_t fresh_mtime;   /* of a file without a host file, until it has one by a write; else 0 */
	atomic_bool name_synced;       /* the host file's name is durable */
	_Atomic(struct guard *) guard; /* once written while there was a snapshot */
};

void handles_fork(int stage);
void hostfd_fork(int stage);
void env_fork(int stage);
int hostfd_pin(struct dfs_obj *o, bool write, int *fd);   /* ENOENT: no host file yet */
int host_create(struct cont *c, uint64_t ino, int flags); /* a descriptor of the kernel's choice or -errno */
int host_sync_name(struct cont *c, uint64_t ino);         /* makes the name of a host file durable */
void hostfd_unpin(struct dfs_obj *o);
void hostfd_drop(struct dfs_obj *o);           /* closes it, when nobody uses the handle any more */
void hostfd_forget(struct dfs_obj *o, int fd); /* fd was closed under us */

/* The generation is that of before the transaction in which the record was read. */
void set_id_drop(struct dfs_obj *o, struct inode_rec *rec, uint64_t generation);
int set_id_check_again(struct dfs_obj *o);
static inline int set_id_check(struct dfs_obj *o) /* before a change of data of an object that was asked */
{
	uint64_t seen = atomic_load_explicit(&o->set_id_generation, memory_order_relaxed);

	return likely(seen == o->c->shared->set_id_generation + 1) ? 0 : set_id_check_again(o);
}

int object_new(struct dfs *dfs, uint64_t ino, const struct inode_rec *rec, int flags, uint64_t parent,
               struct dfs_obj **out);
int object_open_ino(struct dfs *dfs, uint64_t ino, int flags, uint64_t parent,
                    dfs_obj_t **out);      /* what is open already or has a name */
int object_begin_write(struct dfs_obj *o); /* the mark that makes readers ask the host file */
void object_end_write(struct dfs_obj *o);
void object_wrote(struct dfs_obj *o, bool something); /* after what may have made the host file */
int object_truncate(struct dfs_obj *o, uint64_t size);
int dir_search(const struct dfs *dfs, struct txn *txn, struct dfs_obj *dir, uint64_t generation);
int stat_now(struct cont *c, uint64_t ino, int fd, struct inode_rec *rec); /* with dirty sizes */

static inline bool is_hosted(const struct dfs_obj *o)
{
	return likely(atomic_load_explicit(&o->hosted, memory_order_relaxed));
}

static inline uint64_t dir_ino(const struct dfs *dfs, const struct dfs_obj *dir)
{
	return dir != NULL ? dir->ino : dfs != NULL ? dfs->root : 0;
}

/* May the object be changed through this mount? */
static inline int read_only(const struct dfs *dfs, uint64_t ino)
{
	return (dfs->flags & O_ACCMODE) == O_RDONLY || VIEW_OF(ino) != 0 || ino == SNAPDIR_INO ? EROFS : 0;
}

/* The number that users see: below .snapshot objects must not look like those they once were,
 * a mount of a snapshot shows the old ones. */
static inline uint64_t shown_ino(const struct dfs *dfs, uint64_t ino)
{
	return dfs->root == ROOT_INO ? ino : BARE_INO(ino);
}

/* ---- events (event.c) ------------------------------------------------------------------------ */
typedef int (*event_fn)(void *args);
void events_fork(int stage);
int event_complete(daos_event_t *ev, int rc); /* 0; the result is in the event */

/** Has a thread run fn with a copy of args and complete ev with its result. 0, ENOMEM, or EINVAL for an event in use. */
int event_submit(daos_event_t *ev, event_fn fn, const void *args, size_t size);

/** Ends a call that was given an event: the result is in the event, the call succeeds. */
static inline int event_done(daos_event_t *ev, int rc)
{
	if (likely(ev == NULL))
		return rc;
	return event_complete(ev, rc);
}

#endif
