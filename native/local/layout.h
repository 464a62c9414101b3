/*
 * layout.h - what is in the tree of a container: keys and records as they lie on disk.
 */
#ifndef LOCAL_LAYOUT_H
#define LOCAL_LAYOUT_H

#include <errno.h>
#include <lmdb.h>
#include <stddef.h>
#include <stdint.h>
#include <daos.h>

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

static inline struct key make_key(uint64_t hi, uint64_t lo)
{
	return (struct key){__builtin_bswap64(hi), __builtin_bswap64(lo)};
}

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

#endif
