/*
 * xattr.c - extended attributes: xattr(7). One lives at (inode, hash of its name); names of equal
 * hash follow one another, as directory entries do.
 */
#include <sys/xattr.h>
#include <daos_uns.h>
#include "local.h"

struct xattr_rec {
	uint16_t name_len;
	char name[]; /* then the value */
};
#define XATTR_HEAD offsetof(struct xattr_rec, name)

struct xattr {
	uint64_t ino;
	const char *name;
	size_t len;
	const void *value;
	size_t size;
	int flags;
};

static int check(const dfs_t *dfs, const dfs_obj_t *obj, const char *name, struct xattr *x)
{
	if (dfs == NULL || obj == NULL || name == NULL)
		return EINVAL;
	x->ino = obj->ino;
	x->name = name;
	x->len = strnlen(name, DFS_MAX_XATTR_NAME + 1);
	return x->len == 0 || x->len > DFS_MAX_XATTR_NAME ? ERANGE : 0;
}

/* ENODATA: *slot is where it would go, 0 for nowhere. */
static int find(struct cont *c, MDB_txn *txn, const struct xattr *x, uint64_t *slot, const char **value, size_t *size)
{
	uint64_t hash = name_hash(c, x->name, x->len);

	for (*slot = hash; *slot < hash + SLOT_SHARE; (*slot)++) {
		MDB_val v;
		uint16_t len;
		int rc = rec_get(txn, SPACE_INODE | x->ino, *slot, &v);

		if (rc == MDB_NOTFOUND)
			return ENODATA;
		if (rc != 0)
			return env_errno(rc);
		if (v.mv_size < XATTR_HEAD)
			return DAMAGED;
		memcpy(&len, v.mv_data, sizeof(len));
		if (v.mv_size < XATTR_HEAD + len)
			return DAMAGED;
		if (len == x->len && memcmp((char *)v.mv_data + XATTR_HEAD, x->name, len) == 0) {
			*value = (char *)v.mv_data + XATTR_HEAD + len;
			*size = v.mv_size - XATTR_HEAD - len;
			return 0;
		}
	}
	*slot = 0;
	return ENODATA;
}

static int may_read(MDB_txn *txn, const struct xattr *x)
{
	struct inode_rec rec;
	struct cred cr;
	int rc = inode_get(txn, x->ino, &rec);

	if (rc != 0 || (rec.mode & 0444) == 0444 || x->len <= 5 || memcmp(x->name, "user.", 5) != 0)
		return rc;
	cred_get(&cr);
	return perm_check(&cr, &rec, MAY_R);
}

EXPORT int dfs_getxattr(dfs_t *dfs, dfs_obj_t *obj, const char *name, void *value, daos_size_t *size)
{
	struct xattr x;
	const char *data;
	uint64_t slot;
	size_t len;
	struct rtx r;
	int rc = size == NULL ? EINVAL : check(dfs, obj, name, &x);

	if (rc == 0)
		rc = rtx_begin(dfs->c, &r);
	if (rc != 0)
		return rc;
	rc = may_read(r.txn, &x);
	if (rc == 0)
		rc = find(dfs->c, r.txn, &x, &slot, &data, &len);
	if (rc == 0 && value != NULL && *size != 0) {
		if (len > *size)
			rc = ERANGE;
		else
			memcpy(value, data, len);
	}
	if (rc == 0)
		*size = len;
	rtx_end(&r);
	return rc;
}

static int put(MDB_txn *txn, const struct xattr *x, uint64_t slot)
{
	MDB_val v = {XATTR_HEAD + x->len + x->size, NULL};
	uint16_t len = (uint16_t)x->len;
	int rc = rec_put(txn, SPACE_INODE | x->ino, slot, &v, MDB_RESERVE);

	if (rc != 0)
		return rc;
	memcpy(v.mv_data, &len, sizeof(len));
	memcpy((char *)v.mv_data + XATTR_HEAD, x->name, x->len);
	if (x->size != 0)
		memcpy((char *)v.mv_data + XATTR_HEAD + x->len, x->value, x->size);
	return 0;
}

/* Who may write the file may change user.* (xattr(7)); of a sticky directory only its owner. The rest is the owner's
 * as well. */
static int begin_change(MDB_txn *txn, const struct xattr *x, struct inode_rec *rec)
{
	bool user = x->len > 5 && memcmp(x->name, "user.", 5) == 0;
	struct cred cr;
	int rc = inode_get(txn, x->ino, rec);

	if (rc != 0)
		return rc;
	cred_get(&cr);
	if (cr.uid != 0 && cr.uid != rec->uid && user && S_ISDIR(rec->mode) && (rec->mode & S_ISVTX))
		return EPERM;
	return cr.uid == rec->uid && !user ? 0 : perm_check(&cr, rec, MAY_W);
}

/* The unified namespace: such an object is looked at as another container. */
static bool makes_link(const struct xattr *x)
{
	return strcmp(x->name, DUNS_XATTR_NAME) == 0;
}

static int set_fn(struct cont *c, MDB_txn *txn, void *arg)
{
	struct xattr *x = arg;
	struct inode_rec rec;
	const char *data;
	uint64_t slot;
	size_t len;
	int rc = begin_change(txn, x, &rec);

	if (rc != 0)
		return rc;
	rc = find(c, txn, x, &slot, &data, &len);
	if (rc == 0 && (x->flags & XATTR_CREATE))
		return EEXIST;
	if (rc == ENODATA && (x->flags & XATTR_REPLACE))
		return ENODATA;
	if (rc == ENODATA)
		rc = slot == 0 ? ENOSPC : 0;
	if (rc == 0)
		rc = put(txn, x, slot);
	rec.flags |= INODE_HAS_XATTR;
	rec.ctime = time_now();
	return rc != 0 ? rc : inode_put(txn, x->ino, &rec);
}

static int change(dfs_t *dfs, write_fn fn, struct xattr *x)
{
	int rc = cont_write(dfs->c, fn, x);

	if (rc == 0 && makes_link(x))
		shared_bump_dirs(dfs->c); /* what is known of the path below it is true no more */
	return rc;
}

EXPORT int dfs_setxattr(dfs_t *dfs, dfs_obj_t *obj, const char *name, const void *value, daos_size_t size, int flags)
{
	struct xattr x = {.value = value, .size = size, .flags = flags};
	int rc = check(dfs, obj, name, &x);

	if (rc == 0 && size > DFS_MAX_XATTR_LEN)
		rc = E2BIG;
	if (rc == 0)
		rc = read_only(dfs, obj->ino);
	if (rc == 0 && makes_link(&x))
		rc = shared_set_links(dfs->c);
	return rc != 0 ? rc : change(dfs, set_fn, &x);
}

static int remove_fn(struct cont *c, MDB_txn *txn, void *arg)
{
	struct xattr *x = arg;
	struct inode_rec rec;
	const char *data;
	uint64_t slot, last;
	size_t len;
	int rc = begin_change(txn, x, &rec);

	if (rc == 0)
		rc = find(c, txn, x, &slot, &data, &len);
	if (rc != 0)
		return rc;
	/* The last one of this hash takes the place, so that there is no gap. */
	for (last = slot; (last + 1) % SLOT_SHARE != 0; last++) {
		struct key next = make_key(SPACE_INODE | x->ino, last + 1);
		MDB_val k = {sizeof(next), &next}, v;
		char copy[XATTR_HEAD + DFS_MAX_XATTR_NAME + DFS_MAX_XATTR_LEN];

		rc = mdb_get(txn, DBI, &k, &v);
		if (rc == MDB_NOTFOUND)
			break;
		if (rc == 0 && v.mv_size > sizeof(copy))
			rc = DAMAGED;
		if (rc != 0)
			return rc;
		memcpy(copy, v.mv_data, v.mv_size);
		v = (MDB_val){v.mv_size, copy};
		rc = rec_put(txn, SPACE_INODE | x->ino, slot, &v, 0);
		if (rc != 0)
			return rc;
	}
	rc = rec_del(txn, SPACE_INODE | x->ino, last);
	rec.ctime = time_now();
	return rc != 0 ? rc : inode_put(txn, x->ino, &rec);
}

EXPORT int dfs_removexattr(dfs_t *dfs, dfs_obj_t *obj, const char *name)
{
	struct xattr x;
	int rc = check(dfs, obj, name, &x);

	if (rc == 0)
		rc = read_only(dfs, obj->ino);
	return rc != 0 ? rc : change(dfs, remove_fn, &x);
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
	memcpy(&len, v->mv_data, sizeof(len));
	if (l->out != NULL && l->need + len + 1 <= l->room) {
		memcpy(l->out + l->need, (char *)v->mv_data + XATTR_HEAD, len);
		l->out[l->need + len] = '\0';
	}
	l->need += len + 1u;
	return 0;
}

static int list_live(MDB_txn *txn, uint64_t hi, struct list *l)
{
	struct key key = make_key(hi, DATA_SLOT + 1), at;
	MDB_val k = {sizeof(key), &key}, v;
	MDB_cursor *cur;
	int rc = mdb_cursor_open(txn, DBI, &cur);

	if (rc != 0)
		return rc;
	for (rc = mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE); rc == 0; rc = mdb_cursor_get(cur, &k, &v, MDB_NEXT)) {
		memcpy(&at, k.mv_data, sizeof(at));
		if (k.mv_size != sizeof(at) || at.hi != key.hi)
			break;
		list_one(0, &v, l);
	}
	mdb_cursor_close(cur);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

EXPORT int dfs_listxattr(dfs_t *dfs, dfs_obj_t *obj, char *list, daos_size_t *size)
{
	struct list l = {.out = list};
	struct rtx r;
	int rc;

	if (dfs == NULL || obj == NULL || size == NULL)
		return EINVAL;
	rc = rtx_begin(dfs->c, &r);
	if (rc != 0)
		return rc;
	l.room = *size;
	rc = VIEW_OF(obj->ino) != 0 ? rec_walk_view(r.txn, SPACE_INODE | obj->ino, DATA_SLOT, list_one, &l)
	                            : list_live(r.txn, SPACE_INODE | obj->ino, &l);
	rtx_end(&r);
	if (rc != 0)
		return env_errno(rc);
	*size = l.need;
	return 0;
}
