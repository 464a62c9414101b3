/* descriptors.c - what POSIX says of file descriptors and open file descriptions. */
#include "check.h"

#include <dirent.h>
#include <limits.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static void duplicates(void)
{
	put("f", "0123456789");
	put("g", "abcdefghij");
	int a = must_open("f", O_RDWR), b = must_open("g", O_RDWR), d;
	char c;

	d = (int)TRY(dup(a));
	TRY(lseek(a, 3, SEEK_SET));
	TRY(lseek(d, 0, SEEK_CUR));
	TRY(read(d, &c, 1));
	say("%c", c);
	TRY(lseek(a, 0, SEEK_CUR));
	TRY(dup2(a, b));
	TRY(lseek(b, 0, SEEK_CUR));
	TRY(dup2(a, a));
	TRY(dup2(99, a));
	TRY(dup2(a, -1));
	TRY(dup3(a, a, 0));
	TRY(dup3(a, 20, O_CLOEXEC));
	TRY(fcntl(20, F_GETFD));
	TRY(fcntl(a, F_GETFD));
	TRY(fcntl(a, F_DUPFD, 30));
	TRY(fcntl(a, F_DUPFD, 30));
	TRY(fcntl(a, F_DUPFD_CLOEXEC, 30));
	TRY(fcntl(32, F_GETFD));
	TRY(close(a));
	TRY(read(30, &c, 1));
	say("%c", c);
	TRY(read(a, &c, 1));
	TRY(close(a));
	TRY(write(31, "Z", 1));
	TRY(lseek(d, 0, SEEK_CUR));
	show("f");
}

static void flags_of_descriptions(void)
{
	put("f", "base");
	int a = must_open("f", O_RDWR | O_CLOEXEC), d = dup(a), r = must_open("f", O_RDONLY), w = must_open("f", O_WRONLY | O_APPEND);

	TRY(fcntl(a, F_GETFD));
	TRY(fcntl(d, F_GETFD));
	TRY(fcntl(a, F_GETFL) & O_ACCMODE);
	TRY(fcntl(r, F_GETFL) & O_ACCMODE);
	TRY(fcntl(w, F_GETFL) & (O_ACCMODE | O_APPEND | O_CREAT | O_TRUNC | O_EXCL));
	TRY(fcntl(a, F_SETFL, O_APPEND | O_NONBLOCK));
	TRY(fcntl(d, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
	TRY(lseek(a, 0, SEEK_SET));
	TRY(write(d, "+1", 2));
	TRY(lseek(a, 0, SEEK_CUR));
	show("f");
	TRY(fcntl(d, F_SETFL, 0));
	TRY(lseek(a, 0, SEEK_SET));
	TRY(write(a, "B", 1));
	show("f");
	TRY(fcntl(d, F_SETFD, FD_CLOEXEC));
	TRY(fcntl(d, F_GETFD));
	TRY(fcntl(99, F_GETFL));
	TRY(isatty(a));
}

static void lowest_number(void)
{
	int pipes[2];

	put("f", "f");
	TRY(open("f", O_RDONLY));
	TRY(open("f", O_RDONLY));
	TRY(open("none", O_RDONLY));
	TRY(open("new", O_CREAT | O_WRONLY, 0644));
	TRY(close(3));
	TRY(open(".", O_RDONLY));
	TRY(close(4));
	TRY(pipe(pipes));
	say("pipe %d %d", pipes[0], pipes[1]);
	TRY(open("f", O_RDONLY));
	TRY(close(0));
	TRY(open("f", O_RDONLY));
	TRY(dup(3));
	TRY(close(pipes[0]));
	TRY(open("/dev/null", O_RDONLY));
	TRY(open("f", O_RDONLY));
}

/* Opens, duplicates and closes in an order that is the same each time, of files of both kinds. */
static void numbers(void)
{
	int open_now[24], nr = 0;
	unsigned int state = 1;

	put("f", "f");
	for (int step = 0; step < 2000; step++) {
		state = state * 1103515245 + 12345;
		unsigned int what = state >> 16 & 7, which = state >> 20;
		if (nr == 24 || (nr && what < 4)) {
			int at = (int)(which % (unsigned int)nr);
			int rc = close(open_now[at]);
			if (rc)
				say("close %d: %d", open_now[at], rc);
			open_now[at] = open_now[--nr];
			continue;
		}
		int fd = what == 5   ? open("/dev/null", O_RDONLY)
		         : what == 6 && nr ? dup(open_now[which % (unsigned int)nr])
		                     : open("f", O_RDONLY | (what == 7 ? O_CLOEXEC : 0));
		say("%d %d", step, fd);
		open_now[nr++] = fd;
	}
}

static void closed(void)
{
	char c;
	struct stat st;

	put("f", "f");
	int fd = must_open("f", O_RDWR);
	TRY(close(fd));
	TRY(close(fd));
	TRY(read(fd, &c, 1));
	TRY(write(fd, &c, 1));
	TRY(pread(fd, &c, 1, 0));
	TRY(pwrite(fd, &c, 1, 0));
	TRY(lseek(fd, 0, SEEK_SET));
	TRY(fstat(fd, &st));
	TRY(ftruncate(fd, 0));
	TRY(fsync(fd));
	TRY(dup(fd));
	TRY(fchmod(fd, 0600));
	TRY(fchdir(fd));
	TRY(openat(fd, "x", O_RDONLY));
	TRY(fcntl(fd, F_GETFL));
	TRY(read(-1, &c, 1));
}

static void wrong_mode(void)
{
	char c = 'x';

	put("f", "f");
	int r = must_open("f", O_RDONLY), w = must_open("f", O_WRONLY), p = must_open("f", O_PATH);
	struct stat st;
	TRY(write(r, &c, 1));
	TRY(pwrite(r, &c, 1, 0));
	TRY(read(w, &c, 1));
	TRY(pread(w, &c, 1, 0));
	TRY(read(p, &c, 1));
	TRY(write(p, &c, 1));
	TRY(fstat(p, &st));
	TRY(fchmod(p, 0600));
	TRY(lseek(p, 0, SEEK_SET));
	TRY(fcntl(p, F_GETFL) & O_PATH);
	TRY(read(r, &c, 0));
	TRY(lseek(r, -1, SEEK_SET));
	TRY(lseek(r, -2, SEEK_CUR));
	TRY(lseek(r, 0, 99));
	TRY(lseek(r, 1, SEEK_END));
	TRY(read(r, &c, 1));
	TRY(pread(r, &c, 1, -1));
}

static void close_ranges(void)
{
	put("f", "f");
	for (int i = 0; i < 8; i++)
		must_open("f", O_RDWR);
	TRY(close_range(4, 6, 0));
	TRY(fcntl(3, F_GETFD));
	TRY(fcntl(5, F_GETFD));
	TRY(fcntl(7, F_GETFD));
	TRY(close_range(3, ~0u, CLOSE_RANGE_CLOEXEC));
	TRY(fcntl(7, F_GETFD));
	show("f");
	TRY(close_range(3, ~0u, 0));
	TRY(fcntl(7, F_GETFD));
	show("f");
	TRY(open("f", O_RDWR));
	closefrom(3);
	TRY(fcntl(3, F_GETFD));
	show("f");
	for (int fd = 3; fd < 70000; fd++)
		close(fd);
	show("f");
	TRY(open("f", O_RDWR));
	TRY(close_range(6, 5, 0));
}

static void shared_over_fork(void)
{
	put("f", "0123456789");
	int fd = must_open("f", O_RDWR);
	char c;

	TRY(read(fd, &c, 1));
	pid_t pid = fork();
	if (pid == 0) {
		char text[3] = {0};
		if (read(fd, text, 2) != 2)
			_exit(1);
		say("child read %s", text);
		close(fd);
		_exit(0);
	}
	show_end(pid);
	TRY(read(fd, &c, 1));
	say("%c", c);
	pid = fork();
	if (pid == 0)
		_exit(lseek(fd, 8, SEEK_SET) == 8 ? 0 : 1);
	show_end(pid);
	TRY(lseek(fd, 0, SEEK_CUR));
	pid = fork();
	if (pid == 0)
		_exit(fcntl(fd, F_SETFL, O_APPEND) == 0 ? 0 : 1);
	show_end(pid);
	TRY(fcntl(fd, F_GETFL) & O_APPEND);
	TRY(write(fd, "+", 1));
	show("f");
}

static void limit(bool touched, rlim_t hard)
{
	struct rlimit limits;
	int n = 0;

	if (touched)
		put("f", "f");
	getrlimit(RLIMIT_NOFILE, &limits);
	limits.rlim_cur = 20;
	if (hard != 0)
		limits.rlim_max = hard;
	TRY(setrlimit(RLIMIT_NOFILE, &limits));
	if (!touched)
		put("f", "f");
	while (open("f", O_RDONLY) >= 0)
		n++;
	say("%s after %d", strerrorname_np(errno), n);
	TRY(dup(3));
	TRY(close(10));
	TRY(open("f", O_RDONLY));
	TRY(fcntl(3, F_DUPFD, 20));
	TRY(dup2(3, 20));
}

static void limit_after_use(void)
{
	limit(true, 20);
}

static void soft_limit_before_use(void)
{
	limit(false, 0);
}

static void proc_fd(void)
{
	char path[64], value[PATH_MAX], here[PATH_MAX], *name;

	put("f", "0123456789");
	int fd = must_open("f", O_RDWR);
	lseek(fd, 4, SEEK_SET);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(path, value, sizeof(value) - 1);
	value[n < 0 ? 0 : n] = 0;
	name = realpath("f", here);
	say("readlink gives its path %d", name && strcmp(name, value) == 0);
	int again = (int)TRY(open(path, O_RDONLY));
	show_fd("opened again", again);
	snprintf(path, sizeof(path), "/dev/fd/%d", fd);
	again = (int)TRY(open(path, O_WRONLY | O_TRUNC));
	TRY(write(again, "new", 3));
	show("f");
	struct stat a, b;
	fstat(fd, &a);
	TRY(stat(path, &b));
	say("the same file %d", a.st_ino == b.st_ino && a.st_dev == b.st_dev);
	TRY(dup2(fd, 0));
	TRY(lseek(0, 0, SEEK_SET));
	show("/dev/stdin");
	int dir = must_open(".", O_RDONLY);
	snprintf(path, sizeof(path), "/proc/self/fd/%d/f", dir);
	show(path);
	show("/proc/self/cwd/f");
}

static void readiness(void)
{
	put("f", "f");
	int fd = must_open("f", O_RDWR);
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};
	fd_set set;

	TRY(poll(&p, 1, 1000));
	say("events %x", p.revents);
	FD_ZERO(&set);
	FD_SET(fd, &set);
	TRY(select(fd + 1, &set, NULL, NULL, &(struct timeval){.tv_sec = 1}));
	/* epoll is left out: it refuses a regular file, but the kernel lets any file of a FUSE mount in. */
}

static void passed_over_socket(void)
{
	int pair[2];
	char control[CMSG_SPACE(sizeof(int))] = {0}, byte = 'x';
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};

	put("f", "0123456789");
	TRY(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	pid_t pid = fork();
	if (pid == 0) {
		close(pair[0]);
		/* Opened after the fork: the receiver knows nothing of it but what arrives. */
		int fd = must_open("f", O_RDWR);
		lseek(fd, 4, SEEK_SET);
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
		if (sendmsg(pair[1], &msg, 0) != 1 || read(pair[1], &byte, 1) != 1)
			_exit(1);
		say("sender is at %ld", (long)lseek(fd, 0, SEEK_CUR));
		if (write(fd, "S", 1) != 1 || write(pair[1], "y", 1) != 1)
			_exit(2);
		_exit(0);
	}
	close(pair[1]);
	TRY(recvmsg(pair[0], &msg, 0));
	int fd;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	char two[3] = {0};
	TRY(read(fd, two, 2));
	say("received reads %s", two);
	if (write(pair[0], "g", 1) != 1 || read(pair[0], &byte, 1) != 1)
		say("the sender is gone");
	TRY(lseek(fd, 0, SEEK_CUR));
	show_end(pid);
	show("f");
}

static void by_number(void)
{
	char text[16] = {0};
	struct stat st;

	put("f", "0123456789");
	int fd = must_open("f", O_RDWR);
	TRY(syscall(SYS_read, fd, text, 3));
	say("%s", text);
	TRY(read(fd, text, 2));
	say("%s", text);
	TRY(syscall(SYS_pwrite64, fd, "X", 1, 9));
	TRY(syscall(SYS_lseek, fd, 0, SEEK_CUR));
	int other = (int)TRY(syscall(SYS_openat, AT_FDCWD, "f", O_RDWR, 0));
	TRY(pread(other, text, 10, 0));
	say("%s", text);
	TRY(syscall(SYS_newfstatat, AT_FDCWD, "f", &st, 0));
	say("size %ld", (long)st.st_size);
	TRY(syscall(SYS_unlinkat, AT_FDCWD, "f", 0));
	TRY(access("f", F_OK));
	TRY(syscall(SYS_close, fd));
	TRY(read(fd, text, 1));
}

/* Whatever keeps a number for the next open must not show: not to calls on it, not to those that make others. */
static void closed_numbers(void)
{
	struct pollfd ask;
	struct stat st;
	int two[2], low = must_open("f", O_RDWR | O_CREAT);
	char c;

#define CLOSED(what)                          \
	do {                                  \
		int fd_ = must_open("f", O_RDWR); \
		close(fd_);                   \
		what;                         \
	} while (0)
	CLOSED(TRY(read(fd_, &c, 1)));
	CLOSED(TRY(fstat(fd_, &st)));
	CLOSED(TRY(close(fd_)));
	CLOSED(TRY(dup(fd_)));
	CLOSED(TRY(dup2(fd_, 100)));
	CLOSED(TRY(fcntl(fd_, F_GETFD)));
	CLOSED(TRY(lseek(fd_, 0, SEEK_CUR)));
	CLOSED(TRY(flock(fd_, LOCK_EX)));
	CLOSED((ask = (struct pollfd){fd_, POLLIN, 0}, TRY(poll(&ask, 1, 0)), say("revents %x", ask.revents)));
	CLOSED(say("open outside %d", open("/dev/null", O_RDONLY) == fd_));
	CLOSED(say("dup %d", dup(low) == fd_));
	CLOSED(say("F_DUPFD %d", fcntl(low, F_DUPFD, 0) == fd_));
	CLOSED((TRY(pipe(two)), say("pipe %d %d", two[0] == fd_, two[1] == fd_ + 1)));
	CLOSED(say("socket %d", socket(AF_UNIX, SOCK_STREAM, 0) == fd_));
	CLOSED(say("memfd %d", memfd_create("m", 0) == fd_));
	CLOSED(say("epoll %d", epoll_create1(0) == fd_));
	CLOSED(say("fopen outside %d", fileno(fopen("/dev/null", "r")) == fd_));
	CLOSED(say("opendir outside %d", dirfd(opendir("/")) == fd_));
	CLOSED((TRY(dup2(low, fd_) == fd_), TRY(read(fd_, &c, 1)), say("again %d", must_open("f", O_RDONLY) == fd_ + 1)));
	CLOSED((close(low), say("one lower %d", (low = must_open("f", O_RDWR)) < fd_), say("then %d", must_open("f", O_RDWR) == fd_)));
	CLOSED((close_range(fd_, fd_, 0), say("close_range %d", must_open("f", O_RDWR) == fd_)));
	int plain = must_open("f", O_RDWR);
	close(plain);
	int hidden = must_open("f", O_RDWR | O_CLOEXEC);
	say("close-on-exec %d same %d", fcntl(hidden, F_GETFD), hidden == plain);
	close(hidden);
	plain = must_open("f", O_RDWR);
	say("and not %d", fcntl(plain, F_GETFD));
	fcntl(plain, F_SETFD, FD_CLOEXEC);
	close(plain);
	say("nor after F_SETFD %d", fcntl(must_open("f", O_RDWR), F_GETFD));
	CLOSED({
		pid_t pid = fork();
		if (pid == 0)
			_exit(fcntl(fd_, F_GETFD) == -1 && open("f", O_RDONLY) == fd_ ? 0 : 1);
		show_end(pid);
		char script[64];
		snprintf(script, sizeof(script), "test ! -e /proc/self/fd/%d", fd_);
		say("a child has it not %d", system(script));
	});
}

const struct check descriptor_checks[] = {
    {"a closed number is free at once", closed_numbers},
    {"dup, dup2, dup3 and F_DUPFD share offset and flags", duplicates},
    {"status flags belong to the description, close-on-exec to the descriptor", flags_of_descriptions},
    {"open gives the lowest free number", lowest_number},
    {"opens and closes in any order give the kernel's numbers", numbers},
    {"a closed descriptor is EBADF", closed},
    {"a descriptor allows what it was opened for", wrong_mode},
    {"close_range, closefrom and closing every number leave files reachable", close_ranges},
    {"offset and flags are shared over fork", shared_over_fork},
    {"RLIMIT_NOFILE is the program's, set after the first use", limit_after_use},
    {"RLIMIT_NOFILE is the program's, the soft one set before the first use", soft_limit_before_use},
    {"/proc/self/fd and /dev/fd", proc_fd},
    {"poll and select", readiness},
    {"a descriptor passed over a socket shares the offset", passed_over_socket},
    {"syscall(2) by number sees the same files", by_number},
    {NULL, NULL},
};
