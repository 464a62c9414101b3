/*
 * data.c - open files and their bytes.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "dfuse.h"

/* A file changed so short ago that it may change again and look the same: the kernel stamps a write
 * when it begins, in steps of up to 10 ms, and a large one may take its time. */
#define SETTLING_NS 2000000000LL

/* Bytes of one copy_file_range(): small enough to be interrupted between two. */
#define COPY_AT_ONCE (16u << 20)

static struct file *file_of(struct fuse_file_info *fi)
{
	return (struct file *)(uintptr_t)fi->fh;
}

/* ---- which pages the kernel may keep ---------------------------------------------------------- */

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool still(const struct stamp *stamp, const struct stat *st)
{
	return stamp->known && stamp->settled && stamp->size == st->st_size && same_time(stamp->mtime, st->st_mtim) &&
	       same_time(stamp->ctime, st->st_ctim);
}

static bool long_ago(struct timespec t)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (now.tv_sec - t.tv_sec) * 1000000000LL + (now.tv_nsec - t.tv_nsec) > SETTLING_NS;
}

/* The pages from before are true when the file looks as it did when the kernel last dropped them.
 * Otherwise they are dropped at this open, and the next one compares with how it looks now. */
static bool pages_are_true(struct file *file)
{
	struct inode *inode = file->inode;
	struct stat st;
	bool keep = false;

	/* Looked at before the pages are filled: a change in between is seen as one. */
	if (dfuse.p->dfs_ostat(file->handle->dfs, file->handle->obj, &st) != 0)
		return false;
	pthread_mutex_lock(&inode->lock);
	keep = still(&inode->stamp, &st);
	if (!keep) {
		file->drop = ++inode->stamp.drop;
		inode->stamp.mtime = st.st_mtim;
		inode->stamp.ctime = st.st_ctim;
		inode->stamp.size = st.st_size;
		inode->stamp.known = long_ago(st.st_mtim) && long_ago(st.st_ctim);
		inode->stamp.settled = false;
		atomic_store_explicit(&file->unsettled, true, memory_order_relaxed);
	}
	pthread_mutex_unlock(&inode->lock);
	return keep;
}

/* The file is used, so its open is over and with it the dropping of pages. That says nothing of a later
 * open that drops again because the file has changed. */
static void settle(struct file *file)
{
	if (!atomic_load_explicit(&file->unsettled, memory_order_relaxed))
		return;
	atomic_store_explicit(&file->unsettled, false, memory_order_relaxed);
	pthread_mutex_lock(&file->inode->lock);
	if (file->inode->stamp.drop == file->drop)
		file->inode->stamp.settled = true;
	pthread_mutex_unlock(&file->inode->lock);
}

/* Does somebody else have it open, or had so as short ago as the policy allows? */
static bool recently_open(struct inode *inode)
{
	const struct policy *policy = &inode->cont->policy;
	struct timespec now;
	bool recently;

	clock_gettime(CLOCK_MONOTONIC, &now);
	pthread_mutex_lock(&inode->lock);
	recently = inode->opens > 1;
	if (!recently && policy->pages == PAGES_TIMED && inode->closed.tv_sec != 0)
		recently =
		    (double)(now.tv_sec - inode->closed.tv_sec) + (double)(now.tv_nsec - inode->closed.tv_nsec) / 1e9 <=
		    policy->seconds;
	pthread_mutex_unlock(&inode->lock);
	return recently;
}

static void choose_caching(struct file *file, struct fuse_file_info *fi)
{
	const struct policy *policy = &file->inode->cont->policy;
	bool writes = (fi->flags & O_ACCMODE) != O_RDONLY;

	/* It never changes, but it can go: an open asks anew. Not without the cache, which would refuse shared maps. */
	if (file->inode->snapshot && policy->pages != PAGES_NEVER)
		return;
	switch (policy->pages) {
	case PAGES_NEVER:
		fi->direct_io = 1;
		break;
	case PAGES_KERNEL:
		fi->keep_cache = 1;
		break;
	case PAGES_OPEN:
	case PAGES_TIMED:
		if (fi->flags & O_DIRECT && !policy->ignore_direct)
			fi->direct_io = 1;
		else
			fi->keep_cache =
			    recently_open(file->inode) || (policy->pages == PAGES_TIMED && pages_are_true(file));
		break;
	case PAGES_UNCHANGED:
		/* Where appended bytes land is known only afterwards, too late for the page cache: a reader of
		 * the same descriptor would see them where the kernel believed the end to be. */
		if (writes && fi->flags & O_APPEND)
			fi->direct_io = 1;
		else
			fi->keep_cache = pages_are_true(file);
		break;
	}
}

/* ---- open and close --------------------------------------------------------------------------- */

int file_new(struct inode *inode, struct fuse_file_info *fi, struct file **out)
{
	bool write = (fi->flags & O_ACCMODE) != O_RDONLY || fi->flags & O_TRUNC;
	struct file *file = calloc(1, sizeof(*file));
	int rc;

	if (!file)
		return ENOMEM;
	rc = inode_open(inode, write, &file->handle);
	if (rc) {
		free(file);
		return rc;
	}
	file->inode = inode;
	if (fi->flags & O_TRUNC) {
		rc = transport_drop_privs(file->handle);
		if (rc == 0)
			rc = dfuse.p->dfs_punch(file->handle->dfs, file->handle->obj, 0, DFS_MAX_FSIZE);
		if (rc) {
			file_free(file);
			return rc;
		}
	}
	choose_caching(file, fi);
	file->direct = fi->direct_io;
	fi->fh = (uintptr_t)file;
	*out = file;
	return 0;
}

void file_free(struct file *file)
{
	handle_put(file->handle);
	inode_close(file->inode);
	free(file);
}

void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct file *file;
	int rc;

	COUNT_OPEN(FUSE_OPEN);
	rc = inode_of(ino)->synthetic ? ELOOP : atomic_load_explicit(&inode_of(ino)->broken, memory_order_relaxed);
	if (rc == 0)
		rc = access_check_open(inode_of(ino), fi->flags);
	if (rc == 0)
		rc = file_new(inode_of(ino), fi, &file);
	if (rc)
		fuse_reply_err(req, rc);
	else if (fuse_reply_open(req, fi) != 0)
		file_free(file);
}

void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	(void)fi;
	COUNT(FUSE_FLUSH);
	/* Every write was answered when it was done. The kernel asks no second time, and still writes the dirty pages
	 * of mappings at each close(2). */
	fuse_reply_err(req, ENOSYS);
}

void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	COUNT(FUSE_RELEASE);
	settle(file_of(fi));
	file_free(file_of(fi));
	fuse_reply_err(req, 0);
}

/* ---- read and write --------------------------------------------------------------------------- */

static pthread_key_t buffer_key;
static pthread_once_t buffer_once = PTHREAD_ONCE_INIT;

static void make_buffer_key(void)
{
	pthread_key_create(&buffer_key, free);
}

/* MAX_TRANSFER bytes of this thread. */
static char *thread_buffer(void)
{
	void *buffer;

	pthread_once(&buffer_once, make_buffer_key);
	buffer = pthread_getspecific(buffer_key);
	if (!buffer && posix_memalign(&buffer, 4096, MAX_TRANSFER) == 0)
		pthread_setspecific(buffer_key, buffer);
	return buffer;
}

/* One piece of memory as the DFS calls take it. */
struct piece {
	d_iov_t iov;
	d_sg_list_t sgl;
};

static d_sg_list_t *piece(struct piece *piece, const void *buf, size_t size)
{
	d_iov_set(&piece->iov, (void *)buf, size);
	piece->sgl = (d_sg_list_t){.sg_nr = 1, .sg_iovs = &piece->iov};
	return &piece->sgl;
}

void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct file *file = file_of(fi);
	char *buf = thread_buffer(), *larger = NULL;
	daos_size_t got = 0;
	struct piece p;
	int rc;

	(void)ino;
	COUNT(FUSE_READ);
	settle(file);
	if (buf && size > MAX_TRANSFER)
		buf = larger = malloc(size);
	rc = buf ? dfuse.p->dfs_read(file->handle->dfs, file->handle->obj, piece(&p, buf, size), (daos_off_t)off, &got,
	                             NULL)
	         : ENOMEM;
	if (rc)
		fuse_reply_err(req, rc);
	else
		fuse_reply_buf(req, buf, got);
	free(larger);
}

void op_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct file *file = file_of(fi);
	daos_off_t end = (daos_off_t)off + size;
	struct piece p;
	bool moved;
	int rc;

	COUNT(FUSE_WRITE);
	settle(file);
	rc = transport_drop_privs(file->handle);
	if (rc) {
		fuse_reply_err(req, rc);
		return;
	}
	/* Pages of a mapping that are written back have their place, whatever the flags say. */
	if (fi->flags & O_APPEND && !fi->writepage)
		rc = provider_append(dfuse.p, file->handle->dfs, file->handle->obj, piece(&p, buf, size), &end);
	else
		rc = dfuse.p->dfs_write(file->handle->dfs, file->handle->obj, piece(&p, buf, size), (daos_off_t)off,
		                        NULL);
	if (rc) {
		fuse_reply_err(req, rc);
		return;
	}
	size = p.iov.iov_len; /* less where a limit ended what was appended */
	moved = end != (daos_off_t)off + size && !file->direct;
	fuse_reply_write(req, size);
	/* The kernel has put the bytes into its pages where it believed the end to be. Only after the
	 * answer: until then it holds the pages locked. */
	if (moved)
		fuse_lowlevel_notify_inval_inode(dfuse.session, ino, off, 0);
}

/* ---- the rest --------------------------------------------------------------------------------- */

void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	struct handle *handle = file_of(fi)->handle;

	(void)ino;
	COUNT(FUSE_FSYNC);
	if (dfuse.p->dfsx_fsync)
		fuse_reply_err(req, dfuse.p->dfsx_fsync(handle->dfs, handle->obj, datasync != 0));
	else
		fuse_reply_err(req, dfuse.p->dfs_sync(handle->dfs));
}

void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t off, off_t len, struct fuse_file_info *fi)
{
	struct handle *handle = file_of(fi)->handle;

	(void)ino;
	COUNT(FUSE_FALLOCATE);
	transport_drop_privs(handle);
	fuse_reply_err(req,
	               provider_fallocate(dfuse.p, handle->dfs, handle->obj, mode, (daos_off_t)off, (daos_size_t)len));
}

static int seek_without_holes(struct handle *handle, daos_off_t off, int whence, daos_off_t *result)
{
	daos_size_t size;
	int rc = dfuse.p->dfs_get_size(handle->dfs, handle->obj, &size);

	if (rc == 0 && off >= size)
		rc = ENXIO;
	*result = whence == SEEK_HOLE ? size : off;
	return rc;
}

void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence, struct fuse_file_info *fi)
{
	struct handle *handle = file_of(fi)->handle;
	daos_off_t result;
	int rc;

	(void)ino;
	COUNT(FUSE_LSEEK);
	if (off < 0)
		rc = ENXIO;
	else if (dfuse.p->dfsx_seek)
		rc = dfuse.p->dfsx_seek(handle->dfs, handle->obj, (daos_off_t)off, whence, &result);
	else
		rc = seek_without_holes(handle, (daos_off_t)off, whence, &result);
	if (rc)
		fuse_reply_err(req, rc);
	else
		fuse_reply_lseek(req, (off_t)result);
}

void op_copy_file_range(fuse_req_t req, fuse_ino_t ino_in, off_t off_in, struct fuse_file_info *fi_in,
                        fuse_ino_t ino_out, off_t off_out, struct fuse_file_info *fi_out, size_t len, int flags)
{
	struct handle *in = file_of(fi_in)->handle, *out = file_of(fi_out)->handle;
	char *buf = thread_buffer();
	size_t done = 0;
	int rc = buf ? 0 : ENOMEM;

	(void)ino_in;
	(void)ino_out;
	COUNT(FUSE_COPY_FILE_RANGE);
	transport_drop_privs(out);
	if (flags)
		rc = EINVAL;
	if (len > COPY_AT_ONCE)
		len = COPY_AT_ONCE;
	while (rc == 0 && done < len) {
		size_t n = len - done < MAX_TRANSFER ? len - done : MAX_TRANSFER;
		daos_size_t got;
		struct piece p;

		rc = dfuse.p->dfs_read(in->dfs, in->obj, piece(&p, buf, n), (daos_off_t)off_in + done, &got, NULL);
		if (rc || got == 0)
			break;
		rc = dfuse.p->dfs_write(out->dfs, out->obj, piece(&p, buf, got), (daos_off_t)off_out + done, NULL);
		if (rc == 0)
			done += got;
	}
	if (rc && done == 0)
		fuse_reply_err(req, rc);
	else
		fuse_reply_write(req, done);
}
