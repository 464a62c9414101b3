/*
 * fuzz.h - an interpreter of small programs of file calls.
 *
 *   fuzz BASE OUTSIDE STATIC < PROGRAMS
 *
 * reads programs, makes every call of them and prints what each gave. The same programs run on the kernel's file
 * system and on each way to a container, and what was printed must be equal. So nothing is printed that no file
 * system promises (inode numbers, block counts, the order of a directory, the time of now).
 *
 * A program is a line a call, and ends with a line "---". It runs in a new directory of BASE, two levels below the one
 * that it may not leave.
 *
 *   WORKER CALL ARGUMENT...          WORKER is the number of a process, with a "t" for a thread of it
 *
 * Worker 0 is there, `fork`, `vfork` and `spawn` make others. An argument is a number, names of constants with "|"
 * between them, or a path, in which "%" stands for the directory of the program and "@" for one outside. Descriptors,
 * directory streams, streams and mappings are kept in numbered places of each process, so that a program stays one
 * when calls are taken out of it.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define PLACES      10  /* descriptors, streams and mappings that a process keeps */
#define WORKERS     4   /* processes of a program */
#define MAX_ARGS    9   /* words after the name of a call */
#define MAX_LINE    512 /* bytes of a line */
#define MAX_ANSWER  8192
#define CONTROL_FD  300 /* + worker: where it gets its calls */
#define RECEIVE_FD  310 /* + worker: where it receives descriptors */
#define SEND_FD     320 /* + worker: where descriptors are sent to it */
#define ALL_WORKERS(fd) ((fd) >= CONTROL_FD && (fd) < SEND_FD + WORKERS)

/* What a process of a program keeps. The first part survives an exec. */
struct worker {
	int number;
	int fds[PLACES];
	char base[PATH_MAX], outside[PATH_MAX], top[PATH_MAX]; /* top: what it does not leave */
	const char *program, *program_static;
	DIR *dirs[PLACES];
	FILE *files[PLACES];
	struct mapping {
		char *at;
		size_t len;
	} maps[PLACES];
};
extern struct worker me;

/* The words of the call that is being made. */
extern int nr_args;
extern char *args[MAX_ARGS];

/** Argument \a i as a number: digits, or names of constants. */
long num(int i);
/** Argument \a i as a descriptor that is kept. "cwd" is AT_FDCWD. */
int fd_of(int i);
/** Argument \a i as the number of a place, and what is kept there. */
int place(int i);
/** Argument \a i as a path. Up to four at a time. */
const char *path_of(int i);

/** Adds to the answer. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** Adds \a result, or the name of errno when it is -1. */
long say_result(long result);
/** Adds what a descriptor is, and keeps it at \a where. */
void say_fd(int where, int fd);
/** Adds length and content of \a n bytes. */
void say_bytes(const char *bytes, long n);
/** Adds a path without what differs from run to run. */
void say_path(const char *path);
/** Whether a path that a program came to is in its own directories: nothing outside is looked at or changed. */
bool inside(const char *path);
/** Bytes that \a seed and their position tell apart. */
char *pattern(size_t n, long seed);
/** Adds what is promised of a stat result. */
void say_stat(const struct stat *st);

struct call {
	const char *name;
	void (*make)(void);
};
extern const struct call data_calls[], descriptor_calls[], name_calls[], directory_calls[], memory_calls[],
    stream_calls[], process_calls[], async_calls[];

/** The value of one constant. False when its name is not known. */
bool constant(const char *name, size_t len, long *value);

/** Makes calls until the driver hangs up. \a answer_first: for a program that was exec'd. */
void work(bool answer_first) __attribute__((noreturn));
/** Sends the answer to the call that is being made. */
void answer(void);

#endif
