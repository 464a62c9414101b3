/*
 * main.c - dfskit-bench: measures one workload, or rounds of several on command.
 *
 *   dfskit-bench --api posix|dfs --dir DIR [--cont POOL/CONT [--create]] --workload NAME
 *                [--ops N | --seconds S] [--files N] [--file-mib N] --json
 *   dfskit-bench ... --rounds [--remove-dir]   reads "round NAME N" lines, answers each with one line of JSON
 *   dfskit-bench --api dfs --cont POOL/CONT --create | --destroy
 *   dfskit-bench --list
 *
 * --remove-dir removes DIR at the end, and its parent, where they are empty.
 * A round that fails answers {"workload": ..., "error": ..., "errno": ...} and the driver goes on.
 */
#include "timing.h"
#include "workload.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_OPS      10000
#define DEFAULT_FILES    2000
#define DEFAULT_FILE_MIB 64
#define PROBE_SECONDS    0.02

struct options {
	const struct bench_api *api;
	const char *dir, *cont, *workload;
	uint64_t ops;
	double seconds;
	struct bench_sizes sizes;
	bool create, destroy, remove_dir, rounds, json;
};

/* The workload that is set up at present. */
struct session {
	const struct options *opt;
	const struct bench_workload *workload;
	struct bench bench;
};

static void print_name(const struct bench_workload *w)
{
	puts(w->name);
}

static int usage(void)
{
	fputs("usage: dfskit-bench --api posix|dfs --dir DIR [--cont POOL/CONT [--create]]\n"
	      "                    (--workload NAME [--ops N | --seconds S] | --rounds)\n"
	      "                    [--files N] [--file-mib N] [--remove-dir] [--json]\n"
	      "       dfskit-bench --api dfs --cont POOL/CONT --create | --destroy\n"
	      "       dfskit-bench --list\n",
	      stderr);
	return 2;
}

static void print_error(const char *workload, int rc)
{
	printf("{\"workload\":\"%s\",\"errno\":%d,\"error\":\"%s\"}\n", workload, rc, strerror(rc));
	fflush(stdout);
}

static void print_round(const struct options *opt, const char *workload, const struct bench_round *r)
{
	if (opt->json || opt->rounds)
		printf("{\"workload\":\"%s\",\"api\":\"%s\",\"ops\":%llu,\"seconds\":%.9f,"
		       "\"latency\":{\"median\":%.1f,\"p99\":%.1f},\"bytes\":%llu,\"batch\":%llu,\"samples\":%zu}\n",
		       workload, opt->api->name, (unsigned long long)r->ops, r->seconds, r->median_ns, r->p99_ns,
		       (unsigned long long)r->bytes, (unsigned long long)r->batch, r->samples);
	else
		printf("%s (%s): %llu operations in %.3f s, median %.0f ns, p99 %.0f ns%s\n", workload, opt->api->name,
		       (unsigned long long)r->ops, r->seconds, r->median_ns, r->p99_ns,
		       r->batch > 1 ? " (of batches)" : "");
	fflush(stdout);
}

static void leave(struct session *s)
{
	if (s->workload == NULL)
		return;
	bench_end(&s->bench, s->opt->dir, s->workload);
	s->workload = NULL;
}

static int enter(struct session *s, const struct bench_workload *w)
{
	int rc;

	if (s->workload == w)
		return 0;
	leave(s);
	rc = bench_begin(&s->bench, s->opt->api, s->opt->dir, w, &s->opt->sizes);
	s->workload = w;
	if (rc != 0)
		leave(s);
	return rc;
}

static int one_round(struct session *s, const char *name, uint64_t n)
{
	const struct bench_workload *w = bench_workload_find(name);
	struct bench_round round;
	int rc = w != NULL && n > 0 ? enter(s, w) : EINVAL;

	if (rc == 0) {
		rc = bench_run(&s->bench, w, n, &round);
		/* Half of its files may be gone: the next round sets it up anew. */
		if (rc != 0)
			leave(s);
	}
	if (rc != 0)
		print_error(name, rc);
	else
		print_round(s->opt, name, &round);
	return rc;
}

/* How many operations last about as long as was asked for. */
static int ops_for_seconds(struct session *s, const struct bench_workload *w, double seconds, uint64_t *ops)
{
	struct bench_round round = {0};
	uint64_t n = 64;
	int rc = enter(s, w);

	while (rc == 0) {
		rc = bench_run(&s->bench, w, n, &round);
		if (round.seconds >= PROBE_SECONDS || (w->max_ops != 0 && n >= w->max_ops))
			break;
		n *= 4;
	}
	if (rc == 0)
		*ops = (uint64_t)((double)round.ops * seconds / round.seconds) + 1;
	return rc;
}

static int serve(struct session *s)
{
	char line[256], name[64];
	unsigned long long n;

	printf("{\"ready\":true,\"api\":\"%s\",\"timer_ns\":%llu}\n", s->opt->api->name,
	       (unsigned long long)timing_cost());
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (sscanf(line, "round %63s %llu", name, &n) == 2) {
			one_round(s, name, n);
		} else if (strcmp(line, "leave\n") == 0) {
			leave(s);
			puts("{\"left\":true}");
			fflush(stdout);
		} else if (strcmp(line, "quit\n") == 0) {
			break;
		} else {
			print_error("", EINVAL);
		}
	}
	return 0;
}

static int measure(struct session *s)
{
	const struct bench_workload *w = bench_workload_find(s->opt->workload);
	uint64_t ops = s->opt->ops;
	int rc = 0;

	if (w == NULL)
		return usage();
	if (s->opt->seconds > 0)
		rc = ops_for_seconds(s, w, s->opt->seconds, &ops);
	if (rc != 0)
		print_error(w->name, rc);
	else
		rc = one_round(s, w->name, ops);
	return rc != 0;
}

static int parse(int argc, char **argv, struct options *opt)
{
	static const struct option longs[] = {
	    {"api", required_argument, NULL, 'a'},
	    {"dir", required_argument, NULL, 'd'},
	    {"cont", required_argument, NULL, 'c'},
	    {"create", no_argument, NULL, 'C'},
	    {"destroy", no_argument, NULL, 'D'},
	    {"workload", required_argument, NULL, 'w'},
	    {"ops", required_argument, NULL, 'n'},
	    {"seconds", required_argument, NULL, 's'},
	    {"files", required_argument, NULL, 'f'},
	    {"file-mib", required_argument, NULL, 'm'},
	    {"remove-dir", no_argument, NULL, 'R'},
	    {"rounds", no_argument, NULL, 'r'},
	    {"json", no_argument, NULL, 'j'},
	    {"list", no_argument, NULL, 'l'},
	    {NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'a':
			opt->api = strcmp(optarg, "dfs") == 0     ? &bench_api_dfs
			           : strcmp(optarg, "posix") == 0 ? &bench_api_posix
			                                          : NULL;
			break;
		case 'd':
			opt->dir = optarg;
			break;
		case 'c':
			opt->cont = optarg;
			break;
		case 'C':
			opt->create = true;
			break;
		case 'D':
			opt->destroy = true;
			break;
		case 'R':
			opt->remove_dir = true;
			break;
		case 'w':
			opt->workload = optarg;
			break;
		case 'n':
			opt->ops = strtoull(optarg, NULL, 10);
			break;
		case 's':
			opt->seconds = strtod(optarg, NULL);
			break;
		case 'f':
			opt->sizes.files = strtoull(optarg, NULL, 10);
			break;
		case 'm':
			opt->sizes.file_bytes = strtoull(optarg, NULL, 10) << 20;
			break;
		case 'r':
			opt->rounds = true;
			break;
		case 'j':
			opt->json = true;
			break;
		case 'l':
			bench_workload_each(print_name);
			exit(0);
		default:
			return -1;
		}
	}
	if (optind != argc || opt->api == NULL || opt->sizes.files == 0 || opt->sizes.files > BENCH_FILES_MAX ||
	    opt->sizes.file_bytes == 0)
		return -1;
	/* Alone, --create and --destroy are all there is to do. */
	if (opt->workload == NULL && !opt->rounds)
		return opt->create != opt->destroy ? 0 : -1;
	if (opt->destroy)
		return -1;
	return opt->dir != NULL && opt->dir[0] == '/' ? 0 : -1;
}

static void complain(const char *what, const char *cont, int rc)
{
	fprintf(stderr, "dfskit-bench: cannot %s container %s: %s\n", what, cont != NULL ? cont : "(none given)",
	        strerror(rc));
}

static void remove_dir(const struct options *opt)
{
	char *path = strdup(opt->dir);
	char *slash;

	if (path == NULL)
		return;
	if (opt->api->dir_remove(path) == 0) {
		slash = strrchr(path, '/');
		if (slash > path) {
			*slash = '\0';
			opt->api->dir_remove(path);
		}
	}
	free(path);
}

int main(int argc, char **argv)
{
	struct options opt = {
	    .ops = DEFAULT_OPS,
	    .sizes = {.files = DEFAULT_FILES, .file_bytes = (uint64_t)DEFAULT_FILE_MIB << 20},
	};
	struct session session = {.opt = &opt};
	int rc;

	if (parse(argc, argv, &opt) != 0)
		return usage();
	if (opt.destroy) {
		rc = opt.api->destroy(opt.cont);
		if (rc != 0)
			complain("destroy", opt.cont, rc);
		return rc != 0;
	}
	rc = opt.api->start(opt.cont, opt.create);
	if (rc != 0) {
		complain("open", opt.cont, rc);
		return 1;
	}
	if (opt.rounds)
		rc = serve(&session);
	else if (opt.workload != NULL)
		rc = measure(&session);
	leave(&session);
	if (opt.remove_dir && opt.dir != NULL)
		remove_dir(&opt);
	opt.api->stop();
	return rc;
}
