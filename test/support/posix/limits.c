/* limits.c - as many descriptors as the program may have, and calls when there is none left. */
#include "check.h"

#include <dirent.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

static bool allow(rlim_t soft, rlim_t hard)
{
	struct rlimit limit = {soft, hard};

	return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

/* ---- many ---- */

#define MANY      100000
#define INHERITED 99

static void many(void)
{
	static int fds[MANY];
	char name[16], c;
	long rising = 0, written = 0, placed = 0, right = 0, closed = 0;
	struct rlimit now;
	int most = MANY;

	/* As many as the machine lets us have. */
	if (!allow(MANY + 100, MANY + 100) && getrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_max < MANY + 100) {
		most = (int)now.rlim_max - 100;
		allow(now.rlim_max, now.rlim_max);
	}
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "f%02d", i);
		put(name, "0123456789");
	}
	for (int i = 0; i < most; i++) {
		snprintf(name, sizeof(name), "f%02d", i % 100);
		fds[i] = open(name, O_RDWR);
		rising += fds[i] > (i == 0 ? 2 : fds[i - 1]);
	}
	TRY(rising);
	/* The lowest that is free: what is passed over was open at the start, or is one of the few of a shim. */
	TRY(fds[most - 1] < most + 2 + INHERITED);
	/* Each has an offset of its own. */
	for (int i = 0; i < most; i++)
		placed += lseek(fds[i], i % 10, SEEK_SET) == i % 10;
	TRY(placed);
	for (int i = 0; i < most; i++)
		right += read(fds[i], &c, 1) == 1 && c == '0' + i % 10;
	TRY(right);
	for (int i = most - 100; i < most; i++)
		written += pwrite(fds[i], "w", 1, i % 10) == 1;
	TRY(written);
	pid_t pid = fork();
	if (pid == 0) { /* they are the child's too, at the same places */
		bool last = read(fds[most - 2], &c, 1) == 1 && c == '0' + (most - 2) % 10 + 1;
		bool first = read(fds[0], &c, 1) == 1 && c == '1';
		_exit(!first + 2 * !last);
	}
	show_end(pid);
	TRY(lseek(fds[most - 2], 0, SEEK_CUR));
	TRY(open("f00", O_RDWR) > fds[most - 1]);
	for (int i = 0; i < most; i++)
		closed += close(fds[i]) == 0;
	TRY(closed);
	TRY(open("f00", O_RDWR) == fds[0]);
	show("f99");
}

/* ---- none left ---- */

/* Opens until there is no number left. How many below \a limit were had. */
static int use_up(int limit)
{
	int n = 0, fd;

	while ((fd = open("f", O_RDWR)) >= 0)
		n++;
	say("open: %s, all numbers in use %d", strerrorname_np(errno), n + 5 == limit);
	return n;
}

/* What needs no number works on, what needs one says EMFILE, one that is closed can be had again. */
static void calls_without_a_number(int file, int dir, bool all)
{
	char text[16] = {0};
	struct stat st;
	struct pollfd ask = {file, POLLIN | POLLOUT, 0};
	struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};

	TRY(read(file, text, 4));
	say("%s", text);
	TRY(pread(file, text, 10, 0));
	say("%s", text);
	TRY(write(file, "W", 1));
	TRY(lseek(file, 0, SEEK_CUR));
	TRY(fstat(file, &st));
	TRY(stat("f", &st));
	TRY(stat("d/none", &st));
	TRY(access("d", R_OK));
	TRY(mkdir("d/e", 0755));
	TRY(rename("d/e", "d/g"));
	TRY(rmdir("d/g"));
	TRY(symlink("f", "l"));
	TRY(readlink("l", text, sizeof(text)));
	TRY(stat("l", &st));
	TRY(link("f", "h"));
	TRY(unlink("h"));
	TRY(unlink("l"));
	TRY(chmod("f", 0600));
	TRY(truncate("f", 9));
	TRY(setxattr("f", "user.x", "v", 1, 0));
	TRY(getxattr("f", "user.x", text, sizeof(text)));
	if (all)
		TRY(fsync(file));
	TRY(poll(&ask, 1, 0));
	TRY(fcntl(file, F_GETFL) & O_ACCMODE);
	TRY(ftruncate(file, 8));
	if (all) {
		TRY(flock(file, LOCK_EX));
		TRY(flock(file, LOCK_UN));
		TRY(fcntl(file, F_SETLK, &range));
		void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
		say("mmap: %s", at == MAP_FAILED ? strerrorname_np(errno) : "mapped");
		if (at != MAP_FAILED)
			say("%.8s", (char *)at);
	}
	TRY(fchdir(dir));
	TRY(chdir(".."));
	TRY(dup(file));
	TRY(openat(dir, "new", O_CREAT | O_RDWR, 0644));
	TRY(stat("d/new", &st));
	TRY(fcntl(file, F_DUPFD, 0));
	say("opendir: %s", opendir("d") ? "opened" : strerrorname_np(errno));
	say("fopen: %s", fopen("f", "r") ? "opened" : strerrorname_np(errno));
	TRY(close(file));
	TRY(open("f", O_RDWR) == file);
}

static void none_left(bool hard_too, bool used_before)
{
	int limit = 200;

	if (!used_before && !allow(limit, hard_too ? limit : 4096))
		say("not allowed");
	put("f", "0123456789");
	mkdir("d", 0755);
	int file = must_open("f", O_RDWR), dir = must_open("d", O_RDONLY | O_DIRECTORY);
	if (used_before && !allow(limit, hard_too ? limit : 4096))
		say("not allowed");
	if (hard_too && !used_before) {
		/* Whoever lives in the process takes its numbers from those that are there. */
		int n = 0;
		while (open("f", O_RDWR) >= 0)
			n++;
		say("open: %s, nearly all numbers in use %d", strerrorname_np(errno), n + 5 + 32 >= limit);
	} else
		use_up(limit);
	/* A hard limit that is lowered under numbers in use leaves none for who has to open a file on the way. */
	calls_without_a_number(file, dir, !(hard_too && used_before));
}

static void hard_limit(void)
{
	none_left(true, true);
}

static void hard_limit_from_the_start(void)
{
	none_left(true, false);
}

static void soft_limit(void)
{
	none_left(false, true);
}

/* ---- readiness, passing on, proc(5) ---- */

static void ready(void)
{
	struct epoll_event event = {.events = EPOLLIN};
	struct pollfd asks[3];
	struct timeval none = {0};
	fd_set in, out;
	int pipes[2];
	sigset_t empty;

	put("f", "0123456789");
	mkdir("d", 0755);
	int file = must_open("f", O_RDONLY), dir = must_open("d", O_RDONLY), place = must_open("f", O_PATH);
	pipe(pipes);
	int set = epoll_create1(0);

	for (int i = 0; i < 3; i++)
		asks[i] = (struct pollfd){i == 0 ? file : i == 1 ? dir : place, POLLIN | POLLOUT | POLLPRI, 0};
	TRY(poll(asks, 3, -1));
	say("%x %x %x", asks[0].revents, asks[1].revents, asks[2].revents);
	sigemptyset(&empty);
	TRY(ppoll(asks, 2, NULL, &empty));
	say("%x %x", asks[0].revents, asks[1].revents);
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(file, &in);
	FD_SET(pipes[0], &in);
	FD_SET(file, &out);
	TRY(select(pipes[0] + 1, &in, &out, NULL, NULL));
	say("file in %d out %d, pipe %d", FD_ISSET(file, &in), FD_ISSET(file, &out), FD_ISSET(pipes[0], &in));
	FD_ZERO(&in);
	FD_SET(dir, &in);
	TRY(pselect(dir + 1, &in, NULL, NULL, &(struct timespec){0}, &empty));
	/* Not of a regular file: FUSE's can be polled. */
	TRY(epoll_ctl(set, EPOLL_CTL_ADD, dir, &event));
	TRY(epoll_ctl(set, EPOLL_CTL_ADD, place, &event));
	TRY(epoll_ctl(set, EPOLL_CTL_DEL, dir, &event));
	TRY(epoll_ctl(file, EPOLL_CTL_ADD, pipes[0], &event));
	TRY(epoll_ctl(set, EPOLL_CTL_ADD, pipes[0], &event));
	TRY(epoll_wait(set, &event, 1, 0));
	close(file);
	asks[0].fd = file;
	TRY(poll(asks, 1, 0));
	say("%x", asks[0].revents);
	FD_ZERO(&in);
	FD_SET(file, &in);
	TRY(select(file + 1, &in, NULL, NULL, &none));
}

/* Several at once, received by a process that opened nothing itself. */
static void passed_together(void)
{
	int pair[2], sent[3], got[3] = {-1, -1, -1};
	union {
		char room[CMSG_SPACE(sizeof(sent))];
		struct cmsghdr align;
	} control = {{0}};
	char byte = 'x';
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {
	    .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof(control.room)};

	put("f", "0123456789");
	mkdir("d", 0755);
	socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
	pid_t pid = fork();
	if (pid == 0) {
		char text[4] = {0};
		struct stat st;
		if (recvmsg(pair[0], &msg, MSG_CMSG_CLOEXEC) != 1)
			_exit(1);
		memcpy(got, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(got));
		say("close-on-exec %d %d %d", fcntl(got[0], F_GETFD), fcntl(got[1], F_GETFD), fcntl(got[2], F_GETFD));
		TRY(read(got[0], text, 3));
		say("%s", text);
		TRY(write(got[1], "appended", 8));
		TRY(fstat(got[2], &st));
		TRY(mkdirat(got[2], "by-the-receiver", 0755));
		TRY(fchdir(got[2]));
		TRY(close(got[0]));
		_exit(0);
	}
	sent[0] = must_open("f", O_RDONLY);
	sent[1] = must_open("a", O_WRONLY | O_APPEND | O_CREAT);
	sent[2] = must_open("d", O_RDONLY | O_DIRECTORY);
	lseek(sent[0], 4, SEEK_SET);
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	*c = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(sent))};
	memcpy(CMSG_DATA(c), sent, sizeof(sent));
	ssize_t n = sendmsg(pair[1], &msg, 0);
	show_end(pid);
	say("sent %zd", n);
	TRY(lseek(sent[0], 0, SEEK_CUR));
	TRY(write(sent[1], " more", 5));
	show("a");
	show_names("d");
}

static void through_proc(void)
{
	char path[64], text[16] = {0}, target[256];
	struct stat st, other;
	struct dirent *e;
	int numbers = 0;

	put("f", "0123456789");
	int file = must_open("f", O_RDWR);
	lseek(file, 5, SEEK_SET);
	DIR *dir = opendir("/proc/self/fd");
	while ((e = readdir(dir)))
		numbers += atoi(e->d_name) == file && e->d_name[0] != '.';
	closedir(dir);
	say("listed %d", numbers);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), file);
	TRY(stat(path, &st));
	fstat(file, &other);
	say("same %d", st.st_ino == other.st_ino && st.st_dev == other.st_dev);
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = 0;
	say("leads to f %d", n > 1 && strcmp(target + n - 2, "/f") == 0);
	int again = open(path, O_RDONLY);
	TRY(read(again, text, 3));
	say("%s, from its own start", text);
	snprintf(path, sizeof(path), "/proc/thread-self/fd/%d", file);
	TRY(access(path, R_OK));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	TRY(truncate(path, 7));
	TRY(chmod(path, 0640));
	unlink("f");
	again = open(path, O_RDWR);
	TRY(write(again, "gone", 4));
	TRY(pread(file, text, 7, 0));
	say("%s", text);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", file);
	FILE *info = fopen(path, "r");
	unsigned long at = 99;
	say("fdinfo %d", info != NULL);
	snprintf(path, sizeof(path), "cat /dev/fd/%d", file);
	TRY(system(path));
}

const struct check limit_checks[] = {
    {"a hundred thousand open files", many},
    {"no number left: the hard limit, set later", hard_limit},
    {"no number left: the hard limit, from the start", hard_limit_from_the_start},
    {"no number left: the soft limit", soft_limit},
    {"poll, select and epoll take files as the kernel does", ready},
    {"several descriptors passed in one message", passed_together},
    {"descriptors by the names of proc(5)", through_proc},
    {NULL, NULL},
};
