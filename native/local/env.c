/*
 * env.c - the LMDB environment of a container: opening, growth, fork.
 *
 * The map is for reading only (no MDB_WRITEMAP): a stray pointer of the program can't reach
 * the metadata. MDB_NOSYNC: what is acknowledged is in the page cache and survives SIGKILL;
 * the journal makes it survive a power cut.
 */
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "container.h"
#include "env.h"
#include "fork.h"
#include "hostfd.h"
#include "journal.h"
#include "layout.h"
#include "local.h"
#include "marks.h"
#include "pending.h"
#include "ranks.h"
#include "transaction.h"

/* Address space, not memory: large enough that it hardly ever grows, small enough for programs
 * under a limit of virtual memory, which fall back to MAP_SMALL. */
#ifndef MAP_FIRST
#define MAP_FIRST (64ULL << 30)
#define MAP_SMALL (256ULL << 20)
#endif
#define READERS 4094 /* of all processes together; a slot is 64 bytes of the lock file */

/* ---- LMDB's calls to libc, redirected by the linker (--wrap) ---------------------------- */
static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER; /* RANK_OPEN */
static struct cont *opening;                                  /* open_lock */

void env_fork(int stage)
{
	if (stage == 0)
		rank_lock(&open_lock, RANK_OPEN);
	else
		rank_unlock(&open_lock, RANK_OPEN);
}

static long to_errno(long rc)
{
	if (rc >= 0)
		return rc;
	errno = (int)-rc;
	return -1;
}

int __wrap_open(const char *path, int flags, ...);
int __wrap_close(int fd);
int __wrap_fcntl(int fd, int cmd, ...);
ssize_t __wrap_pread(int fd, void *buf, size_t len, off_t off);
ssize_t __wrap_pwrite(int fd, const void *buf, size_t len, off_t off);
ssize_t __wrap_write(int fd, const void *buf, size_t len);
ssize_t __wrap_writev(int fd, const struct iovec *iov, int nr);
off_t __wrap_lseek(int fd, off_t off, int whence);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
int __wrap_ftruncate(int fd, off_t len);
int __wrap___fprintf_chk(void *f, int flag, const char *fmt, ...);

/* LMDB reports failed assertions here; the program's stderr is not ours. */
void *__wrap_stderr;

int __wrap___fprintf_chk(void *f, int flag, const char *fmt, ...)
{
	(void)f, (void)flag, (void)fmt;
	return 0;
}

int __wrap_open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;
	int fd;

	va_start(ap, flags);
	if (flags & O_CREAT)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	fd = fd_open(AT_FDCWD, path, flags, mode);
	if (fd >= 0 && opening != NULL && opening->env_nfds < 8)
		opening->env_fds[opening->env_nfds++] = fd;
	return (int)to_errno(fd);
}

int __wrap_close(int fd)
{
	fd_close(fd);
	return 0;
}

int __wrap_fcntl(int fd, int cmd, ...)
{
	va_list ap;
	long arg;

	va_start(ap, cmd);
	arg = va_arg(ap, long);
	va_end(ap);
	return (int)to_errno(sys_fcntl(fd, cmd, arg));
}

ssize_t __wrap_pread(int fd, void *buf, size_t len, off_t off)
{
	return to_errno(sys_pread(fd, buf, len, (uint64_t)off));
}

ssize_t __wrap_pwrite(int fd, const void *buf, size_t len, off_t off)
{
	size_t done = 0;

	/* On a full disk the kernel writes what fits: the rest then says why. */
	while (done < len) {
		ssize_t n = own_pwrite(fd, (const char *)buf + done, len - done, (uint64_t)off + done);

		if (n <= 0)
			return to_errno(n < 0 ? n : -ENOSPC);
		done += (size_t)n;
	}
	return (ssize_t)done;
}

ssize_t __wrap_write(int fd, const void *buf, size_t len)
{
	return to_errno(RETRY(SYS4(SYS_write, fd, buf, len, 0)));
}

/* The same again, part by part, after a writev(2) that a limit refused or cut after n bytes. */
static ssize_t write_parts(int fd, const struct iovec *iov, int nr, ssize_t n)
{
	int64_t at = sys_lseek(fd, 0, SEEK_CUR), end = at - n;
	int i;

	for (i = 0; at >= 0 && i < nr; i++) {
		ssize_t m = own_pwrite(fd, iov[i].iov_base, iov[i].iov_len, (uint64_t)end);

		if (m < 0)
			return m;
		end += m;
		if ((size_t)m != iov[i].iov_len)
			break;
	}
	return at < 0 ? at : sys_lseek(fd, end, SEEK_SET) - (at - n);
}

ssize_t __wrap_writev(int fd, const struct iovec *iov, int nr)
{
	ssize_t n = RETRY(SYS4(SYS_writev, fd, iov, nr, 0));
	size_t all = 0;
	int i;

	for (i = 0; i < nr; i++)
		all += iov[i].iov_len;
	if (unlikely(n == -EFBIG || (n >= 0 && (size_t)n != all)))
		n = write_parts(fd, iov, nr, n < 0 ? 0 : n);
	return to_errno(n < 0 || (size_t)n == all ? n : -ENOSPC);
}

off_t __wrap_lseek(int fd, off_t off, int whence)
{
	return to_errno(sys_lseek(fd, off, whence));
}

int __wrap_fdatasync(int fd)
{
	return (int)to_errno(RETRY(SYS4(SYS_fdatasync, fd, 0, 0, 0)));
}

int __wrap_fsync(int fd)
{
	return (int)to_errno(RETRY(SYS4(SYS_fsync, fd, 0, 0, 0)));
}

int __wrap_ftruncate(int fd, off_t len)
{
	return (int)to_errno(own_ftruncate(fd, (uint64_t)len));
}

/* ---- opening ------------------------------------------------------------------------------ */
int env_errno(int rc)
{
	if (rc >= 0)
		return rc;
	switch (rc) {
	case MDB_NOTFOUND:
		return ENOENT;
	case MDB_KEYEXIST:
		return EEXIST;
	case MDB_MAP_FULL:
	case MDB_TXN_FULL:
		return ENOSPC;
	case MDB_READERS_FULL:
		return EAGAIN;
	case MDB_VERSION_MISMATCH:
		return EPROTONOSUPPORT;
	case MDB_PANIC:
		return EIO;
	default:
		return DAMAGED;
	}
}

/* Refuses what can't be read without harm: a file shorter than its last page. */
static int validate(struct cont *c)
{
	MDB_envinfo info;
	MDB_stat ms;
	struct stat st;
	int fd;

	if (mdb_env_info(c->env, &info) != 0 || mdb_env_stat(c->env, &ms) != 0 || mdb_env_get_fd(c->env, &fd) != 0 ||
	    sys_fstat(fd, &st) != 0)
		return DAMAGED;
	if (ms.ms_psize < 512 || ((uint64_t)info.me_last_pgno + 1) * ms.ms_psize > (uint64_t)st.st_size)
		return DAMAGED;
	return 0;
}

/* Bytes of it that LMDB uses. */
#define LOCK_FILE_SIZE (READERS * 64 + 128)

/* LMDB stores into its lock file through a map: on a full disk that would be the end of the program. */
static int reserve_lock_file(struct cont *c)
{
	int fd = sys_openat(c->dir_fd, "meta-lock", O_RDWR | O_CREAT, c->share & 0666), rc;
	struct stat st;

	if (fd < 0)
		return -fd;
	rc = sys_fstat(fd, &st);
	/* It has them from the first time on, also when the disk is full now. */
	if (rc == 0 && (uint64_t)st.st_blocks * 512 < LOCK_FILE_SIZE)
		rc = own_fallocate(fd, 1 /* KEEP_SIZE */, 0, LOCK_FILE_SIZE);
	sys_close(fd);
	return rc == -EOPNOTSUPP ? 0 : -rc;
}

static int open_sized(struct cont *c, const char *path, size_t size, unsigned flags)
{
	int rc = mdb_env_create(&c->env);

	if (rc != 0)
		return rc;
	mdb_env_set_mapsize(c->env, size);
	mdb_env_set_maxreaders(c->env, READERS);
	mdb_env_set_userctx(c->env, c);
	c->env_nfds = 0;
	opening = c;
	rc = mdb_env_open(c->env, path, flags, c->share & 0666);
	opening = NULL;
	if (rc != 0) {
		mdb_env_close(c->env);
		c->env = NULL;
		c->env_nfds = 0;
	}
	return rc;
}

int env_open_base(const char *path, mode_t mode, MDB_env **env)
{
	size_t size = MAP_FIRST, least = 64UL << 20;
	struct stat st;
	int rc;

	/* It does not grow while it is open: that is for one step of the journal. */
	if (sys_fstatat(AT_FDCWD, path, &st, 0) == 0)
		least += 2 * (size_t)st.st_size;
	if (size < least)
		size = least;
	rank_lock(&open_lock, RANK_OPEN);
	do {
		rc = mdb_env_create(env);
		if (rc != 0)
			break;
		mdb_env_set_mapsize(*env, size);
		rc = mdb_env_open(*env, path, MDB_NOSUBDIR | MDB_NOTLS | MDB_NOLOCK | MDB_NORDAHEAD | MDB_NOMEMINIT,
		                  mode);
		if (rc != 0) {
			mdb_env_close(*env);
			*env = NULL;
		}
		size = size / 4 > least ? size / 4 : size == least ? 0 : least;
	} while ((rc == ENOMEM || rc == EINVAL) && size != 0);
	rank_unlock(&open_lock, RANK_OPEN);
	return rc;
}

/* LMDB's own order, in two comparisons of words where both keys are the usual ones. */
HOT static int compare_keys(const MDB_val *a, const MDB_val *b)
{
	size_t least = a->mv_size < b->mv_size ? a->mv_size : b->mv_size;
	struct key x, y;
	int order;

	if (likely(a->mv_size == sizeof(x) && b->mv_size == sizeof(y))) {
		memcpy(&x, a->mv_data, sizeof(x));
		memcpy(&y, b->mv_data, sizeof(y));
		x = make_key(x.hi, x.lo);
		y = make_key(y.hi, y.lo);
		return x.hi != y.hi ? (x.hi < y.hi ? -1 : 1) : (x.lo > y.lo) - (x.lo < y.lo);
	}
	order = memcmp(a->mv_data, b->mv_data, least);
	return order != 0 ? order : (a->mv_size > b->mv_size) - (a->mv_size < b->mv_size);
}

static int open_super(struct cont *c)
{
	struct key key = make_key(0, KEY_SUPER);
	MDB_val k = {sizeof(key), &key}, v;
	MDB_txn *txn;
	MDB_dbi dbi;
	int rc = mdb_txn_begin(c->env, NULL, MDB_RDONLY, &txn);

	if (rc != 0)
		return env_errno(rc);
	rc = mdb_dbi_open(txn, NULL, 0, &dbi);
	if (rc == 0)
		rc = mdb_set_compare(txn, dbi, compare_keys);
	if (rc == 0)
		rc = mdb_get(txn, DBI, &k, &v);
	if (rc != 0)
		rc = rc == MDB_NOTFOUND ? DAMAGED : env_errno(rc);
	else if (v.mv_size < sizeof(c->super))
		rc = DAMAGED;
	else {
		memcpy(&c->super, v.mv_data, sizeof(c->super));
		if (c->super.magic != STORE_MAGIC)
			rc = DAMAGED;
		else if (c->super.version != CONT_VERSION)
			rc = EPROTONOSUPPORT;
	}
	mdb_txn_abort(txn);
	return rc;
}

int env_open(struct cont *c, bool create)
{
	unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | MDB_NOSYNC | MDB_NORDAHEAD | MDB_NOMEMINIT;
	char *path;
	int rc, dead;

	c->pid = (pid_t)sys_raw6(SYS_getpid, 0, 0, 0, 0, 0, 0);
	rc = journal_open(c, create);
	if (rc != 0)
		return rc;
	if (asprintf(&path, "%s/meta", c->path) < 0)
		return ENOMEM;
	rank_lock(&open_lock, RANK_OPEN);
	if (!create) {
		struct stat st;

		/* LMDB would make a new environment where there is none. */
		rc = -sys_fstatat(AT_FDCWD, path, &st, 0);
		if (rc == 0 && st.st_size == 0)
			rc = DAMAGED;
		if (rc != 0)
			goto out;
	}
	rc = reserve_lock_file(c);
	if (rc == 0)
		rc = pending_open(c);
	if (rc != 0)
		goto out;
	rc = open_sized(c, path, MAP_FIRST, flags);
	if (rc == ENOMEM || rc == EINVAL) /* no such room; valgrind says EINVAL */
		rc = open_sized(c, path, MAP_SMALL, flags);
	if (rc != 0) {
		rc = env_errno(rc);
		goto out;
	}
	mdb_reader_check(c->env, &dead);
	rc = validate(c);
	if (rc == 0 && !create)
		rc = open_super(c);
	if (rc != 0) {
		mdb_env_close(c->env);
		c->env = NULL;
	} else {
		atomic_store(&c->fork_generation, atomic_load(&fork_generation));
	}
out:
	rank_unlock(&open_lock, RANK_OPEN);
	if (rc != 0)
		pending_close(c);
	free(path);
	return rc;
}

void env_close(struct cont *c)
{
	unsigned i;

	pending_close(c);
	if (c->env == NULL)
		return;
	if (atomic_load(&c->fork_generation) == atomic_load(&fork_generation)) {
		for (i = 0; i < READ_SLOTS; i++) {
			MDB_txn *txn = atomic_exchange(&c->slots[i].txn, NULL);

			if (txn != NULL)
				mdb_txn_abort(txn);
		}
		mdb_env_close(c->env);
	} else {
		/* The parent's: only its descriptors are ours to close. */
		for (i = 0; i < (unsigned)c->env_nfds; i++)
			fd_close(c->env_fds[i]);
	}
	c->env = NULL;
}

/* ---- fork ----------------------------------------------------------------------------------
 * A child must not touch the parent's environment: its reader slots and its locks are the
 * parent's. The first call in the child comes here and opens everything anew.
 */
static int reopen_in_child(struct cont *c)
{
	uint64_t before = writer_lock(c);
	int rc = 0;

	if (atomic_load(&c->fork_generation) != atomic_load(&fork_generation)) {
		unsigned i;

		/* Before the new environment: closing a descriptor drops the process's locks. */
		for (i = 0; i < (unsigned)c->env_nfds; i++)
			fd_close(c->env_fds[i]);
		for (i = 0; i < READ_SLOTS; i++) {
			atomic_store(&c->slots[i].txn, NULL);
			atomic_store(&c->slots[i].busy, 0);
		}
		atomic_store(&c->gate, false);
		c->ino_next = c->ino_end = 0;
		c->journal.rotated = false;
		pending_child(c);
		rc = env_open(c, false);
		if (rc == 0 && c->marks == NULL)
			rc = marks_attach_child(c);
	}
	writer_unlock(c, before);
	return rc;
}

HOT int env_ready(struct cont *c)
{
	if (likely(atomic_load_explicit(&c->fork_generation, memory_order_relaxed) ==
	           atomic_load_explicit(&fork_generation, memory_order_relaxed)))
		return 0;
	return reopen_in_child(c);
}

/* ---- growth -------------------------------------------------------------------------------- */
void env_gate(struct cont *c)
{
	unsigned i;

	atomic_store(&c->gate, true);
	for (i = 0; i < READ_SLOTS; i++)
		while (atomic_load(&c->slots[i].busy) != 0)
			sched_yield();
}

/* Moves the map: to a size that others have chosen (0) or to a larger one. writer is held. */
int env_resize(struct cont *c, bool grow)
{
	MDB_envinfo info;
	size_t size = 0;
	int rc;

	env_gate(c);
	if (grow && mdb_env_info(c->env, &info) == 0)
		size = info.me_mapsize * 2;
	rc = mdb_env_set_mapsize(c->env, size);
	if (rc == 0 && size == 0 && mdb_env_info(c->env, &info) == 0 && info.me_mapsize < MAP_SMALL)
		rc = mdb_env_set_mapsize(c->env, MAP_SMALL);
	atomic_store(&c->gate, false);
	return rc;
}
