/*
 * marks.h - which process has what open (marks.c).
 */
#ifndef LOCAL_MARKS_H
#define LOCAL_MARKS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct cont;

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

/* Where an inode number is counted. */
static inline unsigned mark_bucket(uint64_t ino)
{
	return (unsigned)((ino * 0x9E3779B97F4A7C15ULL) >> 52);
}
_Static_assert(MARK_BUCKETS == 1 << 12, "mark_bucket() yields 12 bits");

int marks_attach(struct cont *c);
void marks_bury(struct cont *c);
void marks_detach(struct cont *c);
int marks_attach_child(struct cont *c);
void marks_open(struct cont *c, uint64_t ino);
void marks_release(struct cont *c, uint64_t ino);
bool marks_is_open(struct cont *c, uint64_t ino);  /* writer held */
bool marks_is_going(struct cont *c, uint64_t ino); /* the same; somebody is about to remove the host file */
void marks_fork(struct cont *c, int stage);        /* 0 before, 1 in the parent, 2 in the child */

/* Waits until no change of data that began before is under way, in any process that lives; EBUSY when
 * that takes too long. writer is held, and so is the lock of LMDB. */
int marks_drain(struct cont *c);

#endif
