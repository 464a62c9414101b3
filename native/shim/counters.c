/*
 * counters.c - see counters.h.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "calls.h"
#include "counters.h"
#include "exec.h"
#include "memfile.h"
#include "runtime.h"

static_assert(sizeof(struct counters_header) == 320, "readers of the file know this layout");
static_assert(TARGET_OTHER_LIBC - TARGET_STATIC == 3, "one of left_out for each");

struct page {
	struct counters_header header;
	struct shim_counter calls[NR_CALLS];
	char names[NR_CALLS][COUNTERS_NAME];
};

static struct page own;
SHIM_HOT_DATA static struct page *page = &own;
SHIM_HOT_DATA struct shim_counter *shim_counters = own.calls;
SHIM_HOT_DATA bool shim_counters_shared;

static void fill(struct page *p)
{
	p->header.version = COUNTERS_VERSION;
	p->header.nr_calls = NR_CALLS;
	for (int i = 0; i < NR_CALLS; i++)
		strncpy(p->names[i], shim_call_names[i], COUNTERS_NAME - 1);
	memcpy(p->header.magic, COUNTERS_MAGIC, sizeof(p->header.magic));
}

void counters_open(void)
{
	const char *file = getenv("DFSKIT_REPORT");

	if (!file || !file[0])
		return;
	long fd = SHIM_RAW(SYS_openat, AT_FDCWD, file, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return;
	long at = -1;
	struct rlimit was;
	if (limit_lift(&was, sizeof(struct page)) && SHIM_RAW(SYS_ftruncate, fd, sizeof(struct page)) == 0)
		at = SHIM_RAW(SYS_mmap, NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	limit_restore(&was);
	SHIM_RAW(SYS_close, fd);
	if (at < 0)
		return;
	page = (struct page *)at;
	if (page->header.nr_calls == 0) /* new, or of `dfskit run`, which had only a program to note */
		fill(page);
	shim_counters_shared = true;
	shim_counters = page->calls;
}

SHIM_HOT void counters_bytes(int64_t read, int64_t written)
{
	if (read)
		shim_count(&page->header.bytes_read, (uint64_t)read);
	if (written)
		shim_count(&page->header.bytes_written, (uint64_t)written);
}

void counters_left_out(enum target kind, int by)
{
	if (kind != TARGET_PRELOADS)
		__atomic_fetch_add(&page->header.left_out[kind - TARGET_STATIC], by, __ATOMIC_RELAXED);
}

void counters_note(const char *why)
{
	if (!page->header.note[0])
		strncpy(page->header.note, why, sizeof(page->header.note) - 1);
}

void counters_print(void)
{
	const char *ask = getenv("D_IL_REPORT");
	char line[256];
	uint64_t sum = 0;

	if (!ask || !ask[0] || strcmp(ask, "false") == 0)
		return;
	for (int i = 0; i < NR_CALLS; i++)
		sum += shim_counters[i].taken;
	if (!sum)
		return;
	const char *name = strrchr(shim_library, '/');
	int n = snprintf(line, sizeof(line), "[%s] summary for ops on DFS:\n", name ? name + 1 : "dfskit");
	SHIM_RAW(SYS_write, 2, line, n);
	for (int i = 0; i < NR_CALLS; i++) {
		const struct shim_counter *c = &shim_counters[i];
		if (!c->taken && !c->fallback)
			continue;
		n = snprintf(line, sizeof(line), "[%-16s]  %10lu  fell back %lu  failed %lu\n", shim_call_names[i],
		             (unsigned long)c->taken, (unsigned long)c->fallback, (unsigned long)c->failed);
		SHIM_RAW(SYS_write, 2, line, n);
	}
	n = snprintf(line, sizeof(line), "[op_sum          ]  %10lu\n", (unsigned long)sum);
	SHIM_RAW(SYS_write, 2, line, n);
}
