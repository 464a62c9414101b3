/*
 * event_worker.c - the threads that run calls with an event. They start when they are needed, have all signals blocked,
 * and end when they have had nothing to do for a while. After a fork they start anew in the child.
 */
#include <stdlib.h>
#include "event.h"
#include "event_state.h"
#include "ranks.h"

#define MAX_WORKERS 8 /* more only wait for one another: the work is copying memory */
#define IDLE_SECS   2 /* before a thread without work ends */

struct task {
	struct task *next;
	daos_event_t *ev;
	event_fn fn;
	_Alignas(16) char args[];
};

/* These belong to events_lock. */
static pthread_cond_t work_there = PTHREAD_COND_INITIALIZER;
static struct task *queue_head, **queue_tail = &queue_head;
static unsigned workers, idle;

void workers_forked(void)
{
	pthread_cond_init(&work_there, NULL);
	workers = idle = 0;
	queue_head = NULL;
	queue_tail = &queue_head;
}

static struct task *next_task(void)
{
	struct task *t = queue_head;

	if (t == NULL)
		return NULL;
	queue_head = t->next;
	if (queue_head == NULL)
		queue_tail = &queue_head;
	state_of(t->ev)->task = NULL;
	return t;
}

static void *worker(void *arg)
{
	struct task *t;

	(void)arg;
	rank_lock(&events_lock, RANK_EVENTS);
	for (;;) {
		int rc = 0;

		while (queue_head == NULL && rc == 0) {
			struct timespec until = events_deadline(IDLE_SECS * 1000000LL);

			idle++;
			rc = pthread_cond_timedwait(&work_there, &events_lock, &until);
			idle--;
		}
		t = next_task();
		if (t == NULL)
			break;
		rank_unlock(&events_lock, RANK_EVENTS);
		event_finish(t->ev, t->fn(t->args));
		free(t);
		rank_lock(&events_lock, RANK_EVENTS);
	}
	workers--;
	rank_unlock(&events_lock, RANK_EVENTS);
	return NULL;
}

/* One more thread, with all signals blocked: they are for the program's own. */
static bool add_worker(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	bool ok;

	if (pthread_attr_init(&attr) != 0)
		return false;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	ok = pthread_create(&thread, &attr, worker, NULL) == 0;
	pthread_attr_destroy(&attr);
	if (ok)
		workers++;
	return ok;
}

int event_submit(daos_event_t *ev, event_fn fn, const void *args, size_t size)
{
	struct state *s = state_of(ev);
	struct task *t = malloc(sizeof(*t) + size);
	uint64_t before;
	bool ok;

	if (t == NULL)
		return ENOMEM;
	*t = (struct task){.ev = ev, .fn = fn};
	memcpy(t->args, args, size);
	before = events_take();
	if (s->status == DAOS_EVS_RUNNING) {
		events_give(before);
		free(t);
		return EINVAL;
	}
	event_start(ev);
	ok = idle != 0 || (workers < MAX_WORKERS && add_worker()) || workers != 0;
	if (ok) {
		s->task = t;
		*queue_tail = t;
		queue_tail = &t->next;
		pthread_cond_signal(&work_there);
	}
	events_give(before);
	if (!ok) { /* no thread can be had */
		event_finish(ev, fn(t->args));
		free(t);
	}
	return 0;
}

bool task_take_back(daos_event_t *ev)
{
	struct task *t = state_of(ev)->task, **p;

	if (t == NULL)
		return false;
	for (p = &queue_head; *p != NULL && *p != t; p = &(*p)->next)
		;
	if (*p != NULL) {
		*p = t->next;
		if (*p == NULL)
			queue_tail = p;
	}
	free(t);
	state_of(ev)->task = NULL;
	return true;
}
