/*
 * journal.h - what makes the tree of a container survive a power cut; see docs/local-provider.md.
 */
#ifndef LOCAL_JOURNAL_H
#define LOCAL_JOURNAL_H

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef SEGMENT_MAX
#define SEGMENT_MAX (32ULL << 20) /* a segment at least as long is followed by the next */
#endif

/* Where a record ends: the segment, the offset in it, the check value of all before, and the transaction. */
struct journal_pos {
	uint64_t segment, at, chain, txnid;
};

#define SEGMENT_MAGIC 0x646673696b6a3031ULL
struct segment_head {
	uint64_t magic, number;
	uint64_t chain; /* at the end of the segment before, or a random start */
	uint64_t txnid; /* the last transaction before this segment */
};

/* A transaction; its changes follow, then the next one. */
struct record_head {
	uint32_t magic, len; /* len: head and changes */
	uint64_t txnid;
	uint64_t chain; /* over the chain before and everything else here: a record counts only behind its own past */
};
#define RECORD_MAGIC 0x6a726563U

struct change_head {
	uint16_t removed; /* 0: put, and the value follows the key */
	uint16_t key_len;
	uint32_t value_len;
};

struct cont;

struct journal {
	bool on;    /* false: the store is in memory, and no power cut leaves anything of it */
	bool known; /* pos is where some record ended */
	int fd;     /* of segment pos.segment, or -1 */
	int error;  /* of the transaction under way */
	char *buf;  /* its record */
	size_t len, room;
	size_t reserved_at; /* value in buf that the caller of mdb_put still fills in: reserved */
	const void *reserved;
	size_t reserved_len;
	struct journal_pos pos, next;      /* next: once the transaction under way is committed */
	uint64_t reserved_to, reserved_in; /* space is taken up to there in that segment */
	char window[16384];                /* what is read to find its end: too much for the stack of every thread */
	bool removes;                      /* the transaction under way removes something */
	bool rotated;                      /* a segment is full: time for a checkpoint */
	pthread_mutex_t checkpoint;        /* RANK_CHECKPOINT: one step of a checkpoint */
};

/* All but journal_sync and journal_checkpoint: the writer lock is held. */
void journal_begin(struct cont *c);                                 /* forgets what a failed attempt noted */
bool journal_reserve(struct cont *c, uint64_t txnid, uint64_t len); /* space for a record that must not fail */
int journal_append(struct cont *c, MDB_txn *txn);                   /* before the commit */
void journal_committed(struct cont *c);                             /* after it */
void journal_reset(struct cont *c);                                 /* our descriptors may be gone */
int journal_start(struct cont *c, uint64_t segment, uint64_t txnid, struct journal_pos *pos); /* a new journal */
int journal_sync(struct cont *c); /* all that is acknowledged survives a power cut */
uint64_t journal_chain(uint64_t chain, const struct record_head *head,
                       const char *body);                             /* the head's check value, over its body too */
int journal_open_segment(struct cont *c, uint64_t number, int flags); /* a descriptor of ours or -errno */
void journal_segment_path(char out[32], uint64_t number);

/* checkpoint.c. Opening the container: decides whether there is a journal, and after a power cut (or any other
 * restart of the machine) makes the tree anew from what had reached the disk. */
int journal_open(struct cont *c, bool create);
void journal_checkpoint(struct cont *c);

#endif
