/* processes.c - fork, exec, spawn and daemons. */
#include "check.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/time.h>

extern char **environ;

static void *fork_with_nothing(void *arg)
{
	return arg;
}

static char *program(void)
{
	return (char *)self_path;
}

static void spawned(void)
{
	posix_spawn_file_actions_t acts;
	char *argv[] = {program(), (char *)"write", (char *)"1", (char *)"to 1 ", (char *)"7", (char *)"to 7", NULL};
	pid_t pid;

	put("in", "read by the child");
	mkdir("d", 0755);
	int fd = must_open("f", O_WRONLY | O_CREAT);
	TRY(write(fd, "before ", 7));
	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_adddup2(&acts, fd, 1);
	posix_spawn_file_actions_addopen(&acts, 7, "g", O_WRONLY | O_CREAT, 0600);
	posix_spawn_file_actions_addclose(&acts, fd);
	TRY(posix_spawn(&pid, self_path, &acts, NULL, argv, environ));
	show_end(pid);
	TRY(write(fd, "after", 5));
	show("f");
	show("g");
	show_stat("g");
	posix_spawn_file_actions_destroy(&acts);

	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_addopen(&acts, 0, "in", O_RDONLY, 0);
	posix_spawn_file_actions_addchdir_np(&acts, "d");
	posix_spawn_file_actions_addopen(&acts, 5, "made", O_WRONLY | O_CREAT, 0644);
	TRY(posix_spawnp(&pid, "sh", &acts, NULL,
	                 (char *[]){(char *)"sh", (char *)"-c", (char *)"cat >&5; pwd | grep -o '/d$' >&5", NULL},
	                 environ));
	show_end(pid);
	show("d/made");
	posix_spawn_file_actions_destroy(&acts);

	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_addopen(&acts, 3, "none", O_RDONLY, 0);
	TRY(posix_spawn(&pid, self_path, &acts, NULL, argv, environ));
	TRY(posix_spawn(&pid, "./none", NULL, NULL, argv, environ));
	TRY(open("f", O_RDONLY));
}

static void vforked(void)
{
	int fd = must_open("f", O_RDWR | O_CREAT);

	TRY(write(fd, "parent ", 7));
	pid_t pid = vfork();
	if (pid == 0) {
		dup2(fd, 9);
		close(fd);
		execl(self_path, self_path, "write", "9", "child ", NULL);
		_exit(127);
	}
	show_end(pid);
	TRY(write(fd, "parent", 6));
	TRY(fcntl(9, F_GETFD));
	show("f");
	pid = vfork();
	if (pid == 0) {
		execl("./none", "none", NULL);
		_exit(errno);
	}
	show_end(pid);
	TRY(lseek(fd, 0, SEEK_CUR));
}

static void over_exec(void)
{
	put("in", "0123456789");
	int out = must_open("out", O_WRONLY | O_CREAT | O_TRUNC), in = must_open("in", O_RDONLY),
	    gone = must_open("in", O_RDONLY | O_CLOEXEC);
	int twin = dup(out);
	char c;
	char *number = NULL;

	TRY(read(in, &c, 1));
	TRY(write(out, "a", 1));
	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			char n[12], t[12];
			snprintf(n, sizeof(n), "%d", out);
			snprintf(t, sizeof(t), "%d", twin);
			execl(self_path, self_path, "write", n, "b", t, "c", NULL);
			_exit(127);
		}
		show_end(pid);
		TRY(write(out, "d", 1));
	}
	pid_t pid = fork();
	if (pid == 0) {
		dup2(in, 0);
		execlp("head", "head", "-c", "3", NULL);
		_exit(127);
	}
	show_end(pid);
	pid = fork();
	if (pid == 0) {
		asprintf(&number, "%d", gone);
		execl(self_path, self_path, "show-fd", number, NULL);
		_exit(127);
	}
	show_end(pid);
	pid = fork();
	if (pid == 0) {
		asprintf(&number, "%d", in);
		execl(self_path, self_path, "show-fd", number, NULL);
		_exit(127);
	}
	show_end(pid);
	show("out");
}

static void empty_environment(void)
{
	put("f", "seen");
	int fd = must_open("out", O_WRONLY | O_CREAT);
	pid_t pid = fork();

	if (pid == 0) {
		execve(self_path, (char *[]){program(), (char *)"show", (char *)"f", NULL}, (char *[]){NULL});
		_exit(127);
	}
	show_end(pid);
	pid = fork();
	if (pid == 0) {
		execve(self_path, (char *[]){program(), (char *)"write", (char *)"3", (char *)"written", NULL}, NULL);
		_exit(127);
	}
	show_end(pid);
	TRY(lseek(fd, 0, SEEK_CUR));
	pid = fork();
	if (pid == 0) {
		clearenv();
		execl("/bin/sh", "sh", "-c", "echo by sh > g; cat g f", NULL);
		_exit(127);
	}
	show_end(pid);
	show("out");
}

static void programs_inside(void)
{
	char cp[2 * PATH_MAX];

	snprintf(cp, sizeof(cp), "cp '%s' prog && chmod 755 prog", self_path);
	TRY(system(cp));
	put("f", "shown");
	pid_t pid = fork();
	if (pid == 0) {
		execl("./prog", "prog", "show", "f", NULL);
		_exit(127);
	}
	show_end(pid);
	put("script", "#!/bin/sh\necho \"script $1\"\n");
	TRY(access("script", X_OK));
	pid = fork();
	if (pid == 0) {
		execl("./script", "script", "x", NULL);
		_exit(errno == EACCES ? 13 : 127);
	}
	show_end(pid);
	chmod("script", 0755);
	pid = fork();
	if (pid == 0) {
		execl("./script", "script", "argument", NULL);
		_exit(127);
	}
	show_end(pid);
	int fd = must_open("prog", O_RDONLY | O_CLOEXEC);
	pid = fork();
	if (pid == 0) {
		fexecve(fd, (char *[]){(char *)"prog", (char *)"show", (char *)"f", NULL}, environ);
		_exit(127);
	}
	show_end(pid);
	pid = fork();
	if (pid == 0) {
		execl("./f", "f", NULL);
		_exit(errno);
	}
	show_end(pid);
}

static void daemon_style(void)
{
	put("f", "before");
	int up[2];

	if (pipe(up) != 0)
		return;
	pid_t pid = fork();
	if (pid == 0) {
		char here[PATH_MAX], path[PATH_MAX + 8];
		if (!getcwd(here, sizeof(here)) || setsid() < 0)
			_exit(1);
		if (fork() != 0)
			_exit(0);
		if (chdir("/") != 0)
			_exit(1);
		for (int fd = 0; fd < 4096; fd++)
			if (fd != up[1])
				close(fd);
		open("/dev/null", O_RDWR);
		dup(0);
		dup(0);
		umask(027);
		snprintf(path, sizeof(path), "%s/log", here);
		for (int i = 0; i < 3; i++) {
			int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
			dprintf(fd, "%d line %d\n", fd, i);
			close(fd);
		}
		_exit(0);
	}
	show_end(pid);
	close(up[1]);
	/* The end of the pipe is the end of the daemon. */
	show_fd("daemon", up[0]);
	show("log");
	show_stat("log");
}

static void forked_from_threads(void)
{
	pthread_t ids[4];

	put("f", "f");
	for (int i = 0; i < 4; i++)
		pthread_create(&ids[i], NULL, fork_with_nothing, NULL);
	for (int round = 0; round < 10; round++) {
		pid_t pid = fork();
		if (pid == 0) {
			char name[16];
			snprintf(name, sizeof(name), "c%d", round);
			put(name, "child");
			_exit(access("f", F_OK) == 0 && unlink(name) == 0 ? 0 : 1);
		}
		show_end(pid);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(ids[i], NULL);
	show_names(".");
}

static volatile bool stop;

static void *busy(void *arg)
{
	char name[16];
	int fails = 0;

	for (int i = 0; !stop; i++) {
		snprintf(name, sizeof(name), "t%ld-%d", (long)arg, i % 5);
		int fd = open(name, O_CREAT | O_RDWR, 0644);
		fails += fd < 0 || write(fd, "x", 1) != 1 || close(fd) != 0 || unlink(name) != 0;
	}
	return (void *)(long)fails;
}

static void forks_of_a_busy_program(void)
{
	pthread_t ids[3];
	void *fails;
	int bad = 0;

	for (long i = 0; i < 3; i++)
		pthread_create(&ids[i], NULL, busy, (void *)i);
	for (int round = 0; round < 50; round++) {
		int status;
		pid_t pid = fork();
		if (pid == 0) {
			/* A lock of the parent that is never released here would hang it. */
			alarm(20);
			int fd = open("c", O_CREAT | O_RDWR, 0644);
			_exit(fd >= 0 && write(fd, "x", 1) == 1 && access("c", F_OK) == 0 ? 0 : errno);
		}
		if (waitpid(pid, &status, 0) == pid && status == 0)
			continue;
		bad++;
		say("round %d: %s", round,
		    WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : strerrorname_np(WEXITSTATUS(status)));
	}
	stop = true;
	say("children that failed %d", bad);
	for (int i = 0; i < 3; i++) {
		pthread_join(ids[i], &fails);
		say("calls that failed %ld", (long)fails);
	}
	show_names(".");
}

static int signal_fd;
static volatile sig_atomic_t signals_seen;

static void on_signal(int number)
{
	(void)number;
	int saved = errno;
	if (write(signal_fd, "s", 1) == 1)
		signals_seen++;
	errno = saved;
}

static void in_handlers(void)
{
	signal_fd = must_open("signals", O_WRONLY | O_CREAT | O_APPEND);
	struct sigaction act = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct itimerval every = {.it_interval = {.tv_usec = 200}, .it_value = {.tv_usec = 200}};
	int fails = 0;
	struct stat st;

	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	for (int i = 0; i < 2000 || signals_seen < 20; i++) {
		int fd = open("f", O_CREAT | O_RDWR, 0644);
		fails += fd < 0 || write(fd, "hello", 5) != 5 || write(signal_fd, "m", 1) != 1 || close(fd) != 0 ||
		         unlink("f") != 0;
	}
	setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
	TRY(fails);
	fstat(signal_fd, &st);
	int n = 0, own = 0;
	char c;
	int fd = must_open("signals", O_RDONLY);
	while (read(fd, &c, 1) == 1) {
		n += c == 's';
		own += c == 'm';
	}
	say("every write of the handler is there %d, and the program's own %d", n == signals_seen,
	    own >= 2000 && n + own == st.st_size);
}

static void killed(void)
{
	int up[2];
	char c;

	if (pipe(up) != 0)
		return;
	pid_t pid = fork();
	if (pid == 0) {
		int fd = must_open("f", O_WRONLY | O_CREAT);
		if (write(fd, "written", 7) != 7 || write(up[1], "x", 1) != 1)
			_exit(1);
		pause();
	}
	TRY(read(up[0], &c, 1));
	kill(pid, SIGKILL);
	show_end(pid);
	show("f");
	put("g", "goes on");
	show("g");
}

/* Each child gives back what stood for the directory that both came from, and opens a file. */
static void children_that_change_directory(void)
{
	int opened[2], read_one[2], wrote[2];
	pid_t writer, reader;
	char c;

	put("digits", "0123456789");
	TRY(mkdir("d", 0755));
	TRY(chdir("d"));
	if (pipe(opened) != 0 || pipe(read_one) != 0 || pipe(wrote) != 0)
		return;
	writer = fork();
	if (writer == 0) {
		int fd = chdir("..") == 0 ? open("log", O_WRONLY | O_CREAT | O_APPEND, 0644) : -1;
		bool told = write(opened[1], "x", 1) == 1 && read(read_one[0], &c, 1) == 1;
		bool good = write(fd, "text", 4) == 4 && lseek(fd, 0, SEEK_CUR) == 4;
		_exit(write(wrote[1], "x", 1) == 1 && told && good ? 0 : 1);
	}
	reader = fork();
	if (reader == 0) {
		bool told = read(opened[0], &c, 1) == 1;
		int fd = chdir("..") == 0 ? open("digits", O_RDONLY) : -1;
		bool good = read(fd, &c, 1) == 1 && c == '0';
		told &= write(read_one[1], "x", 1) == 1 && read(wrote[0], &c, 1) == 1;
		good &= read(fd, &c, 1) == 1 && c == '1';
		_exit(told && good ? 0 : 1);
	}
	show_end(writer);
	show_end(reader);
	show("../log");
}

const struct check process_checks[] = {
    {"posix_spawn with file actions", spawned},
    {"vfork and exec leave the parent as it was", vforked},
    {"descriptors keep offset and flags over exec", over_exec},
    {"an empty environment changes nothing", empty_environment},
    {"programs and scripts run from the directory", programs_inside},
    {"a daemon that closes everything reaches its files", daemon_style},
    {"a child of a program with threads reaches its files", forked_from_threads},
    {"a child of a busy program finds no lock held", forks_of_a_busy_program},
    {"a signal handler may write", in_handlers},
    {"what a killed program wrote is there", killed},
    {"children that leave the directory have files of their own", children_that_change_directory},
    {NULL, NULL},
};
