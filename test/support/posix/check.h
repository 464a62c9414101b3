/*
 * check.h - a program of small checks of what POSIX and Linux promise of files.
 *
 *   posix-checks NAME     runs one check in the working directory, which is empty
 *
 * A check prints what it saw. It judges nothing: the same check runs on the kernel's own file system and on
 * each way to a container, and what was printed must be equal. So nothing is printed that differs
 * from one file system to another (inode numbers, block counts, link counts of directories).
 *
 * OUTSIDE names an empty directory on the kernel's own file system.
 */
#ifndef POSIX_CHECK_H
#define POSIX_CHECK_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

struct check {
	const char *name;
	void (*run)(void);
};

extern const struct check attribute_checks[], cancellation_checks[], data_checks[], descriptor_checks[], directory_checks[], limit_checks[], lock_checks[], name_checks[],
    process_checks[], ring_checks[], signal_checks[], spawning_checks[], stream_checks[];

/** Path of this program. */
extern const char *self_path;

/** Prints `what = result`, or the name of errno when \a result is -1. Returns \a result. */
long say_result(const char *what, long result);
#define TRY(call) say_result(#call, (long)(call))

/** Prints one line. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** open(2) of a file that must open; ends the check when it does not. */
int  must_open(const char *path, int flags);
/** Makes \a path a file with \a text in it. */
void put(const char *path, const char *text);
/** Prints the content of a file, or why it can't be read. */
void show(const char *path);
/** Prints what read(2) gives of \a fd from where it stands. */
void show_fd(const char *what, int fd);
/** Prints mode, size, and for anything but a directory the number of links; the link itself when it is one. */
void show_stat(const char *path);
/** Prints the names in a directory, sorted. */
void show_names(const char *path);
/** Waits for a child and prints how it ended. */
void show_end(pid_t pid);
/** The directory in OUTSIDE. */
const char *outside(const char *name);

#endif
