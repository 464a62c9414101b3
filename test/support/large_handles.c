/* A provider whose handles are as large as those of a system with many servers, and change while they are read: the
 * local one's, with a tail that says nothing. Linked with libdfs_local, whose functions it replaces. */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <daos_fs.h>

#define TAIL 20000

static _Atomic int calls;

static int widen(int rc, d_iov_t *glob, const void *had, size_t room)
{
	char *buf = glob->iov_buf;

	if (rc)
		return rc;
	glob->iov_buf_len = had ? room : glob->iov_buf_len + TAIL;
	if (had) {
		/* Not the same for long. */
		memset(buf + glob->iov_len, calls++ / 5 % 4, TAIL);
		glob->iov_len += TAIL;
	}
	return 0;
}

#define WIDE(name, parameters, call)                                          \
	int name parameters                                                   \
	{                                                                     \
		static __typeof__(name) *next;                                \
		const void *had = glob->iov_buf;                              \
		size_t room = glob->iov_buf_len;                              \
		if (!next)                                                    \
			next = (__typeof__(next))dlsym(RTLD_NEXT, #name);     \
		if (had)                                                      \
			glob->iov_buf_len -= TAIL;                            \
		return widen(next call, glob, had, room);                     \
	}

WIDE(dfs_local2global_all, (dfs_t * dfs, d_iov_t *glob), (dfs, glob))
WIDE(dfs_obj_local2global, (dfs_t * dfs, dfs_obj_t *obj, d_iov_t *glob), (dfs, obj, glob))

/* False for one that was put together from two. */
static int narrow(d_iov_t *glob)
{
	const char *tail = (const char *)glob->iov_buf + glob->iov_len - TAIL;

	if (glob->iov_len <= TAIL || memcmp(tail, tail + 1, TAIL - 1) != 0)
		return 0;
	glob->iov_len -= TAIL;
	glob->iov_buf_len -= TAIL;
	return 1;
}

int dfs_global2local_all(int flags, d_iov_t glob, dfs_t **dfs)
{
	static __typeof__(dfs_global2local_all) *next;

	if (!next)
		next = (__typeof__(next))dlsym(RTLD_NEXT, "dfs_global2local_all");
	return narrow(&glob) ? next(flags, glob, dfs) : EINVAL;
}

int dfs_obj_global2local(dfs_t *dfs, int flags, d_iov_t glob, dfs_obj_t **obj)
{
	static __typeof__(dfs_obj_global2local) *next;

	if (!next)
		next = (__typeof__(next))dlsym(RTLD_NEXT, "dfs_obj_global2local");
	return narrow(&glob) ? next(dfs, flags, glob, obj) : EINVAL;
}
