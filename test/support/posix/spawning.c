/* spawning.c - the many ways to start a program: what it finds in its descriptors and around it. */
#include "check.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

extern char **environ;

/* Descriptors as every program here gets them: 5 is read up to 3, 6 appends, 7 ends with exec. */
static int opened_at(int number, const char *path, int flags)
{
	int fd = must_open(path, flags);

	if (fd != number) {
		dup3(fd, number, flags & O_CLOEXEC);
		close(fd);
	}
	return number;
}

static void prepare(void)
{
	char three[3];

	put("in", "0123456789");
	put("out", "");
	mkdir("d", 0755);
	read(opened_at(5, "in", O_RDONLY), three, 3);
	write(opened_at(6, "out", O_WRONLY | O_APPEND), "p", 1);
	opened_at(7, "in", O_RDONLY | O_CLOEXEC);
	opened_at(9, "d", O_RDONLY | O_DIRECTORY);
}

/* What the parent finds afterwards: 5 where the child left it, the rest unchanged. */
static void after(void)
{
	TRY(lseek(5, 0, SEEK_CUR));
	TRY(lseek(6, 0, SEEK_CUR));
	TRY(lseek(7, 0, SEEK_CUR));
	TRY(write(6, "q", 1));
	TRY(fcntl(8, F_GETFD));
	show("out");
	TRY(lseek(5, 3, SEEK_SET));
}

static char *const state_argv[] = {(char *)"posix-checks", (char *)"state", NULL};

static void spawn_with(const char *what, posix_spawn_file_actions_t *acts, posix_spawnattr_t *attr)
{
	pid_t pid;

	say("-- %s", what);
	int r = posix_spawn(&pid, self_path, acts, attr, state_argv, environ);
	if (r != 0)
		say("posix_spawn: %s", strerrorname_np(r));
	else
		show_end(pid);
	after();
}

static void attributes(void)
{
	posix_spawnattr_t attr;
	sigset_t set;
	struct sched_param param = {0};

	prepare();
	posix_spawnattr_init(&attr);
	spawn_with("nothing asked for", NULL, NULL);

	posix_spawnattr_setflags(&attr, POSIX_SPAWN_USEVFORK);
	spawn_with("POSIX_SPAWN_USEVFORK", NULL, &attr);

	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID);
	spawn_with("POSIX_SPAWN_SETSID", NULL, &attr);

	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setpgroup(&attr, 0);
	spawn_with("POSIX_SPAWN_SETPGROUP", NULL, &attr);

	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	posix_spawnattr_setsigmask(&attr, &set);
	spawn_with("POSIX_SPAWN_SETSIGMASK", NULL, &attr);

	signal(SIGUSR2, SIG_IGN);
	spawn_with("an ignored signal stays so", NULL, &attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	posix_spawnattr_setsigdefault(&attr, &set);
	spawn_with("POSIX_SPAWN_SETSIGDEF", NULL, &attr);

	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSCHEDULER);
	posix_spawnattr_setschedpolicy(&attr, SCHED_BATCH);
	posix_spawnattr_setschedparam(&attr, &param);
	spawn_with("POSIX_SPAWN_SETSCHEDULER", NULL, &attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSCHEDPARAM);
	spawn_with("POSIX_SPAWN_SETSCHEDPARAM", NULL, &attr);

	posix_spawnattr_setflags(&attr, POSIX_SPAWN_RESETIDS);
	spawn_with("POSIX_SPAWN_RESETIDS", NULL, &attr);

	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
	spawn_with("several", NULL, &attr);
	posix_spawnattr_destroy(&attr);
	show_names(".");
}

static void actions(void)
{
	posix_spawn_file_actions_t acts;

	prepare();
	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_addchdir_np(&acts, "d");
	posix_spawn_file_actions_addopen(&acts, 8, "made", O_WRONLY | O_CREAT, 0640);
	spawn_with("addchdir, then open there", &acts, NULL);
	show_stat("d/made");
	posix_spawn_file_actions_destroy(&acts);

	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_addfchdir_np(&acts, 9);
	posix_spawn_file_actions_addopen(&acts, 8, "made", O_RDWR, 0);
	posix_spawn_file_actions_adddup2(&acts, 8, 10);
	posix_spawn_file_actions_addclose(&acts, 8);
	spawn_with("addfchdir, open, dup2, close", &acts, NULL);
	posix_spawn_file_actions_destroy(&acts);

	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_addclosefrom_np(&acts, 6);
	spawn_with("addclosefrom", &acts, NULL);
	posix_spawn_file_actions_destroy(&acts);

	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_adddup2(&acts, 7, 7); /* takes close-on-exec away */
	posix_spawn_file_actions_adddup2(&acts, 5, 11);
	spawn_with("dup2 onto itself", &acts, NULL);
	posix_spawn_file_actions_destroy(&acts);

	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_addopen(&acts, 5, "out", O_RDONLY, 0); /* over one of the parent's */
	posix_spawn_file_actions_addclose(&acts, 6);
	posix_spawn_file_actions_addopen(&acts, 6, "in", O_RDONLY, 0);
	spawn_with("open over what the parent has", &acts, NULL);
	posix_spawn_file_actions_destroy(&acts);

	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_addtcsetpgrp_np(&acts, 5);
	spawn_with("addtcsetpgrp of a file", &acts, NULL);
	posix_spawn_file_actions_destroy(&acts);

	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_addopen(&acts, 8, "made", O_WRONLY | O_CREAT | O_EXCL, 0640);
	posix_spawn_file_actions_addopen(&acts, 10, "no/such", O_RDONLY, 0);
	spawn_with("an action that fails", &acts, NULL);
	show_stat("made");
	posix_spawn_file_actions_destroy(&acts);

	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_adddup2(&acts, 30, 31);
	spawn_with("dup2 of nothing", &acts, NULL);
	posix_spawn_file_actions_destroy(&acts);
	show_names(".");
}

/* ---- exec in its forms ---- */

static void exec_forms(void)
{
	prepare();
	char cp[2 * PATH_MAX];
	snprintf(cp, sizeof(cp), "cp '%s' d/prog && chmod 755 d/prog", self_path);
	TRY(system(cp));
	for (int form = 0; form < 8; form++) {
		say("-- form %d", form); /* before the child says something */
		pid_t pid = fork();
		if (pid == 0) {
			int fd;
			switch (form) {
			case 0: /* relative to a directory of ours */
				execveat(9, "prog", state_argv, environ, 0);
				break;
			case 1:
				fd = open("d/prog", O_PATH | O_CLOEXEC);
				execveat(fd, "", state_argv, environ, AT_EMPTY_PATH);
				break;
			case 2:
				fd = open("d/prog", O_RDONLY | O_CLOEXEC);
				execveat(fd, "", state_argv, environ, AT_EMPTY_PATH);
				break;
			case 3:
				fexecve(open("d/prog", O_RDONLY | O_CLOEXEC), state_argv, environ);
				break;
			case 4:
				symlink("prog", "d/link");
				execveat(9, "link", state_argv, environ, AT_SYMLINK_NOFOLLOW);
				break;
			case 5:
				execveat(9, "link", state_argv, environ, 0);
				break;
			case 6:
				execveat(9, "none", state_argv, environ, 0);
				break;
			default:
				fchdir(9);
				execvp("./prog", state_argv);
			}
			_exit(errno);
		}
		show_end(pid);
		after();
	}
}

/* ---- children that are no fork(2) of libc ---- */

static long raw_clone3(uint64_t flags)
{
	struct clone_args args = {.flags = flags, .exit_signal = SIGCHLD};

	return syscall(SYS_clone3, &args, sizeof(args));
}

static int of_clone(void *arg)
{
	int fd = open("made-by-clone", O_CREAT | O_WRONLY | O_APPEND, 0644);

	dup2(fd, 8);
	close(fd);
	close(5);
	write(8, "x", 1);
	execv(self_path, (char *const *)arg);
	_exit(errno);
}

static void clones(void)
{
	prepare();
	for (int clear = 0; clear < 2; clear++) {
		say("-- clone3 %d", clear);
		long pid = raw_clone3(clear ? CLONE_CLEAR_SIGHAND : 0);
		if (pid == 0) {
			char c;
			int fd = open("made", O_CREAT | O_RDWR, 0644);
			int good = fd >= 0 && write(fd, "child", 5) == 5 && read(5, &c, 1) == 1 && c == '3';
			write(6, "c", 1);
			close(fd);
			_exit(good ? 0 : errno ?: 1);
		}
		show_end((pid_t)pid);
		after();
		show("made");
	}
	say("-- clone3 and exec");
	long pid = raw_clone3(0);
	if (pid == 0) {
		execv(self_path, state_argv);
		_exit(errno);
	}
	show_end((pid_t)pid);
	after();

	/* As posix_spawn of some run-time libraries does it. */
	say("-- clone that shares the memory until exec");
	size_t size = 256 << 10;
	char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	show_end(clone(of_clone, stack + size, CLONE_VM | CLONE_VFORK | SIGCHLD, (void *)state_argv));
	after();
	show("made-by-clone");
	show_names(".");
}

/* ---- shells ---- */

static void shells(void)
{
	char line[256];

	prepare();
	TRY(system("cat <&5; echo ' and'; echo sh >&6"));
	after();
	TRY(system("exit 7"));
	FILE *from = popen("head -c 2 <&5; pwd | grep -o '[^/]*$' | wc -l", "r");
	while (from && fgets(line, sizeof(line), from))
		say("read %s", line);
	TRY(pclose(from));
	after();
	FILE *to = popen("cat > d/through", "w");
	fputs("through a pipe\n", to);
	TRY(pclose(to));
	show("d/through");
	to = popen("cat >&6", "we");
	fputs("to six", to);
	TRY(pclose(to));
	after();
	int up[2];
	pipe(up);
	pid_t pid = fork();
	if (pid == 0) {
		close(up[0]);
		if (daemon(1, 1) != 0 || write(6, "d", 1) != 1)
			_exit(1);
		say("the daemon is at %ld, leads its session %d", (long)lseek(5, 0, SEEK_CUR), getsid(0) == getpid());
		_exit(0);
	}
	close(up[1]);
	show_fd("daemon", up[0]); /* the end of the pipe is its end */
	show_end(pid);
	after();
}

/* vfork: what the child does to its descriptors is its own. */
static void vfork_descriptors(void)
{
	prepare();
	for (int how = 0; how < 3; how++) {
		pid_t pid = vfork();
		if (pid == 0) {
			close(7);
			dup2(5, 8);
			close(5);
			if (how == 0)
				execv(self_path, state_argv);
			if (how == 1)
				execv("./none", state_argv);
			_exit(how);
		}
		show_end(pid);
		after();
	}
}

const struct check spawning_checks[] = {
    {"posix_spawn with every attribute", attributes},
    {"posix_spawn with every file action", actions},
    {"execveat and fexecve", exec_forms},
    {"children of clone and clone3", clones},
    {"system, popen and daemon", shells},
    {"a child of vfork has descriptors of its own", vfork_descriptors},
    {NULL, NULL},
};
