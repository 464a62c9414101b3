/*
 * ofd.h - open-file descriptions (ofd.c).
 */
#ifndef DFSKIT_SHIM_OFD_H
#define DFSKIT_SHIM_OFD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <daos.h>
#include <daos_fs.h>
#include "solo.h"

struct mount;
struct slot;
struct stream;

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
 * always points at one), so the table can be read without a lock: see ofd_get() in fdtable.c. */
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

/** A new description with one reference, of \a obj (which is \a oid, NULL: it is asked), without a path. NULL: no memory. */
struct ofd *ofd_new(struct mount *mnt, dfs_obj_t *obj, const daos_obj_id_t *oid, enum ofd_kind kind, uint32_t flags);
/** Its path, \a name in \a dir (of length 0: \a dir itself), is copied. False: no memory, and it has none. */
bool ofd_set_path(struct ofd *ofd, const char *dir, size_t dir_len, const char *name, size_t name_len);
/** A description whose slot (NULL: a new one) and object another program left, or that has none yet. */
struct ofd *ofd_adopt(struct mount *mnt, struct slot *slot, enum ofd_kind kind, daos_obj_id_t oid, const char *path);
/** The provider's object, opened again after an exec. NULL with *err set. */
dfs_obj_t *ofd_obj(struct ofd *ofd, int *err);

/** Takes one more reference. False: the last one has gone, or is going. */
static inline bool ofd_ref(struct ofd *ofd)
{
	int refs = atomic_load_explicit(&ofd->refs, memory_order_relaxed);
	while (refs > 0)
		if (solo_cas(&ofd->refs, &refs, refs + 1))
			return true;
	return false;
}
void ofd_put(struct ofd *ofd);
/** shim_wait() with a reference, which is put when the thread is cancelled. */
long ofd_wait(struct ofd *ofd, long nr, long a1, long a2, long a3);
/** In the child of a fork: what the parent has too is not used again. */
void ofds_child(void);

/* How many streams have gone, or lost a descriptor: what was remembered of one before may be of that. */
extern _Atomic unsigned int shim_streams_gone;
void stream_free(struct stream *stream);
/** A descriptor of \a ofd is closed or becomes another file's: that of its DIR, perhaps. */
static inline void stream_leave(const struct ofd *ofd)
{
	if (__builtin_expect(atomic_load_explicit(&ofd->stream, memory_order_relaxed) != NULL, 0))
		atomic_fetch_add(&shim_streams_gone, 1);
}

#endif
