/*
 * inode.c - inode records, and where the truth about size and times is.
 *
 * The host file of an object knows its size; writers in several processes agree on it without
 * a transaction per write. While some handle writes, the record has writers > 0 and everybody
 * asks the host file. At the last close of a writer size, times and blocks go into the record,
 * and a stat needs no system call any more. A writer that was killed leaves its mark: its
 * file is asked for at the host until the next writer closes it. Marks of an earlier epoch
 * (all processes have gone since) count as none when the next writer comes.
 */
#include <time.h>
#include "container.h"
#include "env.h"
#include "inode.h"
#include "layout.h"
#include "local.h"
#include "object.h"
#include "record.h"
#include "snapdir.h"
#include "transaction.h"
#include "views.h"

void host_path(char out[32], uint64_t ino)
{
	static const char hex[] = "0123456789abcdef";
	int i;

	ino = BARE_INO(ino);
	out[0] = hex[ino >> 4 & 15];
	out[1] = hex[ino & 15];
	out[2] = '/';
	for (i = 0; i < 16; i++)
		out[3 + i] = hex[ino >> (60 - 4 * i) & 15];
	out[19] = '\0';
}

HOT int inode_get(struct txn *txn, uint64_t ino, struct inode_rec *rec)
{
	MDB_val v;
	int rc = rec_get(txn, SPACE_INODE | ino, 0, &v);

	if (unlikely(rc != 0))
		return rc == MDB_NOTFOUND && ino == SNAPDIR_INO ? snapdir_inode(txn, rec) : env_errno(rc);
	if (unlikely(v.mv_size < sizeof(*rec)))
		return DAMAGED;
	memcpy(rec, v.mv_data, sizeof(*rec));
	if (unlikely(VIEW_OF(ino) != 0) && S_ISDIR(rec->mode))
		rec->parent = BARE_INO(ino) == ROOT_INO ? SNAPDIR_INO : VIEW_INO(VIEW_OF(ino), rec->parent);
	return 0;
}

int inode_get_link(struct txn *txn, uint64_t ino, char *buf, size_t *len)
{
	MDB_val v;
	int rc = rec_get(txn, SPACE_INODE | ino, 0, &v);

	if (rc != 0)
		return env_errno(rc);
	if (v.mv_size < sizeof(struct inode_rec))
		return DAMAGED;
	v.mv_size -= sizeof(struct inode_rec);
	if (v.mv_size > *len)
		return ERANGE;
	memcpy(buf, (char *)v.mv_data + sizeof(struct inode_rec), v.mv_size);
	*len = v.mv_size;
	return 0;
}

/* Apart, because of its stack: threads of POSIX asynchronous input and output have little. */
static __attribute__((noinline)) int put_with_link(struct txn *txn, uint64_t ino, const struct inode_rec *rec)
{
	char target[DFS_MAX_PATH];
	size_t len = sizeof(target);
	MDB_val v = {0, NULL};
	int rc = inode_get_link(txn, ino, target, &len);

	if (rc != 0)
		return rc;
	v.mv_size = sizeof(*rec) + len;
	rc = rec_put(txn, SPACE_INODE | ino, 0, &v, MDB_RESERVE);
	if (rc != 0)
		return rc;
	memcpy(v.mv_data, rec, sizeof(*rec));
	memcpy((char *)v.mv_data + sizeof(*rec), target, len);
	return 0;
}

int inode_put(struct txn *txn, uint64_t ino, const struct inode_rec *rec)
{
	MDB_val v = {sizeof(*rec), (void *)(uintptr_t)rec};

	return unlikely(S_ISLNK(rec->mode)) ? put_with_link(txn, ino, rec) : rec_put(txn, SPACE_INODE | ino, 0, &v, 0);
}

int inode_put_link(struct txn *txn, uint64_t ino, const struct inode_rec *rec, const char *target)
{
	size_t len = strlen(target);
	MDB_val v = {sizeof(*rec) + len, NULL};
	int rc = rec_put(txn, SPACE_INODE | ino, 0, &v, MDB_RESERVE);

	if (rc != 0)
		return rc;
	memcpy(v.mv_data, rec, sizeof(*rec));
	memcpy((char *)v.mv_data + sizeof(*rec), target, len);
	return 0;
}

/* Keeps an inode and its xattrs for snapshots, before the deletion that walks over them. */
static int save_all(struct txn *txn, uint64_t ino)
{
	struct cont *c = txn->c;
	uint64_t lo = 0;
	int rc = 0;

	while (c->saving != 0 && rc == 0) {
		struct key key = make_key(SPACE_INODE | ino, lo), at;
		MDB_val k = {sizeof(key), &key}, v;
		MDB_cursor *cur;

		rc = tree_scan(txn, &cur);
		if (rc != 0)
			return rc;
		rc = mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE);
		mdb_cursor_close(cur);
		if (rc != 0 || k.mv_size != sizeof(at))
			break;
		memcpy(&at, k.mv_data, sizeof(at));
		if (at.hi != key.hi)
			break;
		lo = __builtin_bswap64(at.lo);
		rc = rec_save(txn, SPACE_INODE | ino, lo++);
	}
	return rc == MDB_NOTFOUND ? 0 : rc;
}

int inode_delete(struct txn *txn, uint64_t ino, const struct inode_rec *rec)
{
	struct key key = make_key(SPACE_INODE | ino, 0), at;
	MDB_val k = {sizeof(key), &key}, v;
	MDB_cursor *cur;
	int rc;

	if (!(rec->flags & INODE_HAS_XATTR)) {
		rc = rec_del(txn, SPACE_INODE | ino, 0);
		return rc == 0 && rec->flags & INODE_HAS_DATA ? rec_del(txn, SPACE_INODE | ino, DATA_SLOT) : rc;
	}
	rc = save_all(txn, ino);
	if (rc == 0)
		rc = tree_scan(txn, &cur);
	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE);
	while (rc == 0) {
		if (k.mv_size != sizeof(at))
			break;
		memcpy(&at, k.mv_data, sizeof(at));
		if (at.hi != key.hi)
			break;
		rc = mdb_cursor_del(cur, 0);
		if (rc == 0)
			rc = mdb_cursor_get(cur, &k, &v, MDB_GET_CURRENT);
		/* After a deletion at the end of a page the cursor stands past it. */
		if (rc != 0) {
			k = (MDB_val){sizeof(key), &key};
			rc = mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE);
		}
	}
	mdb_cursor_close(cur);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Numbers come in blocks, so that the counter is not written for every file. They are never
 * used twice: a handle of an object that is gone must not find another one. */
#define INO_BLOCK 1024

int inode_alloc(struct cont *c, struct txn *txn, uint64_t *ino)
{
	struct key key = make_key(0, KEY_INO);
	uint64_t next;
	MDB_val k = {sizeof(key), &key}, v;
	int rc;

	if (likely(c->ino_next != c->ino_end)) {
		*ino = c->ino_next++;
		return 0;
	}
	rc = tree_get(txn, &k, &v);
	if (rc != 0 || v.mv_size != sizeof(next))
		return rc == 0 || rc == MDB_NOTFOUND ? DAMAGED : rc;
	memcpy(&next, v.mv_data, sizeof(next));
	c->ino_next = next;
	c->ino_taken = true;
	next += INO_BLOCK;
	v = (MDB_val){sizeof(next), &next};
	rc = tree_put(txn, &k, &v, 0);
	if (rc != 0) {
		c->ino_end = c->ino_next;
		return rc;
	}
	c->ino_end = next;
	*ino = c->ino_next++;
	return 0;
}

static int64_t ts_ns(struct timespec ts)
{
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

int inode_host_stat(struct cont *c, uint64_t ino, int fd, struct inode_rec *rec)
{
	struct stat st;
	char path[32];
	int rc;

	rc = fd >= 0 ? sys_fstat(fd, &st) : -EBADF;
	if (rc != 0) {
		host_path(path, ino);
		rc = sys_fstatat(c->obj_fd, path, &st, AT_SYMLINK_NOFOLLOW);
	}
	if (rc == -ENOENT) { /* marked, and nothing written yet */
		rec->size = rec->blocks = 0;
		return 0;
	}
	if (rc != 0)
		return -rc;
	rec->size = (uint64_t)st.st_size;
	rec->blocks = (uint64_t)st.st_blocks;
	rec->mtime = ts_ns(st.st_mtim);
	if (rec->mtime > rec->ctime)
		rec->ctime = rec->mtime;
	return 0;
}

/* In a snapshot: the host file is as it was while the record is not kept, which comes before any
 * change of the file. */
static int view_stat(struct cont *c, uint64_t ino, struct inode_rec *rec)
{
	struct inode_rec now;
	struct rtx r;
	int rc = inode_host_stat(c, ino, -1, rec);

	if (rc == 0)
		rc = rtx_begin(c, &r); /* a later one than the caller's */
	if (rc != 0)
		return rc;
	rc = inode_get(r.txn, ino, &now);
	rtx_end(&r);
	if (rc == 0 && now.writers == 0)
		*rec = now;
	return rc;
}

HOT int stat_now(struct cont *c, uint64_t ino, int fd, struct inode_rec *rec)
{
	if (likely(rec->writers == 0 || !S_ISREG(rec->mode)))
		return 0;
	return likely(VIEW_OF(ino) == 0) ? inode_host_stat(c, ino, fd, rec) : view_stat(c, ino, rec);
}

static struct timespec ns_ts(int64_t ns)
{
	struct timespec ts = {ns / 1000000000, ns % 1000000000};

	if (ts.tv_nsec < 0) {
		ts.tv_sec--;
		ts.tv_nsec += 1000000000;
	}
	return ts;
}

/* Whenever somebody writes, the host file's time is the true one. */
void inode_set_host_mtime(struct cont *c, uint64_t ino, int64_t mtime)
{
	struct timespec times[2] = {{0, UTIME_OMIT}, ns_ts(mtime)};
	char path[32];

	host_path(path, ino);
	SYS4(SYS_utimensat, c->obj_fd, path, times, 0);
}

#define DIR_SIZE 4096 /* a directory is not empty for test(1) -s, as on other file systems */

void inode_to_stat(const struct dfs *dfs, uint64_t ino, const struct inode_rec *rec, struct stat *st)
{
	*st = (struct stat){
	    .st_dev = (dev_t)(dfs->c->super.id & 0xffffffff),
	    .st_ino = shown_ino(dfs, ino),
	    .st_mode = rec->mode,
	    .st_nlink = rec->nlink,
	    .st_uid = rec->uid,
	    .st_gid = rec->gid,
	    .st_size = S_ISDIR(rec->mode) ? DIR_SIZE : (off_t)rec->size,
	    .st_blksize = 65536,
	    .st_blocks = (blkcnt_t)rec->blocks,
	    .st_atim = ns_ts(rec->atime),
	    .st_mtim = ns_ts(rec->mtime),
	    .st_ctim = ns_ts(rec->ctime),
	};
}

unsigned char mode_to_type(uint32_t mode)
{
	return (unsigned char)((mode & S_IFMT) >> 12);
}
