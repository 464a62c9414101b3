/* signals.c - signal handlers, cancellation, threads that end, and what runs at the end of a program. */
#include "check.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>

/* ---- handlers ---- */

static volatile sig_atomic_t handled, wrong;

#define EXPECT(what)                     \
	do {                             \
		if (!(what) && !wrong)   \
			wrong = __LINE__; \
	} while (0)

/* The next signal comes so long after the handler has ended: the program has to get on, too. */
static volatile long pause_between;

static void next_signal(void)
{
	setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {.tv_usec = pause_between}}, NULL);
}

static void signals(long microseconds)
{
	pause_between = microseconds;
	next_signal();
}

/* Calls that POSIX lets a handler make, on files of its own. */
static void on_alarm(int number)
{
	char text[8] = {0};
	struct stat st;
	int saved = errno;

	(void)number;
	int fd = open("h/file", O_CREAT | O_RDWR | O_TRUNC, 0644);
	EXPECT(fd >= 0);
	EXPECT(write(fd, "handler", 7) == 7);
	EXPECT(lseek(fd, 2, SEEK_SET) == 2);
	EXPECT(read(fd, text, 3) == 3 && memcmp(text, "ndl", 3) == 0);
	EXPECT(pread(fd, text, 7, 0) == 7 && memcmp(text, "handler", 7) == 0);
	EXPECT(fstat(fd, &st) == 0 && st.st_size == 7);
	int twin = dup(fd);
	EXPECT(twin >= 0 && close(fd) == 0);
	EXPECT(ftruncate(twin, 3) == 0 && close(twin) == 0);
	EXPECT(rename("h/file", "h/other") == 0);
	EXPECT(stat("h/other", &st) == 0 && st.st_size == 3);
	EXPECT(access("h/file", F_OK) == -1 && errno == ENOENT);
	EXPECT(mkdir("h/d", 0755) == 0 && rmdir("h/d") == 0);
	EXPECT(unlink("h/other") == 0);
	handled++;
	next_signal();
	errno = saved;
}

/* The same things, and memory beside them: a handler may come in the middle of any. */
static int one_round(int i)
{
	char name[32], text[64];
	struct stat st;
	int bad = 0;

	snprintf(name, sizeof(name), "d%d", i % 7);
	bad += mkdir(name, 0755) != 0;
	snprintf(name, sizeof(name), "d%d/f", i % 7);
	int fd = open(name, O_CREAT | O_EXCL | O_RDWR, 0644);
	bad += fd < 0 || write(fd, "of the program", 14) != 14;
	bad += pread(fd, text, 14, 0) != 14 || memcmp(text, "of the program", 14) != 0;
	bad += fstat(fd, &st) != 0 || st.st_size != 14;
	bad += close(fd) != 0;
	char *room = malloc((size_t)(i * 37 % 5000) + 1);
	memset(room, i, 1);
	FILE *f = fopen(name, "r");
	bad += !f || !fgets(text, sizeof(text), f) || strcmp(text, "of the program") != 0;
	bad += f && fclose(f) != 0;
	free(room);
	snprintf(name, sizeof(name), "d%d", i % 7);
	DIR *dir = opendir(name);
	int names = 0;
	while (dir && readdir(dir))
		names++;
	bad += names != 3 || closedir(dir) != 0;
	snprintf(name, sizeof(name), "d%d/f", i % 7);
	bad += unlink(name) != 0;
	snprintf(name, sizeof(name), "d%d", i % 7);
	bad += rmdir(name) != 0;
	return bad;
}

static void in_the_middle(void)
{
	struct sigaction act = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	int bad = 0;

	mkdir("h", 0755);
	sigaction(SIGALRM, &act, NULL);
	signals(50);
	for (int i = 0; i < 300 || handled < 2000; i++)
		bad += one_round(i);
	signals(0);
	TRY(bad);
	say("first thing that a handler got wrong: %s %d", wrong ? "line" : "none", (int)wrong);
	show_names(".");
	show_names("h");
}

static volatile bool stop;

static void *rounds(void *arg)
{
	char name[16];
	long bad = 0;
	int n = (int)(long)arg;

	snprintf(name, sizeof(name), "t%d", n);
	for (int i = 0; !stop; i++) {
		int fd = open(name, O_CREAT | O_RDWR, 0644);
		bad += fd < 0 || write(fd, "thread", 6) != 6 || close(fd) != 0 || unlink(name) != 0;
	}
	return (void *)bad;
}

static void in_the_middle_of_threads(void)
{
	struct sigaction act = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	pthread_t ids[3];
	sigset_t alarm_only;
	int bad = 0;

	mkdir("h", 0755);
	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	/* The handler's files are one's own: one thread gets the signals. */
	pthread_sigmask(SIG_BLOCK, &alarm_only, NULL);
	for (long i = 0; i < 3; i++)
		pthread_create(&ids[i], NULL, rounds, (void *)i);
	pthread_sigmask(SIG_UNBLOCK, &alarm_only, NULL);
	sigaction(SIGALRM, &act, NULL);
	signals(100);
	for (int i = 0; i < 100 || handled < 1000; i++)
		bad += one_round(i);
	signals(0);
	stop = true;
	for (int i = 0; i < 3; i++) {
		void *more;
		pthread_join(ids[i], &more);
		bad += (int)(long)more;
	}
	TRY(bad);
	say("first thing that a handler got wrong: %s %d", wrong ? "line" : "none", (int)wrong);
}

/* ---- cancellation ---- */

struct victim {
	pthread_t id;
	pthread_barrier_t ready;
	int way;
};

static void close_it(void *arg)
{
	int *fd = arg;

	if (*fd >= 0)
		close(*fd);
}

static void *until_cancelled(void *arg)
{
	struct victim *v = arg;
	char text[64];
	int fd = v->way == 2 ? -1 : open("c", O_RDWR);

	pthread_barrier_wait(&v->ready);
	pthread_cleanup_push(close_it, &fd);
	for (;;) {
		switch (v->way) {
		case 0:
			pread(fd, text, sizeof(text), 0);
			break;
		case 1:
			pwrite(fd, "0123456789", 10, 0);
			break;
		case 2:
			fd = open("c", O_RDWR);
			if (fd >= 0) {
				int now = fd;
				fd = -1;
				close(now);
			}
			break;
		case 3:
			lseek(fd, 0, SEEK_SET);
			read(fd, text, sizeof(text));
			break;
		default:
			fsync(fd);
		}
	}
	pthread_cleanup_pop(1);
	return NULL;
}

static void cancelled_anywhere(void)
{
	int ended = 0, usable = 0;
	unsigned int seed = 7;

	put("c", "0123456789");
	for (int round = 0; round < 400; round++) {
		struct victim v = {.way = round % 5};
		void *result;
		pthread_barrier_init(&v.ready, NULL, 2);
		pthread_create(&v.id, NULL, until_cancelled, &v);
		pthread_barrier_wait(&v.ready);
		for (volatile int spin = rand_r(&seed) % 20000; spin > 0; spin--)
			;
		pthread_cancel(v.id);
		pthread_join(v.id, &result);
		ended += result == PTHREAD_CANCELED;
		/* A lock that was lost would stop these. */
		int fd = open("c", O_RDWR);
		char c;
		usable += fd >= 0 && read(fd, &c, 1) == 1 && pwrite(fd, "0", 1, 0) == 1 && mkdir("m", 0755) == 0 &&
		          rmdir("m") == 0 && close(fd) == 0;
		pthread_barrier_destroy(&v.ready);
	}
	TRY(ended);
	TRY(usable);
	show("c");
}

static void *cancelled_at(void *arg)
{
	int way = (int)(long)arg;
	char text[8];
	int fd = must_open("c", O_RDWR);
	char name[8];

	pthread_cancel(pthread_self());
	snprintf(name, sizeof(name), "n%d", way);
	switch (way) { /* pthreads(7): the first ones are cancellation points, the rest are none */
	case 0:
		read(fd, text, 1);
		break;
	case 1:
		write(fd, "x", 1);
		break;
	case 2:
		open(name, O_CREAT | O_RDWR, 0644);
		break;
	case 3:
		close(fd);
		break;
	case 4:
		fsync(fd);
		break;
	case 5:
		pread(fd, text, 1, 0);
		break;
	case 6:
		lockf(fd, F_LOCK, 0);
		break;
	case 7:
		fcntl(fd, F_SETLKW, &(struct flock){.l_type = F_WRLCK});
		break;
	case 8:
		mkdir(name, 0755);
		break;
	case 9:
		rename("c", "c");
		break;
	case 10:
		ftruncate(fd, 10);
		break;
	case 11:
		syscall(SYS_openat, AT_FDCWD, "c", O_RDONLY);
		break;
	default:
		lseek(fd, 0, SEEK_END);
	}
	return (void *)1;
}

static void cancellation_points(void)
{
	put("c", "0123456789");
	for (long way = 0; way < 13; way++) {
		pthread_t id;
		void *result;
		pthread_create(&id, NULL, cancelled_at, (void *)way);
		pthread_join(id, &result);
		say("call %ld: %s", way, result == PTHREAD_CANCELED ? "cancelled" : "not cancelled");
	}
	show_names(".");
	show("c");
}

static const char *fifo;

/* Waits for what does not come. */
static void *waits(void *arg)
{
	int fd = must_open("c", O_RDWR);
	struct flock whole = {.l_type = F_WRLCK};

	switch ((int)(long)arg) {
	case 0:
		fcntl(fd, F_SETLKW, &whole);
		break;
	case 1:
		fcntl(fd, F_OFD_SETLKW, &whole);
		break;
	case 2:
		lockf(fd, F_LOCK, 0);
		break;
	case 3:
		open(fifo, O_RDONLY);
		break;
	default:
		fopen(fifo, "r");
	}
	return (void *)1;
}

static void cancelled_while_waiting(void)
{
	char there[PATH_MAX], c;
	int told[2];

	put("c", "0123456789");
	snprintf(there, sizeof(there), "%s/fifo-%d", getenv("OUTSIDE"), getpid());
	fifo = there;
	TRY(mkfifo(fifo, 0600));
	TRY(pipe(told));
	pid_t holder = fork();
	if (holder == 0) {
		int fd = must_open("c", O_RDWR);
		fcntl(fd, F_SETLKW, &(struct flock){.l_type = F_WRLCK});
		write(told[1], "x", 1);
		pause();
		_exit(0);
	}
	read(told[0], &c, 1);
	for (long way = 0; way < 5; way++) {
		pthread_t id;
		void *result = NULL;
		struct timespec limit;
		pthread_create(&id, NULL, waits, (void *)way);
		usleep(50000);
		pthread_cancel(id);
		clock_gettime(CLOCK_REALTIME, &limit);
		limit.tv_sec += 20;
		int late = pthread_timedjoin_np(id, &result, &limit);
		say("wait %ld: %s", way, late ? "for ever" : result == PTHREAD_CANCELED ? "cancelled" : "not cancelled");
	}
	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
	int fd = must_open("c", O_RDWR);
	TRY(fcntl(fd, F_SETLK, &(struct flock){.l_type = F_WRLCK}));
	close(fd);
	unlink(fifo);
}

/* ---- threads that end ---- */

static pthread_key_t key;

static void at_thread_end(void *value)
{
	int fd = (int)(long)value;

	if (write(fd, "e", 1) != 1 || close(fd) != 0)
		wrong = errno;
}

static void *ends_soon(void *arg)
{
	char name[16];
	int n = (int)(long)arg;

	snprintf(name, sizeof(name), "e%d", n % 10);
	int fd = open(name, O_CREAT | O_APPEND | O_WRONLY, 0644);
	if (n % 3 == 0) {
		pthread_setspecific(key, (void *)(long)fd);
		pthread_exit(NULL);
	}
	if (n % 3 == 1) { /* its stream stays open: another thread's to close */
		DIR *dir = opendir(".");
		readdir(dir);
		close(fd);
		return dir;
	}
	write(fd, "x", 1);
	close(fd);
	return NULL;
}

static void threads_end(void)
{
	int streams = 0;

	pthread_key_create(&key, at_thread_end);
	for (int round = 0; round < 50; round++) {
		pthread_t ids[9];
		for (int i = 0; i < 9; i++)
			pthread_create(&ids[i], NULL, ends_soon, (void *)(long)(round * 9 + i));
		for (int i = 0; i < 9; i++) {
			void *dir;
			pthread_join(ids[i], &dir);
			if (dir && dir != PTHREAD_CANCELED)
				streams += readdir(dir) != NULL && closedir(dir) == 0;
		}
	}
	TRY(streams);
	TRY(wrong);
	for (int i = 0; i < 10; i++) {
		char name[16];
		snprintf(name, sizeof(name), "e%d", i);
		show_stat(name);
	}
	show_names(".");
	TRY(open(".", O_RDONLY));
}

/* The whole program ends while threads are inside calls. */
static void ends_among_threads(void)
{
	for (int round = 0; round < 20; round++) {
		pid_t pid = fork();
		if (pid == 0) {
			pthread_t ids[3];
			alarm(20);
			for (long i = 0; i < 3; i++)
				pthread_create(&ids[i], NULL, rounds, (void *)i);
			usleep((useconds_t)(round * 300));
			exit(round);
		}
		show_end(pid);
	}
	for (int i = 0; i < 3; i++) { /* which of them were left, chance says */
		char name[16];
		snprintf(name, sizeof(name), "t%d", i);
		unlink(name);
	}
	show_names(".");
}

/* ---- the end of a program ---- */

static int end_fd = -1;
static FILE *end_file;

static void line_at_end(const char *text)
{
	if (end_fd >= 0)
		write(end_fd, text, strlen(text));
}

static void first_registered(void)
{
	int fd = open("made-at-exit", O_CREAT | O_WRONLY, 0644);

	line_at_end("first registered\n");
	write(fd, "made", 4);
	close(fd);
}

static void last_registered(void)
{
	line_at_end("last registered\n");
	fprintf(end_file, "and more");
}

static void with_status(int status, void *arg)
{
	(void)arg;
	line_at_end(status == 5 ? "status 5\n" : "another status\n");
}

/* After all handlers, in the order of the linker: the library's own destructors may have run. */
__attribute__((destructor)) static void destructor(void)
{
	int fd = end_fd >= 0 ? open("made-by-destructor", O_CREAT | O_WRONLY, 0644) : -1;

	line_at_end("destructor\n");
	if (fd >= 0) {
		write(fd, "late", 4);
		close(fd);
	}
}

static void at_exit(void)
{
	for (int how = 0; how < 3; how++) {
		pid_t pid = fork();
		if (pid == 0) {
			end_fd = must_open("log", O_CREAT | O_WRONLY | O_APPEND);
			end_file = fopen("buffered", "a");
			fprintf(end_file, "left in the buffer ");
			atexit(first_registered);
			on_exit(with_status, NULL);
			atexit(last_registered);
			if (how == 0)
				exit(5);
			if (how == 1)
				quick_exit(6);
			pthread_exit(NULL); /* the last thread: exit(0) */
		}
		show_end(pid);
		show("log");
		show("buffered");
		show("made-at-exit");
		show("made-by-destructor");
	}
	show_names(".");
}

/* ---- handlers that want what another thread holds ---- */

static int crossed[2];
static __thread int self;
static _Atomic int crossings[2], ends;

static void write_to_other(int sig)
{
	(void)sig;
	if (write(crossed[!self], "h", 1) == 1)
		crossings[self]++;
}

static void *write_to_own(void *arg)
{
	static char buf[2][16384];

	self = *(int *)arg;
	while (!ends) {
		if (write(crossed[self], buf[self], sizeof(buf[self])) != sizeof(buf[self]))
			return NULL;
		lseek(crossed[self], 0, SEEK_SET);
	}
	return arg;
}

/* Each thread has the other's file in use while its handler waits for that. */
static void handlers_cross(void)
{
	struct sigaction action = {.sa_handler = write_to_other, .sa_flags = SA_RESTART};
	static int numbers[] = {0, 1};
	pthread_t threads[2];
	int fine = 0, waited = 0;

	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < 2; i++) {
		put(i ? "one" : "two", "");
		crossed[i] = must_open(i ? "one" : "two", O_RDWR);
	}
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, write_to_own, &numbers[i]);
	/* As long as it takes both to get on, a thousand times. */
	while ((crossings[0] < 1000 || crossings[1] < 1000) && waited++ < 200000) {
		pthread_kill(threads[waited & 1], SIGUSR1);
		usleep(20);
	}
	say("both go on: %d", crossings[0] >= 1000 && crossings[1] >= 1000);
	if (waited > 200000) /* they never end */
		return;
	ends = 1;
	for (int i = 0; i < 2; i++) {
		void *end = NULL;
		pthread_join(threads[i], &end);
		fine += end == &numbers[i];
	}
	say("and write all they want: %d", fine);
}

/* ---- many streams ---- */

static void thousand_streams(void)
{
	static DIR *dirs[1000];
	char name[16];
	int opened = 0, right = 0;

	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "f%02d", i);
		put(name, "x");
	}
	for (int i = 0; i < 1000; i++)
		opened += (dirs[i] = opendir(".")) != NULL;
	TRY(opened);
	/* All at once, each from where it is. */
	int names[1000] = {0};
	for (int again = 1; again;) {
		again = 0;
		for (int i = 0; i < 1000; i++)
			if (dirs[i] && readdir(dirs[i])) {
				names[i]++;
				again = 1;
			}
	}
	for (int i = 0; i < 1000; i++)
		right += names[i] == 22;
	TRY(right);
	for (int i = 0; i < 1000; i++)
		right -= dirs[i] && closedir(dirs[i]) == 0;
	TRY(right);
	TRY(must_open(".", O_RDONLY));
}

const struct check signal_checks[] = {
    {"a signal handler may do what POSIX lets it, in the middle of any call", in_the_middle},
    {"a signal handler may do what POSIX lets it, among busy threads", in_the_middle_of_threads},
    {"handlers of two threads write to each other's file", handlers_cross},
    {"a thread that is cancelled in a call leaves no lock behind", cancelled_anywhere},
    {"cancellation points are those of libc", cancellation_points},
    {"a thread that is cancelled while it waits ends there", cancelled_while_waiting},
    {"threads end with streams and descriptors open", threads_end},
    {"a program ends while its threads are inside calls", ends_among_threads},
    {"what runs at the end of a program reads and writes", at_exit},
    {"a thousand DIR streams at once", thousand_streams},
    {NULL, NULL},
};
