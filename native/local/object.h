/*
 * object.h - mounts and open objects (object.c).
 */
#ifndef LOCAL_OBJECT_H
#define LOCAL_OBJECT_H

#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <errno.h>
#include <daos_fs.h>
#include "layout.h"
#include "local.h"
#include "views.h"

struct cont;
struct guard;
struct txn;

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

int object_new(struct dfs *dfs, uint64_t ino, const struct inode_rec *rec, int flags, uint64_t parent,
               struct dfs_obj **out);
int object_open_ino(struct dfs *dfs, uint64_t ino, int flags, uint64_t parent,
                    dfs_obj_t **out);      /* what is open already or has a name */
int object_begin_write(struct dfs_obj *o); /* the mark that makes readers ask the host file */
void object_end_write(struct dfs_obj *o);
void object_wrote(struct dfs_obj *o, bool something); /* after what may have made the host file */
int object_truncate(struct dfs_obj *o, uint64_t size);

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

int mount_new(struct cont *c, int flags, uint64_t view, dfs_t **out); /* takes over c (mount.c) */

#endif
