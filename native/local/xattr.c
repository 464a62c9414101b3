/*
 * xattr.c - extended attributes: xattr(7).
 */
#include <sys/xattr.h>
#include <daos_uns.h>
#include "container.h"
#include "inode.h"
#include "layout.h"
#include "local.h"
#include "machine.h"
#include "named.h"
#include "object.h"
#include "perm.h"
#include "shared_page.h"
#include "transaction.h"

struct xattr {
	struct named named;
	uint64_t ino;
	const void *value;
	size_t size;
	int flags;
};

static int check(const dfs_t *dfs, const dfs_obj_t *obj, const char *name, struct xattr *x)
{
	if (dfs == NULL || obj == NULL || name == NULL)
		return EINVAL;
	x->ino = obj->ino;
	x->named = (struct named){SPACE_INODE | obj->ino, name, strnlen(name, DFS_MAX_XATTR_NAME + 1)};
	return x->named.len == 0 || x->named.len > DFS_MAX_XATTR_NAME ? ERANGE : 0;
}

static bool is_users(const struct xattr *x)
{
	return x->named.len > 5 && memcmp(x->named.name, "user.", 5) == 0;
}

static int may_read(struct txn *txn, const struct xattr *x)
{
	struct inode_rec rec;
	struct cred cr;
	int rc = inode_get(txn, x->ino, &rec);

	if (rc != 0 || (rec.mode & 0444) == 0444 || !is_users(x))
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
		rc = named_find(dfs->c, r.txn, &x.named, &slot, &data, &len);
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

/* Who may write the file may change user.* (xattr(7)); of a sticky directory only its owner. The rest is the owner's
 * as well. */
static int begin_change(struct txn *txn, const struct xattr *x, struct inode_rec *rec)
{
	bool user = is_users(x);
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
	return strcmp(x->named.name, DUNS_XATTR_NAME) == 0;
}

static int set_fn(struct cont *c, struct txn *txn, void *arg)
{
	struct xattr *x = arg;
	struct inode_rec rec;
	const char *data;
	uint64_t slot;
	size_t len;
	int rc = begin_change(txn, x, &rec);

	if (rc != 0)
		return rc;
	rc = named_find(c, txn, &x->named, &slot, &data, &len);
	if (rc == 0 && (x->flags & XATTR_CREATE))
		return EEXIST;
	if (rc == ENODATA && (x->flags & XATTR_REPLACE))
		return ENODATA;
	if (rc == ENODATA)
		rc = slot == 0 ? ENOSPC : 0;
	if (rc == 0)
		rc = named_put(txn, &x->named, slot, x->value, x->size);
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

static int remove_fn(struct cont *c, struct txn *txn, void *arg)
{
	struct xattr *x = arg;
	struct inode_rec rec;
	const char *data;
	uint64_t slot;
	size_t len;
	int rc = begin_change(txn, x, &rec);

	if (rc == 0)
		rc = named_find(c, txn, &x->named, &slot, &data, &len);
	if (rc != 0)
		return rc;
	rc = named_delete(txn, &x->named, slot);
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

EXPORT int dfs_listxattr(dfs_t *dfs, dfs_obj_t *obj, char *list, daos_size_t *size)
{
	size_t need = 0;
	struct rtx r;
	int rc;

	if (dfs == NULL || obj == NULL || size == NULL)
		return EINVAL;
	rc = rtx_begin_tree(dfs->c, &r);
	if (rc != 0)
		return rc;
	rc = named_list(r.txn, SPACE_INODE | obj->ino, list, *size, &need);
	rtx_end(&r);
	if (rc == 0)
		*size = need;
	return rc;
}
