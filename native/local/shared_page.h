/*
 * shared_page.h - the page that all processes with a container open have in common.
 */
#ifndef LOCAL_SHARED_PAGE_H
#define LOCAL_SHARED_PAGE_H

#include <stdbool.h>
#include <stdint.h>
#include "journal.h"
#include "machine.h"

struct cont;

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

/* Writes a part of it: the number of bytes, -errno. */
ssize_t shared_put(struct cont *c, const void *value, size_t size, size_t offset);
void shared_bump_dirs(struct cont *c);
void shared_bump_set_id(struct cont *c);
void shared_set_orphans(struct cont *c, uint64_t n);
int shared_set_links(struct cont *c);
void shared_add_orphan(struct cont *c, uint64_t ino);
bool shared_may_be_orphan(struct cont *c, uint64_t ino);

#endif
