/*
 * memcopy.c - a file of a container without a mount, as the kernel needs it to run or to map it: a copy in memory.
 */
#include <stdlib.h>
#include <linux/memfd.h>
#include "memcopy.h"
#include "memfile.h"
#include "mounts.h"
#include "ofd.h"
#include "runtime.h"

#define CHUNK (1u << 20)

static long write_copy(int to, const char *buf, size_t n, daos_off_t at)
{
	struct rlimit was;
	long r = limit_lift(&was, at + n) ? SHIM_RAW(SYS_pwrite64, to, buf, n, at) : -EFBIG;

	limit_restore(&was);
	return r;
}

static long copy_all(struct ofd *ofd, dfs_obj_t *obj, int to, char *buf)
{
	for (daos_off_t at = 0;;) {
		daos_size_t got = 0;
		d_iov_t iov = {.iov_buf = buf, .iov_buf_len = CHUNK, .iov_len = CHUNK};
		d_sg_list_t sgl = {.sg_nr = 1, .sg_iovs = &iov};
		int rc = ofd->mnt->p->dfs_read(ofd->mnt->dfs, obj, &sgl, at, &got, NULL);
		if (rc || !got)
			return -rc;
		long n = write_copy(to, buf, got, at);
		if (n <= 0)
			return n ? n : -ENOSPC;
		at += (daos_off_t)n;
	}
}

long ofd_memory_copy(struct ofd *ofd)
{
	int err = 0;
	dfs_obj_t *obj = ofd_obj(ofd, &err);
	char *buf = obj ? memory_take(CHUNK) : NULL;
	long fd = buf ? memory_file("dfskit-copy") : err ? -err : -ENOMEM;
	long r = fd < 0 ? fd : copy_all(ofd, obj, (int)fd, buf);

	memory_give(buf);
	if (r && fd >= 0)
		SHIM_RAW(SYS_close, fd);
	return r ? r : fd;
}
