/*
 * memory_test.c - memory that signal handlers ask for: no block is had twice, by threads, a handler and the thread that
 * it interrupted.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include "../../native/memory/memory.h"
#include "check.h"

#define THREADS 4
#define HELD    500
#define ROUNDS  20000

#define LARGEST         70000
#define HANDLER_LARGEST (64 * 1024) /* more comes from malloc(3), which is not for handlers */

static _Atomic bool spoilt;
static _Atomic int handled;

struct held {
	unsigned char *block;
	size_t size;
	unsigned char mark;
};

static void check_marks(const struct held *h)
{
	for (size_t i = 0; i < h->size; i++)
		if (h->block[i] != h->mark)
			spoilt = true;
}

static void take(struct held *h, int largest, unsigned int *seed)
{
	int r = rand_r(seed);

	*h = (struct held){.size = (size_t)(r % 7 == 0 ? r % largest : r % 300) + 1, .mark = (unsigned char)r};
	h->block = memory_take(h->size);
	CHECK(h->block != NULL && (uintptr_t)h->block % 16 == 0);
	memset(h->block, h->mark, h->size);
}

static void give(struct held *h)
{
	check_marks(h);
	memory_give(h->block);
	h->block = NULL;
}

/* So long after the handler has ended: the threads have to get on, too. */
static void next_signal(void)
{
	setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {.tv_usec = 100}}, NULL);
}

static void on_alarm(int number)
{
	static unsigned int seed = 5;
	struct held some[20];
	int error = errno;

	(void)number;
	for (int i = 0; i < 20; i++)
		take(&some[i], HANDLER_LARGEST, &seed);
	for (int i = 0; i < 20; i++)
		give(&some[i]);
	handled++;
	next_signal();
	errno = error;
}

static void *work(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;
	struct held *held = calloc(HELD, sizeof(*held));

	for (int round = 0; round < ROUNDS; round++) {
		struct held *h = &held[rand_r(&seed) % HELD];
		if (h->block && round % 5 == 0) { /* grows or shrinks, and keeps what it has */
			size_t size = (size_t)rand_r(&seed) % 2000 + 1;
			check_marks(h);
			h->block = memory_resize(h->block, size);
			if (size > h->size)
				memset(h->block + h->size, h->mark, size - h->size);
			h->size = size;
		} else if (h->block)
			give(h);
		else
			take(h, LARGEST, &seed);
	}
	for (int i = 0; i < HELD; i++)
		if (held[i].block)
			give(&held[i]);
	free(held);
	return NULL;
}

int main(void)
{
	pthread_t ids[THREADS];
	char *zeroed = memory_zeroed(1000), *of_libc = strdup("a block of libc's own");

	for (int i = 0; i < 1000; i++)
		CHECK(zeroed[i] == 0);
	memory_give(zeroed);
	memory_give(of_libc);
	memory_give(NULL);
	signal(SIGALRM, on_alarm);
	next_signal();
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&ids[i], NULL, work, (void *)(i + 1)); /* NOLINT(performance-no-int-to-ptr) */
	for (int i = 0; i < THREADS; i++)
		pthread_join(ids[i], NULL);
	signal(SIGALRM, SIG_IGN);
	CHECK(handled > 0);
	CHECK(!spoilt);
	return 0;
}
