/*
 * overlay.h - the log of pending changes, and a process's index of it, as pending.c, merge.c and overlay.c see them.
 */
#ifndef LOCAL_OVERLAY_H
#define LOCAL_OVERLAY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct cont;
struct pending;

#define LOG_ROOM  (512ULL << 10) /* bytes of records */
#define LOG_START 4096ULL        /* behind the head's page */
#define CHANGES   1024           /* in one log */
#define BUCKETS   1024
#define NOTHING   UINT32_MAX

/* inverse is ~base: read while it is being written, they do not match. */
struct log_head {
	uint64_t base, inverse;
};

struct log_record {
	uint64_t check;
	uint32_t tag, len;       /* tag: the low half of the base; len: head and changes */
	uint32_t checked, count; /* bytes from tag on that the check covers; changes */
};

struct log_change {
	uint64_t hi, lo;
	uint32_t len;
	uint32_t removed;
};

struct change {
	uint64_t hi, lo;
	uint32_t next; /* older one in the bucket */
	uint32_t value, len;
	bool removed;
};

struct overlay {
	uint64_t base;
	struct overlay *next; /* retired or spare */
	uint64_t readers;     /* retired: slots that may still have one that looks at it */
	/* Changed with pending.lock. */
	_Atomic uint32_t end; /* of the log, as far as it was read */
	_Atomic uint32_t count, keys;
	_Atomic uint32_t buckets[BUCKETS];
	struct change changes[CHANGES];
	char arena[LOG_ROOM];
};

uint64_t log_base(const struct pending *p); /* of the log as it is now; later than any while somebody writes it */
uint64_t log_check(const struct log_record *r, uint64_t base, uint32_t pos);
bool log_has_more(const struct pending *p, uint64_t base, uint32_t pos); /* something of this base at pos */

/* The last change of a key before `limit`, or NULL. */
const struct change *overlay_find(const struct overlay *o, uint32_t limit, uint64_t hi, uint64_t lo);
/* The overlay of this base, with all that is in the log; EAGAIN: the tree has changed. Signals are blocked. */
int overlay_catch_up(struct cont *c, uint64_t base, struct overlay **out);

#endif
