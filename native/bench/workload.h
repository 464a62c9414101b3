/*
 * workload.h - what is measured: set-up, one operation, clean-up.
 *
 * A round is prepare(), then the timed operations 0 to n-1 of run(), then finish(). Only run() is timed.
 * Set-up happens once, before the first round of a workload.
 */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include "api.h"

struct bench_sizes {
	uint64_t files;      /* distinct files of stat, open and readdir */
	uint64_t file_bytes; /* size of the file that is read and written */
};

#define BENCH_DIGITS    8
#define BENCH_FILES_MAX 99999999

/* The path of one file, whose number is written into it just before it is used, as programs do. So many strings in memory
 * would take as much of the second cache as what is measured. */
struct bench_path {
	char *text;
	char *digits; /* its end */
};

/** The path of file \a number. */
static inline const char *bench_path(const struct bench_path *path, uint64_t number)
{
	int i;

	for (i = BENCH_DIGITS - 1; i >= 0; i--, number /= 10)
		path->digits[i] = (char)('0' + number % 10);
	return path->text;
}

struct bench {
	const struct bench_api *api;
	struct bench_sizes sizes;
	struct bench_dir dir;     /* of this workload alone */
	struct bench_path paths;  /* of f00000000, f00000001, ... in dir */
	struct bench_path others; /* rename: the other name of each */
	uint64_t made;            /* files f00000000 up to here exist */
	uint32_t *order;          /* a random order of the files or blocks */
	uint64_t order_nr;
	uint64_t at; /* where the last round stopped */
	bool renamed;
	struct bench_file file;
	bool file_open;
	char *buf;
};

struct bench_workload {
	const char *name;
	uint64_t op_bytes;  /* bytes that one operation moves; 0 for metadata */
	uint64_t max_ops;   /* of one round: its files have to exist at once; 0 for no limit */
	bool counts_itself; /* run() is one pass and adds what it did to *done (readdir) */
	int (*setup)(struct bench *b);
	int (*prepare)(struct bench *b, uint64_t n);
	int (*run)(struct bench *b, uint64_t i, uint64_t *done);
	int (*finish)(struct bench *b, uint64_t n);
	void (*teardown)(struct bench *b);
};

/* The result of a round. */
struct bench_round {
	uint64_t ops;
	double seconds;
	double median_ns, p99_ns; /* of one operation */
	uint64_t bytes;
	uint64_t batch; /* operations timed together */
	size_t samples;
};

extern const struct bench_workload bench_data_workloads[];
extern const struct bench_workload bench_name_workloads[];

/** A workload by its name, or NULL. */
const struct bench_workload *bench_workload_find(const char *name);

/** Calls \a each for every workload. */
void bench_workload_each(void (*each)(const struct bench_workload *w));

/** Sets up \a w in the directory \a parent/<its name>. 0 or a positive errno. */
int bench_begin(struct bench *b, const struct bench_api *api, const char *parent, const struct bench_workload *w,
                const struct bench_sizes *sizes);

/** Runs \a n operations (at most w->max_ops) with timing. 0 or a positive errno. */
int bench_run(struct bench *b, const struct bench_workload *w, uint64_t n, struct bench_round *round);

/** Removes everything that the workload made. */
void bench_end(struct bench *b, const char *parent, const struct bench_workload *w);

/** Creates files up to \a nr of them. */
int bench_need_files(struct bench *b, uint64_t nr);

/** Removes all the files that bench_need_files made. */
int bench_drop_files(struct bench *b);

/** Fills b->order with a random permutation of 0 .. nr-1, the same one in every run. */
int bench_shuffle(struct bench *b, uint64_t nr);

#endif
