/*
 * snapdir.c - .snapshot, the directory in the root that has the snapshots by name.
 *
 * It has no record and is listed by no readdir of the root. What is below it are the objects as they
 * were, with inode numbers that name the snapshot too.
 */
#include <stdio.h>
#include "inode.h"
#include "layout.h"
#include "record.h"
#include "snapdir.h"
#include "snapshot.h"
#include "transaction.h"
#include "views.h"

int snapdir_inode(struct txn *txn, struct inode_rec *rec)
{
	struct snapshots_rec all;
	int rc = inode_get(txn, ROOT_INO, rec);

	if (rc == 0)
		rc = snapshots_get(txn, &all);
	if (rc != 0)
		return rc;
	rec->mode = S_IFDIR | 0555;
	rec->nlink = 2 + all.count;
	rec->atime = rec->mtime = rec->ctime = (int64_t)all.newest * 1000;
	rec->flags = 0;
	rec->parent = ROOT_INO;
	rec->slot = 0;
	return 0;
}

/* Name of a snapshot; its epoch for one that has none. */
static size_t shown_name(const MDB_val *v, char out[DAOS_SNAPSHOT_MAX_LEN])
{
	size_t len = v->mv_size - SNAPSHOT_HEAD;
	uint64_t epoch;

	if (len == 0) {
		memcpy(&epoch, v->mv_data, sizeof(epoch));
		return (size_t)snprintf(out, DAOS_SNAPSHOT_MAX_LEN, "%llu", (unsigned long long)epoch);
	}
	if (len >= DAOS_SNAPSHOT_MAX_LEN)
		len = DAOS_SNAPSHOT_MAX_LEN - 1;
	memcpy(out, (char *)v->mv_data + SNAPSHOT_HEAD, len);
	out[len] = '\0';
	return len;
}

int snapdir_name(struct txn *txn, uint64_t id, char *out, size_t *len)
{
	MDB_val v;
	int rc = snapshot_get(txn, id, &v);

	if (rc == 0)
		*len = shown_name(&v, out);
	return rc;
}

int snapdir_walk(struct txn *txn, uint64_t after, rec_fn fn, void *arg)
{
	struct key key = make_key(SPACE_SNAPSHOT, after + 1), at;
	MDB_val k = {sizeof(key), &key}, v;
	MDB_cursor *cur;
	int rc = tree_cursor(txn, &cur);

	if (rc != 0)
		return rc;
	for (rc = mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE); rc == 0; rc = mdb_cursor_get(cur, &k, &v, MDB_NEXT)) {
		memcpy(&at, k.mv_data, k.mv_size < sizeof(at) ? k.mv_size : sizeof(at));
		if (k.mv_size != sizeof(at) || at.hi != key.hi)
			break;
		if (v.mv_size < SNAPSHOT_HEAD)
			rc = DAMAGED;
		if (rc != 0 || fn(__builtin_bswap64(at.lo), &v, arg) != 0)
			break;
	}
	mdb_cursor_close(cur);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

struct by_name {
	const char *name;
	size_t len;
	uint64_t id;
};

static int compare_name(uint64_t id, const MDB_val *v, void *arg)
{
	char name[DAOS_SNAPSHOT_MAX_LEN];
	struct by_name *b = arg;

	if (shown_name(v, name) != b->len || memcmp(name, b->name, b->len) != 0)
		return 0;
	b->id = id;
	return 1;
}

int snapdir_find(struct txn *txn, const char *name, size_t len, uint64_t *ino)
{
	struct by_name b = {.name = name, .len = len};
	int rc = snapdir_walk(txn, 0, compare_name, &b);

	if (rc == 0 && b.id == 0)
		rc = ENOENT;
	*ino = VIEW_INO(b.id, ROOT_INO);
	return rc;
}

struct listing {
	int (*fn)(uint64_t slot, uint64_t ino, const char *name, size_t len, void *arg);
	void *arg;
};

static int list_one(uint64_t id, const MDB_val *v, void *arg)
{
	char name[DAOS_SNAPSHOT_MAX_LEN];
	size_t len = shown_name(v, name);
	struct listing *l = arg;

	return l->fn(id, VIEW_INO(id, ROOT_INO), name, len, l->arg);
}

/* The entries of .snapshot behind a cookie. */
int snapdir_list(struct txn *txn, uint64_t after,
                 int (*fn)(uint64_t slot, uint64_t ino, const char *name, size_t len, void *arg), void *arg)
{
	struct listing l = {fn, arg};

	return snapdir_walk(txn, after, list_one, &l);
}
