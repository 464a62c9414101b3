/*
 * workers.c - the threads that answer the kernel.
 *
 * A request wakes the thread that has waited longest, on whichever processor that last ran. With several threads
 * waiting, the requests of one program go round all of them, each wakes another processor, and a request costs
 * several times as much. So as few threads wait as the load needs: usually one.
 *   More: a thread that found a request waiting RISE times in a row, for there is more to do than it can do, if
 *         several programs asked or it never left its processor; or the watch, when all have been busy with one
 *         request for a tick, because what they wait for (a lock of the store, a slow disk, another request) may
 *         take long.
 *   Less: a thread that had to wait for most of its last FALL requests, while others are there, is put aside.
 *   Another: when only one waits, and one program asks. On the same processor as the program, it answers at the cost of
 *         two switches of that. Apart from it, each request wakes one idle processor and its answer another, which
 *         takes several times as long on a virtual machine, whose host has to give them back; and the kernel wakes a
 *         thread where it ran last, so they stay apart. So a thread that finds itself apart, after LOOK requests, lets
 *         another of CANDIDATES take its place. Where that does not help, it comes to be done seldom.
 */
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include "dfuse.h"

#define RISE 16
#define FALL 64

#define LOOK       16u /* to look costs as much as to answer one request */
#define CANDIDATES 4
/* So often in vain, and who is apart looks half as often: a machine of many processors keeps them apart. */
#define PATIENCE   8

/* A read(2) of the device that takes longer has slept; copying its bytes is allowed for. */
#define SLEPT_NS(bytes) (3000 + (bytes) / 4)

#define TICK_NS    1000000 /* of the watch: so late another thread helps those that are held up */
#define IDLE_TICKS 2       /* without a request, and the watch sleeps until there is one */

struct worker {
	pthread_t thread;
	struct fuse_buf buf;
	_Atomic pid_t tid;
	_Atomic uint64_t since; /* when it took the request that it is at, 0 between two */
	_Atomic bool ended;
};

static struct {
	struct worker *workers;
	unsigned int max, started; /* lock */
	_Atomic unsigned int active;
	unsigned int wanted; /* lock: of those put aside, so many may go on */
	pthread_mutex_t lock;
	pthread_cond_t more;
	_Atomic unsigned int apart; /* so often, since one was beside the program */
	_Atomic uint64_t taken;     /* requests */
	_Atomic bool watch_sleeps;
	sem_t watch_wake;
	_Atomic int error;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void *work(void *arg);

/* One more thread at work, if there may be: one that was put aside, once `enough` have been started. */
static void add_worker(unsigned int enough)
{
	pthread_mutex_lock(&pool.lock);
	unsigned int active = atomic_load(&pool.active);
	if (active < pool.started && (pool.started >= enough || pool.started == pool.max)) {
		pool.wanted++;
		atomic_store(&pool.active, active + 1);
		pthread_cond_signal(&pool.more);
	} else if (pool.started < pool.max &&
	           pthread_create(&pool.workers[pool.started].thread, NULL, work, &pool.workers[pool.started]) == 0) {
		pool.started++;
		atomic_store(&pool.active, active + 1);
	}
	pthread_mutex_unlock(&pool.lock);
}

/* Waits to be needed, if others are there to do the work. */
static void stand_aside(void)
{
	pthread_mutex_lock(&pool.lock);
	unsigned int active = atomic_load(&pool.active);
	if (active > 1) {
		atomic_store(&pool.active, active - 1);
		while (!pool.wanted && !fuse_session_exited(dfuse.session))
			pthread_cond_wait(&pool.more, &pool.lock);
		if (pool.wanted)
			pool.wanted--;
	}
	pthread_mutex_unlock(&pool.lock);
}

/* How much of its time a thread has to do something. */
struct pressure {
	unsigned int found;          /* requests in a row that were waiting already */
	unsigned int others;         /* of them by another program than the one before */
	long switches;               /* of the thread, half-way to RISE of them */
	uint32_t pid;                /* of who asked last: a thread of a program */
	unsigned int slept, counted; /* for how many of the last ones it waited */
	unsigned int alone;          /* requests in a row by one program */
};

/* How often this thread has left its processor. */
static long switches(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_THREAD, &usage) == 0 ? usage.ru_nvcsw + usage.ru_nivcsw : 0;
}

/* Or was it only that the program which it has answered ran first and asked again, on the same processor? */
static bool more_than_one_can_do(const struct pressure *p)
{
	return p->others >= RISE / 4 || switches() - p->switches < RISE / 4;
}

/* Lets another thread do the work when this one and the program that it answers sit on two processors. */
static void sit_beside(struct pressure *p, uint32_t pid)
{
	unsigned int apart = atomic_load_explicit(&pool.apart, memory_order_relaxed);

	p->alone = pid == p->pid ? p->alone + 1 : 0;
	if (p->alone < LOOK << apart / PATIENCE || atomic_load(&pool.active) > 1)
		return;
	int processor = thread_processor((pid_t)pid);
	bool beside = processor < 0 || processor == sched_getcpu();
	p->alone = 0;
	atomic_store(&pool.apart, beside ? 0 : apart < 6 * PATIENCE ? apart + 1 : apart);
	if (beside)
		return;
	*p = (struct pressure){.pid = pid};
	add_worker(CANDIDATES);
	stand_aside();
}

static void adjust(struct pressure *p, bool slept, uint32_t pid)
{
	if (pid == 0) /* the kernel by itself, or a program in a container that we do not see into */
		pid = p->pid;
	sit_beside(p, pid);
	p->found = slept ? 0 : p->found + 1;
	p->others = slept ? 0 : p->others + (pid != p->pid);
	p->slept += slept;
	p->pid = pid;
	if (p->found == RISE / 2)
		p->switches = switches();
	if (p->found == RISE) {
		bool more = more_than_one_can_do(p);

		*p = (struct pressure){.pid = pid, .alone = p->alone};
		if (more && atomic_load(&pool.active) < pool.max)
			add_worker(1);
	} else if (++p->counted == FALL) {
		bool idle = p->slept > FALL / 2 + FALL / 4;

		*p = (struct pressure){.pid = pid, .alone = p->alone};
		if (idle && atomic_load(&pool.active) > 1)
			stand_aside();
	}
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct pressure pressure = {0};

	atomic_store(&w->tid, gettid());
	while (!fuse_session_exited(dfuse.session)) {
		uint64_t before = now_ns();
		int n = fuse_session_receive_buf(dfuse.session, &w->buf);
		if (n == -EINTR)
			continue;
		if (n <= 0) {
			if (n < 0)
				atomic_store(&pool.error, n);
			fuse_session_exit(dfuse.session);
			break;
		}
		uint64_t after = now_ns();
		atomic_store_explicit(&w->since, after, memory_order_relaxed);
		atomic_fetch_add_explicit(&pool.taken, 1, memory_order_seq_cst);
		if (atomic_load(&pool.watch_sleeps) && atomic_exchange(&pool.watch_sleeps, false))
			sem_post(&pool.watch_wake);
		fuse_session_process_buf(dfuse.session, &w->buf);
		atomic_store_explicit(&w->since, 0, memory_order_relaxed);
		/* What the kernel forgets comes in bursts, and nobody waits for it. */
		const struct fuse_in_header *in = w->buf.mem;
		if (in->opcode != FUSE_FORGET && in->opcode != FUSE_BATCH_FORGET)
			adjust(&pressure, after - before > SLEPT_NS((uint64_t)n), in->pid);
	}
	free(w->buf.mem);
	atomic_store(&w->ended, true);
	pthread_mutex_lock(&pool.lock);
	pthread_cond_broadcast(&pool.more);
	pthread_mutex_unlock(&pool.lock);
	sem_post(&pool.watch_wake);
	return NULL;
}

/* True when every thread at work has been held up by one request for a tick. */
static bool all_held_up(void)
{
	uint64_t now = now_ns();
	unsigned int held = 0;

	pthread_mutex_lock(&pool.lock);
	unsigned int started = pool.started;
	pthread_mutex_unlock(&pool.lock);
	for (unsigned int i = 0; i < started; i++) {
		uint64_t since = atomic_load_explicit(&pool.workers[i].since, memory_order_relaxed);

		/* One that only waits for a processor, on a busy machine, is not helped by another thread. */
		if (since && now - since >= TICK_NS && !thread_runs(atomic_load(&pool.workers[i].tid)))
			held++;
	}
	return held >= atomic_load(&pool.active);
}

static void sleep_until_request(uint64_t seen)
{
	atomic_store(&pool.watch_sleeps, true);
	if (atomic_load(&pool.taken) != seen && atomic_exchange(&pool.watch_sleeps, false))
		return; /* one came before it could see that this sleeps */
	while (sem_wait(&pool.watch_wake) != 0)
		;
}

/* Until the session ends. */
static void watch(void)
{
	struct timespec tick = {.tv_nsec = TICK_NS};
	uint64_t seen = 0;

	for (unsigned int idle = 0; !fuse_session_exited(dfuse.session);) {
		nanosleep(&tick, NULL);
		if (all_held_up()) {
			idle = 0;
			add_worker(1);
			continue;
		}
		uint64_t taken = atomic_load(&pool.taken);
		idle = taken == seen ? idle + 1 : 0;
		seen = taken;
		if (idle == IDLE_TICKS) {
			inode_trim();
			sleep_until_request(seen);
			idle = 0;
		}
	}
}

static void wake(int sig)
{
	(void)sig;
}

/* Each is at its last request, or in a read(2) that it may have begun just after it looked whether to end. */
static void end_workers(void)
{
	struct timespec tick = {.tv_nsec = 1000000};

	for (unsigned int i = 0; i < pool.started; i++) {
		struct worker *w = &pool.workers[i];

		while (!atomic_load(&w->ended)) {
			pthread_kill(w->thread, SIGUSR2);
			nanosleep(&tick, NULL);
		}
		pthread_join(w->thread, NULL);
	}
}

void workers_end(void)
{
	fuse_session_exit(dfuse.session);
	sem_post(&pool.watch_wake);
}

int workers_run(unsigned int max)
{
	struct sigaction sa = {.sa_handler = wake};

	pool.workers = calloc(max, sizeof(*pool.workers));
	pool.max = max;
	if (!pool.workers || sem_init(&pool.watch_wake, 0, 0) != 0)
		return ENOMEM;
	sigaction(SIGUSR2, &sa, NULL);
	add_worker(1);
	if (!pool.started)
		return EAGAIN;
	watch();
	pthread_mutex_lock(&pool.lock);
	pool.max = 0; /* nobody starts another one */
	pthread_cond_broadcast(&pool.more);
	pthread_mutex_unlock(&pool.lock);
	end_workers();
	free(pool.workers);
	return -atomic_load(&pool.error);
}
