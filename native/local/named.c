/*
 * named.c - values that have a name: extended attributes, and the attributes of pools and containers. One lives at
 * (what it belongs to, hash of its name); names of equal hash follow one another, as directory entries do.
 */
#include <stdlib.h>
#include "container.h"
#include "entries.h"
#include "env.h"
#include "layout.h"
#include "named.h"
#include "record.h"
#include "transaction.h"
#include "views.h"

struct value_rec {
	uint16_t name_len;
	char name[]; /* then the value */
};
#define HEAD offsetof(struct value_rec, name)

/* ENODATA: *slot is where it would go, 0 for nowhere. */
int named_find(struct cont *c, struct txn *txn, const struct named *n, uint64_t *slot, const char **value, size_t *size)
{
	uint64_t hash = name_hash(c, n->name, n->len);

	for (*slot = hash; *slot < hash + SLOT_SHARE; (*slot)++) {
		MDB_val v;
		uint16_t len;
		int rc = rec_get(txn, n->hi, *slot, &v);

		if (rc == MDB_NOTFOUND)
			return ENODATA;
		if (rc != 0)
			return env_errno(rc);
		if (v.mv_size < HEAD)
			return DAMAGED;
		memcpy(&len, v.mv_data, sizeof(len));
		if (v.mv_size < HEAD + len)
			return DAMAGED;
		if (len == n->len && memcmp((char *)v.mv_data + HEAD, n->name, len) == 0) {
			*value = (char *)v.mv_data + HEAD + len;
			*size = v.mv_size - HEAD - len;
			return 0;
		}
	}
	*slot = 0;
	return ENODATA;
}

int named_put(struct txn *txn, const struct named *n, uint64_t slot, const void *value, size_t size)
{
	MDB_val v = {HEAD + n->len + size, NULL};
	uint16_t len = (uint16_t)n->len;
	int rc = rec_put(txn, n->hi, slot, &v, MDB_RESERVE);

	if (rc != 0)
		return rc;
	memcpy(v.mv_data, &len, sizeof(len));
	memcpy((char *)v.mv_data + HEAD, n->name, len);
	if (size != 0)
		memcpy((char *)v.mv_data + HEAD + len, value, size);
	return 0;
}

/* The last one of this hash takes the place, so that there is no gap. */
int named_delete(struct txn *txn, const struct named *n, uint64_t slot)
{
	uint64_t last;
	MDB_val v, k;

	for (last = slot; (last + 1) % SLOT_SHARE != 0; last++) {
		struct key next = make_key(n->hi, last + 1);
		void *copy;
		int rc;

		k = (MDB_val){sizeof(next), &next};
		rc = tree_get(txn, &k, &v);
		if (rc == MDB_NOTFOUND)
			break;
		if (rc != 0)
			return rc;
		copy = malloc(v.mv_size); /* what LMDB returns does not hold through its own changes */
		if (copy == NULL)
			return ENOMEM;
		v.mv_data = memcpy(copy, v.mv_data, v.mv_size);
		rc = rec_put(txn, n->hi, slot, &v, 0);
		free(copy);
		if (rc != 0)
			return rc;
		slot = last + 1;
	}
	return rec_del(txn, n->hi, last);
}

struct list {
	char *out;
	size_t room, need;
};

static int list_one(uint64_t slot, const MDB_val *v, void *arg)
{
	struct list *l = arg;
	uint16_t len;

	(void)slot;
	if (v->mv_size < HEAD)
		return DAMAGED;
	memcpy(&len, v->mv_data, sizeof(len));
	if (v->mv_size < HEAD + len)
		return DAMAGED;
	if (l->out != NULL && l->need + len + 1 <= l->room) {
		memcpy(l->out + l->need, (char *)v->mv_data + HEAD, len);
		l->out[l->need + len] = '\0';
	}
	l->need += len + 1u;
	return 0;
}

static int list_live(struct txn *txn, uint64_t hi, struct list *l)
{
	struct key key = make_key(hi, DATA_SLOT + 1), at;
	MDB_val k = {sizeof(key), &key}, v;
	MDB_cursor *cur;
	int rc = tree_scan(txn, &cur);

	if (rc != 0)
		return rc;
	for (rc = mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE); rc == 0; rc = mdb_cursor_get(cur, &k, &v, MDB_NEXT)) {
		memcpy(&at, k.mv_data, sizeof(at));
		if (k.mv_size != sizeof(at) || at.hi != key.hi)
			break;
		rc = list_one(0, &v, l);
		if (rc != 0)
			break;
	}
	mdb_cursor_close(cur);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* The names, each with its NUL, as far as there is room; need: of all of them. */
int named_list(struct txn *txn, uint64_t hi, char *out, size_t room, size_t *need)
{
	struct list l = {.out = out, .room = room};
	int rc = VIEW_OF(hi) != 0 ? rec_walk_view(txn, hi, DATA_SLOT, list_one, &l) : list_live(txn, hi, &l);

	*need = l.need;
	return env_errno(rc);
}
