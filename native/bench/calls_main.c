/*
 * calls_main.c - dfskit-bench-calls: what a call costs whose path or descriptor is none of ours.
 *
 * Run once plainly and once with a preload; the difference is what the shim adds. What the kernel does for a call takes
 * many times as long and differs from one process to the next, so each call has a twin: the same system calls, made by
 * instructions of this program, which no shim sees. The two take turns in short batches, and what is reported is
 * how much longer the call took than its twin: what libc and the shim add to the kernel.
 * One line of JSON: {"calls": {"NAME": {"kind": "symbol"|"libc", "number": of calls, "call": ns, "above": ns}}}, medians.
 */
#include "../local/sys.h"
#include "timing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BATCHES     1000 /* of either */
#define BATCH_CALLS 100

/* A function, as libc's are: on some processors a system call between a call and its return costs 300 ns more than one that
 * is not, which is nothing of a shim's. */
static __attribute__((noinline)) long kernel(long nr, long a, long b, long c, long d)
{
	return SYS4(nr, a, b, c, d);
}
#define KERNEL(nr, a, b, c, d) kernel(nr, (long)(a), (long)(b), (long)(c), (long)(d))

static int null_fd, zero_fd, file_fd;
static FILE *null_stream;

static void call_read(void)
{
	char byte;

	if (read(zero_fd, &byte, 1) != 1)
		abort();
}

static void raw_read(void)
{
	char byte;

	KERNEL(SYS_read, zero_fd, &byte, 1, 0);
}

static void call_write(void)
{
	if (write(null_fd, "x", 1) != 1)
		abort();
}

static void raw_write(void)
{
	KERNEL(SYS_write, null_fd, "x", 1, 0);
}

static void call_pread(void)
{
	char byte;

	(void)!pread(file_fd, &byte, 1, 0);
}

static void raw_pread(void)
{
	char byte;

	KERNEL(SYS_pread64, file_fd, &byte, 1, 0);
}

static void call_fstat(void)
{
	struct stat st;

	fstat(file_fd, &st);
}

static void raw_fstat(void)
{
	struct stat st;

	KERNEL(SYS_newfstatat, file_fd, "", &st, AT_EMPTY_PATH); /* as libc does it */
}

static void call_lseek(void)
{
	lseek(file_fd, 0, SEEK_SET);
}

static void raw_lseek(void)
{
	KERNEL(SYS_lseek, file_fd, 0, SEEK_SET, 0);
}

static void call_stat(void)
{
	struct stat st;

	stat("/etc/passwd", &st);
}

static void raw_stat(void)
{
	struct stat st;

	KERNEL(SYS_newfstatat, AT_FDCWD, "/etc/passwd", &st, 0);
}

static void call_access(void)
{
	access("/etc/passwd", R_OK);
}

static void raw_access(void)
{
#ifdef SYS_access
	KERNEL(SYS_access, "/etc/passwd", R_OK, 0, 0);
#else
	KERNEL(SYS_faccessat, AT_FDCWD, "/etc/passwd", R_OK, 0);
#endif
}

static void call_open_close(void)
{
	close(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static void raw_open_close(void)
{
	KERNEL(SYS_close, KERNEL(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY | O_CLOEXEC, 0), 0, 0, 0);
}

/* libc's own write, behind fflush. */
static void call_stdio_write(void)
{
	fputc('x', null_stream);
	fflush(null_stream);
}

/* libc's own openat, fstat and close. */
static void call_opendir(void)
{
	DIR *dir = opendir("/proc/self/ns");

	if (dir != NULL)
		closedir(dir);
}

static void raw_opendir(void)
{
	struct stat st;
	long fd = KERNEL(SYS_openat, AT_FDCWD, "/proc/self/ns", O_RDONLY | O_NONBLOCK | O_DIRECTORY | O_CLOEXEC, 0);

	KERNEL(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH);
	KERNEL(SYS_close, fd, 0, 0, 0);
}

static const struct {
	const char *name, *kind;
	int number; /* of calls that it makes */
	void (*call)(void), (*twin)(void);
} calls[] = {
    {"read", "symbol", 1, call_read, raw_read},
    {"write", "symbol", 1, call_write, raw_write},
    {"pread", "symbol", 1, call_pread, raw_pread},
    {"fstat", "symbol", 1, call_fstat, raw_fstat},
    {"lseek", "symbol", 1, call_lseek, raw_lseek},
    {"stat", "symbol", 1, call_stat, raw_stat},
    {"access", "symbol", 1, call_access, raw_access},
    {"open-close", "symbol", 2, call_open_close, raw_open_close},
    {"fputc-fflush", "libc", 1, call_stdio_write, raw_write},
    {"opendir-closedir", "libc", 3, call_opendir, raw_opendir},
};

/* Nanoseconds of one call, in a batch. */
static double batch(void (*call)(void))
{
	uint64_t begin = timing_now();
	int i;

	for (i = 0; i < BATCH_CALLS; i++)
		call();
	return (double)(timing_now() - begin - timing_cost()) / BATCH_CALLS;
}

static void measure(void (*call)(void), void (*twin)(void), double *time, double *above)
{
	static double times[BATCHES], more[BATCHES];
	uint32_t state = 1;
	int i;

	for (i = 0; i < BATCHES; i++) {
		double first, second;
		bool twin_first;

		state = state * 1664525 + 1013904223;
		twin_first = state >> 31;
		first = batch(twin_first ? twin : call);
		second = batch(twin_first ? call : twin);
		times[i] = twin_first ? second : first;
		more[i] = twin_first ? second - first : first - second;
	}
	timing_sort(times, BATCHES);
	timing_sort(more, BATCHES);
	*time = timing_quantile(times, BATCHES, 0.5);
	*above = timing_quantile(more, BATCHES, 0.5);
}

int main(void)
{
	double time, above;
	size_t i;

	null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	zero_fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	file_fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	null_stream = fopen("/dev/null", "we");
	if (null_fd < 0 || zero_fd < 0 || file_fd < 0 || null_stream == NULL) {
		fprintf(stderr, "dfskit-bench-calls: cannot open /dev/null, /dev/zero or /etc/passwd: %s\n",
		        strerror(errno));
		return 1;
	}
	printf("{\"calls\":{");
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		measure(calls[i].call, calls[i].twin, &time, &above);
		printf("%s\"%s\":{\"kind\":\"%s\",\"number\":%d,\"call\":%.1f,\"above\":%.1f}", i > 0 ? "," : "",
		       calls[i].name, calls[i].kind, calls[i].number, time, above);
	}
	printf("}}\n");
	return 0;
}
