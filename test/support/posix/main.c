/* main.c - finds the check and runs it; what the checks are written with. See check.h. */
#include "check.h"

#include <dirent.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>

const char *self_path;

static const struct check *const families[] = {attribute_checks, cancellation_checks, data_checks,    descriptor_checks, directory_checks,
					       limit_checks, lock_checks,      name_checks,    process_checks,    ring_checks,
					       signal_checks,    spawning_checks,  stream_checks};

void say(const char *format, ...)
{
	char line[8192];
	va_list args;

	va_start(args, format);
	int n = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	if (n > (int)sizeof(line) - 2)
		n = (int)sizeof(line) - 2;
	line[n++] = '\n';
	/* One write a line, no stdio: children and replaced descriptors must not print anything twice. */
	if (write(STDOUT_FILENO, line, (size_t)n) != n)
		_exit(99);
}

long say_result(const char *what, long result)
{
	int error = errno;

	if (result == -1)
		say("%s: %s", what, strerrorname_np(error));
	else
		say("%s = %ld", what, result);
	errno = error;
	return result;
}

int must_open(const char *path, int flags)
{
	int fd = open(path, flags, 0644);

	if (fd < 0) {
		say("open %s %#o: %s", path, flags, strerrorname_np(errno));
		exit(98);
	}
	return fd;
}

void put(const char *path, const char *text)
{
	int fd = must_open(path, O_WRONLY | O_CREAT | O_TRUNC);

	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) != 0) {
		say("put %s: %s", path, strerrorname_np(errno));
		exit(98);
	}
}

void show_fd(const char *what, int fd)
{
	char text[4096];
	ssize_t n = read(fd, text, sizeof(text) - 1);

	if (n < 0) {
		say("%s: %s", what, strerrorname_np(errno));
		return;
	}
	text[n] = 0;
	for (ssize_t i = 0; i < n; i++)
		if (text[i] == 0)
			text[i] = '~';
	say("%s: %zd bytes \"%s\"", what, n, text);
}

/* OUTSIDE has another name in each run. */
static const char *shown(const char *path)
{
	const char *out = getenv("OUTSIDE");
	size_t n = out ? strlen(out) : 0;

	return n && strncmp(path, out, n) == 0 ? path + n : path;
}

void show(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		say("%s: %s", shown(path), strerrorname_np(errno));
		return;
	}
	show_fd(shown(path), fd);
	close(fd);
}

void show_stat(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		say("%s: %s", path, strerrorname_np(errno));
	else if (S_ISDIR(st.st_mode))
		say("%s: mode %o", path, st.st_mode);
	else
		say("%s: mode %o size %ld links %lu", path, st.st_mode, (long)st.st_size, (unsigned long)st.st_nlink);
}

void show_names(const char *path)
{
	struct dirent **names;
	int n = scandir(path, &names, NULL, alphasort);

	if (n < 0) {
		say("%s: %s", path, strerrorname_np(errno));
		return;
	}
	for (int i = 0; i < n; i++) {
		say("%s holds \"%s\" type %d", path, names[i]->d_name, names[i]->d_type);
		free(names[i]);
	}
	free(names);
}

void show_end(pid_t pid)
{
	int status;

	if (pid < 0)
		say("no child: %s", strerrorname_np(errno));
	else if (waitpid(pid, &status, 0) != pid)
		say("waitpid: %s", strerrorname_np(errno));
	else if (WIFSIGNALED(status))
		say("child ended by signal %d", WTERMSIG(status));
	else
		say("child ended with %d", WEXITSTATUS(status));
}

const char *outside(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", getenv("OUTSIDE"), name);
	return path;
}

/* What a check starts a second time: writes its other arguments to descriptors, a pair each. */
static int write_to(int argc, char **argv)
{
	for (int i = 2; i + 1 < argc; i += 2)
		if (dprintf(atoi(argv[i]), "%s", argv[i + 1]) < 0)
			return errno;
	return 0;
}

/* What a program finds that was started: around it, and in descriptors 3 to 12. */
static int show_state(void)
{
	char path[PATH_MAX] = "";
	sigset_t blocked;
	struct sigaction act;
	struct stat st;

	sigprocmask(SIG_BLOCK, NULL, &blocked);
	sigaction(SIGUSR2, NULL, &act);
	if (!getcwd(path, sizeof(path)))
		return errno;
	say("leads session %d group %d, USR1 blocked %d, USR2 ignored %d, scheduler %d, in %s", getsid(0) == getpid(),
	    getpgid(0) == getpid(), sigismember(&blocked, SIGUSR1), act.sa_handler == SIG_IGN, sched_getscheduler(0),
	    strcmp(strrchr(path, '/'), "/d") == 0 ? "d" : "the directory of the check");
	for (int fd = 3; fd <= 12; fd++) {
		char byte = '-';
		if (fstat(fd, &st) != 0)
			continue;
		long at = lseek(fd, 0, SEEK_CUR);
		ssize_t n = S_ISREG(st.st_mode) ? read(fd, &byte, 1) : -2;
		say("%d: type %o at %ld flags %x reads %zd %c", fd, st.st_mode & S_IFMT, S_ISREG(st.st_mode) ? at : 0,
		    fcntl(fd, F_GETFL), n, byte);
		if (S_ISREG(st.st_mode) && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY)
			say("%d: writes %zd", fd, write(fd, "s", 1));
	}
	return 0;
}

int main(int argc, char **argv)
{
	self_path = argv[0];
	if (argc > 1 && strcmp(argv[1], "write") == 0)
		return write_to(argc, argv);
	if (argc > 2 && strcmp(argv[1], "show") == 0) {
		show(argv[2]);
		return 0;
	}
	if (argc > 2 && strcmp(argv[1], "show-fd") == 0) {
		show_fd("inherited", atoi(argv[2]));
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "state") == 0)
		return show_state();
	umask(022);
	for (size_t f = 0; argc == 2 && f < sizeof(families) / sizeof(families[0]); f++)
		for (const struct check *c = families[f]; c->name != NULL; c++)
			if (strcmp(c->name, argv[1]) == 0) {
				c->run();
				return 0;
			}
	fprintf(stderr, "usage: posix-checks NAME\n");
	return 2;
}
