/* data.c - reading, writing, mapping and locking. */
#include "check.h"

#include <aio.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

static void appends(void)
{
	put("f", "base");
	int a = must_open("f", O_RDWR | O_APPEND), b = must_open("f", O_WRONLY);

	TRY(lseek(a, 0, SEEK_CUR));
	TRY(write(a, "+one", 4));
	TRY(lseek(a, 0, SEEK_CUR));
	TRY(lseek(a, 1, SEEK_SET));
	TRY(write(a, "+two", 4));
	TRY(lseek(a, 0, SEEK_CUR));
	TRY(write(b, "BASE", 4));
	/* pwrite(2), bugs: on Linux it appends whatever the offset. */
	TRY(pwrite(a, "+three", 6, 0));
	show("f");
	TRY(ftruncate(a, 2));
	TRY(writev(a, (struct iovec[]){{(void *)"v1", 2}, {(void *)"v2", 2}}, 2));
	show("f");
}

#define WRITERS 8
#define LINES   200

static void *append_lines(void *arg)
{
	int fd = open("f", O_WRONLY | O_APPEND | O_CREAT, 0644);
	char line[32];

	for (int i = 0; i < LINES; i++) {
		int n = snprintf(line, sizeof(line), "writer %ld line %d\n", (long)arg, i);
		if (write(fd, line, (size_t)n) != n)
			return (void *)1;
	}
	close(fd);
	return NULL;
}

static void count_lines(void)
{
	char line[64];
	int next[2 * WRITERS] = {0}, lines = 0, wrong = 0, w, i;
	FILE *f = fopen("f", "r");

	while (f && fgets(line, sizeof(line), f)) {
		lines++;
		wrong += sscanf(line, "writer %d line %d\n", &w, &i) != 2 || w < 0 || w >= 2 * WRITERS || next[w]++ != i;
	}
	if (f)
		fclose(f);
	say("lines %d wrong %d", lines, wrong);
}

static void appends_at_once(void)
{
	pthread_t threads[WRITERS];
	pid_t pids[WRITERS];

	for (long w = 0; w < WRITERS; w++)
		if ((pids[w] = fork()) == 0)
			_exit(append_lines((void *)(WRITERS + w)) != NULL);
	for (long w = 0; w < WRITERS; w++)
		pthread_create(&threads[w], NULL, append_lines, (void *)w);
	for (int w = 0; w < WRITERS; w++) {
		pthread_join(threads[w], NULL);
		show_end(pids[w]);
	}
	count_lines();
}

static void shared_offset_at_once(void)
{
	int fd = must_open("f", O_WRONLY | O_CREAT);
	pid_t pids[4];
	char line[32];
	struct stat st;

	for (int w = 0; w < 4; w++)
		if ((pids[w] = fork()) == 0) {
			for (int i = 0; i < LINES; i++) {
				int n = snprintf(line, sizeof(line), "writer %d line %d\n", w, i);
				if (write(fd, line, (size_t)n) != n)
					_exit(1);
			}
			_exit(0);
		}
	for (int w = 0; w < 4; w++)
		show_end(pids[w]);
	fstat(fd, &st);
	say("offset is the size %d", lseek(fd, 0, SEEK_CUR) == st.st_size);
	close(fd);
	count_lines();
}

static void vectors(void)
{
	char a[4] = {0}, b[8] = {0};
	int fd = must_open("f", O_RDWR | O_CREAT);

	TRY(writev(fd, (struct iovec[]){{(void *)"one", 3}, {NULL, 0}, {(void *)"two", 3}}, 3));
	TRY(pwritev(fd, (struct iovec[]){{(void *)"X", 1}, {(void *)"Y", 1}}, 2, 8));
	TRY(lseek(fd, 0, SEEK_CUR));
	show("f");
	TRY(lseek(fd, 1, SEEK_SET));
	TRY(readv(fd, (struct iovec[]){{a, 3}, {b, 7}}, 2));
	say("%s %zu", a, strlen(b));
	TRY(preadv(fd, (struct iovec[]){{a, 3}, {b, 7}}, 2, 9));
	TRY(preadv2(fd, (struct iovec[]){{a, 3}}, 1, 0, 0));
	say("%s", a);
	TRY(preadv2(fd, (struct iovec[]){{a, 1}}, 1, -1, 0));
	TRY(lseek(fd, 0, SEEK_CUR));
	volatile int negative = -1;
	TRY(readv(fd, (struct iovec[]){{a, 1}}, negative));
	TRY(readv(fd, NULL, 0));
	TRY(pwrite(fd, "", 0, 100));
	TRY(lseek(fd, 0, SEEK_END));
}

static void holes(void)
{
	static char block[65536];
	int fd = must_open("f", O_RDWR | O_CREAT);
	struct stat st;
	char c[4] = "abc";

	memset(block, 'x', sizeof(block));
	TRY(pwrite(fd, block, sizeof(block), 0));
	TRY(pwrite(fd, block, sizeof(block), 16 << 20));
	fstat(fd, &st);
	say("size %ld, less than half allocated %d", (long)st.st_size, st.st_blocks * 512 < st.st_size / 2);
	TRY(lseek(fd, 0, SEEK_HOLE));
	TRY(lseek(fd, 65536, SEEK_DATA));
	TRY(lseek(fd, 5, SEEK_DATA));
	TRY(lseek(fd, st.st_size, SEEK_DATA));
	TRY(lseek(fd, st.st_size - 1, SEEK_HOLE));
	TRY(pread(fd, c, 3, 8 << 20));
	say("%d %d %d", c[0], c[1], c[2]);
	TRY(pwrite(fd, "end", 3, 5L << 30));
	TRY(lseek(fd, 0, SEEK_END));
	TRY(pread(fd, c, 4, 5L << 30));
	say("%.3s", c);
}

static void allocation(void)
{
	put("f", "0123456789");
	int fd = must_open("f", O_RDWR);
	char text[16] = {0};

	TRY(posix_fallocate(fd, 0, 100));
	TRY(lseek(fd, 0, SEEK_END));
	TRY(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 8192));
	TRY(lseek(fd, 0, SEEK_END));
	TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 2, 3));
	TRY(pread(fd, text, 10, 0));
	say("%.2s|%d%d%d|%.5s", text, text[2], text[3], text[4], text + 5);
	TRY(posix_fallocate(fd, 0, 0));
	TRY(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL));
	TRY(readahead(fd, 0, 100));
	TRY(fsync(fd));
	TRY(fdatasync(fd));
	TRY(syncfs(fd));
}

static void copies_in_the_kernel(void)
{
	put("f", "0123456789");
	put(outside("o"), "outside");
	int in = must_open("f", O_RDONLY), out = must_open("g", O_RDWR | O_CREAT), far = must_open(outside("o"), O_RDWR);
	off_t at = 2;
	int pipes[2];

	TRY(sendfile(out, in, &at, 4));
	say("at %ld", (long)at);
	TRY(sendfile(out, in, NULL, 3));
	TRY(lseek(in, 0, SEEK_CUR));
	show("g");
	TRY(sendfile(out, far, NULL, 100));
	show("g");
	at = 7;
	TRY(copy_file_range(in, &at, out, NULL, 100, 0));
	show("g");
	TRY(pipe(pipes));
	at = 1;
	TRY(splice(in, &at, pipes[1], NULL, 5, 0));
	TRY(splice(pipes[0], NULL, far, NULL, 5, 0));
	show(outside("o"));
	TRY(sendfile(pipes[1], in, NULL, 2));
	show_fd("pipe", pipes[0]);
}

static void maps(void)
{
	put("f", "0123456789");
	int fd = must_open("f", O_RDWR);
	char *p = mmap(NULL, 10, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), text[11] = {0};
	char *q = mmap(NULL, 10, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	if (p == MAP_FAILED || q == MAP_FAILED) {
		say("mmap: %s", strerrorname_np(errno));
		return;
	}
	say("mapped %.10s", p);
	p[0] = 'A';
	TRY(pread(fd, text, 10, 0));
	say("%s", text);
	TRY(pwrite(fd, "B", 1, 1));
	say("%.10s", p);
	q[5] = 'Q';
	TRY(pread(fd, text, 10, 0));
	say("%s %.10s", text, q + 5);
	TRY(msync(p, 10, MS_SYNC));
	TRY(lseek(fd, 2, SEEK_SET));
	TRY(write(fd, "C", 1));
	TRY(close(fd));
	say("%.10s", p);
	p[9] = 'Z';
	TRY(unlink("f"));
	say("%.10s", p);
	TRY(munmap(p, 10));
	fd = must_open("g", O_RDWR | O_CREAT);
	TRY(ftruncate(fd, 3 * 4096));
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 4096);
	strcpy(p, "second page");
	TRY(munmap(p, 4096));
	TRY(close(fd));
	fd = must_open("g", O_RDONLY);
	TRY(pread(fd, text, 10, 4096));
	say("%.10s", text);
	TRY(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	say("%s", strerrorname_np(errno));
}

static void map_seen_by_others(void)
{
	int fd = must_open("f", O_RDWR | O_CREAT);
	TRY(ftruncate(fd, 4096));
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED) {
		say("mmap: %s", strerrorname_np(errno));
		return;
	}
	pid_t pid = fork();
	if (pid == 0) {
		int own = open("f", O_RDWR);
		char *mine = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, own, 0);
		strcpy(mine, "from the child");
		_exit(0);
	}
	show_end(pid);
	say("%s", p);
	strcpy(p, "from the parent");
	msync(p, 4096, MS_SYNC);
	munmap(p, 4096);
	close(fd);
	pid = fork();
	if (pid == 0) {
		execl(self_path, self_path, "show", "f", NULL);
		_exit(1);
	}
	show_end(pid);
}

static int lock_in_child(int (*lock)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(lock() == 0 ? 0 : errno);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int try_flock(void)
{
	return flock(open("f", O_RDWR), LOCK_EX | LOCK_NB);
}

static int try_record(void)
{
	return fcntl(open("f", O_RDWR), F_SETLK, &(struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 5});
}

static int try_description(void)
{
	return fcntl(open("f", O_RDWR), F_OFD_SETLK, &(struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 5});
}

static const char *name_of(int error)
{
	return error == 0 ? "got it" : error < 0 ? "signal" : strerrorname_np(error);
}

static void locks(void)
{
	put("f", "0123456789");
	int fd = must_open("f", O_RDWR);
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 6};

	TRY(flock(fd, LOCK_EX));
	say("other process: %s", name_of(lock_in_child(try_flock)));
	TRY(flock(fd, LOCK_UN));
	say("other process: %s", name_of(lock_in_child(try_flock)));
	TRY(fcntl(fd, F_SETLK, &lock));
	say("other process: %s", name_of(lock_in_child(try_record)));
	lock.l_len = 5;
	lock.l_type = F_UNLCK;
	TRY(fcntl(fd, F_SETLK, &lock));
	say("other process: %s", name_of(lock_in_child(try_record)));
	lock.l_len = 0;
	TRY(fcntl(fd, F_SETLK, &lock));
	say("other process: %s", name_of(lock_in_child(try_record)));
	lock.l_type = F_WRLCK;
	TRY(fcntl(fd, F_OFD_SETLK, &lock));
	say("other process: %s", name_of(lock_in_child(try_description)));
	lock.l_type = F_UNLCK;
	TRY(fcntl(fd, F_OFD_SETLK, &lock));
	say("other process: %s", name_of(lock_in_child(try_description)));
	TRY(lseek(fd, 0, SEEK_SET));
	TRY(lockf(fd, F_TLOCK, 0));
	say("other process: %s", name_of(lock_in_child(try_record)));
	show_fd("content", fd);
}

static void asynchronous(void)
{
	char text[] = "asynchronous", back[16] = {0};
	int fd = must_open("f", O_RDWR | O_CREAT);
	struct aiocb cb = {.aio_fildes = fd, .aio_buf = text, .aio_nbytes = 12, .aio_offset = 3};
	const struct aiocb *list[] = {&cb};

	TRY(aio_write(&cb));
	TRY(aio_suspend(list, 1, NULL));
	TRY(aio_error(&cb));
	TRY(aio_return(&cb));
	cb.aio_buf = back;
	cb.aio_nbytes = 15;
	TRY(aio_read(&cb));
	TRY(aio_suspend(list, 1, NULL));
	TRY(aio_return(&cb));
	say("%s", back);
	show("f");
}

static void *write_stripe(void *arg)
{
	static __thread char block[4096];
	long n = (long)arg;
	int fd = open("f", O_RDWR);

	memset(block, 'a' + (int)n, sizeof(block));
	for (long i = n; i < 256; i += WRITERS)
		if (pwrite(fd, block, sizeof(block), i * 4096) != 4096)
			return (void *)1;
	for (long i = n; i < 256; i += WRITERS)
		if (pread(fd, block, sizeof(block), i * 4096) != 4096 || block[0] != 'a' + n || block[4095] != 'a' + n)
			return (void *)2;
	close(fd);
	return NULL;
}

static void threads(void)
{
	pthread_t ids[WRITERS];
	void *result;
	char c;
	int wrong = 0;

	put("f", "");
	for (long i = 0; i < WRITERS; i++)
		pthread_create(&ids[i], NULL, write_stripe, (void *)i);
	for (int i = 0; i < WRITERS; i++) {
		pthread_join(ids[i], &result);
		wrong += result != NULL;
	}
	say("threads that failed %d", wrong);
	int fd = must_open("f", O_RDONLY);
	for (int i = 0; i < 256; i++)
		wrong += pread(fd, &c, 1, i * 4096 + 17) != 1 || c != 'a' + i % WRITERS;
	say("wrong blocks %d", wrong);
	show_stat("f");
}

/* Of data only: POSIX leaves it open whether a function in the process finds a bad path or struct. */
static void bad_addresses(void)
{
	put("f", "0123456789");
	int fd = must_open("f", O_RDWR);
	/* Volatile, or the compiler sees it. */
	char *volatile bad = (char *)8;

	TRY(read(fd, bad, 4));
	TRY(write(fd, bad, 4));
	TRY(pread(fd, bad, 4, 0));
	show("f");
}

const struct check data_checks[] = {
    {"O_APPEND", appends},
    {"appends of 8 processes and 8 threads at once lose no line", appends_at_once},
    {"writes of 4 processes through one description lose no line", shared_offset_at_once},
    {"readv, writev and their relatives", vectors},
    {"holes", holes},
    {"fallocate, fsync and advice", allocation},
    {"sendfile, copy_file_range and splice", copies_in_the_kernel},
    {"mmap shares pages with read and write", maps},
    {"a shared mapping is seen by other processes", map_seen_by_others},
    {"flock, record locks and their owners", locks},
    {"POSIX asynchronous input and output", asynchronous},
    {"8 threads write stripes of one file", threads},
    {"a bad address is EFAULT", bad_addresses},
    {NULL, NULL},
};
