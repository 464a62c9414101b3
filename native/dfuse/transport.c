/*
 * transport.c - requests and answers on their way between libfuse and /dev/fuse.
 *
 * For one thing that libfuse 3.14 does not know: FUSE_HANDLE_KILLPRIV_V2. Without it the kernel asks for the attribute
 * security.capability before every write(2), to drop it: a second request each. With it, the kernel says at each change
 * of a file whether set-user-id and set-group-id bits have to go, and we see to it.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include "dfuse.h"

static _Atomic bool offered;           /* by the kernel, and not yet accepted */
static _Thread_local bool kills_privs; /* the request of this thread asks for it */

static const void *body(const struct fuse_in_header *in, size_t size, size_t len)
{
	return len >= sizeof(*in) + size ? in + 1 : NULL;
}

static bool asks_for_it(const struct fuse_in_header *in, size_t len)
{
	const struct fuse_write_in *write;
	const struct fuse_open_in *open;
	const struct fuse_setattr_in *set;

	switch (in->opcode) {
	case FUSE_WRITE:
		write = body(in, sizeof(*write), len);
		return write && write->write_flags & FUSE_WRITE_KILL_SUIDGID;
	case FUSE_OPEN:
		open = body(in, sizeof(*open), len);
		return open && open->open_flags & FUSE_OPEN_KILL_SUIDGID;
	case FUSE_SETATTR:
		set = body(in, sizeof(*set), len);
		return set && set->valid & FATTR_KILL_SUIDGID;
	case FUSE_FALLOCATE:
	case FUSE_COPY_FILE_RANGE: /* have no flag for it */
		return in->uid != 0;
	default:
		return false;
	}
}

static ssize_t receive(int fd, void *buf, size_t size, void *userdata)
{
	ssize_t n = read(fd, buf, size);
	const struct fuse_in_header *in = buf;

	(void)userdata;
	if (n < (ssize_t)sizeof(*in))
		return n;
	if (in->opcode == FUSE_INIT) {
		const struct fuse_init_in *init = body(in, sizeof(*init), (size_t)n);

		atomic_store(&offered, init && init->flags & FUSE_HANDLE_KILLPRIV_V2);
	}
	kills_privs = asks_for_it(in, (size_t)n);
	return n;
}

static ssize_t answer(int fd, struct iovec *iov, int count, void *userdata)
{
	(void)userdata;
	/* The first answer is that to FUSE_INIT. */
	if (atomic_load_explicit(&offered, memory_order_relaxed) && atomic_exchange(&offered, false) && count == 2 &&
	    iov[1].iov_len >= sizeof(struct fuse_init_out))
		((struct fuse_init_out *)iov[1].iov_base)->flags |= FUSE_HANDLE_KILLPRIV_V2;
	return writev(fd, iov, count);
}

int transport_use(struct fuse_session *session)
{
	static const struct fuse_custom_io io = {.read = receive, .writev = answer};

	return fuse_session_custom_io(session, &io, fuse_session_fd(session));
}

int transport_drop_privs(struct handle *handle)
{
	struct stat st;
	int rc;

	if (!kills_privs)
		return 0;
	rc = dfuse.p->dfs_ostat(handle->dfs, handle->obj, &st);
	if (rc || !S_ISREG(st.st_mode))
		return rc;
	mode_t mode = st.st_mode & ~(mode_t)(S_ISUID | (st.st_mode & S_IXGRP ? S_ISGID : 0));
	if (mode == st.st_mode)
		return 0;
	st.st_mode = mode;
	rc = dfuse.p->dfs_osetattr(handle->dfs, handle->obj, &st, DFS_SET_ATTR_MODE);
	return rc == EPERM ? 0 : rc; /* a file of somebody else, on a daemon of an ordinary user */
}
