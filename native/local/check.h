/*
 * check.h - the parts of dfs_cont_check: check.c (rounds, findings), check_tree.c (names and inodes), check_host.c (host
 * files), check_mend.c (a suspicion looked at again, and mended).
 */
#ifndef LOCAL_CHECK_H
#define LOCAL_CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <daos_fs.h>
#include <dfskit_ext.h>

struct cont;
struct inode_rec;
struct txn;

/* What may be wrong. check_mend.c says what each is called and how it is mended. */
enum suspicion {
	BAD_ENTRY,       /* an entry that no lookup finds, or that is none */
	LOST_DIRECTORY,  /* entries of a directory that is none */
	DANGLING,        /* an entry whose object is gone */
	WRONG_TYPE,      /* an entry that says another type than its object has */
	WRONG_PARENT,    /* an entry of a directory that says it is elsewhere */
	CYCLE,           /* a directory that is below itself */
	UNNAMED,         /* an object without a name that nobody has open */
	STALE_ORPHAN,    /* a note that somebody has an object open, of one that has a name or is gone */
	WRONG_LINKS,     /* a wrong number of names */
	BAD_INODE,       /* a record that is none, or extended attributes and bytes without one */
	WRONG_FLAGS,     /* flags that do not say what is there */
	LOST_BYTES,      /* a file whose host file is gone */
	WRONG_SIZE,      /* size or blocks are not those of the host file */
	LEAKED_HOST,     /* a host file that belongs to nothing */
	LEAKED_COPY,     /* a file in preserved/ that belongs to no snapshot */
	REUSED_NUMBERS,  /* the next free inode number is not free */
	WRONG_SNAPSHOTS, /* the newest snapshot, or how many there are */
	SWEEP_DUE,       /* what destroyed snapshots have left */
	UNREADABLE,      /* bytes that can't be read */
};

struct suspect {
	enum suspicion what;
	uint64_t ino; /* the object */
	uint64_t dir,
	    slot; /* of an entry; of WRONG_LINKS: what was counted, and the ctime then; of LEAKED_COPY: epoch, 0 */
	char name[DFS_MAX_NAME + 1]; /* out: of an entry; LEAKED_HOST and LEAKED_COPY, in: path */
	bool real, mended;           /* out */
};

struct check {
	struct cont *c;
	dfs_t *dfs;
	uint64_t flags; /* DFS_CHECK_* */
	const char *place;
	uint64_t found_dir; /* lost+found/PLACE, once it is needed */
	struct suspect *list;
	size_t nr, room;
	struct dfsx_check *result;
	uint64_t mended_in_round;
	unsigned patience; /* how often what may be right in a moment is looked at again */
};

static inline bool check_repairs(const struct check *k)
{
	return (k->flags & (DFS_CHECK_REMOVE | DFS_CHECK_RELINK)) != 0;
}

int check_suspect(struct check *k, enum suspicion what, uint64_t ino, uint64_t dir, uint64_t slot);
int check_tree(struct check *k);
int check_host(struct check *k);
int check_mend(struct check *k, struct suspect *s);                           /* sets real and mended */
bool check_names(struct txn *txn, uint64_t dir, uint64_t slot, uint64_t ino); /* does that entry name the object? */
bool check_is_orphan(struct txn *txn, uint64_t ino);
bool check_blocks_differ(const struct inode_rec *a, const struct inode_rec *b);
bool check_wants_host(struct txn *txn, uint64_t ino); /* does anything need its host file? */
bool check_wants_copy(struct txn *txn, uint64_t ino, uint64_t epoch);
const char *check_words(enum suspicion what);

/* ---- mending, in the transaction (check_mend.c, check_mend_names.c) -------------------------------- */
struct mending {
	struct check *k;
	struct suspect *s;
	bool reclaim; /* after the transaction */
	bool again;   /* it may be right in a moment */
};

bool mend_now(struct mending *m, bool real); /* notes whether it is wrong indeed; true: mend it */
int mend_found_directory(struct check *k);
int mend_relink(struct mending *m, struct txn *txn, uint64_t ino,
                struct inode_rec *rec); /* gives a name below lost+found */
int mend_bad_entry(struct mending *m, struct txn *txn);
int mend_lost_directory(struct mending *m, struct txn *txn);
int mend_dangling(struct mending *m, struct txn *txn);
int mend_wrong_type(struct mending *m, struct txn *txn);
int mend_wrong_parent(struct mending *m, struct txn *txn);
int mend_cycle(struct mending *m, struct txn *txn);
int mend_unnamed(struct mending *m, struct txn *txn);
int mend_stale_orphan(struct mending *m, struct txn *txn);
int mend_wrong_links(struct mending *m, struct txn *txn);
int mend_bad_inode(struct mending *m, struct txn *txn);
int mend_wrong_flags(struct mending *m, struct txn *txn);

#endif
