/*
 * directory.c - reading directories.
 */
#include <stdlib.h>
#include "entries.h"
#include "env.h"
#include "inode.h"
#include "layout.h"
#include "local.h"
#include "object.h"
#include "record.h"
#include "snapdir.h"
#include "transaction.h"
#include "views.h"

/* Calls fn for the entries behind cookie, until it returns non-zero. */
struct entry {
	uint64_t ino, slot;
	uint8_t type;
	const char *name;
	size_t len;
};
typedef int (*entry_fn)(const dfs_t *dfs, struct txn *txn, const struct entry *e, void *arg);

static inline __attribute__((always_inline)) int for_entries(const dfs_t *dfs, struct txn *txn, uint64_t dir,
                                                             uint64_t cookie, entry_fn fn, void *arg)
{
	struct key key = make_key(dir, cookie + 1), at;
	MDB_val k = {sizeof(key), &key}, v;
	MDB_cursor *cur;
	int rc = tree_scan(txn, &cur);

	if (rc != 0)
		return env_errno(rc);
	for (rc = mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE); rc == 0; rc = mdb_cursor_get(cur, &k, &v, MDB_NEXT)) {
		struct entry e;

		memcpy(&at, k.mv_data, sizeof(at));
		if (k.mv_size != sizeof(at) || at.hi != key.hi)
			break;
		if (v.mv_size <= DIRENT_HEAD || v.mv_size > DIRENT_HEAD + DFS_MAX_NAME) {
			rc = DAMAGED;
			break;
		}
		memcpy(&e.ino, v.mv_data, sizeof(e.ino));
		e.type = ((uint8_t *)v.mv_data)[offsetof(struct dirent_rec, type)];
		e.slot = __builtin_bswap64(at.lo);
		e.name = (char *)v.mv_data + DIRENT_HEAD;
		e.len = v.mv_size - DIRENT_HEAD;
		if (fn(dfs, txn, &e, arg) != 0)
			break;
	}
	mdb_cursor_close(cur);
	return rc == MDB_NOTFOUND ? 0 : env_errno(rc);
}

/* The same in a snapshot, and in .snapshot. */
struct view_listing {
	const dfs_t *dfs;
	struct txn *txn;
	uint64_t view; /* bits of the numbers */
	entry_fn fn;
	void *arg;
};

static int view_entry(uint64_t slot, const MDB_val *v, void *arg)
{
	struct view_listing *l = arg;
	struct entry e = {.slot = slot};

	if (v->mv_size <= DIRENT_HEAD || v->mv_size > DIRENT_HEAD + DFS_MAX_NAME)
		return 1;
	memcpy(&e.ino, v->mv_data, sizeof(e.ino));
	e.ino |= l->view;
	e.type = ((uint8_t *)v->mv_data)[offsetof(struct dirent_rec, type)];
	e.name = (char *)v->mv_data + DIRENT_HEAD;
	e.len = v->mv_size - DIRENT_HEAD;
	return l->fn(l->dfs, l->txn, &e, l->arg);
}

static int snapdir_entry(uint64_t slot, uint64_t ino, const char *name, size_t len, void *arg)
{
	struct entry e = {.ino = ino, .slot = slot, .type = DT_DIR, .name = name, .len = len};
	struct view_listing *l = arg;

	return l->fn(l->dfs, l->txn, &e, l->arg);
}

static int view_entries(const dfs_t *dfs, struct txn *txn, uint64_t dir, uint64_t cookie, entry_fn fn, void *arg)
{
	struct view_listing l = {dfs, txn, VIEW_INO(VIEW_OF(dir), 0), fn, arg};

	if (dir == SNAPDIR_INO)
		return env_errno(snapdir_list(txn, cookie, snapdir_entry, &l));
	return env_errno(rec_walk_view(txn, dir, cookie, view_entry, &l));
}

static inline __attribute__((always_inline)) int read_entries(dfs_t *dfs, dfs_obj_t *dir, uint64_t cookie, entry_fn fn,
                                                              void *arg)
{
	uint64_t ino = dir_ino(dfs, dir);
	struct rtx r;
	int rc;

	if (dir != NULL && !S_ISDIR(dir->mode))
		return ENOTDIR;
	rc = rtx_begin_tree(dfs->c, &r);
	if (rc != 0)
		return rc;
	if (unlikely(VIEW_OF(ino) != 0 || ino == SNAPDIR_INO))
		rc = view_entries(dfs, r.txn, ino, cookie, fn, arg);
	else
		rc = for_entries(dfs, r.txn, ino, cookie, fn, arg);
	rtx_end(&r);
	return rc;
}

static int stat_entry(const dfs_t *dfs, struct txn *txn, const struct entry *e, struct stat *st)
{
	struct inode_rec rec;
	int rc = inode_get(txn, e->ino, &rec);

	if (rc == 0)
		rc = stat_now(dfs->c, e->ino, -1, &rec);
	if (rc == 0)
		inode_to_stat(dfs, e->ino, &rec, st);
	return rc;
}

/* ---- with cookies --------------------------------------------------------------------------------- */
struct fill {
	uint32_t nr, max;
	struct dfsx_dirent *ents;
	struct dirent *dirs;
	struct stat *stats;
	uint64_t cookie;
	int rc;
};

static int fill_entry(const dfs_t *dfs, struct txn *txn, const struct entry *e, void *arg)
{
	struct fill *f = arg;

	if (f->stats != NULL) {
		f->rc = stat_entry(dfs, txn, e, &f->stats[f->nr]);
		if (f->rc != 0)
			return 1;
	}
	if (f->ents != NULL) {
		struct dfsx_dirent *d = &f->ents[f->nr];

		d->ino = shown_ino(dfs, e->ino);
		d->next = e->slot;
		d->type = e->type;
		memcpy(d->name, e->name, e->len);
		d->name[e->len] = '\0';
	} else {
		struct dirent *d = &f->dirs[f->nr];

		d->d_ino = shown_ino(dfs, e->ino);
		d->d_off = (off_t)e->slot;
		d->d_reclen = sizeof(*d);
		d->d_type = e->type;
		memcpy(d->d_name, e->name, e->len);
		d->d_name[e->len] = '\0';
	}
	f->cookie = e->slot;
	return ++f->nr == f->max;
}

EXPORT int dfsx_readdir(dfs_t *dfs, dfs_obj_t *dir, uint64_t *cookie, uint32_t *nr, struct dfsx_dirent *ents,
                        struct stat *stats)
{
	struct fill f;
	int rc;

	if (dfs == NULL || cookie == NULL || nr == NULL || ents == NULL)
		return EINVAL;
	f = (struct fill){.max = *nr, .ents = ents, .stats = stats, .cookie = *cookie};
	*nr = 0;
	if (f.max == 0)
		return 0;
	rc = read_entries(dfs, dir, f.cookie, fill_entry, &f);
	if (rc == 0)
		rc = f.nr == 0 ? f.rc : 0;
	*nr = f.nr;
	*cookie = f.cookie;
	return rc;
}

/* ---- as the kernel's records --------------------------------------------------------------------- */
struct record {
	uint64_t ino;
	uint64_t off;
	unsigned short len;
	uint8_t type;
	char name[];
};

struct records {
	char *buf;
	size_t room, used;
	uint64_t cookie, base;
	bool full;
};

static int fill_record(const dfs_t *dfs, struct txn *txn, const struct entry *e, void *arg)
{
	struct records *f = arg;
	size_t len = (offsetof(struct record, name) + e->len + 1 + 7) & ~(size_t)7;
	struct record *r = (struct record *)(f->buf + f->used);

	(void)txn;
	if (unlikely(f->room - f->used < len)) {
		f->full = true;
		return 1;
	}
	r->ino = shown_ino(dfs, e->ino);
	r->off = e->slot + f->base;
	r->len = (unsigned short)len;
	r->type = e->type;
	memcpy(r->name, e->name, e->len);
	r->name[e->len] = '\0';
	f->used += len;
	f->cookie = e->slot;
	return 0;
}

EXPORT int dfsx_getdents(dfs_t *dfs, dfs_obj_t *dir, uint64_t *cookie, uint64_t base, void *buf, size_t *size)
{
	struct records f;
	int rc;

	if (dfs == NULL || cookie == NULL || buf == NULL || size == NULL)
		return EINVAL;
	f = (struct records){.buf = buf, .room = *size, .cookie = *cookie, .base = base};
	*size = 0;
	rc = read_entries(dfs, dir, f.cookie, fill_record, &f);
	if (rc == 0 && f.used == 0 && f.full)
		rc = EINVAL;
	if (f.used != 0) /* what was read before an error is told first */
		rc = 0;
	*size = f.used;
	*cookie = f.cookie;
	return rc;
}

/* ---- with anchors: the cookie is kept in the anchor's buffer --------------------------------------- */
static int anchored(dfs_t *dfs, dfs_obj_t *obj, daos_anchor_t *anchor, uint32_t *nr, struct dirent *dirs,
                    struct stat *stats)
{
	struct fill f;
	int rc;

	if (dfs == NULL || obj == NULL || anchor == NULL || nr == NULL || dirs == NULL)
		return EINVAL;
	f = (struct fill){.max = *nr, .dirs = dirs, .stats = stats};
	*nr = 0;
	if (f.max == 0 || anchor->da_type == DAOS_ANCHOR_TYPE_EOF)
		return 0;
	if (anchor->da_type != DAOS_ANCHOR_TYPE_ZERO)
		memcpy(&f.cookie, anchor->da_buf, sizeof(f.cookie));
	rc = read_entries(dfs, obj, f.cookie, fill_entry, &f);
	if (rc == 0)
		rc = f.rc;
	if (rc != 0)
		return rc;
	memcpy(anchor->da_buf, &f.cookie, sizeof(f.cookie));
	anchor->da_type = f.nr < f.max ? DAOS_ANCHOR_TYPE_EOF : DAOS_ANCHOR_TYPE_HKEY;
	*nr = f.nr;
	return 0;
}

EXPORT int dfs_readdir(dfs_t *dfs, dfs_obj_t *obj, daos_anchor_t *anchor, uint32_t *nr, struct dirent *dirs)
{
	return anchored(dfs, obj, anchor, nr, dirs, NULL);
}

EXPORT int dfs_readdirplus(dfs_t *dfs, dfs_obj_t *obj, daos_anchor_t *anchor, uint32_t *nr, struct dirent *dirs,
                           struct stat *stbufs)
{
	return stbufs == NULL ? EINVAL : anchored(dfs, obj, anchor, nr, dirs, stbufs);
}

EXPORT int dfs_iterate(dfs_t *dfs, dfs_obj_t *obj, daos_anchor_t *anchor, uint32_t *nr, size_t size, dfs_filler_cb_t op,
                       void *arg)
{
	struct dirent *dirs;
	uint32_t left, seen = 0, i, n;
	int rc = 0;

	if (dfs == NULL || obj == NULL || anchor == NULL || nr == NULL || op == NULL)
		return EINVAL;
	dirs = malloc(64 * sizeof(*dirs));
	if (dirs == NULL)
		return ENOMEM;
	(void)size;
	for (left = *nr; rc == 0 && left != 0 && !daos_anchor_is_eof(anchor); left -= n) {
		n = left < 64 ? left : 64;
		rc = dfs_readdir(dfs, obj, anchor, &n, dirs);
		for (i = 0; rc == 0 && i < n; i++, seen++)
			rc = op(dfs, obj, dirs[i].d_name, arg);
	}
	free(dirs);
	*nr = seen;
	return rc;
}

EXPORT int dfs_dir_anchor_set(dfs_obj_t *obj, const char name[], daos_anchor_t *anchor)
{
	struct found f;
	struct rtx r;
	size_t len;
	int rc;

	if (obj == NULL || anchor == NULL)
		return EINVAL;
	rc = dirent_check_name(name, &len);
	if (rc == 0)
		rc = rtx_begin(obj->c, &r);
	if (rc != 0)
		return rc;
	rc = dirent_find(obj->c, r.txn, obj->ino, name, len, &f);
	rtx_end(&r);
	if (rc != 0)
		return rc;
	memset(anchor, 0, sizeof(*anchor));
	memcpy(anchor->da_buf, &f.slot, sizeof(f.slot));
	anchor->da_type = DAOS_ANCHOR_TYPE_HKEY;
	return 0;
}

/* A directory here is one ordered list. */
EXPORT int dfs_obj_anchor_split(dfs_obj_t *obj, uint32_t *nr, daos_anchor_t *anchors)
{
	if (obj == NULL || nr == NULL)
		return EINVAL;
	*nr = 1;
	if (anchors != NULL)
		memset(anchors, 0, sizeof(*anchors));
	return 0;
}

EXPORT int dfs_obj_anchor_set(dfs_obj_t *obj, uint32_t index, daos_anchor_t *anchor)
{
	if (obj == NULL || anchor == NULL || index != 0)
		return EINVAL;
	memset(anchor, 0, sizeof(*anchor));
	return 0;
}
