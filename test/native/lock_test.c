/*
 * lock_test.c - native/local/lock.c: waiting for a lock, for a moment without the kernel, is locking all the same.
 *
 * It is linked as the provider is: the linker directs pthread_mutex_lock(3) to it.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <time.h>
#include "check.h"

#define PROCESSES 3
#define THREADS   3
#define ROUNDS    20000
#define WAIT_MS   300

/* What processes share. */
static struct shared {
	pthread_mutex_t lock;
	volatile unsigned long counter; /* lock */
	atomic_bool taken;
} * shared;

static void make_lock(int type, int robust)
{
	pthread_mutexattr_t attr;

	CHECK(pthread_mutexattr_init(&attr) == 0);
	CHECK(pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED) == 0);
	CHECK(pthread_mutexattr_settype(&attr, type) == 0);
	CHECK(pthread_mutexattr_setrobust(&attr, robust) == 0);
	CHECK(pthread_mutex_init(&shared->lock, &attr) == 0);
	CHECK(pthread_mutexattr_destroy(&attr) == 0);
	shared->taken = false;
}

static void pause_ms(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	while (nanosleep(&t, &t) != 0)
		;
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	CHECK(clock_gettime(clock, &t) == 0);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static pid_t child(void (*run)(void))
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid != 0)
		return pid;
	DIE_WITH_PARENT();
	run();
	_exit(0);
}

/* ---- a counter stays right ---------------------------------------------------------------------------------------- */
static void *count(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		CHECK(pthread_mutex_lock(&shared->lock) == 0);
		unsigned long seen = shared->counter;
		for (volatile int work = 0; work < 20; work++) /* long enough that somebody else comes */
			;
		shared->counter = seen + 1;
		CHECK(pthread_mutex_unlock(&shared->lock) == 0);
	}
	return arg;
}

static void count_in_threads(void)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, count, NULL) == 0);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
}

static void threads_and_processes_keep_a_counter_right(int robust)
{
	pid_t pids[PROCESSES];

	make_lock(PTHREAD_MUTEX_DEFAULT, robust);
	shared->counter = 0;
	for (int i = 0; i < PROCESSES; i++)
		pids[i] = child(count_in_threads);
	for (int i = 0; i < PROCESSES; i++)
		check_child(pids[i]);
	CHECK(shared->counter == (unsigned long)PROCESSES * THREADS * ROUNDS);
}

/* ---- who waits long sleeps ---------------------------------------------------------------------------------------- */
struct waited {
	int64_t time, cpu; /* nanoseconds */
};

static void *wait_long(void *arg)
{
	struct waited *w = arg;

	w->time = -clock_ns(CLOCK_MONOTONIC);
	w->cpu = -clock_ns(CLOCK_THREAD_CPUTIME_ID);
	shared->taken = true;
	CHECK(pthread_mutex_lock(&shared->lock) == 0);
	w->cpu += clock_ns(CLOCK_THREAD_CPUTIME_ID);
	w->time += clock_ns(CLOCK_MONOTONIC);
	CHECK(pthread_mutex_unlock(&shared->lock) == 0);
	return NULL;
}

static void who_waits_long_sleeps(void)
{
	struct waited w;
	pthread_t thread;

	make_lock(PTHREAD_MUTEX_DEFAULT, PTHREAD_MUTEX_STALLED);
	CHECK(pthread_mutex_lock(&shared->lock) == 0);
	CHECK(pthread_create(&thread, NULL, wait_long, &w) == 0);
	while (!shared->taken)
		pause_ms(1);
	pause_ms(WAIT_MS);
	CHECK(pthread_mutex_unlock(&shared->lock) == 0);
	CHECK(pthread_join(thread, NULL) == 0);
	CHECK(w.time >= WAIT_MS * 900000LL);
	CHECK(w.cpu < w.time / 20);
}

/* ---- the owner of a robust mutex dies ------------------------------------------------------------------------------ */
static void die_with_the_lock(void)
{
	CHECK(pthread_mutex_lock(&shared->lock) == 0);
	shared->taken = true;
}

static void die_with_the_lock_later(void)
{
	die_with_the_lock();
	pause_ms(100);
}

/* LMDB goes on behind a process that was killed in a transaction. */
static void the_death_of_the_owner_is_told(void (*die)(void))
{
	pid_t pid;
	bool before = die == die_with_the_lock;

	make_lock(PTHREAD_MUTEX_DEFAULT, PTHREAD_MUTEX_ROBUST);
	pid = child(die);
	if (before)
		check_child(pid);
	while (!shared->taken)
		pause_ms(1);
	CHECK(pthread_mutex_lock(&shared->lock) == EOWNERDEAD);
	if (!before)
		check_child(pid);
	CHECK(pthread_mutex_consistent(&shared->lock) == 0);
	CHECK(pthread_mutex_unlock(&shared->lock) == 0);
	CHECK(pthread_mutex_lock(&shared->lock) == 0);
	CHECK(pthread_mutex_unlock(&shared->lock) == 0);
}

static void a_lock_that_nobody_mended_is_refused(void)
{
	make_lock(PTHREAD_MUTEX_DEFAULT, PTHREAD_MUTEX_ROBUST);
	check_child(child(die_with_the_lock));
	CHECK(pthread_mutex_lock(&shared->lock) == EOWNERDEAD);
	CHECK(pthread_mutex_unlock(&shared->lock) == 0);
	CHECK(pthread_mutex_lock(&shared->lock) == ENOTRECOVERABLE);
}

/* ---- a thread that has the lock itself ----------------------------------------------------------------------------- */
static void errors_come_through(void)
{
	make_lock(PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED);
	CHECK(pthread_mutex_lock(&shared->lock) == 0);
	CHECK(pthread_mutex_lock(&shared->lock) == EDEADLK);
	CHECK(pthread_mutex_unlock(&shared->lock) == 0);
}

static void a_recursive_lock_counts(void)
{
	make_lock(PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED);
	CHECK(pthread_mutex_lock(&shared->lock) == 0);
	CHECK(pthread_mutex_lock(&shared->lock) == 0);
	CHECK(pthread_mutex_unlock(&shared->lock) == 0);
	CHECK(pthread_mutex_unlock(&shared->lock) == 0);
}

int main(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	threads_and_processes_keep_a_counter_right(PTHREAD_MUTEX_STALLED);
	threads_and_processes_keep_a_counter_right(PTHREAD_MUTEX_ROBUST);
	who_waits_long_sleeps();
	the_death_of_the_owner_is_told(die_with_the_lock);
	the_death_of_the_owner_is_told(die_with_the_lock_later);
	a_lock_that_nobody_mended_is_refused();
	errors_come_through();
	a_recursive_lock_counts();
	return 0;
}
