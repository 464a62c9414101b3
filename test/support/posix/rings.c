/* rings.c - io_uring: requests that the kernel reads from memory. */
#include "check.h"

#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>

struct ring {
	int fd;
	struct io_uring_params params;
	char *rings;
	struct io_uring_sqe *requests;
};

/* False where the kernel has no rings, or forbids them. */
static bool ring_open(struct ring *r)
{
	memset(r, 0, sizeof(*r));
	r->fd = (int)syscall(SYS_io_uring_setup, 4, &r->params);
	if (r->fd < 0)
		return false;
	size_t size = r->params.sq_off.array + r->params.sq_entries * sizeof(unsigned);
	size_t completions = r->params.cq_off.cqes + r->params.cq_entries * sizeof(struct io_uring_cqe);
	if (completions > size)
		size = completions;
	r->rings = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_SQ_RING);
	r->requests = mmap(NULL, r->params.sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE, MAP_SHARED,
			   r->fd, IORING_OFF_SQES);
	return r->rings != MAP_FAILED && r->requests != MAP_FAILED;
}

/* One request, and its result. */
static long ring_do(struct ring *r, int operation, int fd, void *buf, unsigned size, off_t offset)
{
	unsigned *tail = (unsigned *)(r->rings + r->params.sq_off.tail);
	unsigned *head = (unsigned *)(r->rings + r->params.cq_off.head);
	unsigned at = *tail & (r->params.sq_entries - 1);

	r->requests[at] = (struct io_uring_sqe){.opcode = (unsigned char)operation,
						.fd = fd,
						.addr = (unsigned long)buf,
						.len = size,
						.off = (unsigned long)offset};
	((unsigned *)(r->rings + r->params.sq_off.array))[at] = at;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, r->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return -1;
	struct io_uring_cqe *done = (struct io_uring_cqe *)(r->rings + r->params.cq_off.cqes) +
				    (*head & (r->params.cq_entries - 1));
	long result = done->res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}

static void files(void)
{
	int before = must_open("before", O_RDWR | O_CREAT | O_TRUNC), copy = dup(before);
	char buf[64] = "";
	struct ring r;

	TRY(write(before, "written ", 8));
	if (!ring_open(&r)) {
		say("no rings");
		return;
	}
	int after = must_open("after", O_RDWR | O_CREAT | O_TRUNC);
	/* -1 is the offset of the description. */
	TRY(ring_do(&r, IORING_OP_WRITE, copy, "by the ring", 11, -1));
	TRY(lseek(before, 0, SEEK_CUR));
	TRY(ring_do(&r, IORING_OP_READ, before, buf, 19, 0));
	say("%s", buf);
	TRY(ring_do(&r, IORING_OP_WRITE, after, "0123456789", 10, 5));
	TRY(pwrite(after, "xyz", 3, 0));
	TRY(pread(after, buf, 8, 0));
	memset(buf, 'b', 8);
	TRY(pwrite(after, buf, 8, 0));
	memset(buf, 0, sizeof(buf));
	TRY(ring_do(&r, IORING_OP_READ, after, buf, 40, 0));
	say("%s", buf);
	TRY(ring_do(&r, IORING_OP_FSYNC, after, NULL, 0, 0));
	TRY(ring_do(&r, IORING_OP_READ, open("none", O_RDONLY), buf, 1, 0));
	close(copy);
	close(before);
	close(after);
	show("before");
	show("after");
	show_stat("after");
}

const struct check ring_checks[] = {
    {"a ring reads and writes files that were open before and that are opened later", files},
    {NULL, NULL},
};
