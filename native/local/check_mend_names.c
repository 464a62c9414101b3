/*
 * check_mend_names.c - mending names and inodes; see check_mend.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include "check.h"
#include "entries.h"
#include "inode.h"
#include "layout.h"
#include "local.h"
#include "machine.h"
#include "marks.h"
#include "object.h"
#include "reclaim.h"
#include "record.h"
#include "transaction.h"
#include "views.h"

/* ---- lost+found ------------------------------------------------------------------------------------------------- */
int mend_found_directory(struct check *k)
{
	dfs_obj_t *top = NULL, *dir = NULL;
	int rc;

	if (k->found_dir != 0)
		return 0;
	rc = dfs_mkdir(k->dfs, NULL, "lost+found", 0700, 0);
	if (rc == 0 || rc == EEXIST)
		rc = dfs_lookup_rel(k->dfs, NULL, "lost+found", O_RDWR | O_NOFOLLOW, &top, NULL, NULL);
	if (rc != 0)
		return rc;
	rc = dfs_mkdir(k->dfs, top, k->place, 0700, 0);
	if (rc == 0 || rc == EEXIST)
		rc = dfs_lookup_rel(k->dfs, top, k->place, O_RDWR | O_NOFOLLOW, &dir, NULL, NULL);
	if (rc == 0) {
		k->found_dir = dir->ino;
		rc = S_ISDIR(dir->mode) ? 0 : ENOTDIR;
		dfs_release(dir);
	}
	dfs_release(top);
	return rc;
}

/* Names an object there; a directory's own links are counted in the next round. */
int mend_relink(struct mending *m, struct txn *txn, uint64_t ino, struct inode_rec *rec)
{
	struct inode_rec dir;
	uint64_t slot;
	char name[32];
	int n = snprintf(name, sizeof(name), "%" PRIu64, ino);
	int rc = inode_get(txn, m->k->found_dir, &dir);

	if (rc == 0)
		rc = dirent_add(m->k->c, txn, m->k->found_dir, name, (size_t)n, ino, mode_to_type(rec->mode), &slot);
	if (rc != 0)
		return rc;
	if (S_ISDIR(rec->mode)) {
		rec->parent = m->k->found_dir;
		rec->slot = slot;
		rec->nlink = 2;
		dir.nlink++;
	} else {
		rec->nlink = 1;
	}
	rec->ctime = dir.mtime = dir.ctime = time_now();
	rc = inode_put(txn, ino, rec);
	return rc != 0 ? rc : inode_put(txn, m->k->found_dir, &dir);
}

/* ---- entries ---------------------------------------------------------------------------------------------------- */
/* The entry, with its name; false: it is gone. */
static bool get_entry(struct mending *m, struct txn *txn, uint64_t *ino, uint8_t *type)
{
	size_t len;
	MDB_val v;

	if (rec_get(txn, m->s->dir, m->s->slot, &v) != 0)
		return false;
	*ino = 0;
	*type = 0;
	if (v.mv_size <= DIRENT_HEAD)
		return true;
	memcpy(ino, v.mv_data, sizeof(*ino));
	*type = ((uint8_t *)v.mv_data)[offsetof(struct dirent_rec, type)];
	len = v.mv_size - DIRENT_HEAD < DFS_MAX_NAME ? v.mv_size - DIRENT_HEAD : DFS_MAX_NAME;
	memcpy(m->s->name, (char *)v.mv_data + DIRENT_HEAD, len);
	m->s->name[len] = '\0';
	return true;
}

/* Where a lookup finds it, or nowhere. */
int mend_bad_entry(struct mending *m, struct txn *txn)
{
	struct check *k = m->k;
	struct found f;
	size_t len;
	uint8_t type;
	bool name_is_one;
	int rc;

	if (!get_entry(m, txn, &m->s->ino, &type))
		return 0;
	len = strlen(m->s->name);
	name_is_one = len != 0 && memchr(m->s->name, '/', len) == NULL;
	if (!mend_now(m, !name_is_one || dirent_find(k->c, txn, m->s->dir, m->s->name, len, &f) != 0 ||
	                     f.slot != m->s->slot))
		return 0;
	rc = rec_del(txn, m->s->dir, m->s->slot);
	if (rc == 0 && name_is_one)
		rc = dirent_add(k->c, txn, m->s->dir, m->s->name, len, m->s->ino, type, NULL);
	return rc == EEXIST ? 0 : rc;
}

/* All names of what is no directory; their objects are without a name then. */
int mend_lost_directory(struct mending *m, struct txn *txn)
{
	struct key key = make_key(m->s->ino, 0), at;
	struct inode_rec rec;
	int rc = inode_get(txn, m->s->ino, &rec);

	if (!mend_now(m, rc != 0 || !S_ISDIR(rec.mode)))
		return 0;
	for (;;) {
		MDB_val k = {sizeof(key), &key}, v;
		MDB_cursor *cur;

		rc = tree_cursor(txn, &cur);
		if (rc != 0)
			return rc;
		rc = mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE);
		if (rc == 0)
			memcpy(&at, k.mv_data, sizeof(at));
		mdb_cursor_close(cur);
		if (rc != 0 || at.hi != key.hi)
			return rc == MDB_NOTFOUND ? 0 : rc;
		rc = rec_del(txn, m->s->ino, __builtin_bswap64(at.lo));
		if (rc != 0)
			return rc;
	}
}

int mend_dangling(struct mending *m, struct txn *txn)
{
	struct inode_rec rec;
	uint64_t ino;
	uint8_t type;
	bool there = get_entry(m, txn, &ino, &type) && ino == m->s->ino;

	if (!mend_now(m, there && (ino == 0 || ino >= SNAPDIR_INO || inode_get(txn, ino, &rec) == ENOENT)))
		return 0;
	return dirent_delete(txn, m->s->dir, m->s->slot);
}

int mend_wrong_type(struct mending *m, struct txn *txn)
{
	struct inode_rec rec;
	uint64_t ino;
	uint8_t type;
	bool there = get_entry(m, txn, &ino, &type) && ino == m->s->ino && inode_get(txn, ino, &rec) == 0;

	if (!mend_now(m, there && type != mode_to_type(rec.mode)))
		return 0;
	return dirent_set(txn, m->s->dir, m->s->slot, m->s->name, strlen(m->s->name), ino, mode_to_type(rec.mode));
}

/* A second name of a directory goes; where there is only this one, the directory learns it. */
int mend_wrong_parent(struct mending *m, struct txn *txn)
{
	struct inode_rec rec;
	uint64_t ino;
	uint8_t type;
	bool there = get_entry(m, txn, &ino, &type) && ino == m->s->ino && inode_get(txn, ino, &rec) == 0;

	if (!mend_now(m, there && S_ISDIR(rec.mode) && (rec.parent != m->s->dir || rec.slot != m->s->slot)))
		return 0;
	if (ino == ROOT_INO || check_names(txn, rec.parent, rec.slot, ino))
		return dirent_delete(txn, m->s->dir, m->s->slot);
	rec.parent = m->s->dir;
	rec.slot = m->s->slot;
	return inode_put(txn, ino, &rec);
}

/* Its name goes, and with it the ring is open. */
int mend_cycle(struct mending *m, struct txn *txn)
{
	struct inode_rec rec;
	uint64_t at = m->s->ino;
	unsigned steps;

	for (steps = 0; at != ROOT_INO && steps < 1000000; steps++) {
		if (inode_get(txn, at, &rec) != 0 || !S_ISDIR(rec.mode) || (at = rec.parent) == m->s->ino)
			break;
	}
	if (at != m->s->ino || steps == 0 || inode_get(txn, at, &rec) != 0 || !mend_now(m, true))
		return 0;
	return check_names(txn, rec.parent, rec.slot, at) ? dirent_delete(txn, rec.parent, rec.slot) : 0;
}

/* ---- inodes ----------------------------------------------------------------------------------------------------- */
int mend_unnamed(struct mending *m, struct txn *txn)
{
	struct inode_rec rec;
	bool there = inode_get(txn, m->s->ino, &rec) == 0 && !check_is_orphan(txn, m->s->ino);
	int rc;

	if (there && S_ISDIR(rec.mode))
		there = !check_names(txn, rec.parent, rec.slot, m->s->ino);
	if (!mend_now(m, there))
		return 0;
	if (m->k->flags & DFS_CHECK_RELINK)
		return mend_relink(m, txn, m->s->ino, &rec);
	/* What it names goes in the next rounds. */
	rc = put_orphan(m->k->c, txn, m->s->ino, &rec);
	m->reclaim = true;
	return rc;
}

int mend_stale_orphan(struct mending *m, struct txn *txn)
{
	struct inode_rec rec;
	bool gone = inode_get(txn, m->s->ino, &rec) == ENOENT;

	if (!check_is_orphan(txn, m->s->ino))
		return 0;
	if (!gone && rec.nlink == 0) {
		/* Who has just closed it is about to take it away. */
		m->again = !marks_is_open(m->k->c, m->s->ino);
		if (m->again && m->k->patience == 0)
			m->reclaim = mend_now(m, true);
		return 0;
	}
	if (!mend_now(m, true))
		return 0;
	return orphan_named(m->k->c, txn, m->s->ino);
}

int mend_wrong_links(struct mending *m, struct txn *txn)
{
	struct inode_rec rec;
	bool same = inode_get(txn, m->s->ino, &rec) == 0 && (uint64_t)rec.ctime == m->s->slot && rec.nlink != m->s->dir;

	if (!mend_now(m, same))
		return 0;
	rec.nlink = (uint32_t)m->s->dir;
	return inode_put(txn, m->s->ino, &rec);
}

/* The record at (inode, slot). */
int mend_bad_inode(struct mending *m, struct txn *txn)
{
	struct inode_rec rec;
	MDB_val v;
	int rc = inode_get(txn, m->s->ino, &rec);
	bool ok = rc == 0 && (S_ISREG(rec.mode) || S_ISDIR(rec.mode) || S_ISLNK(rec.mode));

	if (ok || rec_get(txn, SPACE_INODE | m->s->ino, m->s->slot, &v) != 0 || !mend_now(m, true))
		return 0;
	return rec_del(txn, SPACE_INODE | m->s->ino, m->s->slot);
}

/* Flags say what is there. A file whose bytes can't be told from a wrong record has none. */
int mend_wrong_flags(struct mending *m, struct txn *txn)
{
	uint64_t hi = SPACE_INODE | m->s->ino;
	struct key key = make_key(hi, DATA_SLOT + 1), at;
	MDB_val k = {sizeof(key), &key}, v;
	struct inode_rec rec, now;
	MDB_cursor *cur;
	struct stat st;
	char path[32];
	bool data, host, in_tree;
	int rc = inode_get(txn, m->s->ino, &rec);

	if (rc != 0)
		return rc == ENOENT ? 0 : rc;
	now = rec;
	rc = tree_cursor(txn, &cur);
	if (rc != 0)
		return rc;
	if (mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE) == 0 && k.mv_size == sizeof(at)) {
		memcpy(&at, k.mv_data, sizeof(at));
		if (at.hi == key.hi)
			now.flags |= INODE_HAS_XATTR;
	}
	mdb_cursor_close(cur);
	data = rec_get(txn, hi, DATA_SLOT, &v) == 0;
	host_path(path, m->s->ino);
	host = sys_fstatat(m->k->c->obj_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (S_ISREG(rec.mode)) {
		host = host && (rec.flags & INODE_HAS_HOST || rec.size > SMALL_MAX);
		in_tree = !host && data && rec.flags & INODE_HAS_DATA && rec.size <= SMALL_MAX;
		now.flags &= ~(INODE_HAS_HOST | INODE_HAS_DATA);
		if (in_tree)
			now.flags |= INODE_HAS_DATA;
		else if (host || rec.flags & INODE_HAS_HOST)
			now.flags |= INODE_HAS_HOST;
		if (in_tree && v.mv_size != (rec.size < SMALL_HEAD ? rec.size : SMALL_HEAD))
			now.size = v.mv_size;
		if (!(now.flags & INODE_HAS_HOST) && rec.size > SMALL_MAX)
			now.size = now.blocks = 0;
	}
	if (!mend_now(m, memcmp(&now, &rec, sizeof(now)) != 0 || data != !!(now.flags & INODE_HAS_DATA)))
		return 0;
	if (data && !(now.flags & INODE_HAS_DATA)) {
		rc = rec_del(txn, hi, DATA_SLOT);
		if (rc != 0)
			return rc;
	}
	return inode_put(txn, m->s->ino, &now);
}
