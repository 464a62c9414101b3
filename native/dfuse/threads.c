/*
 * threads.c - what proc(5) says of a thread: does it run, and where did it last?
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "dfuse.h"

/* Fields of /proc/TID/stat, counted as proc(5) does. */
enum {
	STATE = 3,
	PROCESSOR = 39
};

/* Text of a field from STATE on, in \a text; NULL when the thread can't be looked at. */
static const char *field(pid_t tid, int number, char *text, size_t size)
{
	char path[64];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, size - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	const char *at = strrchr(text, ')'); /* the name before it may hold anything */
	for (int i = STATE; at && i <= number; i++)
		at = strchr(at + 1, ' ');
	return at ? at + 1 : NULL;
}

bool thread_runs(pid_t tid)
{
	char text[1024];
	const char *state = field(tid, STATE, text, sizeof(text));

	return state && *state == 'R';
}

int thread_processor(pid_t tid)
{
	char text[1024];
	const char *processor = field(tid, PROCESSOR, text, sizeof(text));

	return processor ? atoi(processor) : -1;
}
