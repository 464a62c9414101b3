/*
 * dirent.c - names of a directory.
 *
 * A name lives at (directory, slot). The slot is a seeded hash of the name, 60 bits, and 3 bits
 * that count names of equal hash, from 0 without gaps. It is also the cookie of readdir: creates
 * and removes of other names never move it.
 */
#include "container.h"
#include "entries.h"
#include "env.h"
#include "inode.h"
#include "layout.h"
#include "local.h"
#include "record.h"
#include "snapdir.h"
#include "transaction.h"
#include "views.h"

HOT int dirent_check_name(const char *name, size_t *len)
{
	size_t n;

	if (name == NULL || name[0] == '\0')
		return name == NULL ? EINVAL : ENOENT;
	n = strnlen(name, DFS_MAX_NAME + 1);
	if (n > DFS_MAX_NAME)
		return ENAMETOOLONG;
	if (memchr(name, '/', n) != NULL)
		return EINVAL;
	*len = n;
	return 0;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* Multiply-and-fold over 8 bytes at a time; the seed is the container's secret. */
HOT uint64_t name_hash(struct cont *c, const char *name, size_t len)
{
	uint64_t h = c->super.hash_seed ^ mix(len ^ 0x9E3779B97F4A7C15ULL, 0xD1B54A32D192ED03ULL), w;

	for (; len >= 8; len -= 8, name += 8) {
		memcpy(&w, name, 8);
		h = mix(h ^ w, 0xE7037ED1A0B428DBULL ^ c->super.hash_seed >> 32);
	}
	w = 0;
	memcpy(&w, name, len);
	h = mix(h ^ w, 0x8EBC6AF09C88C6E3ULL);
	h = mix(h, 0x589965CC75374CC3ULL) & 0x7ffffffffffffff8ULL;
	return h == 0 ? 8 : h; /* 0 is the start of a directory */
}

/* Result: 0, ENOENT or an error; f->slot is the name's, or where it would go (ENOSPC: nowhere). */
static int find(struct txn *txn, uint64_t dir, uint64_t hash, const char *name, size_t len, struct found *f)
{
	uint64_t slot;

	for (slot = hash; slot < hash + SLOT_SHARE; slot++) {
		MDB_val v;
		int rc = rec_get(txn, dir, slot, &v);

		f->slot = slot;
		if (rc == MDB_NOTFOUND)
			return ENOENT;
		if (unlikely(rc != 0))
			return env_errno(rc);
		if (unlikely(v.mv_size <= DIRENT_HEAD))
			return DAMAGED;
		if (v.mv_size == DIRENT_HEAD + len && memcmp((char *)v.mv_data + DIRENT_HEAD, name, len) == 0) {
			memcpy(&f->ino, v.mv_data, sizeof(f->ino));
			f->ino |= dir & ~BARE_INO(UINT64_MAX); /* it is seen in the same snapshot */
			f->type = ((uint8_t *)v.mv_data)[offsetof(struct dirent_rec, type)];
			return 0;
		}
	}
	f->slot = 0;
	return ENOENT;
}

/* .snapshot in the root, which has no entry, and what is in it. */
static int find_snapdir(struct txn *txn, uint64_t dir, const char *name, size_t len, struct found *f)
{
	int rc = ENOENT;

	if (dir == SNAPDIR_INO)
		rc = snapdir_find(txn, name, len, &f->ino);
	else if (len == strlen(SNAPDIR_NAME) && memcmp(name, SNAPDIR_NAME, len) == 0) {
		f->ino = SNAPDIR_INO;
		rc = 0;
	}
	if (rc == 0) {
		f->type = DT_DIR;
		f->slot = VIEW_OF(f->ino);
	}
	return env_errno(rc);
}

HOT int dirent_find(struct cont *c, struct txn *txn, uint64_t dir, const char *name, size_t len, struct found *f)
{
	int rc = find(txn, dir, name_hash(c, name, len), name, len, f);

	if (unlikely(rc == ENOENT) && (dir == ROOT_INO || dir == SNAPDIR_INO))
		return find_snapdir(txn, dir, name, len, f);
	return rc;
}

int dirent_set(struct txn *txn, uint64_t dir, uint64_t slot, const char *name, size_t len, uint64_t ino, uint8_t type)
{
	MDB_val v = {DIRENT_HEAD + len, NULL};
	char *p;
	int rc = rec_put(txn, dir, slot, &v, MDB_RESERVE);

	if (rc != 0)
		return rc;
	p = v.mv_data;
	memcpy(p, &ino, sizeof(ino));
	p[offsetof(struct dirent_rec, type)] = (char)type;
	memcpy(p + DIRENT_HEAD, name, len);
	return 0;
}

/* Adds a name that dirent_find did not find. */
int dirent_add(struct cont *c, struct txn *txn, uint64_t dir, const char *name, size_t len, uint64_t ino, uint8_t type,
               uint64_t *slot)
{
	struct found f;
	int rc = dirent_find(c, txn, dir, name, len, &f);

	if (rc != ENOENT)
		return rc == 0 ? EEXIST : rc;
	if (f.slot == 0)
		return ENOSPC;
	if (slot != NULL)
		*slot = f.slot;
	return dirent_set(txn, dir, f.slot, name, len, ino, type);
}

/* Removes a name; the last one of the same hash takes its place, so that there is no gap. */
int dirent_delete(struct txn *txn, uint64_t dir, uint64_t slot)
{
	uint64_t last = slot;
	char moved[DIRENT_HEAD + DFS_MAX_NAME];
	size_t size = 0;
	int rc;

	while ((last + 1) % SLOT_SHARE != 0) {
		struct key key = make_key(dir, last + 1);
		MDB_val k = {sizeof(key), &key}, v;

		rc = tree_get(txn, &k, &v);
		if (rc == MDB_NOTFOUND)
			break;
		if (rc != 0)
			return rc;
		if (v.mv_size > sizeof(moved))
			return DAMAGED;
		size = v.mv_size;
		memcpy(moved, v.mv_data, size);
		last++;
	}
	if (last != slot) {
		MDB_val v = {size, moved};
		struct inode_rec rec;
		uint64_t ino;

		rc = rec_put(txn, dir, slot, &v, 0);
		memcpy(&ino, moved, sizeof(ino));
		if (rc == 0 && moved[offsetof(struct dirent_rec, type)] == DT_DIR) {
			rc = inode_get(txn, ino, &rec);
			if (rc == 0) {
				rec.slot = slot;
				rc = inode_put(txn, ino, &rec);
			}
		}
		if (rc != 0)
			return rc;
	}
	return rec_del(txn, dir, last);
}

int dirent_empty(struct txn *txn, uint64_t dir)
{
	struct key key = make_key(dir, 0), at;
	MDB_val k = {sizeof(key), &key}, v;
	MDB_cursor *cur;
	int rc = tree_scan(txn, &cur);

	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE);
	if (rc == 0 && k.mv_size == sizeof(at)) {
		memcpy(&at, k.mv_data, sizeof(at));
		if (at.hi == key.hi)
			rc = ENOTEMPTY;
	}
	mdb_cursor_close(cur);
	return rc == MDB_NOTFOUND ? 0 : rc;
}
