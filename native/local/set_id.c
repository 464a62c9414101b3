/*
 * set_id.c - a file that changes loses its set-user-ID and set-group-ID bits.
 *
 * Unless a privileged process changes it: write(2), truncate(2), inode(7). Which bits a file has is asked once
 * a handle, and again after a bit was set on any file of the container: the shared generation tells.
 */
#include "container.h"
#include "inode.h"
#include "layout.h"
#include "local.h"
#include "object.h"
#include "perm.h"
#include "set_id.h"
#include "shared_page.h"
#include "transaction.h"

#define SET_ID (S_ISUID | S_ISGID)

static uint32_t lost_bits(const struct inode_rec *rec)
{
	struct cred cr;

	if (likely(!(rec->mode & SET_ID)))
		return 0;
	cred_get(&cr);
	if (cr.uid == 0)
		return 0;
	return rec->mode & S_IXGRP || !perm_in_group(&cr, rec->gid) ? SET_ID : S_ISUID;
}

void set_id_drop(struct dfs_obj *o, struct inode_rec *rec, uint64_t generation)
{
	rec->mode &= ~lost_bits(rec);
	if (!(rec->mode & SET_ID))
		atomic_store_explicit(&o->set_id_generation, generation + 1, memory_order_relaxed);
}

static int drop_fn(struct cont *c, struct txn *txn, void *arg)
{
	struct dfs_obj *o = arg;
	struct inode_rec rec;
	uint64_t generation = c->shared->set_id_generation;
	int rc = inode_get(txn, o->ino, &rec);

	if (rc != 0)
		return rc;
	set_id_drop(o, &rec, generation);
	return inode_put(txn, o->ino, &rec);
}

int set_id_check_again(struct dfs_obj *o)
{
	uint64_t generation = o->c->shared->set_id_generation;
	struct inode_rec rec;
	struct rtx r;
	int rc = rtx_begin(o->c, &r);

	if (rc != 0)
		return rc;
	rc = inode_get(r.txn, o->ino, &rec);
	rtx_end(&r);
	if (rc == 0 && lost_bits(&rec) != 0)
		return cont_write(o->c, drop_fn, o);
	if (rc == 0)
		set_id_drop(o, &rec, generation);
	return rc;
}
