/*
 * purge.c - host files that wait for a sync before they go.
 *
 * Where there is a journal, the bytes of an object go when the removal of its last name is durable: otherwise a power
 * cut could bring back the name without them (a file that was replaced by rename(2), for one).
 */
#include "container.h"
#include "inode.h"
#include "layout.h"
#include "local.h"
#include "marks.h"
#include "purge.h"
#include "record.h"
#include "shared_page.h"
#include "transaction.h"

#define PURGE_MAX        4096           /* files that may wait for somebody's sync before we make one ourselves, */
#define PURGE_MAX_BLOCKS (512ULL << 11) /* and their 512-byte blocks */

void purge_count(struct cont *c, uint64_t files, uint64_t blocks)
{
	uint64_t counts[2] = {files, blocks};

	shared_put(c, counts, sizeof(counts), offsetof(struct shared_page, purges));
}
_Static_assert(offsetof(struct shared_page, purge_blocks) == offsetof(struct shared_page, purges) + 8,
               "written as one");

bool purge_due(struct cont *c)
{
	return c->shared->purges >= PURGE_MAX || c->shared->purge_blocks >= PURGE_MAX_BLOCKS;
}

/* Deletes the record and notes the host file. */
int purge_later(struct cont *c, struct txn *txn, uint64_t ino, const struct inode_rec *rec)
{
	struct key key = make_key(SPACE_PURGE, ino);
	MDB_val k = {sizeof(key), &key}, v = {0, ""};
	int rc = inode_delete(txn, ino, rec);

	if (rc == 0)
		rc = tree_put(txn, &k, &v, 0);
	if (rc == 0)
		purge_count(c, c->shared->purges + 1, c->shared->purge_blocks + rec->blocks);
	return rc;
}

unsigned purge_list(struct cont *c, uint64_t list[PURGE_BATCH])
{
	return c->journal.on && c->shared->purges != 0 ? list_space(c, SPACE_PURGE, 0, list, PURGE_BATCH) : 0;
}

struct purge {
	uint64_t ino[PURGE_BATCH];
	unsigned n;
};

static int purge_fn(struct cont *c, struct txn *txn, void *arg)
{
	struct purge *p = arg;
	uint64_t left = c->shared->purges;
	unsigned i;
	int rc = 0;

	for (i = 0; rc == 0 && i < p->n; i++) {
		struct key key = make_key(SPACE_PURGE, p->ino[i]);
		MDB_val k = {sizeof(key), &key};

		rc = tree_del(txn, &k);
		if (rc == MDB_NOTFOUND)
			rc = 0;
	}
	if (rc == 0)
		purge_count(c, left > p->n ? left - p->n : 1, 0);
	return rc;
}

unsigned purge_all(struct cont *c, const uint64_t *list, unsigned n)
{
	struct purge p = {.n = 0};
	uint64_t before;
	char path[32];
	unsigned i;

	if (n == 0)
		return 0;
	before = writer_lock(c);
	for (i = 0; i < n; i++)
		if (!marks_is_open(c, list[i])) /* its remover died before it saw who had opened it */
			p.ino[p.n++] = list[i];
	writer_unlock(c, before);
	for (i = 0; i < p.n; i++) {
		host_path(path, p.ino[i]);
		sys_unlinkat(c->obj_fd, path, 0);
	}
	return p.n != 0 && cont_write_tree(c, purge_fn, &p) == 0 ? p.n : 0;
}
