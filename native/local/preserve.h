/*
 * preserve.h - around every change of bytes: what snapshots need of them is kept (preserve.c).
 */
#ifndef LOCAL_PRESERVE_H
#define LOCAL_PRESERVE_H

#include <stdint.h>

struct cont;
struct dfs_obj;
struct mark_page;

struct guard; /* what a handle knows about the bytes to preserve */
struct writing {
	struct mark_page *page;
	unsigned slot, generation;
};
/* Around every change of an object's bytes: nothing from off to end may be lost for snapshots. */
int write_enter(struct dfs_obj *o, uint64_t off, uint64_t end, struct writing *w);
void write_leave(struct cont *c, struct writing *w);
void guard_free(struct guard *g);

#endif
