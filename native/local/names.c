/*
 * names.c - removing, renaming and linking names. Each is one transaction.
 */
#include <linux/fs.h>
#include <daos/dfs_lib_int.h>
#include "container.h"
#include "entries.h"
#include "env.h"
#include "inode.h"
#include "layout.h"
#include "local.h"
#include "machine.h"
#include "object.h"
#include "perm.h"
#include "reclaim.h"
#include "record.h"
#include "shared_page.h"
#include "snapdir.h"
#include "transaction.h"
#include "views.h"

/* Who asks is found out before the lock of writers is taken (`cr` of the arguments below): others wait for less. */
static struct cred asker(void)
{
	struct cred cr;

	cred_get(&cr);
	return cr;
}

/* Reads the directory that is to lose or gain a name. Who may not look names up learns nothing of them. */
static int get_dir(struct txn *txn, const struct cred *cr, uint64_t ino, struct inode_rec *dir)
{
	int rc = inode_get(txn, ino, dir);

	if (rc == 0 && dir->nlink == 0)
		rc = ENOENT;
	if (rc == 0 && !S_ISDIR(dir->mode))
		rc = ENOTDIR;
	if (rc == 0 && (dir->mode & 0111) != 0111)
		rc = perm_check(cr, dir, MAY_X);
	return rc;
}

static int touch_dir(struct txn *txn, uint64_t ino, int links)
{
	struct inode_rec dir;
	int rc = inode_get(txn, ino, &dir);

	if (rc != 0)
		return rc;
	dir.mtime = dir.ctime = time_now();
	dir.nlink += (uint32_t)links;
	return inode_put(txn, ino, &dir);
}

/* ---- removal ------------------------------------------------------------------------------------ */
enum remove_kind {
	REMOVE_ANY,
	REMOVE_FILE,
	REMOVE_DIR
};

struct remove_arg {
	uint64_t dir;
	const char *name;
	size_t len;
	enum remove_kind kind;
	struct cred cr;
	struct drop drop;
	uint64_t ino;  /* out */
	uint32_t mode; /* out */
};

/* Takes one link of a file, or all of an empty directory. */
static int unlink_inode(struct cont *c, struct txn *txn, uint64_t ino, struct inode_rec *rec, struct drop *d)
{
	if (!S_ISDIR(rec->mode) && rec->nlink > 1) {
		rec->nlink--;
		rec->ctime = time_now();
		return inode_put(txn, ino, rec);
	}
	return drop_inode(c, txn, ino, rec, d);
}

static void drop_undo(struct cont *c, struct drop *d)
{
	drop_finish(c, d, ECANCELED);
	*d = (struct drop){.intent = -1};
}

static int remove_fn(struct cont *c, struct txn *txn, void *arg)
{
	struct remove_arg *a = arg;
	struct inode_rec dir, rec;
	struct found f;
	int rc;

	drop_undo(c, &a->drop); /* of an earlier attempt */
	rc = get_dir(txn, &a->cr, a->dir, &dir);
	if (rc == 0)
		rc = dirent_find(c, txn, a->dir, a->name, a->len, &f);
	if (rc == 0 && f.ino == SNAPDIR_INO)
		rc = EROFS;
	if (rc == 0)
		rc = inode_get(txn, f.ino, &rec);
	if (rc != 0)
		return rc;
	rc = perm_change_name(&a->cr, &dir, &rec);
	if (rc == 0 && a->kind == REMOVE_DIR && !S_ISDIR(rec.mode))
		rc = ENOTDIR;
	if (rc == 0 && a->kind == REMOVE_FILE && S_ISDIR(rec.mode))
		rc = EISDIR;
	if (rc == 0 && S_ISDIR(rec.mode))
		rc = dirent_empty(txn, f.ino);
	if (rc == 0)
		rc = dirent_delete(txn, a->dir, f.slot);
	if (rc == 0)
		rc = touch_dir(txn, a->dir, S_ISDIR(rec.mode) ? -1 : 0);
	a->ino = f.ino;
	a->mode = rec.mode;
	return rc != 0 ? rc : unlink_inode(c, txn, f.ino, &rec, &a->drop);
}

static int remove_name(dfs_t *dfs, dfs_obj_t *parent, const char *name, enum remove_kind kind, uint64_t *ino)
{
	struct remove_arg a = {
	    .dir = dir_ino(dfs, parent), .name = name, .kind = kind, .cr = asker(), .drop = {.intent = -1}};
	int rc = dirent_check_name(name, &a.len);

	if (rc == 0)
		rc = read_only(dfs, a.dir);
	if (rc != 0)
		return rc;
	rc = cont_write_drop(dfs->c, remove_fn, &a, &a.drop);
	drop_finish(dfs->c, &a.drop, rc);
	if (rc == 0 && !S_ISREG(a.mode))
		shared_bump_dirs(dfs->c);
	if (rc == 0 && ino != NULL)
		*ino = a.ino;
	return rc;
}

EXPORT int dfsx_remove(dfs_t *dfs, dfs_obj_t *parent, const char *name, bool is_dir)
{
	return dfs == NULL ? EINVAL : remove_name(dfs, parent, name, is_dir ? REMOVE_DIR : REMOVE_FILE, NULL);
}

/* Removes everything below a directory. */
static int remove_below(dfs_t *dfs, dfs_obj_t *parent, const char *name)
{
	struct dfsx_dirent ents[32];
	dfs_obj_t *dir;
	mode_t mode;
	int rc = dfs_lookup_rel(dfs, parent, name, O_RDONLY | O_NOFOLLOW, &dir, &mode, NULL);

	if (rc != 0)
		return rc;
	while (rc == 0 && S_ISDIR(mode)) {
		uint64_t cookie = 0;
		uint32_t nr = 32, i;

		rc = dfsx_readdir(dfs, dir, &cookie, &nr, ents, NULL);
		if (nr == 0)
			break;
		for (i = 0; rc == 0 && i < nr; i++) {
			if (ents[i].type == DT_DIR)
				rc = remove_below(dfs, dir, ents[i].name);
			if (rc == 0)
				rc = remove_name(dfs, dir, ents[i].name, REMOVE_ANY, NULL);
			if (rc == ENOENT)
				rc = 0;
		}
	}
	dfs_release(dir);
	return rc;
}

EXPORT int dfs_remove(dfs_t *dfs, dfs_obj_t *parent, const char *name, bool force, daos_obj_id_t *oid)
{
	uint64_t ino = 0;
	int rc;

	if (dfs == NULL)
		return EINVAL;
	rc = remove_name(dfs, parent, name, REMOVE_ANY, &ino);
	while (rc == ENOTEMPTY && force) {
		rc = remove_below(dfs, parent, name);
		if (rc == 0)
			rc = remove_name(dfs, parent, name, REMOVE_ANY, &ino);
	}
	if (rc == 0 && oid != NULL)
		*oid = (daos_obj_id_t){.lo = ino, .hi = 0};
	return rc;
}

/* ---- renaming ----------------------------------------------------------------------------------- */
struct move_arg {
	uint64_t from_dir, to_dir;
	const char *from, *to;
	size_t from_len, to_len;
	unsigned flags;
	struct cred cr;
	struct drop drop;
	uint64_t moved, replaced; /* out */
	bool dirs;                /* out: a directory or a link changed its name */
};

/* EINVAL when ino is dir or lies above it. */
static int check_not_above(struct txn *txn, uint64_t ino, uint64_t dir)
{
	while (dir != ino) {
		struct inode_rec rec;
		int rc;

		if (dir == ROOT_INO || dir == 0)
			return 0;
		rc = inode_get(txn, dir, &rec);
		if (rc != 0)
			return rc;
		dir = rec.parent;
	}
	return EINVAL;
}

/* The moved object knows its new place. */
static int settle(struct txn *txn, uint64_t ino, uint64_t dir, uint64_t slot)
{
	struct inode_rec rec;
	int rc = inode_get(txn, ino, &rec);

	if (rc != 0)
		return rc;
	rec.ctime = time_now();
	if (S_ISDIR(rec.mode)) {
		rec.parent = dir;
		rec.slot = slot;
	}
	return inode_put(txn, ino, &rec);
}

static int exchange(struct txn *txn, struct move_arg *a, const struct found *f, const struct inode_rec *frec,
                    const struct found *t, const struct inode_rec *trec)
{
	int fdir = S_ISDIR(frec->mode) ? 1 : 0, tdir = S_ISDIR(trec->mode) ? 1 : 0, rc;

	rc = dirent_set(txn, a->from_dir, f->slot, a->from, a->from_len, t->ino, t->type);
	if (rc == 0)
		rc = dirent_set(txn, a->to_dir, t->slot, a->to, a->to_len, f->ino, f->type);
	if (rc == 0)
		rc = settle(txn, f->ino, a->to_dir, t->slot);
	if (rc == 0)
		rc = settle(txn, t->ino, a->from_dir, f->slot);
	if (rc == 0)
		rc = touch_dir(txn, a->from_dir, a->from_dir != a->to_dir ? tdir - fdir : 0);
	if (rc == 0 && a->from_dir != a->to_dir)
		rc = touch_dir(txn, a->to_dir, fdir - tdir);
	return rc;
}

/* What has the new name goes. */
static int replace(struct cont *c, struct txn *txn, struct move_arg *a, const struct found *t, struct inode_rec *trec)
{
	int rc;

	rc = S_ISDIR(trec->mode) ? dirent_empty(txn, t->ino) : 0;
	if (rc == 0)
		rc = dirent_delete(txn, a->to_dir, t->slot);
	if (rc == 0 && S_ISDIR(trec->mode))
		rc = touch_dir(txn, a->to_dir, -1);
	a->replaced = t->ino;
	return rc != 0 ? rc : unlink_inode(c, txn, t->ino, trec, &a->drop);
}

/* A directory that gets another parent is written to: its "..". */
static int may_move(const struct move_arg *a, const struct inode_rec *rec)
{
	return S_ISDIR(rec->mode) && a->from_dir != a->to_dir ? perm_check(&a->cr, rec, MAY_W) : 0;
}

/* May what is found change its name? In the order in which the kernel finds out. trec: what has the new name, or NULL. */
static int may_rename(const struct move_arg *a, const struct inode_rec *from_dir, const struct inode_rec *frec,
                      const struct inode_rec *to_dir, const struct inode_rec *trec)
{
	bool exchange = a->flags & RENAME_EXCHANGE;
	int rc = perm_change_name(&a->cr, from_dir, frec);

	if (rc == 0)
		rc = perm_change_name(&a->cr, to_dir, trec);
	if (rc == 0 && trec != NULL && !exchange && S_ISDIR(frec->mode) != S_ISDIR(trec->mode))
		rc = S_ISDIR(trec->mode) ? EISDIR : ENOTDIR;
	if (rc == 0)
		rc = may_move(a, frec);
	return rc == 0 && exchange ? may_move(a, trec) : rc;
}

static int move_fn(struct cont *c, struct txn *txn, void *arg)
{
	struct move_arg *a = arg;
	struct inode_rec from_dir, to_dir, frec, trec;
	struct found f, t;
	uint64_t slot;
	int rc, found;

	drop_undo(c, &a->drop);
	a->replaced = 0;
	rc = get_dir(txn, &a->cr, a->from_dir, &from_dir);
	if (rc == 0)
		rc = get_dir(txn, &a->cr, a->to_dir, &to_dir);
	if (rc == 0)
		rc = dirent_find(c, txn, a->from_dir, a->from, a->from_len, &f);
	if (rc == 0)
		rc = f.ino == SNAPDIR_INO ? EROFS : inode_get(txn, f.ino, &frec);
	if (rc != 0)
		return rc;
	found = dirent_find(c, txn, a->to_dir, a->to, a->to_len, &t);
	if (found == 0)
		found = t.ino == SNAPDIR_INO ? EROFS : inode_get(txn, t.ino, &trec);
	if (found != 0 && found != ENOENT)
		return found;
	if (found == 0 && (a->flags & RENAME_NOREPLACE))
		return EEXIST;
	if (found != 0 && (a->flags & RENAME_EXCHANGE))
		return ENOENT;
	if (found == 0 && f.ino == t.ino)
		return 0; /* two names of one object: rename(2) does nothing */
	/* Nothing goes below itself, or takes the place of what it is in. */
	if (S_ISDIR(frec.mode) && (rc = check_not_above(txn, f.ino, a->to_dir)) != 0)
		return rc;
	if (found == 0 && S_ISDIR(trec.mode) && (rc = check_not_above(txn, t.ino, a->from_dir)) != 0)
		return rc != EINVAL || a->flags & RENAME_EXCHANGE ? rc : ENOTEMPTY;
	rc = may_rename(a, &from_dir, &frec, &to_dir, found == 0 ? &trec : NULL);
	if (rc != 0)
		return rc;
	a->moved = f.ino;
	a->dirs = !S_ISREG(frec.mode) || (found == 0 && !S_ISREG(trec.mode));
	if (a->flags & RENAME_EXCHANGE)
		return exchange(txn, a, &f, &frec, &t, &trec);
	if (found == 0) {
		rc = replace(c, txn, a, &t, &trec);
		/* It may have moved another name of the same hash. */
		if (rc == 0)
			rc = dirent_find(c, txn, a->from_dir, a->from, a->from_len, &f);
	}
	if (rc == 0)
		rc = dirent_delete(txn, a->from_dir, f.slot);
	if (rc == 0)
		rc = dirent_add(c, txn, a->to_dir, a->to, a->to_len, f.ino, f.type, &slot);
	if (rc == 0)
		rc = settle(txn, f.ino, a->to_dir, slot);
	if (rc == 0)
		rc = touch_dir(txn, a->from_dir, S_ISDIR(frec.mode) && a->from_dir != a->to_dir ? -1 : 0);
	if (rc == 0 && a->from_dir != a->to_dir)
		rc = touch_dir(txn, a->to_dir, S_ISDIR(frec.mode) ? 1 : 0);
	return rc;
}

static int move(dfs_t *dfs, unsigned flags, dfs_obj_t *parent, const char *name, dfs_obj_t *new_parent,
                const char *new_name, daos_obj_id_t *moid, daos_obj_id_t *oid)
{
	struct move_arg a = {.from_dir = dir_ino(dfs, parent),
	                     .to_dir = dir_ino(dfs, new_parent),
	                     .from = name,
	                     .to = new_name,
	                     .flags = flags,
	                     .cr = asker(),
	                     .drop = {.intent = -1}};
	int rc;

	if (dfs == NULL || flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE) ||
	    flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
		return EINVAL;
	rc = dirent_check_name(name, &a.from_len);
	if (rc == 0)
		rc = dirent_check_name(new_name, &a.to_len);
	if (rc == 0)
		rc = read_only(dfs, a.from_dir);
	if (rc == 0)
		rc = read_only(dfs, a.to_dir);
	if (rc != 0)
		return rc;
	rc = cont_write_drop(dfs->c, move_fn, &a, &a.drop);
	drop_finish(dfs->c, &a.drop, rc);
	if (rc != 0)
		return rc;
	if (a.dirs)
		shared_bump_dirs(dfs->c);
	if (moid != NULL)
		*moid = (daos_obj_id_t){.lo = a.moved, .hi = 0};
	if (oid != NULL)
		*oid = (daos_obj_id_t){.lo = a.replaced, .hi = 0};
	return 0;
}

EXPORT int dfsx_rename(dfs_t *dfs, dfs_obj_t *parent, const char *name, dfs_obj_t *new_parent, const char *new_name,
                       unsigned int flags)
{
	return move(dfs, flags, parent, name, new_parent, new_name, NULL, NULL);
}

EXPORT int dfs_move(dfs_t *dfs, dfs_obj_t *parent, const char *name, dfs_obj_t *new_parent, const char *new_name,
                    daos_obj_id_t *oid)
{
	return move(dfs, 0, parent, name, new_parent, new_name, NULL, oid);
}

EXPORT int dfs_move_internal(dfs_t *dfs, unsigned int flags, dfs_obj_t *parent, const char *name, dfs_obj_t *new_parent,
                             const char *new_name, daos_obj_id_t *moid, daos_obj_id_t *oid)
{
	return move(dfs, flags, parent, name, new_parent, new_name, moid, oid);
}

EXPORT int dfs_exchange(dfs_t *dfs, dfs_obj_t *parent1, const char *name1, dfs_obj_t *parent2, const char *name2)
{
	return move(dfs, RENAME_EXCHANGE, parent1, name1, parent2, name2, NULL, NULL);
}

/* ---- hard links --------------------------------------------------------------------------------- */
struct link_arg {
	uint64_t ino, dir;
	const char *name;
	size_t len;
	struct cred cr;
};

static int link_fn(struct cont *c, struct txn *txn, void *arg)
{
	struct link_arg *a = arg;
	struct inode_rec dir, rec;
	struct found f;
	int rc = get_dir(txn, &a->cr, a->dir, &dir);

	if (rc == 0)
		rc = inode_get(txn, a->ino, &rec);
	if (rc == 0 && rec.nlink == 0 && !(rec.flags & INODE_LINKABLE))
		rc = ENOENT;
	if (rc != 0)
		return rc;
	rc = dirent_find(c, txn, a->dir, a->name, a->len, &f);
	if (rc != ENOENT)
		return rc == 0 ? EEXIST : rc;
	rc = perm_change_name(&a->cr, &dir, NULL);
	if (rc == 0 && S_ISDIR(rec.mode))
		rc = EPERM;
	if (rc == 0)
		rc = dirent_add(c, txn, a->dir, a->name, a->len, a->ino, mode_to_type(rec.mode), NULL);
	if (rc == 0 && rec.nlink == 0)
		rc = orphan_named(c, txn, a->ino);
	if (rc != 0)
		return rc;
	rec.flags &= ~INODE_LINKABLE;
	rec.nlink++;
	rec.ctime = time_now();
	rc = inode_put(txn, a->ino, &rec);
	return rc != 0 ? rc : touch_dir(txn, a->dir, 0);
}

EXPORT int dfsx_link(dfs_t *dfs, dfs_obj_t *obj, dfs_obj_t *new_parent, const char *new_name)
{
	struct link_arg a = {.dir = dir_ino(dfs, new_parent), .name = new_name, .cr = asker()};
	int rc;

	if (dfs == NULL || obj == NULL)
		return EINVAL;
	a.ino = obj->ino;
	rc = dirent_check_name(new_name, &a.len);
	if (rc == 0)
		rc = read_only(dfs, a.dir);
	if (rc == 0 && VIEW_OF(a.ino) != 0)
		rc = EXDEV;
	return rc != 0 ? rc : cont_write(dfs->c, link_fn, &a);
}

/* ---- where a directory is ------------------------------------------------------------------------- */
static int entry_name(struct txn *txn, uint64_t dir, uint64_t slot, char *out, size_t *len)
{
	MDB_val v;
	int rc = rec_get(txn, dir, slot, &v);

	if (rc != 0)
		return env_errno(rc);
	if (v.mv_size <= DIRENT_HEAD || v.mv_size > DIRENT_HEAD + DFS_MAX_NAME)
		return DAMAGED;
	*len = v.mv_size - DIRENT_HEAD;
	memcpy(out, (char *)v.mv_data + DIRENT_HEAD, *len);
	return 0;
}

/* The name of a directory in its parent. */
static int place_name(struct txn *txn, uint64_t ino, const struct inode_rec *rec, char *out, size_t *len)
{
	if (ino == SNAPDIR_INO) {
		*len = strlen(SNAPDIR_NAME);
		memcpy(out, SNAPDIR_NAME, *len);
		return 0;
	}
	if (rec->parent == SNAPDIR_INO)
		return env_errno(snapdir_name(txn, VIEW_OF(ino), out, len));
	return entry_name(txn, rec->parent, rec->slot, out, len);
}

EXPORT int dfsx_dir_path(dfs_t *dfs, dfs_obj_t *dir, char *buf, size_t size)
{
	char path[DFS_MAX_PATH], name[DFS_MAX_NAME];
	size_t at = sizeof(path) - 1, len = 0;
	uint64_t ino = dir_ino(dfs, dir);
	struct rtx r;
	int rc;

	if (dfs == NULL || buf == NULL)
		return EINVAL;
	rc = rtx_begin(dfs->c, &r);
	if (rc != 0)
		return rc;
	path[at] = '\0';
	while (rc == 0 && ino != dfs->root) {
		struct inode_rec rec;

		rc = inode_get(r.txn, ino, &rec);
		if (rc == 0 && rec.nlink == 0)
			rc = ENOENT;
		if (rc == 0 && !S_ISDIR(rec.mode))
			rc = ENOTDIR;
		if (rc == 0)
			rc = place_name(r.txn, ino, &rec, name, &len);
		if (rc == 0 && len + 1 > at)
			rc = ENAMETOOLONG;
		if (rc != 0)
			break;
		at -= len;
		memcpy(path + at, name, len);
		path[--at] = '/';
		ino = rec.parent;
	}
	rtx_end(&r);
	if (rc != 0)
		return rc;
	if (path[at] == '\0')
		path[--at] = '/';
	if (sizeof(path) - at > size)
		return ERANGE;
	memcpy(buf, path + at, sizeof(path) - at);
	return 0;
}
