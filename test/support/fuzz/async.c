/* async.c - requests that the kernel or a thread of libc carries out: aio(7), io_submit(2), io_uring(7). See fuzz.h. */
#include "fuzz.h"

#include <aio.h>
#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static char bytes[1 << 18];

static size_t count(int i)
{
	return (size_t)num(i) < sizeof(bytes) ? (size_t)num(i) : sizeof(bytes);
}

static long posix_aio(bool write)
{
	struct aiocb cb = {.aio_fildes = fd_of(0), .aio_buf = bytes, .aio_nbytes = count(1)};
	const struct aiocb *list[] = {&cb};

	cb.aio_offset = num(write ? 3 : 2);
	if ((write ? aio_write : aio_read)(&cb) != 0)
		return -1;
	aio_suspend(list, 1, NULL);
	errno = aio_error(&cb);
	return aio_return(&cb);
}

/* aio_read FD COUNT OFFSET */
static void do_aio_read(void)
{
	say_bytes(bytes, posix_aio(false));
}

/* aio_write FD COUNT SEED OFFSET */
static void do_aio_write(void)
{
	memcpy(bytes, pattern(count(1), num(2)), count(1));
	say_result(posix_aio(true));
}

static long kernel_aio(bool write)
{
	aio_context_t context = 0;
	struct iocb cb = {.aio_fildes = (uint32_t)fd_of(0),
			  .aio_lio_opcode = write ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD,
			  .aio_buf = (uintptr_t)bytes,
			  .aio_nbytes = count(1),
			  .aio_offset = num(write ? 3 : 2)};
	struct iocb *list[] = {&cb};
	struct io_event event = {0};

	if (syscall(SYS_io_setup, 1, &context) != 0)
		return -1;
	long r = syscall(SYS_io_submit, context, 1, list);
	if (r == 1 && (r = syscall(SYS_io_getevents, context, 1, 1, &event, NULL)) == 1)
		r = event.res;
	else
		r = -errno;
	syscall(SYS_io_destroy, context);
	errno = r < 0 ? (int)-r : 0;
	return r < 0 ? -1 : r;
}

/* io_read FD COUNT OFFSET */
static void do_io_read(void)
{
	say_bytes(bytes, kernel_aio(false));
}

/* io_write FD COUNT SEED OFFSET */
static void do_io_write(void)
{
	memcpy(bytes, pattern(count(1), num(2)), count(1));
	say_result(kernel_aio(true));
}

/* ---- a ring of one request ---- */

struct ring {
	int fd;
	char *sq, *cq;
	size_t sq_len, cq_len;
	struct io_uring_sqe *sqe;
	struct io_uring_params p;
};

static bool ring_open(struct ring *r)
{
	memset(r, 0, sizeof(*r));
	r->fd = (int)syscall(SYS_io_uring_setup, 1, &r->p);
	if (r->fd < 0)
		return false;
	/* Out of the way: where it is shall not decide which numbers others get. */
	int high = fcntl(r->fd, F_DUPFD_CLOEXEC, 500);
	close(r->fd);
	r->fd = high;
	r->sq_len = r->p.sq_off.array + r->p.sq_entries * sizeof(uint32_t);
	r->cq_len = r->p.cq_off.cqes + r->p.cq_entries * sizeof(struct io_uring_cqe);
	r->sq = mmap(NULL, r->sq_len, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_SQ_RING);
	r->cq = mmap(NULL, r->cq_len, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_CQ_RING);
	r->sqe = mmap(NULL, sizeof(*r->sqe), PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_SQES);
	return true;
}

static long ring_run(struct ring *r, const struct io_uring_sqe *request)
{
	_Atomic uint32_t *tail = (void *)(r->sq + r->p.sq_off.tail), *head = (void *)(r->cq + r->p.cq_off.head);

	*r->sqe = *request;
	((uint32_t *)(r->sq + r->p.sq_off.array))[0] = 0;
	atomic_fetch_add(tail, 1);
	if (syscall(SYS_io_uring_enter, r->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -errno;
	int result = ((struct io_uring_cqe *)(r->cq + r->p.cq_off.cqes))[0].res;
	atomic_fetch_add(head, 1);
	return result;
}

static void ring_close(struct ring *r)
{
	munmap(r->sq, r->sq_len);
	munmap(r->cq, r->cq_len);
	munmap(r->sqe, sizeof(*r->sqe));
	close(r->fd);
}

static long through_ring(const struct io_uring_sqe *request)
{
	struct ring r;

	if (!ring_open(&r))
		return -1;
	long n = ring_run(&r, request);
	ring_close(&r);
	errno = n < 0 ? (int)-n : 0;
	return n < 0 ? -1 : n;
}

/* ring_read FD COUNT OFFSET */
static void do_ring_read(void)
{
	say_bytes(bytes, through_ring(&(struct io_uring_sqe){.opcode = IORING_OP_READ,
							      .fd = fd_of(0),
							      .addr = (uintptr_t)bytes,
							      .len = (uint32_t)count(1),
							      .off = (uint64_t)num(2)}));
}

/* ring_write FD COUNT SEED OFFSET */
static void do_ring_write(void)
{
	memcpy(bytes, pattern(count(1), num(2)), count(1));
	say_result(through_ring(&(struct io_uring_sqe){.opcode = IORING_OP_WRITE,
							.fd = fd_of(0),
							.addr = (uintptr_t)bytes,
							.len = (uint32_t)count(1),
							.off = (uint64_t)num(3)}));
}

/* ring_open PLACE PATH FLAGS MODE */
static void do_ring_open(void)
{
	say_fd(place(0), (int)through_ring(&(struct io_uring_sqe){.opcode = IORING_OP_OPENAT,
								   .fd = AT_FDCWD,
								   .addr = (uintptr_t)path_of(1),
								   .len = (uint32_t)num(3),
								   .open_flags = (uint32_t)num(2)}));
}

const struct call async_calls[] = {
    {"aio_read", do_aio_read}, {"aio_write", do_aio_write}, {"io_read", do_io_read}, {"io_write", do_io_write},
    {"ring_read", do_ring_read}, {"ring_write", do_ring_write}, {"ring_open", do_ring_open}, {NULL, NULL},
};
