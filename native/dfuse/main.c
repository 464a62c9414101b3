/*
 * main.c - the daemon: mounts a container, answers the kernel, unmounts.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "dfuse.h"

/* Requests answered at a time, if the command line does not say. */
#define DEFAULT_THREADS 16

static struct dfskit_ioctl_stats unpublished;
struct dfuse dfuse = {.stats = &unpublished};

static char last_log[512]; /* what libfuse said last: why a mount failed */

static void keep_log(enum fuse_log_level level, const char *format, va_list args)
{
	char line[sizeof(last_log)];
	char *text = line;
	size_t len;

	vsnprintf(line, sizeof(line), format, args);
	if (level > FUSE_LOG_WARNING) {
		fputs(line, stderr);
		return;
	}
	if (strncmp(text, "fuse: ", 6) == 0)
		text += 6;
	len = strlen(text);
	if (len && text[len - 1] == '\n')
		text[len - 1] = '\0';
	snprintf(last_log, sizeof(last_log), "%s", text);
	if (dfuse.session && !dfuse.opts.foreground)
		fprintf(stderr, "dfuse: %s\n", text);
}

/* ---- signals ----------------------------------------------------------------------------------- */

static atomic_bool serving;

static void unmount_and_die(int sig)
{
	if (dfuse.session)
		fuse_session_unmount(dfuse.session);
	_exit(128 + sig);
}

/* Waits for a signal to end. Dirty pages of mappings are written while there are still threads to
 * answer; a second signal does not wait for that. */
static void *end_on_signal(void *arg)
{
	sigset_t *set = arg;
	int sig, fd;

	sigwait(set, &sig);
	pthread_sigmask(SIG_UNBLOCK, set, NULL);
	if (!atomic_load(&serving))
		unmount_and_die(sig);
	fd = open(dfuse.opts.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		syncfs(fd);
		close(fd);
	}
	workers_end();
	return NULL;
}

static int start_signal_thread(void)
{
	static sigset_t set;
	struct sigaction sa = {.sa_handler = SIG_IGN};
	pthread_t thread;
	int rc;

	sigaction(SIGPIPE, &sa, NULL);
	sigaction(SIGXFSZ, &sa, NULL); /* a limit that it was started with: the writer gets EFBIG */
	sa.sa_handler = unmount_and_die;
	sigemptyset(&set);
	for (size_t i = 0; i < 3; i++) {
		int sig = (const int[]){SIGINT, SIGTERM, SIGHUP}[i];

		sigaction(sig, &sa, NULL);
		sigaddset(&set, sig);
	}
	/* Before there is any other thread, so that all of them leave these to the one that waits. */
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	rc = pthread_create(&thread, NULL, end_on_signal, &set);
	if (rc == 0)
		pthread_detach(thread);
	return rc;
}

/* ---- the session ------------------------------------------------------------------------------- */

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	const struct policy *policy = &dfuse.main.policy;
	unsigned int wanted = FUSE_CAP_ASYNC_READ | FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_IOCTL_DIR |
	                      FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_ASYNC_DIO;

	(void)userdata;
	/* Attributes that may not be kept are not worth fetching with the names. */
	if (policy->attr > 0)
		wanted |= FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO | FUSE_CAP_CACHE_SYMLINKS |
		          FUSE_CAP_AUTO_INVAL_DATA;
#ifdef FUSE_CAP_DIRECT_IO_ALLOW_MMAP
	if (policy->pages == PAGES_NEVER)
		wanted |= FUSE_CAP_DIRECT_IO_ALLOW_MMAP;
#endif
	conn->want = wanted & conn->capable;
	conn->max_write = MAX_TRANSFER;
	conn->max_readahead = MAX_TRANSFER;
	conn->max_background = 64;
	conn->congestion_threshold = 48;
	start_done(&dfuse.opts, true);
}

static const struct fuse_lowlevel_ops operations = {
    .init = op_init,
    .lookup = op_lookup,
    .forget = op_forget,
    .forget_multi = op_forget_multi,
    .getattr = op_getattr,
    .setattr = op_setattr,
    .readlink = op_readlink,
    .mknod = op_mknod,
    .mkdir = op_mkdir,
    .unlink = op_unlink,
    .rmdir = op_rmdir,
    .symlink = op_symlink,
    .rename = op_rename,
    .link = op_link,
    .open = op_open,
    .read = op_read,
    .write = op_write,
    .flush = op_flush,
    .release = op_release,
    .fsync = op_fsync,
    .opendir = op_opendir,
    .readdir = op_readdir,
    .readdirplus = op_readdirplus,
    .releasedir = op_releasedir,
    .fsyncdir = op_fsyncdir,
    .statfs = op_statfs,
    .setxattr = op_setxattr,
    .getxattr = op_getxattr,
    .listxattr = op_listxattr,
    .removexattr = op_removexattr,
    .create = op_create,
    .access = op_access,
    .ioctl = op_ioctl,
    .fallocate = op_fallocate,
    .lseek = op_lseek,
    .copy_file_range = op_copy_file_range,
};

static void failed_to_connect(const char *why, const char *remedy)
{
	char what[512];

	snprintf(what, sizeof(what), "cannot open container %s/%s", dfuse.opts.pool, dfuse.opts.cont);
	complain(what, why, remedy);
}

static int connect_container(void)
{
	struct options *opts = &dfuse.opts;
	char why[512], remedy[600];
	dfs_obj_t *root;
	struct stat st;
	int rc;

	dfuse.p = provider_load(opts->provider, why, sizeof(why));
	if (!dfuse.p) {
		failed_to_connect(why, "build it, or name the library in DFSKIT_PROVIDER_LIB");
		return -1;
	}
	rc = dfuse.p->dfs_init();
	if (rc == 0)
		rc = container_open(&dfuse.main, opts);
	if (rc) {
		snprintf(remedy, sizeof(remedy), "create it: dfskit cont create %s/%s", opts->pool, opts->cont);
		if (rc == ENOENT && (opts->snapshot || opts->snap_epoch)) {
			snprintf(remedy, sizeof(remedy), "see what there is: dfskit snapshot list %s/%s", opts->pool,
			         opts->cont);
			failed_to_connect("no such container or snapshot", remedy);
			return -1;
		}
		failed_to_connect(rc == ENOENT ? "no such container" : strerror(rc), rc == ENOENT ? remedy : NULL);
		return -1;
	}
	/* libdfs creates nothing in a directory that was opened for reading. */
	rc = dfuse.p->dfs_lookup(dfuse.main.dfs, "/", opts->read_only ? O_RDONLY : O_RDWR, &root, NULL, &st);
	if (rc) {
		failed_to_connect(strerror(rc), NULL);
		return -1;
	}
	dfuse.main.root = inode_get(&dfuse.main, dfuse.main.root_oid, S_IFDIR, root, !opts->read_only);
	if (!dfuse.main.root)
		return -1;
	inode_complete_stat(dfuse.main.root, &st);
	atomic_store(&dfuse.main.root->number, st.st_ino);
	atomic_store(&dfuse.main.root->parent, st.st_ino);
	return 0;
}

static int make_session(void)
{
	struct options *opts = &dfuse.opts;
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	char *mount;

	if (asprintf(&mount, "fsname=%s/%s,subtype=daos%s%s%s%s%s", opts->pool, opts->cont,
	             access_by_kernel() ? ",default_permissions" : "", opts->read_only ? ",ro" : "",
	             opts->allow_other ? ",allow_other" : "", opts->mount ? "," : "",
	             opts->mount ? opts->mount : "") < 0)
		return -1;
	if (fuse_opt_add_arg(&args, "dfuse") == 0 && fuse_opt_add_arg(&args, "-o") == 0 &&
	    fuse_opt_add_arg(&args, mount) == 0 && (!opts->debug || fuse_opt_add_arg(&args, "-d") == 0))
		dfuse.session = fuse_session_new(&args, &operations, sizeof(operations), NULL);
	fuse_opt_free_args(&args);
	free(mount);
	return dfuse.session ? 0 : -1;
}

static int mount_session(void)
{
	char what[PATH_MAX + 32];

	snprintf(what, sizeof(what), "cannot mount on %s", dfuse.opts.dir);
	if (make_session() != 0) {
		complain(what, last_log[0] ? last_log : "libfuse refuses the options", "see dfuse --help");
		return -1;
	}
	if (fuse_session_mount(dfuse.session, dfuse.opts.dir) != 0) {
		complain(what, last_log[0] ? last_log : "fusermount3 failed",
		         dfuse.uid ? "an ordinary user needs fusermount3 (package fuse3), and user_allow_other in "
		                     "/etc/fuse.conf for allow_other"
		                   : NULL);
		return -1;
	}
	if (transport_use(dfuse.session) != 0) {
		complain(what, strerror(ENOMEM), NULL);
		return -1;
	}
	return 0;
}

static int serve(void)
{
	int rc = workers_run(dfuse.opts.threads ? (unsigned int)dfuse.opts.threads : DEFAULT_THREADS);

	if (rc)
		complain("cannot serve the mount", strerror(rc), NULL);
	return rc ? 1 : 0;
}

static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int run(void)
{
	int status;

	raise_descriptor_limit();
	fuse_set_log_func(keep_log);
	if (start_signal_thread() != 0 || connect_container() != 0 || mount_session() != 0)
		return 1;
	requests_publish();
	/* Not to keep another file system from being unmounted. */
	if (dfuse.opts.dir[0] == '/' && chdir("/") != 0)
		return 1;
	atomic_store(&serving, true);
	status = serve();
	fuse_session_unmount(dfuse.session);
	requests_withdraw();
	fuse_session_destroy(dfuse.session);
	inode_forget_all();
	container_close(&dfuse.main);
	dfuse.p->dfs_fini();
	return status;
}

int main(int argc, char **argv)
{
	int rc;

	start_without_shims(argv);
	rc = options_parse(&dfuse.opts, argc, argv);
	if (rc)
		return rc > 0 ? 0 : 1;
	dfuse.uid = geteuid();
	dfuse.gid = getegid();
	if (start_check_directory(&dfuse.opts) != 0)
		return 1;
	if (!dfuse.opts.foreground && start_background(&dfuse.opts) != 0)
		return 1;
	return run();
}
