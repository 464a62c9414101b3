/* signals.c - signal handlers, threads that end, and what runs at the end of a program. */
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

const struct check signal_checks[] = {
    {"a signal handler may do what POSIX lets it, in the middle of any call", in_the_middle},
    {"a signal handler may do what POSIX lets it, among busy threads", in_the_middle_of_threads},
    {"handlers of two threads write to each other's file", handlers_cross},
    {"threads end with streams and descriptors open", threads_end},
    {"a program ends while its threads are inside calls", ends_among_threads},
    {"what runs at the end of a program reads and writes", at_exit},
    {NULL, NULL},
};
