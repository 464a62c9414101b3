/*
 * checkpoint.c - CONT/base, the tree that a power cut leaves whole, and the way back from it.
 *
 * The base is only ever written durably (LMDB as it syncs by default) and says up to where of the journal it has
 * come. A checkpoint brings it up to the newest segment and removes the segments before; it takes no lock that a
 * reader or writer of the container needs. When the container is opened for the first time since the machine
 * started, the base takes in the rest of the journal, up to the first record that is not whole, and is copied over
 * CONT/meta, whose pages nobody can vouch for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include "container.h"
#include "env.h"
#include "hostfd.h"
#include "inode.h"
#include "journal.h"
#include "layout.h"
#include "local.h"
#include "machine.h"
#include "pending.h"
#include "purge.h"
#include "ranks.h"
#include "shared_page.h"
#include "store.h"

#define STEP     (2ULL << 20) /* of the journal in one transaction of the base: bounds its memory and its locks */
#define INO_LEAP (1ULL << 32) /* inode numbers that a lost part of the journal may have given out */
#define TMPFS    0x01021994
#define RAMFS    0x858458f6

/* ---- segments, to be read ----------------------------------------------------------------------- */
struct segment {
	uint64_t number;
	const char *data; /* NULL: there is none */
	size_t size;
};

static void segment_close(struct segment *s)
{
	if (s->data != NULL)
		munmap((void *)(uintptr_t)s->data, s->size);
	*s = (struct segment){0};
}

/* 0, or ENOENT when there is no such segment, or one without a whole head. */
static int segment_open(struct cont *c, uint64_t number, struct segment *s)
{
	struct segment_head head;
	struct stat st;
	void *data;
	int fd;

	if (s->data != NULL && s->number == number)
		return 0;
	segment_close(s);
	fd = journal_open_segment(c, number, O_RDONLY);
	if (fd < 0)
		return -fd;
	data = MAP_FAILED;
	if (sys_fstat(fd, &st) == 0 && (uint64_t)st.st_size >= sizeof(head))
		data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	fd_close(fd);
	if (data == MAP_FAILED)
		return ENOENT;
	memcpy(&head, data, sizeof(head));
	*s = (struct segment){number, data, (size_t)st.st_size};
	if (head.magic == SEGMENT_MAGIC && head.number == number)
		return 0;
	segment_close(s);
	return ENOENT;
}

/* The record at pos, which lies at any address, with a copy of its head; NULL: there is none. */
static const char *record_at(const struct segment *s, const struct journal_pos *pos, struct record_head *head)
{
	const char *there = s->data + pos->at;

	if (pos->at > s->size || s->size - pos->at < sizeof(*head))
		return NULL;
	memcpy(head, there, sizeof(*head));
	if (head->magic != RECORD_MAGIC || head->txnid != pos->txnid + 1 || head->len < sizeof(*head) ||
	    head->len > s->size - pos->at)
		return NULL;
	return there;
}

/* Moves pos over a segment's head: the first one's, or that of the segment behind a full one. */
static bool enter(struct cont *c, struct segment *s, struct journal_pos *pos)
{
	struct segment_head head;
	bool first = pos->at == 0;

	if (segment_open(c, first ? pos->segment : pos->segment + 1, s) != 0)
		return false;
	memcpy(&head, s->data, sizeof(head));
	if (!first && (head.chain != pos->chain || head.txnid != pos->txnid))
		return false;
	*pos = (struct journal_pos){head.number, sizeof(head), head.chain, head.txnid};
	return true;
}

/* ---- taking the journal in ------------------------------------------------------------------------ */

/* After a power cut a file may be shorter than its record says: bytes that were not synced are gone. */
static void believe_host(struct cont *c, const struct key *key, MDB_val *v, struct inode_rec *rec)
{
	struct inode_rec host;
	uint64_t hi = __builtin_bswap64(key->hi);

	if (!(hi & SPACE_INODE) || key->lo != 0 || v->mv_size != sizeof(*rec))
		return;
	memcpy(rec, v->mv_data, sizeof(*rec));
	host = *rec;
	if (!S_ISREG(rec->mode) || rec->writers != 0 || !(rec->flags & INODE_HAS_HOST) ||
	    inode_host_stat(c, hi & ~SPACE_INODE, -1, &host) != 0)
		return;
	rec->size = host.size;
	rec->blocks = host.blocks;
	*v = (MDB_val){sizeof(*rec), rec};
}

static bool has_host(const struct key *key, const MDB_val *v)
{
	struct inode_rec rec;

	if (!(__builtin_bswap64(key->hi) & SPACE_INODE) || key->lo != 0 || v->mv_size != sizeof(rec))
		return false;
	memcpy(&rec, v->mv_data, sizeof(rec));
	return S_ISREG(rec.mode) && (rec.flags & INODE_HAS_HOST);
}

/* What there is to know of the bytes of files whose records are taken in. */
enum bytes {
	BYTES_UNKNOWN, /* stop with EAGAIN before the first such record: what it says must be on the disk first */
	BYTES_DURABLE, /* they were synced after the last of these records */
	BYTES_CUT      /* after a power cut: the host files know */
};

static int apply_changes(struct cont *c, MDB_txn *txn, const char *there, size_t len, enum bytes bytes)
{
	const char *p = there + sizeof(struct record_head), *end = there + len;
	int rc = 0;

	while (rc == 0 && (size_t)(end - p) >= sizeof(struct change_head)) {
		struct change_head head;
		struct inode_rec rec;
		struct key key = {0};
		MDB_val k, v;

		memcpy(&head, p, sizeof(head));
		p += sizeof(head);
		if ((size_t)(end - p) < (size_t)head.key_len + head.value_len)
			return DAMAGED;
		k = (MDB_val){head.key_len, (void *)(uintptr_t)p};
		v = (MDB_val){head.value_len, (void *)(uintptr_t)(p + head.key_len)};
		p += head.key_len + head.value_len;
		if (bytes != BYTES_DURABLE && !head.removed && k.mv_size == sizeof(key)) {
			memcpy(&key, k.mv_data, sizeof(key));
			if (bytes == BYTES_CUT)
				believe_host(c, &key, &v, &rec);
			else if (has_host(&key, &v))
				return EAGAIN;
		}
		rc = head.removed ? mdb_del(txn, DBI, &k, NULL) : mdb_put(txn, DBI, &k, &v, 0);
		if (rc == MDB_NOTFOUND)
			rc = 0;
	}
	return rc;
}

static int base_pos(MDB_txn *txn, struct journal_pos *pos)
{
	struct key key = make_key(0, KEY_JOURNAL);
	MDB_val k = {sizeof(key), &key}, v;
	int rc = mdb_get(txn, DBI, &k, &v);

	*pos = (struct journal_pos){.segment = 1};
	if (rc == 0 && v.mv_size == sizeof(*pos))
		memcpy(pos, v.mv_data, sizeof(*pos));
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int set_base_pos(MDB_txn *txn, const struct journal_pos *pos)
{
	struct key key = make_key(0, KEY_JOURNAL);
	MDB_val k = {sizeof(key), &key}, v = {sizeof(*pos), (void *)(uintptr_t)pos};

	return mdb_put(txn, DBI, &k, &v, 0);
}

/* Ends a transaction of the base, which went as rc says and has taken in what is before pos. */
static int end_base(MDB_txn *txn, const struct journal_pos *pos, int rc)
{
	if (rc == 0)
		rc = set_base_pos(txn, pos);
	if (rc != 0) {
		mdb_txn_abort(txn);
		return rc;
	}
	return mdb_txn_commit(txn);
}

/* One transaction of the base: takes in STEP bytes of segments up to `last`. *more: there may be more. */
static int apply_step(struct cont *c, MDB_env *env, uint64_t last, enum bytes bytes, struct journal_pos *pos,
                      bool *more)
{
	struct segment s = {0};
	uint64_t taken = 0;
	MDB_txn *txn;
	MDB_dbi dbi;
	int rc = mdb_txn_begin(env, NULL, 0, &txn);

	*more = false;
	if (rc != 0)
		return rc;
	rc = mdb_dbi_open(txn, NULL, 0, &dbi);
	if (rc == 0)
		rc = base_pos(txn, pos);
	while (rc == 0 && pos->segment <= last) {
		const char *there = NULL;
		struct record_head head;

		if (taken >= STEP) {
			*more = true;
			break;
		}
		if (pos->at != 0) {
			rc = segment_open(c, pos->segment, &s);
			if (rc != 0) {
				rc = rc == ENOENT ? 0 : rc;
				break;
			}
			there = record_at(&s, pos, &head);
		}
		if (there != NULL && journal_chain(pos->chain, &head, there + sizeof(head)) == head.chain) {
			rc = apply_changes(c, txn, there, head.len, bytes);
			pos->at += head.len;
			pos->chain = head.chain;
			pos->txnid = head.txnid;
			taken += head.len;
		} else if (!enter(c, &s, pos)) {
			break;
		}
	}
	segment_close(&s);
	return end_base(txn, pos, rc);
}

/* ---- locks between processes: fcntl(2), which a child of a fork does not inherit ---------------------- */
static int lock_journal(struct cont *c, bool wait)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = fd_open(c->dir_fd, "journal/lock", O_RDWR | O_CREAT, c->share & 0666), rc;

	if (fd < 0)
		return fd;
	rc = sys_fcntl(fd, wait ? F_SETLKW : F_SETLK, (long)&lock);
	if (rc != 0) {
		fd_close(fd);
		return rc;
	}
	return fd;
}

static int sync_names(struct cont *c)
{
	return (int)-RETRY(SYS4(SYS_fsync, c->dir_fd, 0, 0, 0));
}

static int open_tree(struct cont *c, const char *name, MDB_env **env)
{
	char *path;
	int rc = asprintf(&path, "%s/%s", c->path, name) < 0 ? ENOMEM : 0;

	if (rc != 0)
		return rc;
	rc = env_open_base(path, c->share & 0666, env);
	free(path);
	return rc;
}

/* LMDB does not sync the first pages of a new tree, and does not take one of which only some are there. So the name is
 * given to a tree that is whole on the disk. */
static int make_base(struct cont *c)
{
	MDB_env *env = NULL;
	int rc;

	sys_unlinkat(c->dir_fd, "base.new", 0);
	rc = open_tree(c, "base.new", &env);
	if (rc == 0)
		rc = mdb_env_sync(env, 1);
	if (env != NULL)
		mdb_env_close(env);
	if (rc == 0)
		rc = (int)-SYS4(SYS_renameat2, c->dir_fd, "base.new", c->dir_fd, "base");
	return rc != 0 ? rc : sync_names(c);
}

static int open_base(struct cont *c, MDB_env **env)
{
	struct stat st;
	int rc = sys_fstatat(c->dir_fd, "base", &st, 0) == 0 ? 0 : make_base(c);

	return rc != 0 ? rc : open_tree(c, "base", env);
}

static void remove_segments(struct cont *c, uint64_t below)
{
	char path[32];

	while (below-- > 1) {
		journal_segment_path(path, below);
		if (sys_unlinkat(c->dir_fd, path, 0) != 0)
			break; /* removed before, as all in front of it */
	}
}

/* ---- checkpoint ------------------------------------------------------------------------------------- */
void journal_checkpoint(struct cont *c)
{
	uint64_t last = c->shared->journal.segment - 1;
	struct journal_pos pos = {0};
	enum bytes bytes = BYTES_UNKNOWN;
	bool more = true;

	while (more) {
		uint64_t before = signals_block();
		MDB_env *env = NULL;
		int rc = 0, lock = -1;

		more = false;
		if (rank_trylock(&c->journal.checkpoint, RANK_CHECKPOINT) == 0) {
			lock = lock_journal(c, false);
			rc = lock < 0 ? EBUSY : open_base(c, &env);
			if (rc == 0)
				rc = apply_step(c, env, last, bytes, &pos, &more);
			if (env != NULL)
				mdb_env_close(env);
			if (rc == 0 && !more && pos.segment == last + 1)
				remove_segments(c, pos.segment);
			if (rc != 0)
				more = false;
			fd_close(lock);
			rank_unlock(&c->journal.checkpoint, RANK_CHECKPOINT);
		}
		signals_restore(before);
		/* It writes the pages of meta as well, which are worth nothing: not for names alone. */
		if (rc == EAGAIN && bytes == BYTES_UNKNOWN && SYS4(SYS_syncfs, c->obj_fd, 0, 0, 0) == 0) {
			bytes = BYTES_DURABLE;
			more = true;
		}
	}
}

/* ---- opening ------------------------------------------------------------------------------------------ */
static int copy_file(struct cont *c, const char *from, const char *to)
{
	const size_t size = 1 << 20;
	char *buf = malloc(size), temp[32];
	int in = sys_openat(c->dir_fd, from, O_RDONLY, 0), out, rc = 0;
	uint64_t at = 0;
	ssize_t n = 0;

	snprintf(temp, sizeof(temp), "%s.new", to);
	out = in < 0 ? in : sys_openat(c->dir_fd, temp, O_WRONLY | O_CREAT | O_TRUNC, c->share & 0666);
	if (buf == NULL || out < 0)
		rc = buf == NULL ? ENOMEM : -out;
	while (rc == 0 && (n = sys_pread(in, buf, size, at)) > 0) {
		ssize_t done = 0, m;

		for (; rc == 0 && done < n; done += m) {
			m = own_pwrite(out, buf + done, (size_t)(n - done), at + (uint64_t)done);
			if (m <= 0)
				rc = m < 0 ? (int)-m : ENOSPC;
		}
		at += (uint64_t)n;
	}
	if (rc == 0)
		rc = n < 0 ? (int)-n : (int)-RETRY(SYS4(SYS_fsync, out, 0, 0, 0));
	if (rc == 0)
		rc = (int)-SYS4(SYS_renameat2, c->dir_fd, temp, c->dir_fd, to);
	if (rc == 0)
		rc = sync_names(c);
	if (in >= 0)
		sys_close(in);
	if (out >= 0)
		sys_close(out);
	free(buf);
	return rc;
}

/* The last word of the base before it becomes the tree: numbers that lost files may have are never given out, and
 * the journal goes on in a segment that is not there yet. */
static int conclude(MDB_env *env, struct journal_pos *pos, uint64_t *txnid, uint64_t *cut_at)
{
	struct key key = make_key(0, KEY_INO);
	MDB_val k = {sizeof(key), &key}, v;
	uint64_t next;
	MDB_txn *txn;
	int rc = mdb_txn_begin(env, NULL, 0, &txn);

	if (rc != 0)
		return rc;
	*txnid = mdb_txn_id(txn);
	rc = mdb_get(txn, DBI, &k, &v);
	if (rc == 0 && v.mv_size == sizeof(next)) {
		memcpy(&next, v.mv_data, sizeof(next));
		*cut_at = next;
		next += INO_LEAP;
		v = (MDB_val){sizeof(next), &next};
		rc = mdb_put(txn, DBI, &k, &v, 0);
	} else if (rc == 0 || rc == MDB_NOTFOUND) {
		rc = DAMAGED;
	}
	*pos = (struct journal_pos){.segment = pos->segment + 1};
	return end_base(txn, pos, rc);
}

static uint64_t newest_segment(struct cont *c, uint64_t at)
{
	char path[32];
	struct stat st;

	do
		journal_segment_path(path, ++at);
	while (sys_fstatat(c->dir_fd, path, &st, 0) == 0);
	return at - 1;
}

static int rebuild(struct cont *c)
{
	struct journal_pos pos = {0};
	uint64_t txnid = 0, cut_at = 0, newest;
	MDB_env *env = NULL;
	bool more = true;
	int rc = open_base(c, &env);

	while (rc == 0 && more)
		rc = apply_step(c, env, UINT64_MAX, BYTES_CUT, &pos, &more);
	newest = newest_segment(c, pos.segment);
	pos.segment = newest; /* what is behind a gap counts no more, and its number is not used again */
	if (rc == 0)
		rc = conclude(env, &pos, &txnid, &cut_at);
	if (env != NULL)
		mdb_env_close(env);
	pending_discard(c);
	if (rc == 0)
		rc = copy_file(c, "base", "meta");
	if (rc != 0)
		return rc;
	sys_unlinkat(c->dir_fd, "meta-lock", 0);
	remove_segments(c, pos.segment);
	rc = journal_start(c, pos.segment, txnid, &pos);
	if (rc == 0) {
		uint32_t syncs =
		    (uint32_t)(time_now() >> 20); /* no number that an earlier run of the machine counted to */

		purge_count(c, 1, 0);
		shared_put(c, &syncs, sizeof(syncs), offsetof(struct shared_page, syncs));
		shared_put(c, &cut_at, sizeof(cut_at), offsetof(struct shared_page, cut_at));
	}
	if (rc == 0 && shared_put(c, &pos, sizeof(pos), offsetof(struct shared_page, journal)) < 0)
		rc = EIO;
	return rc;
}

static bool same_boot(struct cont *c, const char *boot)
{
	return strncmp((const char *)(uintptr_t)c->shared->boot, boot, BOOT_ID_LEN) == 0;
}

static int first_since_boot(struct cont *c, const char *boot)
{
	int rc = 0, lock = lock_journal(c, true);

	if (lock < 0)
		return -lock;
	if (!same_boot(c, boot)) {
		/* A process that lives has opened it since the start, even if it could not tell which one that was. */
		rc = store_users(c) != 0 ? 0 : rebuild(c);
		if (rc == 0 && shared_put(c, boot, BOOT_ID_LEN, offsetof(struct shared_page, boot)) != BOOT_ID_LEN)
			rc = EIO;
	}
	fd_close(lock);
	return env_errno(rc);
}

static bool in_memory(struct cont *c)
{
	struct statfs st;

	return SYS4(SYS_fstatfs, c->dir_fd, &st, 0, 0) == 0 &&
	       ((unsigned long)st.f_type == TMPFS || (unsigned long)st.f_type == RAMFS);
}

int journal_open(struct cont *c, bool create)
{
	struct journal *j = &c->journal;
	char boot[BOOT_ID_LEN];
	struct stat st;
	int rc;

	if (sys_fstatat(c->dir_fd, "journal", &st, 0) != 0) {
		if (in_memory(c))
			return 0;
		/* A new container, or one that was copied here from a place that forgets. */
		rc = create ? 0 : copy_file(c, "meta", "base");
		if (rc == 0)
			rc = -sys_mkdirat_exactly(c->dir_fd, "journal", c->share);
		if (rc == EEXIST)
			rc = 0;
		if (rc != 0)
			return rc;
	}
	j->on = true;
	boot_id(boot);
	if (!create)
		return boot[0] == '\0' || same_boot(c, boot) ? 0 : first_since_boot(c, boot);
	rc = journal_start(c, 1, 0, &j->pos);
	if (rc == 0 && (shared_put(c, &j->pos, sizeof(j->pos), offsetof(struct shared_page, journal)) < 0 ||
	                shared_put(c, boot, BOOT_ID_LEN, offsetof(struct shared_page, boot)) < 0))
		rc = EIO;
	j->known = rc == 0;
	return rc;
}
