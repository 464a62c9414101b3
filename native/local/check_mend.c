/*
 * check_mend.c - each suspicion, looked at again where nobody else changes anything, and mended: host files and counters
 * here, names and inodes in check_mend_names.c.
 *
 * What may hold something valuable is removed or (DFS_CHECK_RELINK) given a name below lost+found; what is only a wrong
 * note is set right either way.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "check.h"
#include "container.h"
#include "inode.h"
#include "layout.h"
#include "local.h"
#include "machine.h"
#include "marks.h"
#include "reclaim.h"
#include "record.h"
#include "shared_page.h"
#include "snapshot.h"
#include "transaction.h"

typedef int (*mend_fn)(struct mending *m, struct txn *txn);

/* Notes whether it is wrong indeed; true: mend it. */
bool mend_now(struct mending *m, bool real)
{
	m->s->real = real;
	m->s->mended = real && check_repairs(m->k);
	return m->s->mended;
}

/* ---- host files ------------------------------------------------------------------------------------------------- */
static int host_size(struct mending *m, struct txn *txn, bool lost)
{
	struct inode_rec rec, host;
	struct stat st;
	char path[32];
	bool there;
	int rc = inode_get(txn, m->s->ino, &rec);

	if (rc != 0 || !S_ISREG(rec.mode) || !(rec.flags & INODE_HAS_HOST) || rec.writers != 0)
		return rc == ENOENT ? 0 : rc;
	host_path(path, m->s->ino);
	there = sys_fstatat(m->k->c->obj_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
	host = rec;
	rc = inode_host_stat(m->k->c, m->s->ino, -1, &host);
	if (rc != 0)
		return rc;
	if (!mend_now(m, lost ? !there && rec.size != 0
	                      : there && (host.size != rec.size || check_blocks_differ(&host, &rec))))
		return 0;
	if (lost)
		host.flags &= ~INODE_HAS_HOST; /* an empty file says honestly what is there */
	return inode_put(txn, m->s->ino, &host);
}

static int lost_bytes(struct mending *m, struct txn *txn)
{
	return host_size(m, txn, true);
}

static int wrong_size(struct mending *m, struct txn *txn)
{
	return host_size(m, txn, false);
}

/* A file with the bytes, where there is no record at all. */
static int adopt(struct mending *m, struct txn *txn, const struct stat *st)
{
	struct inode_rec rec = {.mode = S_IFREG | 0600,
	                        .uid = st->st_uid,
	                        .gid = st->st_gid,
	                        .flags = INODE_HAS_HOST,
	                        .epoch = m->k->c->super.epoch};
	int rc;

	rec.atime = rec.ctime = time_now();
	rc = inode_host_stat(m->k->c, m->s->ino, -1, &rec);
	return rc != 0 ? rc : mend_relink(m, txn, m->s->ino, &rec);
}

static int leaked_host(struct mending *m, struct txn *txn)
{
	struct cont *c = m->k->c;
	struct inode_rec rec;
	char own[32];
	struct stat st;
	bool right;

	host_path(own, m->s->ino);
	right = strcmp(own, m->s->name + strlen("objects/")) == 0;
	if (right && (check_wants_host(txn, m->s->ino) || marks_is_going(c, m->s->ino)))
		return 0;
	if (sys_fstatat(c->dir_fd, m->s->name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !mend_now(m, true))
		return 0;
	if (right && m->k->flags & DFS_CHECK_RELINK && S_ISREG(st.st_mode) && inode_get(txn, m->s->ino, &rec) == ENOENT)
		return adopt(m, txn, &st);
	return -sys_unlinkat(c->dir_fd, m->s->name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
}

static int leaked_copy(struct mending *m, struct txn *txn)
{
	struct stat st;

	if (check_wants_copy(txn, m->s->ino, m->s->dir) ||
	    sys_fstatat(m->k->c->dir_fd, m->s->name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !mend_now(m, true))
		return 0;
	return -sys_unlinkat(m->k->c->dir_fd, m->s->name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
}

/* ---- counters --------------------------------------------------------------------------------------------------- */
static int reused_numbers(struct mending *m, struct txn *txn)
{
	struct key key = make_key(0, KEY_INO);
	uint64_t next = m->s->ino + 1, now = 0;
	MDB_val k = {sizeof(key), &key}, v;

	if (tree_get(txn, &k, &v) == 0 && v.mv_size == sizeof(now))
		memcpy(&now, v.mv_data, sizeof(now));
	if (!mend_now(m, now < next))
		return 0;
	m->k->c->ino_next = m->k->c->ino_end = 0; /* our own block may lie below */
	v = (MDB_val){sizeof(next), &next};
	return tree_put(txn, &k, &v, 0);
}

static int wrong_snapshots(struct mending *m, struct txn *txn)
{
	struct snapshots_rec all;
	uint64_t *epochs = NULL, newest;
	unsigned nr;
	int rc = snapshots_get(txn, &all);

	if (rc == 0)
		rc = snapshots_live(txn, &epochs, &nr);
	if (rc != 0)
		return rc;
	newest = nr != 0 ? epochs[nr - 1] : 0;
	free(epochs);
	if (!mend_now(m, all.count != nr || all.newest != newest))
		return 0;
	all.count = nr;
	all.newest = newest;
	if (all.last_epoch < newest)
		all.last_epoch = newest;
	return snapshots_set(m->k->c, txn, &all);
}

static int sweep_due(struct mending *m, struct txn *txn)
{
	struct snapshots_rec all;
	int rc = snapshots_get(txn, &all);

	mend_now(m, rc == 0 && all.count == 0 && all.sweep == 0);
	return rc;
}

static int unreadable(struct mending *m, struct txn *txn)
{
	(void)txn;
	m->s->real = true;
	return 0;
}

static const struct {
	const char *words;
	mend_fn mend;
} kinds[] = {
    [BAD_ENTRY] = {"entry that no lookup finds", mend_bad_entry},
    [LOST_DIRECTORY] = {"entries of what is no directory", mend_lost_directory},
    [DANGLING] = {"entry of an object that is gone", mend_dangling},
    [WRONG_TYPE] = {"entry with the wrong type", mend_wrong_type},
    [WRONG_PARENT] = {"directory that knows another place as its own", mend_wrong_parent},
    [CYCLE] = {"directory below itself", mend_cycle},
    [UNNAMED] = {"leaked object without a name", mend_unnamed},
    [STALE_ORPHAN] = {"orphan that nobody has open", mend_stale_orphan},
    [WRONG_LINKS] = {"wrong number of links", mend_wrong_links},
    [BAD_INODE] = {"record that belongs to no object", mend_bad_inode},
    [WRONG_FLAGS] = {"wrong note of where bytes or attributes are", mend_wrong_flags},
    [LOST_BYTES] = {"file whose bytes are gone", lost_bytes},
    [WRONG_SIZE] = {"wrong size or space", wrong_size},
    [LEAKED_HOST] = {"leaked file of the host", leaked_host},
    [LEAKED_COPY] = {"preserved file of no snapshot", leaked_copy},
    [REUSED_NUMBERS] = {"next inode number that is in use", reused_numbers},
    [WRONG_SNAPSHOTS] = {"wrong count of snapshots", wrong_snapshots},
    [SWEEP_DUE] = {"left by destroyed snapshots", sweep_due},
    [UNREADABLE] = {"bytes that cannot be read", unreadable},
};

const char *check_words(enum suspicion what)
{
	return kinds[what].words;
}

static int mend_in(struct cont *c, struct txn *txn, void *arg)
{
	struct mending *m = arg;

	(void)c;
	m->s->real = m->s->mended = m->reclaim = m->again = false; /* of an earlier attempt */
	return kinds[m->s->what].mend(m, txn);
}

int check_mend(struct check *k, struct suspect *s)
{
	struct timespec pause = {0, 20000000};
	struct mending m = {.k = k, .s = s};
	int rc = 0;

	if ((k->flags & DFS_CHECK_RELINK) && (s->what == UNNAMED || s->what == LEAKED_HOST))
		rc = mend_found_directory(k);
	if (rc == 0)
		rc = cont_write_tree(k->c, mend_in, &m);
	for (; rc == 0 && m.again && k->patience > 0; k->patience--) {
		SYS4(SYS_nanosleep, &pause, NULL, 0, 0);
		rc = cont_write_tree(k->c, mend_in, &m);
	}
	if (rc == 0 && m.again && !s->real) /* the last of our patience */
		rc = cont_write_tree(k->c, mend_in, &m);
	if (rc != 0)
		return rc;
	if (m.reclaim)
		reclaim_orphan(k->c, s->ino);
	if (s->what == SWEEP_DUE && s->mended)
		rc = sweep(k->c);
	if (s->mended && (s->dir != 0 || s->what == CYCLE || s->what == UNNAMED || s->what == LOST_DIRECTORY))
		shared_bump_dirs(k->c);
	return rc;
}
