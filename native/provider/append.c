/*
 * append.c - appending by a library that only writes at an offset.
 *
 * The end is looked up and written at, and nothing else of this node may do so in between. So it is done under a lock of
 * a file in memory that all processes of a user share, on the byte that stands for the object. The kernel frees the
 * lock of a process that is killed.
 *
 * Caveats: processes of other users and of other nodes are not kept out. Whoever can't have the lock, for want of
 * /dev/shm or of a descriptor, or because it is held for longer than a write takes, goes on without it.
 */
#include <stdio.h>
#include <time.h>
#include "../local/sys.h"
#include "provider.h"

#define LOCK_NAME "/dev/shm/dfskit-append-%u"

/* Beyond this the holder is stopped, not slow. */
#define PATIENCE_NS 20000000000L
#define FIRST_NS    20000L
#define LONGEST_NS  1000000L

/* A signal handler that interrupts its thread in the middle of appending would wait for itself. */
static __thread volatile bool appending __attribute__((tls_model("initial-exec")));

static long lock_file(void)
{
	char path[sizeof(LOCK_NAME) + 16];
	struct stat st;
	uid_t user = (uid_t)SYS4(SYS_geteuid, 0, 0, 0, 0);
	int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;

	snprintf(path, sizeof(path), LOCK_NAME, user);
	long fd = SYS4(SYS_openat, AT_FDCWD, path, flags, 0600);
	if (fd < 0)
		return fd;
	/* Another user's, under our name: he could hold the lock for ever. */
	if (SYS4(SYS_fstat, fd, &st, 0, 0) == 0 && st.st_uid == user)
		return fd;
	SYS4(SYS_close, fd, 0, 0, 0);
	return -EPERM;
}

static long set_lock(long fd, daos_obj_id_t oid, short type)
{
	uint64_t byte = (oid.lo ^ (oid.hi * 0x9E3779B97F4A7C15u)) >> 1;
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)(byte >> 1), .l_len = 1};

	return SYS4(SYS_fcntl, fd, F_OFD_SETLK, &lock, 0);
}

/* A description of its own a call: descriptors that a fork copies share theirs, and threads would too. */
static long lock_object(daos_obj_id_t oid)
{
	long fd = lock_file(), waited = 0;

	if (fd < 0)
		return fd;
	for (long pause = FIRST_NS; set_lock(fd, oid, F_WRLCK) == -EAGAIN && waited < PATIENCE_NS; waited += pause) {
		struct timespec t = {0, pause};
		SYS4(SYS_nanosleep, &t, NULL, 0, 0);
		pause = pause * 2 < LONGEST_NS ? pause * 2 : LONGEST_NS;
	}
	return fd;
}

static void unlock_object(long fd, daos_obj_id_t oid)
{
	set_lock(fd, oid, F_UNLCK); /* a fork may have copied the descriptor meanwhile */
	SYS4(SYS_close, fd, 0, 0, 0);
}

static int write_at_end(const struct provider *p, dfs_t *dfs, dfs_obj_t *obj, d_sg_list_t *sgl, daos_off_t *end)
{
	daos_size_t size;
	int rc = p->dfs_get_size(dfs, obj, &size);

	if (rc == 0)
		rc = p->dfs_write(dfs, obj, sgl, size, NULL);
	if (rc)
		return rc;
	*end = size;
	for (uint32_t i = 0; i < sgl->sg_nr; i++)
		*end += sgl->sg_iovs[i].iov_len;
	return 0;
}

int provider_append(const struct provider *p, dfs_t *dfs, dfs_obj_t *obj, d_sg_list_t *sgl, daos_off_t *end)
{
	daos_obj_id_t oid = {0};

	if (p->dfsx_append)
		return p->dfsx_append(dfs, obj, sgl, end);
	if (appending)
		return write_at_end(p, dfs, obj, sgl, end);
	p->dfs_obj2id(obj, &oid);
	appending = true;
	long fd = lock_object(oid);
	int rc = write_at_end(p, dfs, obj, sgl, end);
	if (fd >= 0)
		unlock_object(fd, oid);
	appending = false;
	return rc;
}
