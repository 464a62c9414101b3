/*
 * check_tree.c - names and inodes, in one walk over the tree: names come first, and are counted; inodes come in the order
 * of their numbers then.
 */
#include <stdlib.h>
#include "array.h"
#include "check.h"
#include "entries.h"
#include "env.h"
#include "inode.h"
#include "layout.h"
#include "local.h"
#include "record.h"
#include "snapshot.h"
#include "transaction.h"
#include "views.h"

struct words {
	uint64_t *at;
	size_t nr, room;
};

struct dir {
	uint64_t ino, parent;
	enum {
		UNKNOWN,
		CLIMBING,
		REACHED,
		CUT_OFF
	} state;
};

struct tree {
	struct check *k;
	struct txn *txn;
	struct words named;   /* the object of each entry, */
	struct words subdirs; /* and the directory of each that is one */
	struct dir *dirs;
	size_t ndirs, room;
	size_t at, sub; /* in named and subdirs, both sorted: how far the inodes have come */
	bool sorted;
	uint64_t dir; /* whose entries are being read */
	bool dir_is_one;
	uint64_t ino; /* of the last inode record, 0: of none */
	struct inode_rec rec;
	bool has_data, has_xattr;
	size_t data_size;
	uint64_t last_ino, snapshots, newest;
	bool old; /* there is a record that only snapshots need */
};

static int push(struct words *w, uint64_t word)
{
	uint64_t *at = array_grow(w->at, w->nr, &w->room, sizeof(*at));

	if (at == NULL)
		return ENOMEM;
	w->at = at;
	w->at[w->nr++] = word;
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void sort(struct words *w)
{
	if (w->nr != 0)
		qsort(w->at, w->nr, sizeof(w->at[0]), compare);
}

bool check_names(struct txn *txn, uint64_t dir, uint64_t slot, uint64_t ino)
{
	uint64_t named;
	MDB_val v;

	if (dir == 0 || dir >= SNAPDIR_INO || rec_get(txn, dir, slot, &v) != 0 || v.mv_size <= DIRENT_HEAD)
		return false;
	memcpy(&named, v.mv_data, sizeof(named));
	return named == ino;
}

/* ---- entries ---------------------------------------------------------------------------------------------------- */
static int begin_directory(struct tree *t, uint64_t dir)
{
	struct inode_rec rec;
	int rc = inode_get(t->txn, dir, &rec);

	t->dir = dir;
	t->dir_is_one = rc == 0 && S_ISDIR(rec.mode);
	if (rc != 0 && rc != ENOENT && rc != DAMAGED)
		return rc;
	return t->dir_is_one ? 0 : check_suspect(t->k, LOST_DIRECTORY, dir, 0, 0);
}

static int entry(struct tree *t, uint64_t dir, uint64_t slot, const MDB_val *v)
{
	size_t len = v->mv_size - DIRENT_HEAD;
	const char *name = (char *)v->mv_data + DIRENT_HEAD;
	struct inode_rec rec;
	struct found f;
	bool misplaced;
	uint64_t ino;
	uint8_t type;
	int rc = 0;

	if (dir != t->dir)
		rc = begin_directory(t, dir);
	if (rc != 0 || !t->dir_is_one)
		return rc;
	if (v->mv_size <= DIRENT_HEAD || len > DFS_MAX_NAME || memchr(name, '/', len) != NULL ||
	    memchr(name, '\0', len) != NULL)
		return check_suspect(t->k, BAD_ENTRY, 0, dir, slot);
	memcpy(&ino, v->mv_data, sizeof(ino));
	type = ((uint8_t *)v->mv_data)[offsetof(struct dirent_rec, type)];
	rc = inode_get(t->txn, ino, &rec);
	if (ino == 0 || ino >= SNAPDIR_INO || rc == ENOENT)
		return check_suspect(t->k, DANGLING, ino, dir, slot);
	if (rc != 0)
		return rc == DAMAGED ? 0 : rc;
	misplaced = dirent_find(t->k->c, t->txn, dir, name, len, &f) != 0 || f.slot != slot;
	if (misplaced)
		rc = check_suspect(t->k, BAD_ENTRY, 0, dir, slot);
	if (rc == 0 && type != mode_to_type(rec.mode))
		rc = check_suspect(t->k, WRONG_TYPE, ino, dir, slot);
	if (rc == 0 && S_ISDIR(rec.mode) && !misplaced && (rec.parent != dir || rec.slot != slot)) {
		rc = check_suspect(t->k, WRONG_PARENT, ino, dir, slot);
		if (rc != 0 || check_names(t->txn, rec.parent, rec.slot, ino)) /* a second name: it does not count */
			return rc;
	}
	if (rc == 0 && S_ISDIR(rec.mode))
		rc = push(&t->subdirs, dir);
	return rc != 0 ? rc : push(&t->named, ino);
}

/* ---- inodes ----------------------------------------------------------------------------------------------------- */
bool check_is_orphan(struct txn *txn, uint64_t ino)
{
	struct key key = make_key(SPACE_ORPHAN, ino);
	MDB_val k = {sizeof(key), &key}, v;

	return tree_get(txn, &k, &v) == 0;
}

static int note_dir(struct tree *t)
{
	struct dir *dirs = array_grow(t->dirs, t->ndirs, &t->room, sizeof(*dirs));

	if (dirs == NULL)
		return ENOMEM;
	t->dirs = dirs;
	t->dirs[t->ndirs++] = (struct dir){t->ino, t->rec.parent, t->ino == ROOT_INO ? REACHED : UNKNOWN};
	return 0;
}

static int check_file(struct tree *t)
{
	struct inode_rec host = t->rec;
	struct stat st;
	char path[32];
	int rc;

	if (!(t->rec.flags & INODE_HAS_HOST)) {
		bool data = t->rec.flags & INODE_HAS_DATA;

		if (data == t->has_data && t->rec.size <= SMALL_MAX &&
		    (!data || t->data_size == (t->rec.size < SMALL_HEAD ? t->rec.size : SMALL_HEAD)))
			return 0;
		return check_suspect(t->k, WRONG_FLAGS, t->ino, 0, 0);
	}
	if (t->has_data || t->rec.flags & INODE_HAS_DATA)
		return check_suspect(t->k, WRONG_FLAGS, t->ino, 0, 0);
	if (t->rec.writers != 0) /* the host file is right, whatever is here */
		return 0;
	host_path(path, t->ino);
	if (sys_fstatat(t->k->c->obj_fd, path, &st, AT_SYMLINK_NOFOLLOW) == -ENOENT)
		return t->rec.size != 0 ? check_suspect(t->k, LOST_BYTES, t->ino, 0, 0) : 0;
	rc = inode_host_stat(t->k->c, t->ino, -1, &host);
	if (rc != 0)
		return rc;
	return host.size != t->rec.size || check_blocks_differ(&host, &t->rec)
	           ? check_suspect(t->k, WRONG_SIZE, t->ino, 0, 0)
	           : 0;
}

/* All records of an inode were seen. */
static int end_inode(struct tree *t)
{
	uint64_t names = 0, subdirs = 0, links;
	bool dir = S_ISDIR(t->rec.mode);
	int rc = 0;

	if (t->ino == 0)
		return 0;
	for (; t->at < t->named.nr && t->named.at[t->at] <= t->ino; t->at++)
		names += t->named.at[t->at] == t->ino;
	for (; t->sub < t->subdirs.nr && t->subdirs.at[t->sub] <= t->ino; t->sub++)
		subdirs += t->subdirs.at[t->sub] == t->ino;
	if (t->ino > t->last_ino)
		t->last_ino = t->ino;
	if (dir && (names != 0 || t->ino == ROOT_INO))
		rc = note_dir(t);
	links = dir ? 2 + subdirs : names;
	if (rc == 0 && names == 0 && t->ino != ROOT_INO) {
		bool orphan = check_is_orphan(t->txn, t->ino);

		rc = check_suspect(t->k, orphan ? STALE_ORPHAN : UNNAMED, t->ino, 0, 0);
		if (rc == 0 && orphan && t->rec.nlink != 0)
			rc = check_suspect(t->k, WRONG_LINKS, t->ino, 0, (uint64_t)t->rec.ctime);
	} else if (rc == 0) {
		if (check_is_orphan(t->txn, t->ino))
			rc = check_suspect(t->k, STALE_ORPHAN, t->ino, 0, 0);
		if (rc == 0 && t->rec.nlink != links)
			rc = check_suspect(t->k, WRONG_LINKS, t->ino, links, (uint64_t)t->rec.ctime);
	}
	if (rc == 0 && t->has_xattr && !(t->rec.flags & INODE_HAS_XATTR))
		rc = check_suspect(t->k, WRONG_FLAGS, t->ino, 0, 0);
	if (rc == 0 && S_ISREG(t->rec.mode))
		rc = check_file(t);
	t->ino = 0;
	return rc;
}

static int inode(struct tree *t, uint64_t ino, uint64_t slot, const MDB_val *v)
{
	int rc = 0;

	if (slot != 0) {
		if (ino != t->ino)
			return check_suspect(t->k, BAD_INODE, ino, 0, slot);
		if (slot == DATA_SLOT) {
			t->has_data = true;
			t->data_size = v->mv_size;
		} else {
			t->has_xattr = true;
		}
		return 0;
	}
	rc = end_inode(t);
	if (rc != 0)
		return rc;
	if (v->mv_size < sizeof(t->rec))
		return check_suspect(t->k, BAD_INODE, ino, 0, 0);
	t->ino = ino;
	t->has_data = t->has_xattr = false;
	memcpy(&t->rec, v->mv_data, sizeof(t->rec));
	if (!S_ISREG(t->rec.mode) && !S_ISDIR(t->rec.mode) && !S_ISLNK(t->rec.mode)) {
		t->ino = 0;
		return check_suspect(t->k, BAD_INODE, ino, 0, 0);
	}
	return 0;
}

/* ---- the rest --------------------------------------------------------------------------------------------------- */
static int other(struct tree *t, uint64_t space, uint64_t lo, const MDB_val *v)
{
	struct inode_rec rec;
	uint64_t epoch;

	if (space == SPACE_ORPHAN && inode_get(t->txn, lo, &rec) == ENOENT)
		return check_suspect(t->k, STALE_ORPHAN, lo, 0, 0);
	if (space == SPACE_SNAPSHOT && v->mv_size >= SNAPSHOT_HEAD) {
		memcpy(&epoch, v->mv_data, sizeof(epoch));
		t->snapshots++;
		if (epoch > t->newest)
			t->newest = epoch;
	}
	return 0;
}

static int visit(struct tree *t, const MDB_val *k, const MDB_val *v)
{
	uint64_t hi, lo;
	struct key key;

	if (k->mv_size != sizeof(key)) {
		t->old |= k->mv_size > sizeof(key); /* of a snapshot, in preserved/ or in the tree */
		return 0;
	}
	memcpy(&key, k->mv_data, sizeof(key));
	hi = __builtin_bswap64(key.hi);
	lo = __builtin_bswap64(key.lo);
	if (hi == 0)
		return 0;
	if (hi < SPACE_ORPHAN)
		return entry(t, hi, lo, v);
	if (!t->sorted) {
		sort(&t->named);
		sort(&t->subdirs);
		t->sorted = true;
	}
	return hi & SPACE_INODE ? inode(t, hi & ~SPACE_INODE, lo, v) : other(t, hi, lo, v);
}

static struct dir *find_dir(struct tree *t, uint64_t ino)
{
	return t->ndirs == 0 ? NULL : bsearch(&ino, t->dirs, t->ndirs, sizeof(t->dirs[0]), compare);
}
_Static_assert(offsetof(struct dir, ino) == 0, "compare() looks at the number");

/* Climbs from each directory until a place that is known; who meets itself is below itself. */
static int find_cycles(struct tree *t)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < t->ndirs; i++) {
		struct dir *from = &t->dirs[i], *d;
		int end;

		for (d = from; d != NULL && d->state == UNKNOWN; d = find_dir(t, d->parent))
			d->state = CLIMBING;
		if (d != NULL && d->state == CLIMBING)
			rc = check_suspect(t->k, CYCLE, d->ino, 0, 0);
		end = d != NULL && d->state == REACHED ? REACHED : CUT_OFF;
		for (d = from; d != NULL && d->state == CLIMBING; d = find_dir(t, d->parent))
			d->state = end;
	}
	return rc;
}

static int finish(struct tree *t)
{
	struct snapshots_rec all;
	struct key key = make_key(0, KEY_INO);
	MDB_val k = {sizeof(key), &key}, v;
	uint64_t next = 0;
	int rc = end_inode(t);

	if (rc == 0)
		rc = find_cycles(t);
	if (rc == 0 && tree_get(t->txn, &k, &v) == 0 && v.mv_size == sizeof(next))
		memcpy(&next, v.mv_data, sizeof(next));
	if (rc == 0 && next <= t->last_ino)
		rc = check_suspect(t->k, REUSED_NUMBERS, t->last_ino, 0, 0);
	if (rc == 0)
		rc = snapshots_get(t->txn, &all);
	if (rc == 0 && (all.count != t->snapshots || all.newest != t->newest))
		rc = check_suspect(t->k, WRONG_SNAPSHOTS, 0, 0, 0);
	else if (rc == 0 && t->snapshots == 0 && t->old && all.sweep == 0)
		rc = check_suspect(t->k, SWEEP_DUE, 0, 0, 0);
	return rc;
}

int check_tree(struct check *k)
{
	struct tree t = {.k = k};
	MDB_val key, v;
	MDB_cursor *cur;
	struct rtx r;
	int rc = rtx_begin_tree(k->c, &r);

	if (rc != 0)
		return rc;
	t.txn = r.txn;
	rc = tree_cursor(r.txn, &cur);
	if (rc == 0) {
		for (rc = mdb_cursor_get(cur, &key, &v, MDB_FIRST); rc == 0;
		     rc = mdb_cursor_get(cur, &key, &v, MDB_NEXT)) {
			rc = visit(&t, &key, &v);
			if (rc != 0)
				break;
		}
		mdb_cursor_close(cur);
	}
	rc = rc == MDB_NOTFOUND ? finish(&t) : env_errno(rc);
	rtx_end(&r);
	free(t.named.at);
	free(t.subdirs.at);
	free(t.dirs);
	return rc;
}
