/*
 * dfskit-watch - unmounts what `dfskit run` mounted for a program, once that program has ended.
 *
 *   dfskit-watch PID USERS_FD TURN_FD MOUNT_ID DIR
 *
 * `dfskit run` becomes the program by execve, so it cannot clean up after itself: this process does.
 * It is no child of the program (which may wait for any child) and holds none of its descriptors.
 * Several runs on a node may share the mount. Each has a watcher that holds USERS_FD by a shared
 * flock; the one that gets it exclusively is the last, and unmounts. TURN_FD is locked, for a moment,
 * by whoever mounts, joins or leaves; its file names the mount. Returns once the process is watched.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct timespec tick = {.tv_nsec = 100000000};

static void wait_for_end(pid_t pid, int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	if (pidfd >= 0) {
		while (poll(&p, 1, -1) < 0 && errno == EINTR)
			;
		return;
	}
	/* Linux before 5.3, or a sandbox. */
	while (kill(pid, 0) == 0 || errno == EPERM)
		nanosleep(&tick, NULL);
}

/* Whether the mount is still there: somebody may have unmounted it and mounted another. */
static bool is_mounted(long id)
{
	char *line = NULL;
	size_t size = 0;
	bool found = false;
	FILE *f = fopen("/proc/self/mountinfo", "re");

	while (f != NULL && !found && getline(&line, &size, f) > 0)
		found = strtol(line, NULL, 10) == id;
	free(line);
	if (f != NULL)
		fclose(f);
	return found;
}

static void unmount(const char *dir)
{
	pid_t pid;

	if (umount2(dir, UMOUNT_NOFOLLOW) == 0 || errno == EBUSY)
		return;
	pid = fork();
	if (pid == 0) {
		execlp("fusermount3", "fusermount3", "-u", "-q", "--", dir, (char *)NULL);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int main(int argc, char **argv)
{
	int pidfd, users, turn, null;
	pid_t pid;
	long id;

	if (argc != 6) {
		fprintf(stderr, "usage: dfskit-watch PID USERS_FD TURN_FD MOUNT_ID DIR\n");
		return 2;
	}
	pid = (pid_t)strtol(argv[1], NULL, 10);
	users = (int)strtol(argv[2], NULL, 10);
	turn = (int)strtol(argv[3], NULL, 10);
	id = strtol(argv[4], NULL, 10);

	/* Before the parent goes on: afterwards the pid could be another process's. */
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0 && errno == ESRCH)
		return 1;
	switch (fork()) {
	case -1:
		perror("dfskit-watch: fork");
		return 1;
	case 0:
		break;
	default:
		return 0;
	}
	setsid();
	signal(SIGHUP, SIG_IGN);
	if (chdir("/") < 0)
		return 1;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3 && null >= 0; fd++)
		dup2(null, fd);
	fcntl(users, F_SETFD, FD_CLOEXEC);
	fcntl(turn, F_SETFD, FD_CLOEXEC);

	wait_for_end(pid, pidfd);
	for (;;) {
		while (flock(turn, LOCK_EX) != 0 && errno == EINTR)
			;
		if (flock(users, LOCK_EX | LOCK_NB) != 0)
			return 0;
		if (is_mounted(id))
			unmount(argv[5]);
		if (!is_mounted(id))
			break;
		/* Busy: a process that the program left behind still uses the mount. */
		flock(users, LOCK_UN);
		flock(turn, LOCK_UN);
		nanosleep(&tick, NULL);
	}
	return ftruncate(turn, 0) != 0;
}
