/* descriptors.c - opening, duplicates, flags, locks, passing on. See fuzz.h. */
#include "fuzz.h"

#include <linux/openat2.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* open PLACE PATH FLAGS MODE */
static void do_open(void)
{
	say_fd(place(0), open(path_of(1), (int)num(2), (mode_t)num(3)));
}

/* openat PLACE DIR PATH FLAGS MODE */
static void do_openat(void)
{
	say_fd(place(0), openat(fd_of(1), path_of(2), (int)num(3), (mode_t)num(4)));
}

/* openat2 PLACE DIR PATH FLAGS MODE RESOLVE */
static void do_openat2(void)
{
	struct open_how how = {.flags = (uint64_t)num(3), .mode = (uint64_t)num(4), .resolve = (uint64_t)num(5)};
	say_fd(place(0), (int)syscall(SYS_openat2, fd_of(1), path_of(2), &how, sizeof(how)));
}

static void do_creat(void)
{
	say_fd(place(0), creat(path_of(1), (mode_t)num(2)));
}

/* reopen PLACE FD FLAGS [WAY]: through the name that proc(5) has for it */
static void do_reopen(void)
{
	char path[64];
	snprintf(path, sizeof(path), num(3) ? "/dev/fd/%d" : "/proc/self/fd/%d", fd_of(1));
	say_fd(place(0), open(path, (int)num(2), 0644));
}

static void do_readlink_fd(void)
{
	char path[64], value[PATH_MAX];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd_of(0));
	ssize_t n = readlink(path, value, sizeof(value) - 1);
	if (n < 0)
		say_result(n);
	else {
		value[n] = 0;
		/* The name of an unnamed file is the file system's own. */
		say_path(strstr(value, "/#") ? "unnamed" : value);
	}
}

static void do_close(void)
{
	say_result(close(fd_of(0)));
}

/* close_range FIRST LAST FLAGS; what the workers need stays open */
static void do_close_range(void)
{
	long last = num(1);
	say_result(close_range((unsigned int)num(0), (unsigned int)(last >= CONTROL_FD ? CONTROL_FD - 1 : last), (int)num(2)));
}

static void do_dup(void)
{
	say_fd(place(0), dup(fd_of(1)));
}

static void do_dup2(void)
{
	say_fd(place(0), dup2(fd_of(1), (int)num(2)));
}

/* dup2_over PLACE FD OTHER: over a descriptor that is kept */
static void do_dup2_over(void)
{
	say_fd(place(0), dup2(fd_of(1), fd_of(2)));
}

static void do_dup3(void)
{
	say_fd(place(0), dup3(fd_of(1), (int)num(2), (int)num(3)));
}

/* dupfd PLACE FD MIN CLOEXEC */
static void do_dupfd(void)
{
	say_fd(place(0), fcntl(fd_of(1), num(3) ? F_DUPFD_CLOEXEC : F_DUPFD, (int)num(2)));
}

static void do_getfl(void)
{
	int r = fcntl(fd_of(0), F_GETFL);
	r == -1 ? (void)say_result(r) : say(" %#o", r);
}

static void do_setfl(void)
{
	say_result(fcntl(fd_of(0), F_SETFL, (int)num(1)));
}

static void do_getfd(void)
{
	say_result(fcntl(fd_of(0), F_GETFD));
}

static void do_setfd(void)
{
	say_result(fcntl(fd_of(0), F_SETFD, (int)num(1)));
}

static void do_isatty(void)
{
	errno = 0;
	int r = isatty(fd_of(0));
	say(" %d %s", r, strerrorname_np(errno) ?: "0");
}

static void do_fionread(void)
{
	int n = -1;
	if (say_result(ioctl(fd_of(0), FIONREAD, &n)) == 0)
		say(" %d", n);
}

static void do_fioclex(void)
{
	say_result(ioctl(fd_of(0), num(1) ? FIOCLEX : FIONCLEX));
}

static void do_poll(void)
{
	struct pollfd p = {fd_of(0), (short)num(1), 0};
	int r = poll(&p, 1, 0);
	say(" %d %#x", r, p.revents);
}

static void do_select(void)
{
	fd_set in, out;
	int fd = fd_of(0);
	struct timeval none = {0, 0};

	FD_ZERO(&in);
	FD_ZERO(&out);
	if (fd < 0)
		return;
	FD_SET(fd, &in);
	FD_SET(fd, &out);
	say_result(select(fd + 1, &in, &out, NULL, &none));
	say(" %d %d", FD_ISSET(fd, &in), FD_ISSET(fd, &out));
}

static void do_epoll(void)
{
	int e = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event ev = {.events = EPOLLIN};
	say_result(epoll_ctl(e, EPOLL_CTL_ADD, fd_of(0), &ev));
	say_result(epoll_ctl(e, EPOLL_CTL_MOD, fd_of(0), &ev));
	say_result(epoll_ctl(e, EPOLL_CTL_DEL, fd_of(0), &ev));
	close(e);
}

/* ---- locks; none of these waits ---- */

static void do_flock(void)
{
	say_result(flock(fd_of(0), (int)num(1) | LOCK_NB));
}

static struct flock range(void)
{
	return (struct flock){.l_type = (short)num(1), .l_whence = (short)num(2), .l_start = num(3), .l_len = num(4)};
}

/* setlk FD TYPE WHENCE START LENGTH */
static void do_setlk(void)
{
	struct flock l = range();
	say_result(fcntl(fd_of(0), F_SETLK, &l));
}

static void do_ofd_setlk(void)
{
	struct flock l = range();
	say_result(fcntl(fd_of(0), F_OFD_SETLK, &l));
}

static void say_lock(int r, const struct flock *l)
{
	if (say_result(r) == 0)
		say(" type %d whence %d start %ld length %ld", l->l_type, l->l_whence, (long)l->l_start, (long)l->l_len);
}

static void do_getlk(void)
{
	struct flock l = range();
	int r = fcntl(fd_of(0), F_GETLK, &l);
	say_lock(r, &l);
}

static void do_ofd_getlk(void)
{
	struct flock l = range();
	int r = fcntl(fd_of(0), F_OFD_GETLK, &l);
	say_lock(r, &l);
}

/* lockf FD COMMAND LENGTH; F_LOCK would wait */
static void do_lockf(void)
{
	int command = (int)num(1);
	say_result(lockf(fd_of(0), command == F_LOCK ? F_TLOCK : command, num(2)));
}

/* ---- to other processes ---- */

/* send WORKER FD */
static void do_send(void)
{
	char room[CMSG_SPACE(sizeof(int))] = {0}, byte = 'x';
	struct iovec v = {&byte, 1};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room)};
	int fd = fd_of(1);

	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	*c = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	say_result(sendmsg(SEND_FD + ((int)num(0) & (WORKERS - 1)), &m, MSG_DONTWAIT));
}

/* receive PLACE */
static void do_receive(void)
{
	char room[CMSG_SPACE(sizeof(int))] = {0}, byte = 0;
	struct iovec v = {&byte, 1};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room)};
	int fd = -1;

	ssize_t n = recvmsg(RECEIVE_FD + me.number, &m, MSG_DONTWAIT);
	struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&m);
	if (n < 0)
		say_result(n);
	if (!c)
		return;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	say_fd(place(0), fd);
}

const struct call descriptor_calls[] = {
    {"open", do_open}, {"openat", do_openat}, {"openat2", do_openat2}, {"creat", do_creat}, {"reopen", do_reopen},
    {"readlink_fd", do_readlink_fd}, {"close", do_close}, {"close_range", do_close_range}, {"dup", do_dup},
    {"dup2", do_dup2}, {"dup2_over", do_dup2_over}, {"dup3", do_dup3}, {"dupfd", do_dupfd}, {"getfl", do_getfl},
    {"setfl", do_setfl}, {"getfd", do_getfd}, {"setfd", do_setfd}, {"isatty", do_isatty}, {"fionread", do_fionread},
    {"fioclex", do_fioclex}, {"poll", do_poll}, {"select", do_select}, {"epoll", do_epoll}, {"flock", do_flock},
    {"setlk", do_setlk}, {"ofd_setlk", do_ofd_setlk}, {"getlk", do_getlk}, {"ofd_getlk", do_ofd_getlk},
    {"lockf", do_lockf}, {"send", do_send}, {"receive", do_receive}, {NULL, NULL},
};
