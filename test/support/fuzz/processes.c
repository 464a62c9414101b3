/* processes.c - new processes and programs. See fuzz.h. */
#include "fuzz.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

/* Becomes worker \a number of this process. */
static void become(int number)
{
	me.number = number;
	work(false);
}

static int other(void)
{
	return (int)num(0) & (WORKERS - 1);
}

/* argv of a program that goes on with what is kept here. */
static char **go_on(const char *program, int number)
{
	static char *argv[8 + PLACES], numbers[1 + PLACES][12];

	snprintf(numbers[0], sizeof(numbers[0]), "%d", number);
	/* After an exec the worker still owes the answer to that call. */
	char *head[] = {(char *)program, (char *)(number == me.number ? "--again" : "--worker"), numbers[0], me.base, me.outside, (char *)me.program,
			(char *)me.program_static};
	memcpy(argv, head, sizeof(head));
	for (int i = 0; i < PLACES; i++) {
		snprintf(numbers[1 + i], sizeof(numbers[0]), "%d", me.fds[i]);
		argv[7 + i] = numbers[1 + i];
	}
	argv[7 + PLACES] = NULL;
	return argv;
}

static const char *program_for(const char *kind)
{
	return strcmp(kind, "static") == 0 ? me.program_static : me.program;
}

static char **environment_for(const char *kind)
{
	static char *empty[] = {NULL};
	return strcmp(kind, "bare") == 0 ? empty : environ;
}

/* fork WORKER */
static void do_fork(void)
{
	int number = other();
	pid_t pid = fork();

	if (pid == 0)
		become(number);
	say(pid < 0 ? " no" : " worker %d is %d", number, pid);
}

/* vfork WORKER same|bare|static */
static void do_vfork(void)
{
	int number = other();
	const char *kind = nr_args > 1 ? args[1] : "";
	char **argv = go_on(program_for(kind), number), **env = environment_for(kind);
	pid_t pid = vfork();

	if (pid == 0) {
		execve(argv[0], argv, env);
		_exit(127);
	}
	say(pid < 0 ? " no" : " worker %d is %d", number, pid);
}

/* spawn WORKER same|bare|static [FROM TO]: TO is the number that a descriptor has there */
static void do_spawn(void)
{
	int number = other();
	const char *kind = nr_args > 1 ? args[1] : "";
	char **argv = go_on(program_for(kind), number);
	posix_spawn_file_actions_t actions;
	pid_t pid = 0;

	posix_spawn_file_actions_init(&actions);
	if (nr_args > 3)
		posix_spawn_file_actions_adddup2(&actions, fd_of(2), (int)num(3));
	int error = posix_spawn(&pid, argv[0], &actions, NULL, argv, environment_for(kind));
	posix_spawn_file_actions_destroy(&actions);
	if (error)
		say(" %s", strerrorname_np(error));
	else
		say(" worker %d is %d", number, pid);
}

/* exec same|bare|static */
static void do_exec(void)
{
	const char *kind = nr_args > 0 ? args[0] : "";
	char **argv = go_on(program_for(kind), me.number);

	say_result(execve(argv[0], argv, environment_for(kind)));
}

static void do_exit(void)
{
	say(" bye");
	answer();
	exit(0);
}

const struct call process_calls[] = {
    {"fork", do_fork}, {"vfork", do_vfork}, {"spawn", do_spawn}, {"exec", do_exec}, {"exit", do_exit}, {NULL, NULL},
};
