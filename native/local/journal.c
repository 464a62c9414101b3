/*
 * journal.c - the log of what transactions changed.
 *
 * LMDB runs without syncing: its pages reach the disk in any order, so after a power cut the tree may be torn. What
 * survives is CONT/base (a tree that is only written durably, see checkpoint.c) and the journal: one record a
 * transaction, appended before its commit, that repeats what was put and removed. fsync(2) of the newest segment is
 * all that a sync needs. The linker leads our calls that change a tree through here (--wrap), so none is forgotten.
 *
 * Appending happens under LMDB's own lock on writers. A record whose transaction then did not commit (no space, a
 * killed process) is overwritten by the next writer, who has the same transaction number. Each record's check value
 * covers the one before, so nothing is ever taken for the successor of a record that was overwritten.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include "container.h"
#include "hostfd.h"
#include "journal.h"
#include "layout.h"
#include "local.h"
#include "machine.h"
#include "shared_page.h"

#define HINT_EVERY  (256ULL << 10) /* how far a process that joins reads at most */
#define FLUSH_EVERY (4ULL << 20)   /* the kernel starts to write: a sync finds little left */
#define RESERVE     (1ULL << 20)   /* space that is taken in one go, */
#define RESERVE_MIN (64ULL << 10)  /* and what is kept of it for removals when the disk is full */

static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

uint64_t journal_chain(uint64_t chain, const struct record_head *head, const char *body)
{
	const char *p = body;
	size_t left = head->len - sizeof(*head);
	uint64_t h = mix(chain ^ head->txnid, 0xE7037ED1A0B428DBULL ^ head->len), w;

	for (; left >= 8; left -= 8, p += 8) {
		memcpy(&w, p, 8);
		h = mix(h ^ w, 0xA0761D6478BD642FULL) + w;
	}
	w = 0;
	memcpy(&w, p, left);
	return mix(h ^ w, 0x8EBC6AF09C88C6E3ULL);
}

void journal_segment_path(char out[32], uint64_t number)
{
	snprintf(out, 32, "journal/%016llx", (unsigned long long)number);
}

int journal_open_segment(struct cont *c, uint64_t number, int flags)
{
	char path[32];

	journal_segment_path(path, number);
	return fd_open(c->dir_fd, path, flags, c->share & 0666);
}

void journal_reset(struct cont *c)
{
	fd_close(c->journal.fd);
	c->journal.fd = -1;
	c->journal.known = false;
}

/* ---- noting the changes of a transaction ---------------------------------------------------- */
static bool room_for(struct journal *j, size_t more)
{
	size_t room = j->room != 0 ? j->room : 4096;
	char *buf;

	if (j->room >= j->len + more)
		return true;
	while (room - j->len < more)
		room *= 2;
	buf = room > UINT32_MAX ? NULL : realloc(j->buf, room);
	if (buf == NULL) {
		j->error = ENOMEM;
		return false;
	}
	j->buf = buf;
	j->room = room;
	return true;
}

/* The caller of mdb_put(MDB_RESERVE) has filled the value in by the time it makes its next change. */
static void settle(struct journal *j)
{
	if (j->reserved != NULL)
		memcpy(j->buf + j->reserved_at, j->reserved, j->reserved_len);
	j->reserved = NULL;
}

static void note(struct journal *j, const MDB_val *key, const MDB_val *value, bool reserved)
{
	size_t value_len = value != NULL ? value->mv_size : 0;
	struct change_head head = {value == NULL, (uint16_t)key->mv_size, (uint32_t)value_len};

	settle(j);
	j->removes |= value == NULL;
	if (!room_for(j, sizeof(head) + key->mv_size + value_len))
		return;
	memcpy(j->buf + j->len, &head, sizeof(head));
	memcpy(j->buf + j->len + sizeof(head), key->mv_data, key->mv_size);
	j->len += sizeof(head) + key->mv_size;
	if (reserved) {
		j->reserved = value->mv_data;
		j->reserved_at = j->len;
		j->reserved_len = value_len;
	} else if (value_len != 0) {
		memcpy(j->buf + j->len, value->mv_data, value_len);
	}
	j->len += value_len;
}

/* The journal of the container whose tree this is; NULL for a tree that has none, like the base. */
static struct journal *journal_of(MDB_txn *txn)
{
	struct cont *c = mdb_env_get_userctx(mdb_txn_env(txn));

	return c != NULL && c->journal.on ? &c->journal : NULL;
}

int __real_mdb_put(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data, unsigned flags);
int __real_mdb_del(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data);
int __real_mdb_cursor_put(MDB_cursor *cur, MDB_val *key, MDB_val *data, unsigned flags);
int __real_mdb_cursor_del(MDB_cursor *cur, unsigned flags);
int __wrap_mdb_put(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data, unsigned flags);
int __wrap_mdb_del(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data);
int __wrap_mdb_cursor_put(MDB_cursor *cur, MDB_val *key, MDB_val *data, unsigned flags);
int __wrap_mdb_cursor_del(MDB_cursor *cur, unsigned flags);

int __wrap_mdb_put(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data, unsigned flags)
{
	struct journal *j = journal_of(txn);
	int rc;

	if (j == NULL)
		return __real_mdb_put(txn, dbi, key, data, flags);
	settle(j);
	rc = __real_mdb_put(txn, dbi, key, data, flags);
	if (rc == 0)
		note(j, key, data, (flags & MDB_RESERVE) != 0);
	return rc;
}

int __wrap_mdb_del(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data)
{
	struct journal *j = journal_of(txn);
	int rc;

	if (j == NULL)
		return __real_mdb_del(txn, dbi, key, data);
	settle(j);
	rc = __real_mdb_del(txn, dbi, key, data);
	if (rc == 0)
		note(j, key, NULL, false);
	return rc;
}

int __wrap_mdb_cursor_put(MDB_cursor *cur, MDB_val *key, MDB_val *data, unsigned flags)
{
	struct journal *j = journal_of(mdb_cursor_txn(cur));
	int rc;

	if (j == NULL)
		return __real_mdb_cursor_put(cur, key, data, flags);
	settle(j);
	rc = __real_mdb_cursor_put(cur, key, data, flags);
	if (rc == 0)
		note(j, key, data, (flags & MDB_RESERVE) != 0);
	return rc;
}

int __wrap_mdb_cursor_del(MDB_cursor *cur, unsigned flags)
{
	struct journal *j = journal_of(mdb_cursor_txn(cur));
	MDB_val key, value;
	int rc;

	if (j == NULL)
		return __real_mdb_cursor_del(cur, flags);
	settle(j);
	rc = mdb_cursor_get(cur, &key, &value, MDB_GET_CURRENT);
	if (rc == 0) {
		note(j, &key, NULL, false); /* an error after this ends the transaction */
		rc = __real_mdb_cursor_del(cur, flags);
	}
	return rc;
}

/* ---- where the journal ends ------------------------------------------------------------------ */
static int open_at(struct cont *c, uint64_t number)
{
	struct journal *j = &c->journal;

	fd_close(j->fd);
	j->fd = journal_open_segment(c, number, O_RDWR);
	return j->fd < 0 ? (j->fd == -ENOENT ? DAMAGED : -j->fd) : 0;
}

/* Reads on from j->pos to the end of the record of transaction txnid, which is the last that was committed. */
static int find_end(struct cont *c, uint64_t txnid)
{
	struct journal *j = &c->journal;
	char *buf = j->window;
	size_t have = 0, at = 0;

	while (j->pos.txnid < txnid) {
		struct record_head head;
		struct segment_head seg;
		ssize_t n;

		if (have - at >= sizeof(head)) {
			memcpy(&head, buf + at, sizeof(head));
			if (head.magic == RECORD_MAGIC && head.txnid == j->pos.txnid + 1 && head.len >= sizeof(head)) {
				/* Written under the lock that we hold: only what a transaction left that did not
				 * commit is no true record, and it has the number behind the last one. */
				j->pos.at += head.len;
				j->pos.chain = head.chain;
				j->pos.txnid++;
				at = at + head.len < have ? at + head.len : have;
				continue;
			}
			at = have;
		}
		n = sys_pread(j->fd, buf, sizeof(j->window), j->pos.at);
		if (n < 0)
			return (int)-n;
		have = (size_t)n;
		at = 0;
		if (have >= sizeof(head)) {
			memcpy(&head, buf, sizeof(head));
			if (head.magic == RECORD_MAGIC && head.txnid == j->pos.txnid + 1 && head.len >= sizeof(head))
				continue;
		}
		/* The end of this segment. */
		if (open_at(c, j->pos.segment + 1) != 0 || sys_pread(j->fd, &seg, sizeof(seg), 0) != sizeof(seg) ||
		    seg.magic != SEGMENT_MAGIC || seg.chain != j->pos.chain || seg.txnid != j->pos.txnid)
			return DAMAGED;
		j->pos.segment++;
		j->pos.at = sizeof(seg);
		have = at = 0;
	}
	return 0;
}

static void publish(struct cont *c, const struct journal_pos *pos)
{
	shared_put(c, pos, sizeof(*pos), offsetof(struct shared_page, journal));
}

/* Makes j->pos the end of transaction txnid, and j->fd its segment. */
static int locate(struct cont *c, uint64_t txnid)
{
	struct journal *j = &c->journal;
	int rc = 0;

	if (likely(j->known && j->pos.txnid == txnid && j->fd >= 0))
		return 0;
	if (!j->known || j->pos.txnid > txnid || j->pos.txnid < c->shared->journal.txnid || j->fd < 0) {
		memcpy(&j->pos, (void *)(uintptr_t)&c->shared->journal, sizeof(j->pos));
		if (j->pos.txnid > txnid || j->pos.segment == 0)
			return DAMAGED;
		rc = open_at(c, j->pos.segment);
	}
	if (rc == 0)
		rc = find_end(c, txnid);
	j->known = rc == 0;
	return rc;
}

/* Begins segment `number` at j->pos, or with a chain of its own when pos says chain 0. */
int journal_start(struct cont *c, uint64_t number, uint64_t txnid, struct journal_pos *pos)
{
	struct segment_head head = {SEGMENT_MAGIC, number, pos->chain, txnid};
	int fd, dir, rc;
	ssize_t n;

	if (head.chain == 0 && (getrandom(&head.chain, sizeof(head.chain), 0) < 0 || head.chain == 0))
		head.chain = (uint64_t)time_now() | 1;
	fd = journal_open_segment(c, number, O_RDWR | O_CREAT | O_TRUNC);
	if (fd < 0)
		return -fd;
	n = own_pwrite(fd, &head, sizeof(head), 0);
	rc = n == sizeof(head) ? (int)-RETRY(SYS4(SYS_fdatasync, fd, 0, 0, 0)) : n < 0 ? (int)-n : ENOSPC;
	dir = rc == 0 ? sys_openat(c->dir_fd, "journal", O_RDONLY | O_DIRECTORY, 0) : -1;
	if (rc == 0)
		rc = dir < 0 ? -dir : (int)-RETRY(SYS4(SYS_fsync, dir, 0, 0, 0));
	if (dir >= 0)
		sys_close(dir);
	if (rc != 0) {
		fd_close(fd);
		return rc;
	}
	fd_close(c->journal.fd);
	c->journal.fd = fd;
	*pos = (struct journal_pos){number, sizeof(head), head.chain, txnid};
	return 0;
}

/* Takes space ahead. When there is none, what is left is for transactions that remove something: so files can be
 * removed from a full disk. */
static int reserve(struct cont *c)
{
	struct journal *j = &c->journal;

	if (likely(j->pos.at + j->len + RESERVE_MIN <= j->reserved_to && j->reserved_in == j->pos.segment))
		return 0;
	if (own_fallocate(j->fd, 1 /* KEEP_SIZE */, j->pos.at, j->len + RESERVE) != -ENOSPC) {
		j->reserved_to = j->pos.at + j->len + RESERVE;
		j->reserved_in = j->pos.segment;
		return 0;
	}
	return j->removes ? 0 : ENOSPC;
}

bool journal_reserve(struct cont *c, uint64_t txnid, uint64_t len)
{
	struct journal *j = &c->journal;

	if (!j->on)
		return true;
	if (locate(c, txnid) != 0)
		return false;
	if (j->pos.at + len <= j->reserved_to && j->reserved_in == j->pos.segment)
		return true;
	if (own_fallocate(j->fd, 1 /* KEEP_SIZE */, j->pos.at, len + RESERVE) != 0)
		return false;
	j->reserved_to = j->pos.at + len + RESERVE;
	j->reserved_in = j->pos.segment;
	return true;
}

/* The full segment is made durable here, so that a sync only has to look after the newest. */
static int rotate(struct cont *c)
{
	struct journal *j = &c->journal;
	int rc = (int)-RETRY(SYS4(SYS_fdatasync, j->fd, 0, 0, 0));

	if (rc == 0)
		rc = journal_start(c, j->pos.segment + 1, j->pos.txnid, &j->pos);
	if (rc != 0)
		return rc == ENOSPC ? 0 : rc; /* the old one grows on */
	publish(c, &j->pos);
	j->rotated = true;
	return 0;
}

/* ---- appending -------------------------------------------------------------------------------- */
void journal_begin(struct cont *c)
{
	struct journal *j = &c->journal;

	j->len = sizeof(struct record_head);
	j->reserved = NULL;
	j->removes = false;
	j->error = 0;
	room_for(j, 0);
}

int journal_append(struct cont *c, MDB_txn *txn)
{
	struct journal *j = &c->journal;
	struct record_head *head;
	size_t done;
	int rc;

	if (!j->on)
		return 0;
	settle(j);
	if (j->error != 0)
		return j->error;
	if (j->len == sizeof(*head)) /* nothing changed: LMDB does not count it either */
		return 0;
	rc = locate(c, mdb_txn_id(txn) - 1);
	if (rc == 0 && j->pos.at >= SEGMENT_MAX)
		rc = rotate(c);
	if (rc == 0)
		rc = reserve(c);
	if (rc != 0)
		return rc;
	head = (struct record_head *)j->buf;
	*head = (struct record_head){RECORD_MAGIC, (uint32_t)j->len, mdb_txn_id(txn), 0};
	head->chain = journal_chain(j->pos.chain, head, (const char *)(head + 1));
	for (done = 0; done < j->len;) {
		ssize_t n = own_pwrite(j->fd, j->buf + done, j->len - done, j->pos.at + done);

		if (n <= 0)
			return n < 0 ? (int)-n : ENOSPC;
		done += (size_t)n;
	}
	j->next = (struct journal_pos){j->pos.segment, j->pos.at + j->len, head->chain, head->txnid};
	return 0;
}

void journal_committed(struct cont *c)
{
	struct journal *j = &c->journal;
	struct journal_pos before = j->pos;

	if (!j->on || j->len == sizeof(struct record_head))
		return;
	j->pos = j->next;
	if (before.at / HINT_EVERY != j->pos.at / HINT_EVERY)
		publish(c, &j->pos);
	if (before.at / FLUSH_EVERY != j->pos.at / FLUSH_EVERY)
		SYS4(SYS_sync_file_range, j->fd, before.at - before.at % FLUSH_EVERY, FLUSH_EVERY,
		     2 /* SYNC_FILE_RANGE_WRITE */);
}

int journal_sync(struct cont *c)
{
	uint64_t newest;
	int fd, rc;

	if (!c->journal.on)
		return 0;
	do { /* A segment is durable before the next one is announced. It may be removed then at any time. */
		newest = c->shared->journal.segment;
		fd = journal_open_segment(c, newest, O_RDWR);
	} while (fd == -ENOENT && newest != c->shared->journal.segment);
	if (fd < 0)
		return -fd;
	rc = (int)-RETRY(SYS4(SYS_fdatasync, fd, 0, 0, 0));
	fd_close(fd);
	return rc;
}
