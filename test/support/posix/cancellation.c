/* cancellation.c - threads that are cancelled, in the middle of a call and where one waits. */
#include "check.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>

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

const struct check cancellation_checks[] = {
    {"a thread that is cancelled in a call leaves no lock behind", cancelled_anywhere},
    {"cancellation points are those of libc", cancellation_points},
    {"a thread that is cancelled while it waits ends there", cancelled_while_waiting},
    {NULL, NULL},
};
