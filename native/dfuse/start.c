/*
 * start.c - what comes before the mount: the environment, the directory, the background.
 */
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "dfuse.h"

/* Set across the second start, so that there is no third. */
#define CLEAN_START "DFSKIT_DFUSE_CLEAN"

static int status_fd = -1; /* to the process that waits in start_background() */

static bool is_shim(const char *path)
{
	const char *base = strrchr(path, '/');

	base = base ? base + 1 : path;
	return strncmp(base, "libpil4dfs", 10) == 0 || strncmp(base, "libioil", 7) == 0;
}

static int find_shim(struct dl_phdr_info *info, size_t size, void *found)
{
	(void)size;
	if (info->dlpi_name && is_shim(info->dlpi_name))
		*(bool *)found = true;
	return 0;
}

static void drop_shims_from_preload(void)
{
	const char *preload = getenv("LD_PRELOAD");
	char *copy, *rest, *lib, *kept;

	if (!preload || !(copy = strdup(preload)))
		return;
	kept = calloc(1, strlen(preload) + 2);
	rest = copy;
	while (kept && (lib = strsep(&rest, " :")) != NULL) {
		if (!*lib || is_shim(lib))
			continue;
		if (*kept)
			strcat(kept, ":");
		strcat(kept, lib);
	}
	if (kept && *kept)
		setenv("LD_PRELOAD", kept, 1);
	else
		unsetenv("LD_PRELOAD");
	free(kept);
	free(copy);
}

/* Not through libc: a shim takes its execve() and puts itself back into LD_PRELOAD. */
static void raw_execve(const char *path, char **argv, char **envp)
{
#ifdef __x86_64__
	long result;

	__asm__ volatile("syscall"
	                 : "=a"(result)
	                 : "a"(SYS_execve), "D"(path), "S"(argv), "d"(envp)
	                 : "rcx", "r11", "memory");
#else
	syscall(SYS_execve, path, argv, envp);
#endif
}

void start_without_shims(char **argv)
{
	bool found = false;

	/* Inside the daemon a shim would send what the provider reads and writes back to the mount. */
	dl_iterate_phdr(find_shim, &found);
	drop_shims_from_preload();
	if (!found || getenv(CLEAN_START)) {
		unsetenv(CLEAN_START);
		return;
	}
	setenv(CLEAN_START, "1", 1);
	raw_execve("/proc/self/exe", argv, environ);
	unsetenv(CLEAN_START);
}

/* Does \a dir begin with what mountinfo writes for it? Blanks and backslashes are three octal digits there: proc(5). */
static bool same_directory(const char *written, const char *dir)
{
	unsigned int octal;

	for (; *written; dir++) {
		bool escaped = sscanf(written, "\\%3o", &octal) == 1;

		if (*dir != (escaped ? (char)octal : *written))
			return false;
		written += escaped ? 4 : 1;
	}
	return *dir == 0;
}

bool start_mounted(const char *dir, unsigned int *major, unsigned int *minor)
{
	char line[2 * PATH_MAX], at[PATH_MAX];
	FILE *f = fopen("/proc/self/mountinfo", "re");
	bool found = false;
	unsigned int dev[2];

	if (!f)
		return false;
	while (fgets(line, sizeof(line), f))
		if (strstr(line, " - fuse.daos ") &&
		    sscanf(line, "%*s %*s %u:%u %*s %4095s", &dev[0], &dev[1], at) == 3 && same_directory(at, dir)) {
			found = true; /* the last one is on top */
			*major = dev[0];
			*minor = dev[1];
		}
	fclose(f);
	return found;
}

int start_check_directory(struct options *opts)
{
	char what[PATH_MAX + 64], remedy[PATH_MAX + 64];
	struct stat st;
	unsigned int dev[2];
	char *real;

	if (strncmp(opts->dir, "/dev/fd/", 8) == 0) /* already mounted by somebody else: mount.fuse3(8) */
		return 0;
	snprintf(what, sizeof(what), "cannot mount on %s", opts->dir);
	if (stat(opts->dir, &st) != 0) {
		snprintf(remedy, sizeof(remedy),
		         errno == ENOTCONN ? "unmount it first: fusermount3 -u %s" : "create it: mkdir %s", opts->dir);
		complain(what, errno == ENOTCONN ? "its daemon has died" : strerror(errno),
		         errno == ENOTCONN || errno == ENOENT ? remedy : NULL);
		return -1;
	}
	if (!S_ISDIR(st.st_mode)) {
		complain(what, "not a directory", "name a directory");
		return -1;
	}
	real = realpath(opts->dir, NULL);
	if (!real) {
		complain(what, strerror(errno), NULL);
		return -1;
	}
	free(opts->dir);
	opts->dir = real;
	if (start_mounted(real, &dev[0], &dev[1])) {
		snprintf(remedy, sizeof(remedy), "unmount it first: fusermount3 -u %s", real);
		complain(what, "a container is already mounted there", remedy);
		return -1;
	}
	if (access("/dev/fuse", R_OK | W_OK) != 0) {
		complain(what, errno == ENOENT ? "no /dev/fuse" : "no access to /dev/fuse",
		         "load the module (modprobe fuse) or give the container the device (--device /dev/fuse)");
		return -1;
	}
	return 0;
}

/* The mount works when it answers us, who are the user it is for. */
static bool answers(const char *dir)
{
	struct stat st;

	return strncmp(dir, "/dev/fd/", 8) == 0 || stat(dir, &st) == 0;
}

int start_background(const struct options *opts)
{
	int fds[2], status = 0;
	char ok = 0;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0) {
		complain("cannot go to the background", strerror(errno), "run it with -f");
		return -1;
	}
	/* Before the provider is loaded: what it opens and maps is not made for a fork. */
	pid = fork();
	if (pid < 0) {
		complain("cannot go to the background", strerror(errno), "run it with -f");
		return -1;
	}
	if (pid == 0) {
		close(fds[0]);
		status_fd = fds[1];
		setsid();
		return 0;
	}
	close(fds[1]);
	while (read(fds[0], &ok, 1) < 0 && errno == EINTR)
		;
	if (ok && answers(opts->dir))
		_exit(0);
	if (ok) {
		complain("the mount does not answer", strerror(errno), NULL);
		kill(pid, SIGTERM);
	} else if (waitpid(pid, &status, 0) == pid && WIFSIGNALED(status)) {
		complain("cannot start", strsignal(WTERMSIG(status)), "run it with -f to see more");
	}
	_exit(1);
}

void start_done(const struct options *opts, bool ok)
{
	int fd, log;

	if (status_fd < 0)
		return;
	if (ok) {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		log = opts->log ? open(opts->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;
		dup2(fd, 0);
		dup2(fd, 1);
		dup2(log >= 0 ? log : fd, 2);
		close(fd);
		if (log >= 0)
			close(log);
		if (write(status_fd, "1", 1) != 1)
			ok = false; /* nobody waits any more: the mount stays all the same */
	}
	close(status_fd);
	status_fd = -1;
}
