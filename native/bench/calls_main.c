/*
 * calls_main.c - dfskit-bench-calls: what a call costs whose path or descriptor is none of ours.
 *
 * Run once plainly and once with a preload; the difference is what the shim adds. Each call is made in short
 * batches and the fastest batches are reported: a passing disturbance only ever makes a batch slower.
 * One line of JSON: {"calls": {"NAME": {"kind": "symbol"|"libc", "median": ns, "low": ns}}}.
 */
#include "timing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BATCHES     400
#define BATCH_CALLS 500

static int null_fd, zero_fd, file_fd;
static FILE *null_stream;

static void call_read(void)
{
	char byte;

	if (read(zero_fd, &byte, 1) != 1)
		abort();
}

static void call_write(void)
{
	if (write(null_fd, "x", 1) != 1)
		abort();
}

static void call_pread(void)
{
	char byte;

	(void)!pread(file_fd, &byte, 1, 0);
}

static void call_fstat(void)
{
	struct stat st;

	fstat(file_fd, &st);
}

static void call_lseek(void)
{
	lseek(file_fd, 0, SEEK_SET);
}

static void call_stat(void)
{
	struct stat st;

	stat("/etc/passwd", &st);
}

static void call_access(void)
{
	access("/etc/passwd", R_OK);
}

static void call_open_close(void)
{
	close(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

/* EBADF: hardly any kernel work, so that what is added stands out. */
static void call_close_bad(void)
{
	close(-1);
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

static const struct {
	const char *name, *kind;
	void (*call)(void);
} calls[] = {
    {"read", "symbol", call_read},
    {"write", "symbol", call_write},
    {"pread", "symbol", call_pread},
    {"fstat", "symbol", call_fstat},
    {"lseek", "symbol", call_lseek},
    {"close-bad", "symbol", call_close_bad},
    {"stat", "symbol", call_stat},
    {"access", "symbol", call_access},
    {"open-close", "symbol", call_open_close},
    {"fputc-fflush", "libc", call_stdio_write},
    {"opendir-closedir", "libc", call_opendir},
};

static void measure(void (*call)(void), double *median, double *low)
{
	static double samples[BATCHES];
	uint64_t begin, took;
	int batch, i;

	for (batch = 0; batch < BATCHES; batch++) {
		begin = timing_now();
		for (i = 0; i < BATCH_CALLS; i++)
			call();
		took = timing_now() - begin;
		samples[batch] = (double)(took - timing_cost()) / BATCH_CALLS;
	}
	timing_sort(samples, BATCHES);
	*median = timing_quantile(samples, BATCHES, 0.5);
	*low = timing_quantile(samples, BATCHES, 0.1);
}

int main(void)
{
	double median, low;
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
		measure(calls[i].call, &median, &low);
		printf("%s\"%s\":{\"kind\":\"%s\",\"median\":%.1f,\"low\":%.1f}", i > 0 ? "," : "", calls[i].name,
		       calls[i].kind, median, low);
	}
	printf("}}\n");
	return 0;
}
