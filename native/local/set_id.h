/*
 * set_id.h - the set-user-ID and set-group-ID bits of a file whose data changes (set_id.c).
 */
#ifndef LOCAL_SET_ID_H
#define LOCAL_SET_ID_H

#include <stdint.h>
#include "container.h"
#include "local.h"
#include "object.h"
#include "shared_page.h"

/* The generation is that of before the transaction in which the record was read. */
void set_id_drop(struct dfs_obj *o, struct inode_rec *rec, uint64_t generation);
int set_id_check_again(struct dfs_obj *o);
static inline int set_id_check(struct dfs_obj *o) /* before a change of data of an object that was asked */
{
	uint64_t seen = atomic_load_explicit(&o->set_id_generation, memory_order_relaxed);

	return likely(seen == o->c->shared->set_id_generation + 1) ? 0 : set_id_check_again(o);
}

#endif
