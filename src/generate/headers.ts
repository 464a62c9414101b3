/** Emits ops.h, calls.h and calls.c, which both flavours share. */
import { operations } from '../calls/operations.js';
import type { CallRow } from '../calls/row.js';
import { HEAD, counter } from './c.js';
import { exported } from './symbols.js';
import { dispatched } from './dispatch.js';
import { FLAVOURS } from '../calls/row.js';

/** ops.h: the prototypes of the operations. */
export function opsH(): string {
  const list = Object.entries(operations)
    .map(([name, parameters]) => `long op_${name}(${parameters});\n`)
    .join('');
  return `${HEAD}#ifndef DFSKIT_OPS_H
#define DFSKIT_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct iovec;
struct open_how;
struct stat;
struct statfs;
struct statx;
struct timespec;

/* Each operation has the meaning of the system call of its name and returns its result or -errno. It is called
 * when a descriptor or path of the call is ours, and answers the call whatever it turns out to be. */
${list}
#endif
`;
}

/** Names of the counters, in order. */
export function counterNames(rows: readonly CallRow[]): string[] {
  const used = rows.filter((row) => FLAVOURS.some((f) => exported(row, f) || dispatched(row, f)));
  return [...new Set(used.map((row) => counter(row).slice('CALL_'.length)))];
}

/** calls.h: a number for each counted call. */
export function callsH(rows: readonly CallRow[]): string {
  return `${HEAD}#ifndef DFSKIT_CALLS_H
#define DFSKIT_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "solo.h"

enum shim_call {
${counterNames(rows)
  .map((name) => `\tCALL_${name},\n`)
  .join('')}\tNR_CALLS
};

extern const char *const shim_call_names[NR_CALLS];

/* taken: an operation answered it; fallback: handed to the kernel on a real descriptor; failed: of those taken,
 * how many returned an error. */
struct shim_counter {
	uint64_t taken;
	uint64_t fallback;
	uint64_t failed;
};

extern struct shim_counter *shim_counters;	/* NR_CALLS entries, always valid */

extern bool shim_counters_shared;		/* other processes count there too */

/* Before glibc 2.34 only there with libpthread.so.0, and without that there is no thread to be cancelled. */
extern void pthread_testcancel(void) __attribute__((weak));

/* A locked addition costs as much as the look-up of a descriptor. One instruction is enough for one thread, also
 * when a signal handler counts in between. */
static inline void shim_count(uint64_t *counter, uint64_t n)
{
	if (solo() && !shim_counters_shared)
		__asm__ volatile("addq %1, %0" : "+m"(*counter) : "er"(n) : "cc");
	else
		__atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

#define SHIM_COUNT(call, what) shim_count(&shim_counters[call].what, 1)

#endif
`;
}

/** calls.c: their names. */
export function callsC(rows: readonly CallRow[]): string {
  return (
    `${HEAD}#include "calls.h"\n\nconst char *const shim_call_names[NR_CALLS] = {\n` +
    counterNames(rows)
      .map((name) => `\t[CALL_${name}] = "${name}",\n`)
      .join('') +
    '};\n'
  );
}
