/*
 * options.c - the command line.
 *
 * As mount(8) and fstab call it (POOL/CONT DIR -o ...), as upstream's dfuse is called
 * (DIR POOL CONT, -m DIR --pool P --container C), and any mixture.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <daos_uns.h>
#include "dfuse.h"

enum long_option {
	OPT_SYS_NAME = 256,
	OPT_CACHING,
	OPT_NO_CACHING,
	OPT_MULTI_USER,
	OPT_READ_ONLY,
	OPT_LOG,
	OPT_PATH,
	OPT_SNAP,
	OPT_SNAP_EPOCH,
	OPT_IGNORED
};

static const struct option long_options[] = {
    {"pool", required_argument, NULL, 'p'},
    {"container", required_argument, NULL, 'c'},
    {"cont", required_argument, NULL, 'c'},
    {"mountpoint", required_argument, NULL, 'm'},
    {"thread-count", required_argument, NULL, 't'},
    {"eq-count", required_argument, NULL, 'e'},
    {"sys-name", required_argument, NULL, OPT_SYS_NAME},
    {"foreground", no_argument, NULL, 'f'},
    {"enable-caching", no_argument, NULL, OPT_CACHING},
    {"disable-caching", no_argument, NULL, OPT_NO_CACHING},
    {"enable-wb-cache", no_argument, NULL, OPT_IGNORED},
    {"disable-wb-cache", no_argument, NULL, OPT_IGNORED},
    {"multi-user", no_argument, NULL, OPT_MULTI_USER},
    {"read-only", no_argument, NULL, OPT_READ_ONLY},
    {"path", required_argument, NULL, OPT_PATH},
    {"log", required_argument, NULL, OPT_LOG},
    {"snap", required_argument, NULL, OPT_SNAP},
    {"snap-epoch", required_argument, NULL, OPT_SNAP_EPOCH},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static const char usage[] = "usage: dfuse [-f] [-t THREADS] [--read-only] [-o OPTION,...] POOL/CONT DIR\n"
                            "       dfuse [...] --pool POOL --container CONT [-m] DIR\n"
                            "\n"
                            "  -o caching=none       every read and write comes to dfuse\n"
                            "  -o caching=coherent   the kernel keeps pages until a file changes (default)\n"
                            "  -o caching=cached     names and attributes hold for some seconds too\n"
                            "  -o store=DIR          where the local provider keeps its pools ($DFSKIT_STORE)\n"
                            "  -o provider=NAME      local or daos ($DFSKIT_PROVIDER)\n"
                            "  -o pool=P,container=C\n"
                            "  --path PATH           the container that the attribute user.daos of PATH names\n"
                            "  -o allow_other        other users may enter\n"
                            "  -o ro, rw, and the other options of mount(8)\n"
                            "  -f                    stay in the foreground\n"
                            "  -t THREADS            answer so many requests at a time\n"
                            "  --log FILE            messages after the start\n"
                            "  --snap NAME           mount a snapshot, read-only (also -o snap=NAME)\n"
                            "  --snap-epoch EPOCH    the same by its epoch\n"
                            "\n"
                            "To unmount: fusermount3 -u DIR, umount DIR or SIGTERM.\n";

void complain(const char *what, const char *why, const char *remedy)
{
	fprintf(stderr, "dfuse: %s: %s\n", what, why);
	if (remedy)
		fprintf(stderr, "dfuse: %s\n", remedy);
}

static int bad_usage(const char *what, const char *why)
{
	complain(what, why, "see dfuse --help");
	return -1;
}

static int set(char **field, const char *value, size_t len)
{
	free(*field);
	*field = strndup(value, len);
	return *field ? 0 : -1;
}

/* mount(8) adds or hands on these; they say nothing to us. */
static bool ignored(const char *name)
{
	static const char *const names[] = {"defaults",   "auto",     "noauto",     "user",        "nouser",
	                                    "users",      "owner",    "group",      "nofail",      "_netdev",
	                                    "noiversion", "relatime", "norelatime", "strictatime", "loud",
	                                    "silent",     "mand",     "nomand",     "lazytime",    "nolazytime"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return strncmp(name, "x-", 2) == 0 || strncmp(name, "X-", 2) == 0 || strncmp(name, "comment=", 8) == 0 ||
	       strncmp(name, "user=", 5) == 0;
}

/* These are the kernel's or libfuse's business. */
static bool handed_on(const char *name)
{
	static const char *const names[] = {"suid",   "nosuid", "dev",     "nodev",       "exec",
	                                    "noexec", "atime",  "noatime", "diratime",    "nodiratime",
	                                    "sync",   "async",  "dirsync", "auto_unmount"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return strncmp(name, "context=", 8) == 0;
}

static int add_mount_option(struct options *opts, const char *option)
{
	char *all;

	if (asprintf(&all, "%s%s%s", opts->mount ? opts->mount : "", opts->mount ? "," : "", option) < 0)
		return -1;
	free(opts->mount);
	opts->mount = all;
	return 0;
}

static int set_caching(struct options *opts, const char *value)
{
	static const char *const names[] = {"none", "coherent", "cached"};

	for (int i = 0; i < 3; i++)
		if (strcmp(value, names[i]) == 0) {
			opts->caching = (enum caching)i;
			opts->caching_given = true;
			return 0;
		}
	return bad_usage("caching", "has to be none, coherent or cached");
}

static int set_threads(struct options *opts, const char *value)
{
	char *end;
	long n = strtol(value, &end, 10);

	if (*end || n < 1 || n > 1024)
		return bad_usage("number of threads", "has to be from 1 to 1024");
	opts->threads = (int)n;
	return 0;
}

static int set_epoch(struct options *opts, const char *value)
{
	char *end;

	opts->snap_epoch = strtoull(value, &end, 0);
	if (*end || opts->snap_epoch == 0)
		return bad_usage("epoch of a snapshot", "has to be a number");
	return 0;
}

static int mount_option(struct options *opts, const char *o)
{
	static const struct {
		const char *prefix;
		size_t field;
	} strings[] = {
	    {"pool=", offsetof(struct options, pool)},         {"container=", offsetof(struct options, cont)},
	    {"cont=", offsetof(struct options, cont)},         {"store=", offsetof(struct options, store)},
	    {"provider=", offsetof(struct options, provider)}, {"log=", offsetof(struct options, log)},
	    {"snap=", offsetof(struct options, snapshot)},
	};

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		size_t len = strlen(strings[i].prefix);

		if (strncmp(o, strings[i].prefix, len) == 0)
			return set((char **)((char *)opts + strings[i].field), o + len, strlen(o + len));
	}
	if (strncmp(o, "snap-epoch=", 11) == 0)
		return set_epoch(opts, o + 11);
	if (strncmp(o, "caching=", 8) == 0)
		return set_caching(opts, o + 8);
	if (strncmp(o, "threads=", 8) == 0)
		return set_threads(opts, o + 8);
	if (strcmp(o, "ro") == 0)
		opts->read_only = true;
	else if (strcmp(o, "rw") == 0)
		opts->read_only = false;
	else if (strcmp(o, "debug") == 0)
		opts->debug = opts->foreground = true;
	else if (strcmp(o, "allow_other") == 0 || strcmp(o, "multi_user") == 0)
		opts->allow_other = true;
	else if (strcmp(o, "default_permissions") == 0)
		opts->default_permissions = true;
	else if (handed_on(o))
		return add_mount_option(opts, o);
	else if (!ignored(o))
		return bad_usage(o, "no such mount option");
	return 0;
}

static int mount_options(struct options *opts, const char *list)
{
	char *copy = strdup(list), *rest = copy, *o;
	int rc = copy ? 0 : -1;

	while (rc == 0 && (o = strsep(&rest, ",")) != NULL)
		if (*o)
			rc = mount_option(opts, o);
	free(copy);
	return rc;
}

/* POOL/CONT; a daos:// before it is welcome. */
static int set_pool_cont(struct options *opts, const char *source)
{
	const char *slash;

	if (strncmp(source, "daos://", 7) == 0)
		source += 7;
	slash = strchr(source, '/');
	if (!slash || slash == source || !slash[1] || strchr(slash + 1, '/'))
		return bad_usage(source, "is not of the form POOL/CONT");
	if (set(&opts->pool, source, (size_t)(slash - source)))
		return -1;
	return set(&opts->cont, slash + 1, strlen(slash + 1));
}

/* The container that a path stands for in the unified namespace: "DAOS.POSIX://POOL/CONT". */
static int set_by_path(struct options *opts, const char *path)
{
	char value[512], pool[DAOS_PROP_LABEL_MAX_LEN + 1], label[DAOS_PROP_LABEL_MAX_LEN + 1];
	ssize_t n = getxattr(path, DUNS_XATTR_NAME, value, sizeof(value));

	if (n < 0)
		return bad_usage(path, errno == ENODATA ? "has no attribute user.daos" : strerror(errno));
	if (!link_parse(value, (size_t)n, pool, label, sizeof(pool)))
		return bad_usage(path, "its attribute user.daos names no POSIX container");
	return set(&opts->pool, pool, strlen(pool)) || set(&opts->cont, label, strlen(label)) ? -1 : 0;
}

static int positional(struct options *opts, int n, char **args)
{
	bool named = opts->pool && opts->cont;

	if (!opts->dir && n == 3) { /* upstream's order */
		if (set(&opts->dir, args[0], strlen(args[0])))
			return -1;
		n--;
		args++;
	} else if (!opts->dir && n > 0) { /* the directory comes last */
		n--;
		if (set(&opts->dir, args[n], strlen(args[n])))
			return -1;
	}
	if (n == 2) {
		if (set(&opts->pool, args[0], strlen(args[0])))
			return -1;
		return set(&opts->cont, args[1], strlen(args[1]));
	}
	if (n == 1) /* fstab's first column says nothing when the options name the container */
		return named ? 0 : set_pool_cont(opts, args[0]);
	return n == 0 ? 0 : bad_usage(args[n - 1], "too many arguments");
}

/* Makes a path absolute. */
static int from_here(char **path)
{
	char *cwd, *absolute;
	int rc;

	if (!*path || (*path)[0] == '/')
		return 0;
	cwd = getcwd(NULL, 0);
	if (!cwd)
		return -1;
	rc = asprintf(&absolute, "%s/%s", cwd, *path);
	free(cwd);
	if (rc < 0)
		return -1;
	free(*path);
	*path = absolute;
	return 0;
}

static int check(struct options *opts)
{
	char *store;

	if (!opts->dir)
		return bad_usage("cannot mount", "no directory given");
	if (!opts->pool || !opts->cont || !*opts->pool || !*opts->cont)
		return bad_usage("cannot mount", "no container given (POOL/CONT)");
	if (strncmp(opts->dir, "/dev/fd/", 8) == 0 && opts->allow_other && !opts->default_permissions)
		return bad_usage("allow_other", "needs default_permissions too where mount.fuse3 has mounted already");
	if (opts->snapshot || opts->snap_epoch)
		opts->read_only = true;
	if (opts->store && setenv("DFSKIT_STORE", opts->store, 1) != 0)
		return -1;
	/* The daemon leaves its working directory. */
	if (from_here(&opts->log) != 0 || !(store = getenv("DFSKIT_STORE")) || !*store)
		return 0;
	store = strdup(store);
	if (from_here(&store) == 0)
		setenv("DFSKIT_STORE", store, 1);
	free(store);
	return 0;
}

int options_parse(struct options *opts, int argc, char **argv)
{
	int c, rc = 0;

	opts->caching = CACHING_COHERENT;
	argv[0] = "dfuse"; /* as getopt names us in its messages */
	while (rc == 0 && (c = getopt_long(argc, argv, "p:c:m:t:e:o:fdsnvrwhV", long_options, NULL)) != -1) {
		switch (c) {
		case 'p':
			rc = set(&opts->pool, optarg, strlen(optarg));
			break;
		case 'c':
			rc = set(&opts->cont, optarg, strlen(optarg));
			break;
		case 'm':
			rc = set(&opts->dir, optarg, strlen(optarg));
			break;
		case 't':
			rc = set_threads(opts, optarg);
			break;
		case 'o':
			rc = mount_options(opts, optarg);
			break;
		case OPT_SYS_NAME:
			rc = set(&opts->sys_name, optarg, strlen(optarg));
			break;
		case OPT_PATH:
			rc = set_by_path(opts, optarg);
			break;
		case OPT_LOG:
			rc = set(&opts->log, optarg, strlen(optarg));
			break;
		case 'd':
			opts->debug = opts->foreground = true;
			break;
		case 'f':
			opts->foreground = true;
			break;
		case 'r':
		case OPT_READ_ONLY:
			opts->read_only = true;
			break;
		case 'w':
			opts->read_only = false;
			break;
		case OPT_SNAP:
			rc = set(&opts->snapshot, optarg, strlen(optarg));
			break;
		case OPT_SNAP_EPOCH:
			rc = set_epoch(opts, optarg);
			break;
		case OPT_NO_CACHING:
			rc = set_caching(opts, "none");
			break;
		case OPT_CACHING:
			rc = set_caching(opts, "cached");
			break;
		case OPT_MULTI_USER:
			opts->allow_other = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 1;
		case 'V':
			printf("dfuse 0.1.0, libfuse %s\n", fuse_pkgversion());
			return 1;
		case '?':
			fprintf(stderr, "dfuse: see dfuse --help\n");
			return -1;
		default: /* -s, -n, -v, -e: of mount(8) or upstream, without meaning here */
			break;
		}
	}
	if (rc == 0)
		rc = positional(opts, argc - optind, argv + optind);
	return rc ? rc : check(opts);
}
