/* data.c - reading and writing. See fuzz.h. */
#include "fuzz.h"

#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <linux/fs.h>

#define MOST (1L << 20) /* bytes of one call */

static char buf[1 << 20];

static size_t count(int i)
{
	long n = num(i);
	return (size_t)(n < 0 ? 0 : n > MOST ? MOST : n);
}

/* Two parts of \a n bytes, and an empty one. */
static int vector(struct iovec v[3], char *bytes, size_t n)
{
	v[0] = (struct iovec){bytes, n / 3};
	v[1] = (struct iovec){bytes, 0};
	v[2] = (struct iovec){bytes + n / 3, n - n / 3};
	return 3;
}

static void do_read(void)
{
	memset(buf, '~', sizeof(buf));
	say_bytes(buf, read(fd_of(0), buf, count(1)));
}

static void do_pread(void)
{
	say_bytes(buf, pread(fd_of(0), buf, count(1), num(2)));
}

static void do_readv(void)
{
	struct iovec v[3];
	int n = vector(v, buf, count(1));
	say_bytes(buf, readv(fd_of(0), v, n));
}

static void do_preadv(void)
{
	struct iovec v[3];
	int n = vector(v, buf, count(1));
	say_bytes(buf, preadv(fd_of(0), v, n, num(2)));
}

static void do_preadv2(void)
{
	struct iovec v[3];
	int n = vector(v, buf, count(1));
	say_bytes(buf, preadv2(fd_of(0), v, n, num(2), (int)num(3)));
}

static void do_write(void)
{
	say_result(write(fd_of(0), pattern(count(1), num(2)), count(1)));
}

static void do_pwrite(void)
{
	say_result(pwrite(fd_of(0), pattern(count(1), num(2)), count(1), num(3)));
}

static void do_writev(void)
{
	struct iovec v[3];
	int n = vector(v, pattern(count(1), num(2)), count(1));
	say_result(writev(fd_of(0), v, n));
}

static void do_pwritev(void)
{
	struct iovec v[3];
	int n = vector(v, pattern(count(1), num(2)), count(1));
	say_result(pwritev(fd_of(0), v, n, num(3)));
}

static void do_pwritev2(void)
{
	struct iovec v[3];
	int n = vector(v, pattern(count(1), num(2)), count(1));
	say_result(pwritev2(fd_of(0), v, n, num(3), (int)num(4)));
}

static void do_lseek(void)
{
	struct stat st;

	/* Where a directory ends, and what its holes are, is anybody's. */
	if (num(2) >= SEEK_END && fstat(fd_of(0), &st) == 0 && S_ISDIR(st.st_mode))
		return;
	say_result(lseek(fd_of(0), num(1), (int)num(2)));
}

static void do_ftruncate(void)
{
	say_result(ftruncate(fd_of(0), num(1)));
}

static void do_truncate(void)
{
	say_result(truncate(path_of(0), num(1)));
}

static void do_fallocate(void)
{
	say_result(fallocate(fd_of(0), (int)num(1), num(2), num(3)));
}

static void do_posix_fallocate(void)
{
	int error = posix_fallocate(fd_of(0), num(1), num(2));
	say(" %s", error ? strerrorname_np(error) : "0");
}

static void do_fsync(void)
{
	say_result(fsync(fd_of(0)));
}

static void do_fdatasync(void)
{
	say_result(fdatasync(fd_of(0)));
}

static void do_syncfs(void)
{
	say_result(syncfs(fd_of(0)));
}

static void do_sync_file_range(void)
{
	say_result(sync_file_range(fd_of(0), num(1), num(2), (unsigned int)num(3)));
}

static void do_fadvise(void)
{
	int error = posix_fadvise(fd_of(0), num(1), num(2), (int)num(3));
	say(" %s", error ? strerrorname_np(error) : "0");
}

static void do_readahead(void)
{
	say_result(readahead(fd_of(0), num(1), count(2)));
}

/* ---- between descriptors: OUT OUT_OFFSET IN IN_OFFSET COUNT, an offset of "at" is the descriptor's own ---- */

static off_t offsets[2];

static off_t *offset(int i)
{
	if (i < nr_args && strcmp(args[i], "at") == 0)
		return NULL;
	offsets[i == 1] = num(i);
	return &offsets[i == 1];
}

static void say_offset(const off_t *at)
{
	if (at)
		say(" to %ld", (long)*at);
}

/* A file that is sent to itself: which of its bytes were there already is anybody's, beyond a page. */
static bool onto_itself(void)
{
	struct stat a, b;
	return count(4) > 4096 && fstat(fd_of(0), &a) == 0 && fstat(fd_of(2), &b) == 0 && a.st_ino == b.st_ino;
}

static void do_sendfile(void)
{
	if (onto_itself())
		return;
	off_t *at = offset(3);
	say_result(sendfile(fd_of(0), fd_of(2), at, count(4)));
	say_offset(at);
}

static void do_copy_file_range(void)
{
	off_t *to = offset(1), *from = offset(3);
	say_result(copy_file_range(fd_of(2), from, fd_of(0), to, count(4), 0));
	say_offset(from);
	say_offset(to);
}

static void do_splice(void)
{
	int p[2];
	if (onto_itself())
		return;
	off_t *to = offset(1), *from = offset(3);

	if (pipe2(p, O_CLOEXEC) != 0)
		return;
	ssize_t n = splice(fd_of(2), from, p[1], NULL, count(4) > 60000 ? 60000 : count(4), SPLICE_F_NONBLOCK);
	say_result(n);
	if (n > 0)
		say_result(splice(p[0], NULL, fd_of(0), to, (size_t)n, 0));
	say_offset(from);
	say_offset(to);
	close(p[0]);
	close(p[1]);
}

/* tee FD COUNT: from the file to a pipe, from that to another, and to us. */
static void do_tee(void)
{
	int p[2], q[2];

	if (pipe2(p, O_CLOEXEC) != 0 || pipe2(q, O_CLOEXEC) != 0)
		return;
	ssize_t n = splice(fd_of(0), NULL, p[1], NULL, count(1) > 60000 ? 60000 : count(1), SPLICE_F_NONBLOCK);
	say_result(n);
	if (n > 0) {
		say_result(tee(p[0], q[1], (size_t)n, SPLICE_F_NONBLOCK));
		say_bytes(buf, read(q[0], buf, sizeof(buf)));
	}
	for (int i = 0; i < 2; i++) {
		close(p[i]);
		close(q[i]);
	}
}

/* Not every file system can: what is promised is that one that can't says so. */
static void do_ficlone(void)
{
	int r = ioctl(fd_of(0), FICLONE, fd_of(1));
	if (r == -1 && (errno == EOPNOTSUPP || errno == EINVAL || errno == EXDEV))
		say(" can't");
	else
		say_result(r);
}

const struct call data_calls[] = {
    {"read", do_read}, {"pread", do_pread}, {"readv", do_readv}, {"preadv", do_preadv}, {"preadv2", do_preadv2},
    {"write", do_write}, {"pwrite", do_pwrite}, {"writev", do_writev}, {"pwritev", do_pwritev},
    {"pwritev2", do_pwritev2}, {"lseek", do_lseek}, {"ftruncate", do_ftruncate}, {"truncate", do_truncate},
    {"fallocate", do_fallocate}, {"posix_fallocate", do_posix_fallocate}, {"fsync", do_fsync},
    {"fdatasync", do_fdatasync}, {"syncfs", do_syncfs}, {"sync_file_range", do_sync_file_range},
    {"fadvise", do_fadvise}, {"readahead", do_readahead}, {"sendfile", do_sendfile},
    {"copy_file_range", do_copy_file_range}, {"splice", do_splice}, {"tee", do_tee}, {"ficlone", do_ficlone},
    {NULL, NULL},
};
