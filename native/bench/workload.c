/*
 * workload.c - rounds, and what the workloads share.
 */
#include "workload.h"
#include "timing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROBE_OPS   32        /* operations that tell how long one takes */
#define SAMPLES_MAX (1 << 20) /* 8 MiB of them; a longer round times larger batches */

const struct bench_workload *bench_workload_find(const char *name)
{
	const struct bench_workload *lists[] = {bench_data_workloads, bench_name_workloads};
	const struct bench_workload *w;
	size_t i;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (w = lists[i]; w->name != NULL; w++)
			if (strcmp(w->name, name) == 0)
				return w;
	return NULL;
}

void bench_workload_each(void (*each)(const struct bench_workload *w))
{
	const struct bench_workload *w;

	for (w = bench_data_workloads; w->name != NULL; w++)
		each(w);
	for (w = bench_name_workloads; w->name != NULL; w++)
		each(w);
}

static int make_path(const struct bench *b, const char *name, struct bench_path *path)
{
	path->text = b->api->path(&b->dir, name);
	if (path->text == NULL)
		return ENOMEM;
	path->digits = path->text + strlen(path->text) - BENCH_DIGITS;
	return 0;
}

int bench_need_files(struct bench *b, uint64_t nr)
{
	struct bench_file file;
	int rc = 0;

	for (; rc == 0 && b->made < nr; b->made++) {
		/* No O_EXCL: a driver that was killed may have left the file. */
		rc = b->api->open(&b->dir, bench_path(&b->paths, b->made), O_CREAT | O_RDWR, &file);
		if (rc == 0)
			rc = b->api->close(&file);
		if (rc != 0)
			break;
	}
	return rc;
}

int bench_drop_files(struct bench *b)
{
	int rc = 0;

	while (rc == 0 && b->made > 0) {
		rc = b->api->unlink(&b->dir, bench_path(&b->paths, b->made - 1));
		if (rc == 0)
			b->made--;
	}
	return rc;
}

int bench_shuffle(struct bench *b, uint64_t nr)
{
	uint64_t state = 88172645463325252ull;
	uint64_t i, other;
	uint32_t swap;

	b->order = malloc(nr * sizeof(*b->order));
	if (b->order == NULL)
		return ENOMEM;
	b->order_nr = nr;
	for (i = 0; i < nr; i++)
		b->order[i] = (uint32_t)i;
	for (i = nr - 1; i > 0; i--) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		other = state % (i + 1);
		swap = b->order[i];
		b->order[i] = b->order[other];
		b->order[other] = swap;
	}
	return 0;
}

int bench_begin(struct bench *b, const struct bench_api *api, const char *parent, const struct bench_workload *w,
                const struct bench_sizes *sizes)
{
	char *path;
	int rc;

	memset(b, 0, sizeof(*b));
	b->api = api;
	b->sizes = *sizes;
	if (asprintf(&path, "%s/%s", strcmp(parent, "/") == 0 ? "" : parent, w->name) < 0)
		return ENOMEM;
	rc = api->dir_open(path, &b->dir);
	free(path);
	if (rc == 0)
		rc = make_path(b, "f00000000", &b->paths);
	if (rc == 0)
		rc = make_path(b, "g00000000", &b->others);
	if (rc == 0)
		rc = w->setup(b);
	return rc;
}

/* Operations first to end, a sample for each batch. */
static int run_batches(struct bench *b, const struct bench_workload *w, uint64_t n, uint64_t batch, double *samples,
                       struct bench_round *round)
{
	uint64_t cost = timing_cost();
	uint64_t i = 0, stop, done, took, now, last, begin;
	int rc;

	begin = last = timing_now();
	while (i < n) {
		stop = i + batch < n ? i + batch : n;
		done = 0;
		if (w->counts_itself) {
			rc = w->run(b, i, &done);
			if (rc == 0 && done == 0)
				rc = ENOENT;
			if (rc != 0)
				return rc;
		} else {
			for (; i < stop; i++) {
				rc = w->run(b, i, &done);
				if (rc != 0)
					return rc;
				done++;
			}
		}
		now = timing_now();
		took = now - last;
		last = now;
		samples[round->samples++] = (double)(took > cost ? took - cost : 0) / (double)done;
		round->ops += done;
		if (w->counts_itself)
			i += done;
	}
	round->seconds = (double)(timing_now() - begin) / 1e9;
	return 0;
}

int bench_run(struct bench *b, const struct bench_workload *w, uint64_t n, struct bench_round *round)
{
	struct bench_round probe = {0};
	double few[PROBE_OPS];
	double *samples;
	uint64_t batch = 1;
	int rc;

	memset(round, 0, sizeof(*round));
	if (w->max_ops != 0 && n > w->max_ops)
		n = w->max_ops;
	/* The probe doubles as a warm-up: the first operations after another way had the processor are slow. */
	if (!w->counts_itself) {
		uint64_t tries = n < PROBE_OPS ? n : PROBE_OPS;

		rc = w->prepare(b, tries);
		if (rc == 0)
			rc = run_batches(b, w, tries, 1, few, &probe);
		if (rc == 0)
			rc = w->finish(b, tries);
		if (rc != 0)
			return rc;
		timing_sort(few, probe.samples);
		batch = timing_batch((uint64_t)timing_quantile(few, probe.samples, 0.5));
		if (n / batch >= SAMPLES_MAX)
			batch = n / SAMPLES_MAX + 1;
	}
	samples = malloc((w->counts_itself ? n : n / batch + 1) * sizeof(*samples));
	if (samples == NULL)
		return ENOMEM;
	rc = w->prepare(b, n);
	if (rc == 0)
		rc = run_batches(b, w, n, batch, samples, round);
	if (rc == 0)
		rc = w->finish(b, n);
	timing_sort(samples, round->samples);
	round->median_ns = timing_quantile(samples, round->samples, 0.5);
	round->p99_ns = timing_quantile(samples, round->samples, 0.99);
	round->bytes = round->ops * w->op_bytes;
	round->batch = batch;
	free(samples);
	return rc;
}

void bench_end(struct bench *b, const char *parent, const struct bench_workload *w)
{
	char *path;

	if (b->dir.path != NULL) {
		if (b->others.text != NULL)
			w->teardown(b);
		b->api->dir_close(&b->dir);
		if (asprintf(&path, "%s/%s", strcmp(parent, "/") == 0 ? "" : parent, w->name) >= 0) {
			b->api->dir_remove(path);
			free(path);
		}
	}
	free(b->paths.text);
	free(b->others.text);
	free(b->order);
	free(b->buf);
}
