/* main.c - the driver: starts worker 0 of each program, hands out the calls, prints the answers. See fuzz.h. */
#include "fuzz.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PATIENCE 20000 /* milliseconds for one answer */

struct hand {
	int pidfd;   /* -1: there is no such worker */
	int control; /* the driver's end */
};
static struct hand hands[WORKERS];

static void hand_open(int worker, pid_t pid)
{
	hands[worker].pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
}

static void hand_close(int worker)
{
	if (hands[worker].pidfd >= 0)
		close(hands[worker].pidfd);
	hands[worker].pidfd = -1;
}

/* Waits for the answer. Returns its length, or -1 when the worker died or hangs. */
static ssize_t wait_answer(int worker, char *out, const char **why)
{
	struct pollfd p[2] = {{hands[worker].control, POLLIN, 0}, {hands[worker].pidfd, POLLIN, 0}};

	*why = "HANGS";
	if (poll(p, 2, PATIENCE) <= 0)
		return -1;
	*why = "DIED";
	return p[0].revents & POLLIN ? recv(hands[worker].control, out, MAX_ANSWER, MSG_DONTWAIT) : -1;
}

/* Makes the sockets that workers of a program are reached by; their ends have fixed numbers. */
static void connect_workers(void)
{
	for (int i = 0; i < WORKERS; i++) {
		int pair[2];
		if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0)
			exit(96);
		hands[i] = (struct hand){-1, fcntl(pair[0], F_DUPFD_CLOEXEC, 400)};
		dup2(pair[1], CONTROL_FD + i);
		close(pair[0]);
		close(pair[1]);
		if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0)
			exit(96);
		dup2(pair[0], RECEIVE_FD + i);
		dup2(pair[1], SEND_FD + i);
		close(pair[0]);
		close(pair[1]);
	}
}

static void disconnect_workers(void)
{
	for (int i = 0; i < WORKERS; i++) {
		hand_close(i);
		close(hands[i].control);
		close(CONTROL_FD + i);
		close(RECEIVE_FD + i);
		close(SEND_FD + i);
	}
}

static pid_t start(const char *base, int program)
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	setpgid(0, 0);
	for (int i = 0; i < WORKERS; i++)
		close(hands[i].control);
	/* Nothing but what every program has: descriptors count from 3. */
	int null = open("/dev/null", O_RDWR);
	dup2(null, 0);
	dup2(null, 1);
	if (null > 2)
		close(null);
	snprintf(me.top, sizeof(me.top), "%s/%06d", base, program);
	snprintf(me.base, sizeof(me.base), "%s/q/p", me.top);
	char middle[PATH_MAX];
	snprintf(middle, sizeof(middle), "%s/q", me.top);
	for (int i = 0; i < PLACES; i++)
		me.fds[i] = -1;
	umask(022);
	snprintf(me.outside + strlen(me.outside), 16, "/%06d", program);
	mkdir(me.outside, 0755);
	if (mkdir(me.top, 0755) != 0 || mkdir(middle, 0755) != 0 || mkdir(me.base, 0755) != 0 || chdir(me.base) != 0)
		_exit(95);
	work(false);
}

static int worker_of(const char *line)
{
	return (line[0] - '0') & (WORKERS - 1);
}

/* The worker that a line makes, -1 for any other line. */
static int makes_worker(const char *line)
{
	int number;
	return sscanf(line, "%*s fork %d", &number) == 1 || sscanf(line, "%*s vfork %d", &number) == 1 ||
		       sscanf(line, "%*s spawn %d", &number) == 1
		   ? number & (WORKERS - 1)
		   : -1;
}

/* A line that stands alone, as it makes or ends a process. */
static bool stands_alone(const char *line)
{
	static const char *const names[] = {"fork", "vfork", "spawn", "exec", "exit"};
	const char *name = strchr(line, ' ');
	for (size_t i = 0; name && i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(name + 1, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* What a call did to the workers. */
static void note(const char *line, const char *got)
{
	int other, pid;
	const char *name = strchr(line, ' ') + 1;

	if (sscanf(got, " worker %d is %d", &other, &pid) == 2)
		hand_open(other & (WORKERS - 1), pid);
	else if (strncmp(name, "exit", 4) == 0) {
		struct pollfd p = {hands[worker_of(line)].pidfd, POLLIN, 0};
		poll(&p, 1, PATIENCE);
		hand_close(worker_of(line));
	}
}

/* Runs lines[0..nr). False when the program can't go on. */
static bool run_batch(char **lines, int nr)
{
	char message[16384];
	size_t n = 0;
	int worker = worker_of(lines[0]);

	if (makes_worker(lines[0]) >= 0 && hands[makes_worker(lines[0])].pidfd >= 0) {
		printf("%s -> is there\n", lines[0]);
		return true;
	}
	for (int i = 0; i < nr; i++)
		n += (size_t)snprintf(message + n, sizeof(message) - n, "%s\n", lines[i]);
	if (hands[worker].pidfd < 0) {
		for (int i = 0; i < nr; i++)
			printf("%s -> no worker\n", lines[i]);
		return true;
	}
	if (send(hands[worker].control, message, n, 0) < 0)
		return false;
	for (int i = 0; i < nr; i++) {
		char got[MAX_ANSWER + 1];
		const char *why;
		ssize_t len = wait_answer(worker, got, &why);
		if (len < 0) {
			printf("%s -> %s\n", lines[i], why);
			return false;
		}
		got[len] = 0;
		const char *pid = strstr(got, " worker ");
		printf("%s ->%.*s\n", lines[i], pid ? (int)(pid - got) + 9 : (int)len, got);
		note(lines[i], got);
	}
	return true;
}

static void run_program(char **lines, int nr, const char *base, int program)
{
	bool alive = true;

	connect_workers();
	fflush(stdout);
	pid_t pid = start(base, program);
	hand_open(0, pid);
	for (int i = 0; i < nr && alive;) {
		int n = 1;
		while (i + n < nr && n < 30 && worker_of(lines[i + n]) == worker_of(lines[i]) && !stands_alone(lines[i]) && !stands_alone(lines[i + n]))
			n++;
		alive = run_batch(lines + i, n);
		i += n;
	}
	kill(-pid, SIGKILL);
	disconnect_workers();
	while (waitpid(-1, NULL, 0) > 0)
		;
	printf("---\n");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static char *lines[4096];
	char line[MAX_LINE];
	int nr = 0, program = 0;

	if (argc > 4 && (strcmp(argv[1], "--worker") == 0 || strcmp(argv[1], "--again") == 0)) {
		/* Exec'd by a worker: argv is what it kept. */
		me.number = atoi(argv[2]);
		for (int i = 0; i < PLACES; i++)
			me.fds[i] = atoi(argv[7 + i]);
		snprintf(me.base, sizeof(me.base), "%s", argv[3]);
		snprintf(me.outside, sizeof(me.outside), "%s", argv[4]);
		snprintf(me.top, sizeof(me.top), "%.*s", (int)strlen(me.base) - 4, me.base);
		me.program = argv[5];
		me.program_static = argv[6];
		bool again = strcmp(argv[1], "--again") == 0;
		if (again)
			say(" new program");
		work(again);
	}
	if (argc != 4) {
		fprintf(stderr, "usage: fuzz BASE OUTSIDE STATIC < PROGRAMS\n");
		return 2;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	signal(SIGPIPE, SIG_IGN);
	me.program = argv[0];
	me.program_static = argv[3];
	snprintf(me.outside, sizeof(me.outside), "%s", argv[2]);
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		if (strcmp(line, "---") == 0) {
			run_program(lines, nr, argv[1], program++);
			while (nr > 0)
				free(lines[--nr]);
		} else if (line[0] && line[0] != '#' && nr < 4096)
			lines[nr++] = strdup(line);
	}
	return 0;
}
