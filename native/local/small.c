/*
 * small.c - the bytes of small files, in the tree beside their inode.
 *
 * A file of at most SMALL_MAX bytes needs no host file: they are the record (SPACE_INODE | inode, DATA_SLOT) and, so that this is
 * a page at most, the end of the inode's own; or there is no record, and the file is all hole. Each write is a transaction, so size and times are always true, and snapshots
 * and the journal have the bytes as they have every other record. A file that grows, or that is written so often that
 * transactions would cost more than a host file, moves out; it never comes back.
 *
 * The caller's memory is copied by the kernel (process_vm_readv(2)): an address that is none is EFAULT here as well.
 */
#include <stdlib.h>
#include <time.h>
#include "container.h"
#include "env.h"
#include "hostfd.h"
#include "inode.h"
#include "layout.h"
#include "limit.h"
#include "local.h"
#include "machine.h"
#include "object.h"
#include "reclaim.h"
#include "record.h"
#include "set_id.h"
#include "shared_page.h"
#include "small.h"
#include "transaction.h"
#include "views.h"

#define MANY_WRITES 64 /* through one handle */

static bool is_small(struct dfs_obj *o, const struct inode_rec *rec)
{
	if (!(rec->flags & INODE_HAS_HOST))
		return true;
	atomic_store_explicit(&o->hosted, true, memory_order_relaxed);
	return false;
}

/* Moves bytes between two of our pieces (the second may be empty) and the caller's; how many, or -EFAULT. */
static ssize_t move_user(struct cont *c, const struct iovec ours[2], const struct iovec *iov, int nr, bool in)
{
	ssize_t n =
	    sys_raw6(in ? SYS_process_vm_readv : SYS_process_vm_writev, c->pid, (long)ours, 2, (long)iov, nr, 0);
	size_t done = 0, skip = 0;
	int i = 0, mine = 0;

	if (likely(n >= 0 || n == -EFAULT))
		return n;
	while (i < nr && mine < 2) { /* where a sandbox forbids the call */
		size_t left = ours[mine].iov_len - done, part = iov[i].iov_len - skip;
		char *our = (char *)ours[mine].iov_base + done, *their = (char *)iov[i].iov_base + skip;

		part = part < left ? part : left;
		memcpy(in ? our : their, in ? their : our, part);
		n = (n < 0 ? 0 : n) + (ssize_t)part;
		done += part;
		skip += part;
		if (done == ours[mine].iov_len) {
			mine++;
			done = 0;
		}
		if (skip == iov[i].iov_len) {
			i++;
			skip = 0;
		}
	}
	return n;
}

static size_t head_of(uint64_t size)
{
	return size < SMALL_HEAD ? size : SMALL_HEAD;
}

/* The record of the bytes; none for a file that is all hole. */
static int get_head(struct txn *txn, uint64_t ino, const struct inode_rec *rec, MDB_val *v)
{
	int rc;

	*v = (MDB_val){0, NULL};
	if (!(rec->flags & INODE_HAS_DATA))
		return 0;
	rc = rec_get(txn, SPACE_INODE | ino, DATA_SLOT, v);
	if (rc == 0 && v->mv_size != head_of(rec->size))
		rc = DAMAGED;
	return rc == MDB_NOTFOUND ? DAMAGED : env_errno(rc);
}

/* All bytes of the file, and zeros up to SMALL_MAX. */
static int get_bytes(struct txn *txn, uint64_t ino, const struct inode_rec *rec, char *whole)
{
	MDB_val v;
	int rc = get_head(txn, ino, rec, &v);

	if (rc != 0)
		return rc;
	memset(whole, 0, SMALL_MAX);
	if (v.mv_size != 0)
		memcpy(whole, v.mv_data, v.mv_size);
	if (v.mv_size == SMALL_HEAD)
		memcpy(whole + SMALL_HEAD, rec->tail, rec->size - SMALL_HEAD);
	return 0;
}

int small_get(struct txn *txn, uint64_t ino, const struct inode_rec *rec, void **head)
{
	MDB_val v;
	int rc = get_head(txn, ino, rec, &v);

	*head = NULL;
	if (rc != 0 || v.mv_size == 0)
		return rc;
	*head = malloc(v.mv_size);
	if (*head == NULL)
		return ENOMEM;
	memcpy(*head, v.mv_data, v.mv_size);
	return 0;
}

int small_put(struct txn *txn, uint64_t ino, uint64_t size, void *head)
{
	MDB_val v = {head_of(size), head};

	return rec_put(txn, SPACE_INODE | ino, DATA_SLOT, &v, 0);
}

/* ---- reading ------------------------------------------------------------------------------------ */
int small_read(struct dfs_obj *o, const struct iovec *iov, int nr, uint64_t off, uint64_t *done)
{
	static const char zeros[SMALL_MAX];
	struct inode_rec rec;
	struct rtx r;
	MDB_val v;
	int rc;

	*done = 0;
	rc = rtx_begin(o->c, &r);
	if (rc != 0)
		return rc;
	rc = inode_get(r.txn, o->ino, &rec);
	if (rc == 0)
		rc = is_small(o, &rec) ? get_head(r.txn, o->ino, &rec, &v) : NOT_SMALL;
	if (rc == 0 && off < rec.size) {
		const char *head = v.mv_size != 0 ? v.mv_data : zeros;
		size_t len = head_of(rec.size), at = off < len ? off : len, skip = off - at;
		struct iovec ours[2] = {{(void *)(uintptr_t)(head + at), len - at},
		                        {rec.tail + skip, rec.size - len - skip}};
		ssize_t n = move_user(o->c, ours, iov, nr, false);

		if (n < 0)
			rc = (int)-n;
		else
			*done = (uint64_t)n;
	}
	rtx_end(&r);
	return rc;
}

int small_seek(struct dfs_obj *o, uint64_t off, int whence, uint64_t *result)
{
	struct inode_rec rec;
	struct rtx r;
	int rc = rtx_begin(o->c, &r);

	if (rc != 0)
		return rc;
	rc = inode_get(r.txn, o->ino, &rec);
	rtx_end(&r);
	if (rc == 0 && !is_small(o, &rec))
		return NOT_SMALL;
	if (rc == 0 && (off >= rec.size || (whence == SEEK_DATA && !(rec.flags & INODE_HAS_DATA))))
		rc = ENXIO;
	*result = whence == SEEK_HOLE && rec.flags & INODE_HAS_DATA ? rec.size : off;
	return rc;
}

/* ---- changing ----------------------------------------------------------------------------------- */
struct change {
	struct dfs_obj *o;
	const char *bytes; /* NULL: a change of the size alone */
	size_t len;
	uint64_t off;   /* APPEND: the end; of a change of size, the new one */
	uint64_t limit; /* of the size of the process's files: limit.c */
	int result;
	bool behind;  /* out, with EFBIG: all of it is behind the limit */
	uint64_t end; /* out */
};
#define APPEND UINT64_MAX

/* The file as it is to be; what is all hole stays so when only its size changes. */
static int store_bytes(struct cont *c, struct txn *txn, uint64_t ino, struct inode_rec *rec, const struct change *ch,
                       uint64_t off, uint64_t size)
{
	bool had = rec->flags & INODE_HAS_DATA;
	char *whole = NULL;
	int rc = 0;

	if (size == 0) {
		if (had)
			rc = rec_del(txn, SPACE_INODE | ino, DATA_SLOT);
		rec->flags &= ~INODE_HAS_DATA;
		memset(rec->tail, 0, sizeof(rec->tail));
	} else if (ch->bytes != NULL || had) {
		whole = c->scratch;
		rc = get_bytes(txn, ino, rec, whole);
		if (rc != 0)
			return rc;
		if (ch->bytes != NULL)
			memcpy(whole + off, ch->bytes, ch->len);
		else if (size < rec->size) /* what is cut off is zero when it comes back */
			memset(whole + size, 0, rec->size - size);
		memcpy(rec->tail, whole + SMALL_HEAD, SMALL_TAIL);
		if (!had)
			rec->epoch = c->shared->syncs;
		rec->flags |= INODE_HAS_DATA;
	}
	rec->size = size;
	rec->blocks = rec->flags & INODE_HAS_DATA ? SMALL_MAX / 512 : 0;
	rec->mtime = rec->ctime = time_now();
	if (rc == 0)
		rc = inode_put(txn, ino, rec);
	/* The bytes last: see pending_append. */
	return rc == 0 && whole != NULL ? small_put(txn, ino, size, whole) : rc;
}

/* As the kernel judges: a write that begins behind the limit is refused, and so is one that crosses it when the caller
 * can't be told how much was written; appending ends there; a size is refused when it grows. */
static int over_limit(struct change *ch, const struct inode_rec *rec, uint64_t off)
{
	if (likely(off + ch->len <= ch->limit) || (ch->bytes == NULL && off <= rec->size))
		return 0;
	ch->behind = ch->bytes == NULL || off >= ch->limit;
	if (ch->behind || ch->off != APPEND)
		return EFBIG;
	ch->len = ch->limit - off;
	return 0;
}

static int change_fn(struct cont *c, struct txn *txn, void *arg)
{
	struct change *ch = arg;
	struct inode_rec rec;
	uint64_t off, size, generation = c->shared->set_id_generation;
	int rc = inode_get(txn, ch->o->ino, &rec);

	if (rc != 0)
		return rc;
	ch->result = NOT_SMALL;
	ch->behind = false;
	if (!is_small(ch->o, &rec))
		return 0;
	off = ch->off == APPEND ? rec.size : ch->off;
	size = ch->bytes == NULL || off + ch->len > rec.size ? off + ch->len : rec.size;
	if (size > SMALL_MAX)
		return 0;
	ch->result = over_limit(ch, &rec, off);
	if (ch->result != 0)
		return 0;
	/* It may have cut what is appended. */
	size = ch->bytes == NULL || off + ch->len > rec.size ? off + ch->len : rec.size;
	ch->end = off + ch->len;
	set_id_drop(ch->o, &rec, generation);
	return store_bytes(c, txn, ch->o->ino, &rec, ch, off, size);
}

static int change(struct dfs_obj *o, struct change *ch)
{
	int rc;

	ch->limit = limit_get();
	rc = cont_write(o->c, change_fn, ch);
	if (rc == 0 && ch->behind)
		return limit_refuse();
	return rc != 0 ? rc : ch->result;
}

int small_write(struct dfs_obj *o, const struct iovec *iov, int nr, uint64_t *total, uint64_t off, uint64_t *end)
{
	char bytes[SMALL_MAX];
	struct change ch = {.o = o, .bytes = bytes, .off = off};
	ssize_t n;
	int rc;

	rc = env_ready(o->c); /* its pid is ours then */
	if (rc != 0)
		return rc;
	if (*total > SMALL_MAX || (off != APPEND && off > SMALL_MAX - *total))
		return NOT_SMALL;
	if (atomic_fetch_add_explicit(&o->small_writes, 1, memory_order_relaxed) >= MANY_WRITES)
		return NOT_SMALL;
	n = move_user(o->c, (struct iovec[2]){{bytes, *total}, {NULL, 0}}, iov, nr, true);
	if ((uint64_t)n != *total)
		return n < 0 ? (int)-n : EFAULT;
	ch.len = (size_t)n;
	rc = change(o, &ch);
	*end = ch.end;
	if (rc == 0)
		*total = ch.len;
	return rc;
}

int small_truncate(struct dfs_obj *o, uint64_t size)
{
	struct change ch = {.o = o, .off = size};

	return size > SMALL_MAX ? NOT_SMALL : change(o, &ch);
}

/* ---- moving out --------------------------------------------------------------------------------- */
static int fill_host(struct cont *c, uint64_t ino, const struct inode_rec *rec, const char *bytes)
{
	bool data = rec->flags & INODE_HAS_DATA;
	int fd = host_create(c, ino, O_TRUNC), rc = 0;
	ssize_t n;

	if (fd < 0)
		return -fd;
	if (!data)
		rc = -own_ftruncate(fd, rec->size);
	else if ((n = own_pwrite(fd, bytes, rec->size, 0)) != (ssize_t)rec->size)
		rc = n < 0 ? (int)-n : ENOSPC;
	if (rc == 0)
		inode_set_host_mtime(c, ino, rec->mtime);
	/* What is durable here must not go before it is durable there. */
	if (rc == 0 && c->journal.on && data && rec->epoch != c->shared->syncs) {
		rc = (int)-RETRY(SYS4(SYS_fsync, fd, 0, 0, 0));
		if (rc == 0)
			rc = host_sync_name(c, ino);
	}
	sys_close(fd);
	return rc;
}

/* In a transaction: gives the file a host file with its bytes. The caller puts the record, which says so then, and ends
 * the intent after the commit: until then a host file that is there does not count. */
int small_move_out(struct cont *c, struct txn *txn, uint64_t ino, struct inode_rec *rec, int *intent)
{
	char *bytes = c->scratch;
	int rc = 0;

	if (rec->size != 0) {
		rc = get_bytes(txn, ino, rec, bytes);
		if (rc != 0)
			return rc;
		if (*intent < 0)
			*intent = intent_begin(c, ino);
		rc = fill_host(c, ino, rec, bytes);
	}
	if (rc == 0 && rec->flags & INODE_HAS_DATA)
		rc = rec_del(txn, SPACE_INODE | ino, DATA_SLOT);
	memset(rec->tail, 0, sizeof(rec->tail));
	rec->epoch = c->super.epoch;
	rec->flags = (rec->flags & ~INODE_HAS_DATA) | INODE_HAS_HOST;
	return rc;
}

static int leftover_fn(struct cont *c, struct txn *txn, void *arg)
{
	host_leftover(c, txn, *(const uint64_t *)arg);
	return 0;
}

/* After that transaction, which ended with rc. */
void small_moved_out(struct cont *c, uint64_t ino, int intent, int rc)
{
	if (rc != 0 && intent >= 0)
		cont_write(c, leftover_fn, &ino);
	intent_end(c, intent);
}

/* Removes a host file that a move left unfinished. No transaction is under way but the caller's. */
void host_leftover(struct cont *c, struct txn *txn, uint64_t ino)
{
	struct inode_rec rec;
	char path[32];

	if (inode_get(txn, ino, &rec) != 0 || !S_ISREG(rec.mode) || rec.flags & INODE_HAS_HOST)
		return;
	host_path(path, ino);
	sys_unlinkat(c->obj_fd, path, 0);
}

/* ---- durability --------------------------------------------------------------------------------- */
static int synced_fn(struct cont *c, struct txn *txn, void *arg)
{
	struct change *ch = arg;
	struct inode_rec rec;
	int rc = inode_get(txn, ch->o->ino, &rec);

	(void)c;
	ch->result = rc == 0 && !is_small(ch->o, &rec) ? NOT_SMALL : 0;
	if (rc != 0 || ch->result != 0 || !(rec.flags & INODE_HAS_DATA) || rec.epoch == ALWAYS_SYNC)
		return rc;
	rec.epoch = ALWAYS_SYNC;
	return inode_put(txn, ch->o->ino, &rec);
}

/* The bytes are going to be durable with the journal: from now on they do not move out without a sync. */
int small_synced(struct dfs_obj *o)
{
	struct change ch = {.o = o};

	return o->c->journal.on && VIEW_OF(o->ino) == 0 ? (cont_write(o->c, synced_fn, &ch) ?: ch.result) : 0;
}
