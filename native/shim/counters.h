/*
 * counters.h - the page of counters: what was taken in the process, what fell back, what failed.
 *
 * With DFSKIT_REPORT=FILE all processes of a job add to one shared mapping of FILE, so the figures
 * survive _exit, exec and SIGKILL. Without it they are private to the process.
 */
#ifndef DFSKIT_COUNTERS_H
#define DFSKIT_COUNTERS_H

#include <stdint.h>
#include "target.h"

#define COUNTERS_MAGIC   "DFSKITC1"
#define COUNTERS_VERSION 1

struct counters_header {
	char magic[8];
	uint32_t version;
	uint32_t nr_calls;
	uint64_t bytes_read;
	uint64_t bytes_written;
	char note[256];       /* why interception is less than whole, "" when it is not */
	uint64_t left_out[4]; /* programs without a shim that were started, by enum target from TARGET_STATIC on */
};

/* After the header: struct shim_counter[nr_calls], then char[nr_calls][COUNTERS_NAME]. */
#define COUNTERS_NAME 24

void counters_open(void);
/** Prints the summary that D_IL_REPORT asks for, on standard error. */
void counters_print(void);
/** Leaves one line on the report that says why a call or a process was not intercepted. */
void counters_note(const char *why);
/** Counts a program without a shim that is about to be started; \a by -1 when it was not. */
void counters_left_out(enum target kind, int by);
void counters_bytes(int64_t read, int64_t written);

#endif
