/*
 * data.c - the bytes of files: one system call on the host file for each call here.
 */
#include <stdlib.h>
#include <sched.h>
#include <sys/statfs.h>
#include "container.h"
#include "env.h"
#include "event.h"
#include "fork.h"
#include "hostfd.h"
#include "limit.h"
#include "local.h"
#include "marks.h"
#include "object.h"
#include "preserve.h"
#include "shared_page.h"
#include "small.h"
#include "transaction.h"
#include "view.h"

#define FEW_PIECES 16          /* of a list that needs no allocation */
#define MAX_PIECES 1024        /* IOV_MAX of the kernel */
#define SURE       (1UL << 30) /* bytes that the kernel moves with one call, if they are there */

struct pieces {
	struct iovec few[FEW_PIECES];
	struct iovec *iov;
	int nr;
	uint64_t total;
};

static int pieces_of(struct pieces *p, const d_sg_list_t *sgl)
{
	uint32_t i;

	p->iov = p->few;
	p->nr = 0;
	p->total = 0;
	if (sgl == NULL || (sgl->sg_nr != 0 && sgl->sg_iovs == NULL))
		return EINVAL;
	if (sgl->sg_nr > FEW_PIECES) {
		p->iov = malloc(sgl->sg_nr * sizeof(*p->iov));
		if (p->iov == NULL)
			return ENOMEM;
	}
	for (i = 0; i < sgl->sg_nr; i++) {
		if (sgl->sg_iovs[i].iov_len == 0)
			continue;
		p->iov[p->nr++] = (struct iovec){sgl->sg_iovs[i].iov_buf, sgl->sg_iovs[i].iov_len};
		p->total += sgl->sg_iovs[i].iov_len;
	}
	return 0;
}

static void pieces_free(struct pieces *p)
{
	if (p->iov != p->few)
		free(p->iov);
}

/* Drops the first n bytes of what is left at *first. */
static void advance(struct pieces *p, int *first, size_t n)
{
	while (n > 0 && n >= p->iov[*first].iov_len)
		n -= p->iov[(*first)++].iov_len;
	if (n > 0) {
		p->iov[*first].iov_base = (char *)p->iov[*first].iov_base + n;
		p->iov[*first].iov_len -= n;
	}
}

static ssize_t move_some(int fd, const struct pieces *p, int first, uint64_t off, bool write)
{
	int nr = p->nr - first < MAX_PIECES ? p->nr - first : MAX_PIECES;

	if (nr == 1)
		return write ? sys_pwrite(fd, p->iov[first].iov_base, p->iov[first].iov_len, off)
		             : sys_pread(fd, p->iov[first].iov_base, p->iov[first].iov_len, off);
	return write ? sys_pwritev(fd, p->iov + first, nr, off) : sys_preadv(fd, p->iov + first, nr, off);
}

/* Moves all pieces, or (reading) up to the end of the file. */
static int move_all(struct dfs_obj *o, struct pieces *p, uint64_t off, bool write, uint64_t *moved)
{
	int first = 0, fd, rc;
	bool again = true, purged = false;
	uint64_t done = 0;
	struct writing w;

	*moved = 0;
	if (p->total == 0)
		return 0;
	if (off > INT64_MAX || p->total > INT64_MAX - off)
		return write ? EFBIG : 0;
	if (!is_hosted(o)) {
		rc = write ? small_write(o, p->iov, p->nr, &p->total, off, moved)
		           : small_read(o, p->iov, p->nr, off, moved);
		if (rc == 0 && write)
			*moved -= off;
		if (rc != NOT_SMALL)
			return rc;
	}
	if (write) {
		rc = object_begin_write(o);
		if (unlikely(rc != 0))
			return rc;
		rc = write_enter(o, off, off + p->total, &w);
		if (unlikely(rc != 0))
			return rc;
	}
	rc = hostfd_pin(o, write, &fd);
	if (unlikely(rc != 0)) {
		if (write)
			write_leave(o->c, &w);
		else if (rc == EXDEV)
			return view_read(o, p->iov, p->nr, off, moved);
		return rc == ENOENT && !write ? 0 : rc;
	}
	while (done < p->total) {
		ssize_t n = move_some(fd, p, first, off + done, write);

		if (unlikely(n == -EBADF && again)) { /* the program closed it under us */
			again = false;
			hostfd_unpin(o);
			hostfd_forget(o, fd);
			rc = hostfd_pin(o, write, &fd);
			if (rc != 0) {
				if (write)
					write_leave(o->c, &w);
				return rc;
			}
			continue;
		}
		if (unlikely(n == -ENOSPC && !purged && o->c->shared->purges != 0)) {
			purged = true; /* space that only waits for a sync is space */
			if (env_sync(o->c) == 0)
				continue;
		}
		if (n < 0)
			rc = (int)-n;
		else if (n == 0 && write)
			rc = EIO;
		if (n <= 0)
			break;
		done += (uint64_t)n;
		if (done == p->total || (!write && p->total <= SURE && p->nr <= MAX_PIECES))
			break; /* a short read is the end of the file */
		if (write && off + done >= limit_get()) {
			rc = EFBIG; /* no signal: only a write that begins there gets one */
			break;
		}
		advance(p, &first, (size_t)n);
	}
	if (write)
		object_wrote(o, done != 0);
	hostfd_unpin(o);
	if (write)
		write_leave(o->c, &w);
	*moved = done;
	return done != 0 && !write ? 0 : rc;
}

static int check_file(const dfs_t *dfs, const dfs_obj_t *obj, bool write)
{
	if (unlikely(dfs == NULL || obj == NULL))
		return EINVAL;
	if (unlikely(!S_ISREG(obj->mode)))
		return S_ISDIR(obj->mode) ? EISDIR : EINVAL;
	if (write)
		return (obj->flags & O_ACCMODE) == O_RDONLY ? EPERM : read_only(dfs, obj->ino);
	return 0;
}

/* A call as one value, which a thread of an event can carry out. The lists are the caller's until the event
 * completes, the array of ranges too. */
struct transfer {
	dfs_t *dfs;
	dfs_obj_t *obj;
	d_sg_list_t *sgl;
	dfs_iod_t *iod; /* NULL: all at off */
	daos_off_t off;
	daos_size_t *size;
	bool write;
};

static int move_ranges(struct dfs_obj *o, const dfs_iod_t *iod, const d_sg_list_t *sgl, bool write, uint64_t *moved);

static int transfer_all(void *arg)
{
	const struct transfer *t = arg;
	struct pieces p;
	uint64_t done = 0;
	int rc = check_file(t->dfs, t->obj, t->write);

	if (rc == 0 && t->iod != NULL) {
		rc = move_ranges(t->obj, t->iod, t->sgl, t->write, &done);
	} else if (rc == 0) {
		rc = pieces_of(&p, t->sgl);
		if (rc == 0) {
			rc = move_all(t->obj, &p, t->off, t->write, &done);
			pieces_free(&p);
		}
	}
	if (t->size != NULL)
		*t->size = done;
	return rc;
}

static inline int run_transfer(struct transfer *t, daos_event_t *ev)
{
	if (likely(ev == NULL))
		return transfer_all(t);
	return event_submit(ev, transfer_all, t, sizeof(*t));
}

/* The usual read, of one piece: the rest of the way is as long as a tenth of the system call. False: it takes that. */
static inline bool read_piece(struct dfs_obj *o, const d_iov_t *to, uint64_t off, daos_size_t *size)
{
	ssize_t n = -1;
	int fd;

	if (!S_ISREG(o->mode) || !is_hosted(o) || to->iov_len > SURE || off > INT64_MAX - SURE ||
	    hostfd_pin(o, false, &fd) != 0)
		return false;
	n = sys_pread(fd, to->iov_buf, to->iov_len, off);
	hostfd_unpin(o);
	if (unlikely(n < 0))
		return false; /* it meets the error again, and says it */
	*size = (daos_size_t)n;
	return true;
}

EXPORT int dfs_read(dfs_t *dfs, dfs_obj_t *obj, d_sg_list_t *sgl, daos_off_t off, daos_size_t *read_size,
                    daos_event_t *ev)
{
	struct transfer t;

	if (likely(ev == NULL && dfs != NULL && obj != NULL && read_size != NULL && sgl != NULL && sgl->sg_nr == 1 &&
	           sgl->sg_iovs != NULL) &&
	    likely(read_piece(obj, sgl->sg_iovs, off, read_size)))
		return 0;
	t = (struct transfer){.dfs = dfs, .obj = obj, .sgl = sgl, .off = off, .size = read_size};
	return read_size == NULL ? EINVAL : run_transfer(&t, ev);
}

EXPORT int dfs_write(dfs_t *dfs, dfs_obj_t *obj, d_sg_list_t *sgl, daos_off_t off, daos_event_t *ev)
{
	struct transfer t = {.dfs = dfs, .obj = obj, .sgl = sgl, .off = off, .write = true};

	return run_transfer(&t, ev);
}

/* Cuts the list along the ranges of the descriptor and moves each. */
static int move_ranges(struct dfs_obj *o, const dfs_iod_t *iod, const d_sg_list_t *sgl, bool write, uint64_t *moved)
{
	struct pieces all;
	int rc = pieces_of(&all, sgl), first = 0;
	daos_size_t i;

	*moved = 0;
	for (i = 0; rc == 0 && i < iod->iod_nr && first < all.nr; i++) {
		uint64_t off = iod->iod_rgs[i].rg_idx, left = iod->iod_rgs[i].rg_len;

		while (rc == 0 && left != 0 && first < all.nr) {
			struct pieces one;
			uint64_t n = all.iov[first].iov_len < left ? all.iov[first].iov_len : left, did;

			one.iov = one.few;
			one.few[0] = (struct iovec){all.iov[first].iov_base, n};
			one.nr = 1;
			one.total = n;
			rc = move_all(o, &one, off, write, &did);
			*moved += did;
			advance(&all, &first, n);
			off += n;
			left -= n;
		}
	}
	pieces_free(&all);
	return rc;
}

EXPORT int dfs_readx(dfs_t *dfs, dfs_obj_t *obj, dfs_iod_t *iod, d_sg_list_t *sgl, daos_size_t *read_size,
                     daos_event_t *ev)
{
	struct transfer t = {.dfs = dfs, .obj = obj, .sgl = sgl, .iod = iod, .size = read_size};

	return read_size == NULL || iod == NULL ? EINVAL : run_transfer(&t, ev);
}

EXPORT int dfs_writex(dfs_t *dfs, dfs_obj_t *obj, dfs_iod_t *iod, d_sg_list_t *sgl, daos_event_t *ev)
{
	struct transfer t = {.dfs = dfs, .obj = obj, .sgl = sgl, .iod = iod, .write = true};

	return iod == NULL ? EINVAL : run_transfer(&t, ev);
}

/* ---- appending ------------------------------------------------------------------------------------
 * The kernel finds the end and writes there in one step (RWF_APPEND). Where that was is told by
 * the position of the descriptor, so one thread appends through a handle at a time, and a child
 * of a fork opens its own. */
static bool append_lock(struct dfs_obj *o, unsigned generation)
{
	uint64_t mine = (uint64_t)generation << 32 | (uint32_t)sys_raw6(SYS_gettid, 0, 0, 0, 0, 0, 0), holder;

	for (;;) {
		holder = 0;
		if (atomic_compare_exchange_weak(&o->appending, &holder, mine))
			return true;
		if (holder == mine)
			return false; /* a signal handler inside: the kernel still appends in one step */
		if (holder >> 32 != generation && holder != 0 && /* a thread of the parent */
		    atomic_compare_exchange_weak(&o->appending, &holder, mine))
			return true;
		sched_yield();
	}
}

/* Tells how much of a list was written. */
static void shorten(d_sg_list_t *sgl, uint64_t total)
{
	uint32_t i;

	for (i = 0; i < sgl->sg_nr; i++) {
		if (sgl->sg_iovs[i].iov_len > total)
			sgl->sg_iovs[i].iov_len = total;
		total -= sgl->sg_iovs[i].iov_len;
	}
}

EXPORT int dfsx_append(dfs_t *dfs, dfs_obj_t *obj, d_sg_list_t *sgl, daos_off_t *end)
{
	unsigned mine = atomic_load(&fork_generation) + 1;
	struct writing w;
	bool locked;
	struct pieces p;
	int fd, rc = check_file(dfs, obj, true), first = 0;

	if (rc == 0)
		rc = pieces_of(&p, sgl);
	if (rc != 0)
		return rc;
	if (p.total == 0) /* as write(2) leaves the position of a descriptor */
		*end = atomic_load(&obj->position);
	else
		rc = is_hosted(obj) ? NOT_SMALL : small_write(obj, p.iov, p.nr, &p.total, UINT64_MAX, end);
	if (rc == NOT_SMALL)
		rc = object_begin_write(obj);
	else
		goto moved;
	if (rc != 0)
		goto moved;
	locked = append_lock(obj, mine);
	rc = write_enter(obj, UINT64_MAX, UINT64_MAX, &w);
	if (rc != 0)
		goto out;
	rc = hostfd_pin(obj, true, &fd);
	if (rc == 0 && obj->fd_generation != mine - 1) {
		hostfd_unpin(obj);
		hostfd_drop(obj);
		rc = hostfd_pin(obj, true, &fd);
	}
	if (rc == 0) {
		uint64_t done = 0;

		while (rc == 0 && done < p.total) {
			int nr = p.nr - first < MAX_PIECES ? p.nr - first : MAX_PIECES;
			ssize_t n = sys_pwritev2(fd, p.iov + first, nr, -1, 0x10 /* RWF_APPEND */);

			if (n <= 0) {
				rc = n < 0 ? (int)-n : EIO;
				break;
			}
			done += (uint64_t)n;
			*end = (daos_off_t)sys_lseek(fd, 0, SEEK_CUR);
			if (done < p.total && *end >= limit_get())
				p.total = done;
			if (done < p.total)
				advance(&p, &first, (size_t)n);
		}
		object_wrote(obj, done != 0);
		hostfd_unpin(obj);
	}
	write_leave(obj->c, &w);
out:
	if (locked)
		atomic_store(&obj->appending, 0);
moved:
	if (rc == 0) {
		atomic_store(&obj->position, *end);
		shorten(sgl, p.total);
	}
	pieces_free(&p);
	return rc;
}

/* ---- size ------------------------------------------------------------------------------------------- */
EXPORT int dfs_get_size(dfs_t *dfs, dfs_obj_t *obj, daos_size_t *size)
{
	struct stat st;
	int rc = size == NULL ? EINVAL : check_file(dfs, obj, false);

	if (rc == 0)
		rc = dfs_ostat(dfs, obj, &st);
	if (rc == 0)
		*size = (daos_size_t)st.st_size;
	return rc;
}

EXPORT int dfs_get_size_by_oid(dfs_t *dfs, daos_obj_id_t oid, daos_size_t chunk_size, daos_size_t *size)
{
	dfs_obj_t *obj;
	int rc = dfsx_open_oid(dfs, oid, O_RDONLY, &obj);

	(void)chunk_size;
	if (rc != 0)
		return rc;
	rc = dfs_get_size(dfs, obj, size);
	dfs_release(obj);
	return rc;
}

EXPORT int dfsx_fallocate(dfs_t *dfs, dfs_obj_t *obj, int mode, daos_off_t off, daos_size_t len)
{
	bool shifts = mode & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE);
	bool clears = mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE);
	struct writing w;
	int fd, rc = check_file(dfs, obj, true);

	if (rc == 0)
		rc = object_begin_write(obj);
	if (rc == 0)
		rc = write_enter(obj, shifts || clears ? off : UINT64_MAX,
		                 shifts || off + len < off ? UINT64_MAX : off + len, &w);
	if (rc != 0)
		return rc;
	rc = hostfd_pin(obj, true, &fd);
	if (rc == 0) {
		object_wrote(obj, false); /* the host decides whether a call that fails moves the time */
		rc = -sys_fallocate(fd, mode, off, len);
		hostfd_unpin(obj);
	}
	write_leave(obj->c, &w);
	return rc;
}

EXPORT int dfs_punch(dfs_t *dfs, dfs_obj_t *obj, daos_off_t offset, daos_size_t len)
{
	struct stat st;
	int rc = check_file(dfs, obj, true);

	if (rc != 0)
		return rc;
	if (len != DFS_MAX_FSIZE && len + offset >= offset) {
		rc = dfs_ostat(dfs, obj, &st);
		if (rc != 0 || len == 0 || offset >= (daos_off_t)st.st_size)
			return rc;
		if (offset + len < (daos_off_t)st.st_size)
			return dfsx_fallocate(dfs, obj, 0x3 /* PUNCH_HOLE | KEEP_SIZE */, offset, len);
	}
	if (offset > INT64_MAX)
		return EFBIG;
	return object_truncate(obj, offset);
}

EXPORT int dfsx_seek(dfs_t *dfs, dfs_obj_t *obj, daos_off_t off, int whence, daos_off_t *result)
{
	int64_t at;
	int fd, rc = result == NULL ? EINVAL : check_file(dfs, obj, false);

	if (rc != 0)
		return rc;
	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return EINVAL;
	rc = is_hosted(obj) ? NOT_SMALL : small_seek(obj, off, whence, result);
	if (rc == 0)
		atomic_store(&obj->position, *result);
	if (rc != NOT_SMALL)
		return rc;
	rc = hostfd_pin(obj, false, &fd);
	if (rc == EXDEV)
		return view_seek(obj, off, whence, result);
	if (rc != 0)
		return rc == ENOENT ? ENXIO : rc;
	/* The position moves, which only appending looks at, and that sets it first. */
	at = sys_lseek(fd, (int64_t)off, whence);
	hostfd_unpin(obj);
	if (at < 0)
		return (int)-at;
	atomic_store(&obj->position, (uint64_t)at);
	*result = (daos_off_t)at;
	return 0;
}

/* ---- durability: data first, then the names that lead to it -------------------------------------- */
/* Once a handle: the host file's own name, which other host file systems than ext4 may forget. */
static int sync_host_name(struct dfs_obj *o)
{
	int rc;

	if (!o->c->journal.on || atomic_load_explicit(&o->name_synced, memory_order_relaxed))
		return 0;
	rc = host_sync_name(o->c, o->ino);
	if (rc == 0)
		atomic_store_explicit(&o->name_synced, true, memory_order_relaxed);
	return rc;
}

EXPORT int dfsx_fsync(dfs_t *dfs, dfs_obj_t *obj, bool datasync)
{
	int fd, rc;

	if (dfs == NULL || obj == NULL)
		return EINVAL;
	rc = S_ISREG(obj->mode) && !is_hosted(obj) ? small_synced(obj) : 0;
	if (rc > 0)
		return rc;
	if (S_ISREG(obj->mode) && is_hosted(obj)) {
		rc = hostfd_pin(obj, false, &fd);
		if (rc == 0) {
			rc = (int)-RETRY(SYS4(datasync ? SYS_fdatasync : SYS_fsync, fd, 0, 0, 0));
			hostfd_unpin(obj);
			if (rc == 0)
				rc = sync_host_name(obj);
		} else if (rc == ENOENT || rc == EXDEV) {
			rc = 0;
		}
		if (rc != 0)
			return rc;
	}
	return env_sync(dfs->c);
}

/* Small files that are there now do not move out without a sync of their own. */
static void count_sync(struct cont *c)
{
	uint32_t n = c->shared->syncs + 1;

	if (n == ALWAYS_SYNC)
		n = 0;

	if (c->journal.on)
		shared_put(c, &n, sizeof(n), offsetof(struct shared_page, syncs));
}

EXPORT int dfs_sync(dfs_t *dfs)
{
	int rc;

	if (dfs == NULL)
		return EINVAL;
	rc = env_ready(dfs->c);
	if (rc == 0) {
		marks_bury(dfs->c);
		count_sync(dfs->c);
	}
	if (rc == 0)
		rc = dfs->c->journal.on ? (int)-SYS4(SYS_syncfs, dfs->c->obj_fd, 0, 0, 0) : 0;
	return rc != 0 ? rc : env_sync(dfs->c);
}

EXPORT int dfsx_statfs(dfs_t *dfs, struct statvfs *out)
{
	struct statfs st;
	int rc;

	if (dfs == NULL || out == NULL)
		return EINVAL;
	rc = (int)-SYS4(SYS_fstatfs, dfs->c->dir_fd, &st, 0, 0);
	if (rc != 0)
		return rc;
	*out = (struct statvfs){
	    .f_bsize = (unsigned long)st.f_bsize,
	    .f_frsize = (unsigned long)(st.f_frsize != 0 ? st.f_frsize : st.f_bsize),
	    .f_blocks = st.f_blocks,
	    .f_bfree = st.f_bfree,
	    .f_bavail = st.f_bavail,
	    .f_files = st.f_files,
	    .f_ffree = st.f_ffree,
	    .f_favail = st.f_ffree,
	    .f_fsid = (unsigned long)dfs->c->super.id,
	    .f_namemax = DFS_MAX_NAME,
	};
	return 0;
}
