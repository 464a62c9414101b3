/*
 * timing.c - a clock and latency samples.
 */
#include "timing.h"

#include <stdlib.h>

#define COST_RUNS   16
#define COST_CALLS  512
#define BATCH_MAX   1024
#define BATCH_FROM  1000 /* ns: an operation that takes longer is timed alone */
#define BATCH_LASTS 3000 /* ns: what a batch of shorter ones should take */

uint64_t timing_cost(void)
{
	static uint64_t cost = UINT64_MAX;
	uint64_t begin, mean;
	int run, call;

	if (cost != UINT64_MAX)
		return cost;
	for (run = 0; run < COST_RUNS; run++) {
		begin = timing_now();
		for (call = 0; call < COST_CALLS - 1; call++)
			(void)timing_now();
		mean = (timing_now() - begin) / COST_CALLS;
		if (mean < cost)
			cost = mean;
	}
	return cost;
}

uint64_t timing_batch(uint64_t op_ns)
{
	uint64_t batch;

	if (op_ns >= BATCH_FROM)
		return 1;
	batch = BATCH_LASTS / (op_ns > 0 ? op_ns : 1) + 1;
	return batch < BATCH_MAX ? batch : BATCH_MAX;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

void timing_sort(double *samples, size_t nr)
{
	qsort(samples, nr, sizeof(*samples), compare);
}

double timing_quantile(const double *sorted, size_t nr, double part)
{
	double at, low;
	size_t index;

	if (nr == 0)
		return 0;
	at = part * (double)(nr - 1);
	index = (size_t)at;
	low = sorted[index];
	return index + 1 < nr ? low + (at - (double)index) * (sorted[index + 1] - low) : low;
}
