/* locks.c - locks that wait: who wakes them, who interrupts them, when they end. */
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/time.h>

enum kind { FLOCK, POSIX, OFD, LOCKF, NR_KINDS };
static const char *const kind_names[] = {"flock", "F_SETLKW", "F_OFD_SETLKW", "lockf"};

static int record(int fd, int command, short type, off_t start, off_t length)
{
	struct flock range = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};

	return fcntl(fd, command, &range);
}

/* The whole file, waiting. */
static int lock(enum kind kind, int fd)
{
	switch (kind) {
	case FLOCK:
		return flock(fd, LOCK_EX);
	case POSIX:
		return record(fd, F_SETLKW, F_WRLCK, 0, 0);
	case OFD:
		return record(fd, F_OFD_SETLKW, F_WRLCK, 0, 0);
	default:
		return lockf(fd, F_LOCK, 0);
	}
}

static int unlock(enum kind kind, int fd)
{
	switch (kind) {
	case FLOCK:
		return flock(fd, LOCK_UN);
	case POSIX:
		return record(fd, F_SETLK, F_UNLCK, 0, 0);
	case OFD:
		return record(fd, F_OFD_SETLK, F_UNLCK, 0, 0);
	default:
		return lockf(fd, F_ULOCK, 0);
	}
}

/* A child that has the lock, until a byte is written to the pipe it is given; how it then ends. */
enum ending { UNLOCKS, CLOSES, EXITS, CLOSES_ANOTHER, EXECS, NR_ENDINGS };
static const char *const ending_names[] = {"unlocks", "closes", "exits", "closes another descriptor of the file",
                                           "executes with close-on-exec"};

struct holder {
	pid_t pid;
	int go, held;
};

static struct holder holder(enum kind kind, enum ending ending)
{
	int go[2], held[2];
	char c;

	if (pipe2(go, O_CLOEXEC) || pipe2(held, O_CLOEXEC))
		exit(98);
	struct holder h = {.pid = fork(), .go = go[1], .held = held[0]};
	if (h.pid == 0) /* its end of the pipe is the end */
		close(go[1]);
	if (h.pid == 0) {
		int fd = must_open("f", O_RDWR | O_CLOEXEC), other = must_open("f", O_RDWR);
		if (lock(kind, fd) || write(held[1], "h", 1) != 1)
			_exit(1);
		read(go[0], &c, 1);
		if (ending == UNLOCKS)
			unlock(kind, fd);
		else if (ending == CLOSES)
			close(fd);
		else if (ending == CLOSES_ANOTHER)
			close(other);
		else if (ending == EXECS)
			execlp("sleep", "sleep", "60", NULL);
		else
			_exit(0);
		read(go[0], &c, 1);
		_exit(0);
	}
	close(go[0]);
	close(held[1]);
	read(h.held, &c, 1);
	return h;
}

static void let_end(struct holder *h)
{
	close(h->go);
	close(h->held);
	kill(h->pid, SIGKILL);
	waitpid(h->pid, NULL, 0);
}

static int waited_for;
static _Atomic int got;
static enum kind waiting_kind;

static void *wait_for_it(void *arg)
{
	(void)arg;
	got = lock(waiting_kind, waited_for) == 0 ? 1 : -errno;
	return NULL;
}

static void wakes(void)
{
	put("f", "0123456789");
	for (enum kind kind = 0; kind < NR_KINDS; kind++)
		for (enum ending ending = 0; ending < NR_ENDINGS; ending++) {
			struct holder h = holder(kind, ending);
			pthread_t id;

			waited_for = must_open("f", O_RDWR);
			waiting_kind = kind;
			got = 0;
			pthread_create(&id, NULL, wait_for_it, NULL);
			usleep(30000);
			int early = got;
			/* The waiting thread keeps nobody else from the file. */
			char c = 0;
			int reads = pread(waited_for, &c, 1, 3) == 1 && c == '3';
			write(h.go, "g", 1);
			/* On a busy machine even an exec takes its time. */
			bool stays = ending == CLOSES_ANOTHER && (kind == FLOCK || kind == OFD);
			for (int i = 0; i < (stays ? 30 : 1000) && !got; i++)
				usleep(10000);
			say("%s, holder %s: waits %d reads %d then %d", kind_names[kind], ending_names[ending], !early, reads,
			    got);
			if (!got)
				kill(h.pid, SIGKILL);
			pthread_join(id, NULL);
			say("in the end %d", got);
			close(waited_for);
			let_end(&h);
		}
}

static void killed_holder(void)
{
	put("f", "0123456789");
	for (enum kind kind = 0; kind < NR_KINDS; kind++) {
		struct holder h = holder(kind, UNLOCKS);
		int fd = must_open("f", O_RDWR);
		kill(h.pid, SIGKILL);
		say("%s", kind_names[kind]);
		TRY(lock(kind, fd));
		let_end(&h);
		close(fd);
	}
}

static void deadlock(void)
{
	int go[2], held[2];
	char c;

	put("f", "0123456789");
	pipe(go);
	pipe(held);
	int fd = must_open("f", O_RDWR);
	TRY(record(fd, F_SETLK, F_WRLCK, 0, 1));
	pid_t pid = fork();
	if (pid == 0) {
		int own = must_open("f", O_RDWR);
		if (record(own, F_SETLK, F_WRLCK, 1, 1) || write(held[1], "h", 1) != 1)
			_exit(1);
		_exit(record(own, F_SETLKW, F_WRLCK, 0, 1) == 0 ? 0 : errno); /* until the parent lets go */
	}
	read(held[0], &c, 1);
	usleep(30000);
	TRY(record(fd, F_SETLKW, F_WRLCK, 1, 1)); /* each would wait for the other */
	TRY(record(fd, F_SETLK, F_UNLCK, 0, 1));
	show_end(pid);
	TRY(record(fd, F_SETLKW, F_WRLCK, 1, 1));
	/* Locks of descriptions may wait for each other: F_OFD_SETLKW finds no deadlock. */
	int one = must_open("f", O_RDWR), two = must_open("f", O_RDWR);
	TRY(record(one, F_OFD_SETLK, F_WRLCK, 5, 1));
	TRY(record(two, F_OFD_SETLK, F_RDLCK, 5, 1));
	TRY(close(one));
	TRY(record(two, F_OFD_SETLK, F_WRLCK, 5, 1));
}

static volatile sig_atomic_t alarms;

static void count_alarm(int number)
{
	(void)number;
	alarms++;
}

static void interrupted(void)
{
	/* Again and again: on a busy machine the first may come before the wait. */
	struct itimerval soon = {.it_value = {.tv_usec = 30000}, .it_interval = {.tv_usec = 30000}}, never = {0};

	put("f", "0123456789");
	for (enum kind kind = 0; kind < NR_KINDS; kind++) {
		struct holder h = holder(kind, UNLOCKS);
		int fd = must_open("f", O_RDWR);
		alarms = 0;
		sigaction(SIGALRM, &(struct sigaction){.sa_handler = count_alarm}, NULL);
		setitimer(ITIMER_REAL, &soon, NULL);
		int r = lock(kind, fd), error = errno;
		setitimer(ITIMER_REAL, &never, NULL);
		say("%s: %d %s, signals %d", kind_names[kind], r, strerrorname_np(error), alarms > 0);

		alarms = 0;
		/* With SA_RESTART the handler runs and the call goes on. */
		sigaction(SIGALRM, &(struct sigaction){.sa_handler = count_alarm, .sa_flags = SA_RESTART}, NULL);
		setitimer(ITIMER_REAL, &soon, NULL);
		pid_t pid = fork();
		if (pid == 0) { /* lets the holder go on after the signal */
			usleep(100000);
			_exit(write(h.go, "g", 1) == 1 ? 0 : 1);
		}
		r = lock(kind, fd);
		setitimer(ITIMER_REAL, &never, NULL);
		say("%s: %d, signals %d", kind_names[kind], r, alarms > 0);
		show_end(pid);
		let_end(&h);
		close(fd);
	}
}

static void over_fork_and_exec(void)
{
	put("f", "0123456789");
	for (enum kind kind = 0; kind < NR_KINDS; kind++) {
		int fd = must_open("f", O_RDWR), other = must_open("f", O_RDWR);
		say("%s", kind_names[kind]);
		TRY(lock(kind, fd));
		pid_t pid = fork();
		if (pid == 0) {
			/* What belongs to the description is the child's too; what belongs to the process is not. */
			int mine = kind == FLOCK ? flock(fd, LOCK_EX | LOCK_NB)
			                         : record(fd, kind == OFD ? F_OFD_SETLK : F_SETLK, F_WRLCK, 0, 0);
			say("child: the inherited %d", mine);
			int fresh = must_open("f", O_RDWR);
			say("child: its own %d", kind == FLOCK ? flock(fresh, LOCK_EX | LOCK_NB)
			                                       : record(fresh, kind == OFD ? F_OFD_SETLK : F_SETLK, F_WRLCK, 0, 0));
			_exit(0);
		}
		show_end(pid);
		/* The child's end was none of the lock. */
		pid = fork();
		if (pid == 0) {
			int fresh = must_open("f", O_RDWR);
			_exit((kind == FLOCK ? flock(fresh, LOCK_EX | LOCK_NB)
			                     : record(fresh, kind == OFD ? F_OFD_SETLK : F_SETLK, F_WRLCK, 0, 0)) == 0);
		}
		show_end(pid);
		TRY(close(other));
		TRY(close(fd));
	}
	/* A lock of the process outlives exec. */
	pid_t pid = fork();
	if (pid == 0) {
		char number[12];
		int fd = must_open("f", O_RDWR);
		record(fd, F_SETLK, F_WRLCK, 0, 0);
		snprintf(number, sizeof(number), "%d", fd);
		execlp("sh", "sh", "-c", "sleep 0.3", NULL);
		_exit(127);
	}
	usleep(150000);
	int fd = must_open("f", O_RDWR);
	TRY(record(fd, F_SETLK, F_WRLCK, 0, 0));
	show_end(pid);
	TRY(record(fd, F_SETLK, F_WRLCK, 0, 0));
}

const struct check lock_checks[] = {
    {"a lock that waits is woken by whatever ends the other", wakes},
    {"locks end with a process that is killed", killed_holder},
    {"a deadlock of record locks is found", deadlock},
    {"a signal ends the wait for a lock, or does not", interrupted},
    {"locks over fork and exec", over_fork_and_exec},
    {NULL, NULL},
};
