/*
 * timing.h - a clock and latency samples.
 */
#ifndef BENCH_TIMING_H
#define BENCH_TIMING_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/** Nanoseconds of CLOCK_MONOTONIC. */
static inline uint64_t timing_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/** What one timing_now() costs, in ns: the smallest mean of several runs. Measured once. */
uint64_t timing_cost(void);

/** How many operations of \a op_ns each to time together, so that the clock stays below 1 % or so:
 *  1 from a microsecond on. At most 1024. */
uint64_t timing_batch(uint64_t op_ns);

/** Sorts \a samples in place. */
void timing_sort(double *samples, size_t nr);

/** The value below which \a part (0 to 1) of the sorted samples lie; 0 without samples. */
double timing_quantile(const double *sorted, size_t nr, double part);

#endif
