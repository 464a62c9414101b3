/*
 * dfskit-bench-scale - a container that grows: creates files without end, and tells for every step of it what a
 * create, an open, a stat and an entry of readdir cost by then. One line of JSON a step, times in nanoseconds.
 *
 *   dfskit-bench-scale POOL/CONT FILES STEP
 */
#include <fcntl.h>
#include <inttypes.h>
#include <provider.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	PER_DIRECTORY = 10000,
	SAMPLES = 20000,
	DIRECTORIES = 50 /* that are read in a step */
};

static const struct provider *lib;
static dfs_t *dfs;

static double read_clock(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void must(int rc, const char *what)
{
	if (rc == 0)
		return;
	fprintf(stderr, "dfskit-bench-scale: %s: %s\n", what, strerror(rc));
	exit(1);
}

static double now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

static dfs_obj_t *directory(uint64_t number, bool create)
{
	dfs_obj_t *dir;
	char name[32];

	snprintf(name, sizeof(name), "d%06" PRIu64, number);
	if (create)
		must(lib->dfs_mkdir(dfs, NULL, name, 0755, 0), "mkdir");
	must(lib->dfs_lookup_rel(dfs, NULL, name, O_RDWR, &dir, NULL, NULL), "lookup of a directory");
	return dir;
}

static double create(uint64_t from, uint64_t to)
{
	dfs_obj_t *dir = NULL, *file;
	double start = now();
	uint64_t i;

	for (i = from; i < to; i++) {
		char name[32];

		if (i % PER_DIRECTORY == 0) {
			if (dir != NULL)
				lib->dfs_release(dir);
			dir = directory(i / PER_DIRECTORY, true);
		}
		snprintf(name, sizeof(name), "file%08" PRIu64, i);
		must(lib->dfs_open(dfs, dir, name, S_IFREG | 0644, O_RDWR | O_CREAT | O_EXCL, 0, 0, NULL, &file),
		     "create");
		must(lib->dfs_release(file), "close");
	}
	if (dir != NULL)
		lib->dfs_release(dir);
	return (now() - start) / (double)(to - from);
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Median over files of random directories; the directory's lookup is not timed. The same \a seed gives the same files. */
static double look(uint64_t files, bool open, long seed)
{
	static double took[SAMPLES];
	unsigned i;

	srand48(seed);
	for (i = 0; i < SAMPLES; i++) {
		uint64_t n = (uint64_t)(drand48() * (double)files);
		dfs_obj_t *dir = directory(n / PER_DIRECTORY, false), *file;
		struct stat st;
		char name[32];
		double start;

		snprintf(name, sizeof(name), "file%08" PRIu64, n);
		start = now();
		if (open) {
			must(lib->dfs_lookup_rel(dfs, dir, name, O_RDWR, &file, NULL, NULL), "open");
			must(lib->dfs_release(file), "close");
		} else {
			must(lib->dfs_stat(dfs, dir, name, &st), "stat");
		}
		took[i] = now() - start;
		lib->dfs_release(dir);
	}
	qsort(took, SAMPLES, sizeof(took[0]), by_value);
	return took[SAMPLES / 2];
}

/* What the first look at a page of the index costs (a page fault) comes once; it is told apart. */
struct looks {
	double first, again;
};

static struct looks look_twice(uint64_t files, bool open)
{
	static long seed;
	double first = look(files, open, ++seed);

	return (struct looks){first, look(files, open, seed)};
}

/* An entry's share of reading whole directories, the median of them. */
static double list(uint64_t files)
{
	static struct dirent entries[128];
	double took[DIRECTORIES];
	unsigned i;

	for (i = 0; i < DIRECTORIES; i++) {
		dfs_obj_t *dir = directory((uint64_t)(drand48() * (double)(files / PER_DIRECTORY)), false);
		daos_anchor_t anchor = {0};
		double start = now();
		uint64_t seen = 0;

		while (!daos_anchor_is_eof(&anchor)) {
			uint32_t nr = 128;

			must(lib->dfs_readdir(dfs, dir, &anchor, &nr, entries), "readdir");
			seen += nr;
		}
		took[i] = (now() - start) / (double)(seen != 0 ? seen : 1);
		lib->dfs_release(dir);
		if (seen != PER_DIRECTORY)
			must(EIO, "a directory with names missing");
	}
	qsort(took, DIRECTORIES, sizeof(took[0]), by_value);
	return took[DIRECTORIES / 2];
}

int main(int argc, char **argv)
{
	char why[256], *slash = argc == 4 ? strchr(argv[1], '/') : NULL;
	uint64_t files, step, at;

	if (slash == NULL) {
		fprintf(stderr, "usage: dfskit-bench-scale POOL/CONT FILES STEP\n");
		return 2;
	}
	*slash = '\0';
	files = strtoull(argv[2], NULL, 10);
	step = strtoull(argv[3], NULL, 10);
	lib = provider_load(NULL, why, sizeof(why));
	if (lib == NULL || step == 0 || step % PER_DIRECTORY != 0) {
		fprintf(stderr, "dfskit-bench-scale: %s\n", lib == NULL ? why : "STEP is a multiple of 10000");
		return 1;
	}
	must(lib->dfs_init(), "dfs_init");
	must(lib->dfs_connect(argv[1], NULL, slash + 1, O_RDWR | O_CREAT, NULL, &dfs), "dfs_connect");
	for (at = 0; at < files; at += step) {
		double cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID), made = create(at, at + step);

		/* What the processor did for it does not depend on who else uses the machine. */
		cpu = (read_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (double)step;

		struct looks opens = look_twice(at + step, true), stats = look_twice(at + step, false);

		printf("{\"files\":%" PRIu64 ",\"create\":%.1f,\"createCpu\":%.1f,\"open\":%.1f,\"openFirst\":%.1f,"
		       "\"stat\":%.1f,\"statFirst\":%.1f,\"readdir\":%.2f}\n",
		       at + step, made, cpu, opens.again, opens.first, stats.again, stats.first, list(at + step));
		fflush(stdout);
	}
	lib->dfs_disconnect(dfs);
	lib->dfs_fini();
	return 0;
}
