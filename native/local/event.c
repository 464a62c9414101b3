/*
 * event.c - event queues, and the threads that run calls with an event.
 *
 * A call on data that is given an event is queued (event_submit) and run by one of a few threads, which start when they
 * are needed and end when they have had nothing to do for a while. Other calls are done at once and complete their
 * event before they return.
 *
 * Fork: only the thread that forks lives on in the child. What was queued or running is the parent's; in the child its
 * events complete with ECANCELED when they are looked at. Threads start anew there.
 */
#include <stdlib.h>
#include <time.h>
#include "local.h"

#define MAX_QUEUES  1024
#define MAX_WORKERS 8 /* more only wait for one another: the work is copying memory */
#define IDLE_SECS   2 /* before a thread without work ends */

struct eq {
	uint32_t salt;
	unsigned running, completed;
	daos_event_t *head, *tail; /* completed, first one first */
	daos_event_t *in_flight;
};

/* In ev_private. All of it belongs to events_lock. */
struct state {
	uint32_t status; /* daos_ev_status_t */
	uint32_t generation;
	struct eq *eq;
	daos_event_t *parent, *first_child, *sibling;
	daos_event_t *next, *prev; /* in one of the lists of its queue */
	struct task *task;         /* while it waits for a thread */
	daos_event_comp_cb_t cb;
	void *cb_arg;
	uint32_t children_running;
	uint32_t barrier; /* of a parent: launched, completes with its last child */
};
_Static_assert(sizeof(struct state) <= sizeof(((daos_event_t *)0)->ev_private), "the state fits");

struct task {
	struct task *next;
	daos_event_t *ev;
	event_fn fn;
	_Alignas(16) char args[];
};

static pthread_mutex_t events_lock = PTHREAD_MUTEX_INITIALIZER; /* innermost */
static pthread_cond_t work_there = PTHREAD_COND_INITIALIZER;
static pthread_cond_t completed = PTHREAD_COND_INITIALIZER;
static struct task *queue_head, **queue_tail = &queue_head;
static unsigned workers, idle, waiting;
static struct eq *queues[MAX_QUEUES];
static uint32_t next_salt = 1;

static struct state *state_of(daos_event_t *ev)
{
	return (struct state *)(void *)&ev->ev_private;
}

static uint64_t lock(void)
{
	uint64_t before = signals_block();

	pthread_mutex_lock(&events_lock);
	return before;
}

static void unlock(uint64_t before)
{
	pthread_mutex_unlock(&events_lock);
	signals_restore(before);
}

void events_fork(int stage)
{
	if (stage == 0) {
		pthread_mutex_lock(&events_lock);
		return;
	}
	if (stage == 2) {
		/* The threads that waited here are the parent's. */
		pthread_cond_init(&work_there, NULL);
		pthread_cond_init(&completed, NULL);
		workers = idle = waiting = 0;
		queue_head = NULL;
		queue_tail = &queue_head;
	}
	pthread_mutex_unlock(&events_lock);
}

/* ---- lists of a queue --------------------------------------------------------------------------- */
static void in_flight_add(struct eq *eq, daos_event_t *ev)
{
	struct state *s = state_of(ev);

	s->prev = NULL;
	s->next = eq->in_flight;
	if (s->next != NULL)
		state_of(s->next)->prev = ev;
	eq->in_flight = ev;
	eq->running++;
}

static void in_flight_remove(struct eq *eq, daos_event_t *ev)
{
	struct state *s = state_of(ev);

	if (s->prev != NULL)
		state_of(s->prev)->next = s->next;
	else
		eq->in_flight = s->next;
	if (s->next != NULL)
		state_of(s->next)->prev = s->prev;
	eq->running--;
}

static void completed_add(struct eq *eq, daos_event_t *ev)
{
	struct state *s = state_of(ev);

	s->next = NULL;
	s->prev = eq->tail;
	if (eq->tail != NULL)
		state_of(eq->tail)->next = ev;
	else
		eq->head = ev;
	eq->tail = ev;
	eq->completed++;
}

static void completed_remove(struct eq *eq, daos_event_t *ev)
{
	struct state *s = state_of(ev);

	if (s->prev != NULL)
		state_of(s->prev)->next = s->next;
	else
		eq->head = s->next;
	if (s->next != NULL)
		state_of(s->next)->prev = s->prev;
	else
		eq->tail = s->prev;
	eq->completed--;
}

/* ---- starting and completing ---------------------------------------------------------------------- */
static void start(daos_event_t *ev)
{
	struct state *s = state_of(ev);

	s->status = DAOS_EVS_RUNNING;
	s->generation = atomic_load(&fork_generation);
	if (s->parent != NULL)
		state_of(s->parent)->children_running++;
	else if (s->eq != NULL)
		in_flight_add(s->eq, ev);
}

static void finish(daos_event_t *ev, int rc);

static void child_finished(daos_event_t *parent)
{
	struct state *p = state_of(parent);
	daos_event_t *child;
	int rc = 0;

	if (--p->children_running != 0 || !p->barrier)
		return;
	for (child = p->first_child; child != NULL && rc == 0; child = state_of(child)->sibling)
		rc = child->ev_error;
	p->barrier = 0;
	finish(parent, rc);
}

static void finish(daos_event_t *ev, int rc)
{
	struct state *s = state_of(ev);

	ev->ev_error = rc;
	if (s->cb != NULL)
		s->cb(s->cb_arg, ev, rc);
	s->status = DAOS_EVS_COMPLETED;
	if (s->parent != NULL) {
		child_finished(s->parent);
	} else if (s->eq != NULL) {
		in_flight_remove(s->eq, ev);
		completed_add(s->eq, ev);
	}
	if (waiting != 0)
		pthread_cond_broadcast(&completed);
}

/* Gives up what a fork left to the parent. */
static void disown(daos_event_t *ev)
{
	struct state *s = state_of(ev);

	if (s->status == DAOS_EVS_RUNNING && s->generation != atomic_load(&fork_generation) && !s->barrier) {
		s->task = NULL;
		finish(ev, ECANCELED);
	}
}

static void *worker(void *arg)
{
	struct timespec until;
	struct task *t;

	(void)arg;
	pthread_mutex_lock(&events_lock);
	for (;;) {
		int rc = 0;

		while (queue_head == NULL && rc == 0) {
			clock_gettime(CLOCK_REALTIME, &until);
			until.tv_sec += IDLE_SECS;
			idle++;
			rc = pthread_cond_timedwait(&work_there, &events_lock, &until);
			idle--;
		}
		t = queue_head;
		if (t == NULL)
			break;
		queue_head = t->next;
		if (queue_head == NULL)
			queue_tail = &queue_head;
		state_of(t->ev)->task = NULL;
		pthread_mutex_unlock(&events_lock);
		rc = t->fn(t->args);
		pthread_mutex_lock(&events_lock);
		finish(t->ev, rc);
		free(t);
	}
	workers--;
	pthread_mutex_unlock(&events_lock);
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
	before = lock();
	if (s->status == DAOS_EVS_RUNNING) {
		unlock(before);
		free(t);
		return EINVAL;
	}
	start(ev);
	ok = idle != 0 || (workers < MAX_WORKERS && add_worker()) || workers != 0;
	if (ok) {
		s->task = t;
		*queue_tail = t;
		queue_tail = &t->next;
		pthread_cond_signal(&work_there);
	}
	unlock(before);
	if (!ok) { /* no thread can be had */
		int rc = fn(t->args);

		before = lock();
		finish(ev, rc);
		unlock(before);
		free(t);
	}
	return 0;
}

int event_complete(daos_event_t *ev, int rc)
{
	uint64_t before = lock();

	start(ev);
	finish(ev, rc);
	unlock(before);
	return 0;
}

/* ---- queues ----------------------------------------------------------------------------------------- */
static struct eq *eq_find(daos_handle_t eqh)
{
	unsigned i = (unsigned)(eqh.cookie & 0xffff) - 1;

	return i < MAX_QUEUES && queues[i] != NULL && queues[i]->salt == eqh.cookie >> 16 ? queues[i] : NULL;
}

EXPORT int daos_eq_create(daos_handle_t *eqh)
{
	struct eq *eq;
	uint64_t before;
	unsigned i;

	if (eqh == NULL)
		return -DER_INVAL;
	if (store_init() != 0) /* its fork handlers */
		return -DER_NOMEM;
	eq = calloc(1, sizeof(*eq));
	if (eq == NULL)
		return -DER_NOMEM;
	before = lock();
	for (i = 0; i < MAX_QUEUES && queues[i] != NULL; i++)
		;
	if (i < MAX_QUEUES) {
		eq->salt = next_salt++;
		queues[i] = eq;
		eqh->cookie = (uint64_t)eq->salt << 16 | (i + 1);
	}
	unlock(before);
	if (i == MAX_QUEUES)
		free(eq);
	return i == MAX_QUEUES ? -DER_NOMEM : 0;
}

static void disown_all(struct eq *eq)
{
	daos_event_t *ev, *next;

	for (ev = eq->in_flight; ev != NULL; ev = next) {
		next = state_of(ev)->next;
		disown(ev);
	}
}

/* Waits for a completion; false when the time is over. until NULL: for ever. */
static bool wait_completed(const struct timespec *until)
{
	int rc;

	waiting++;
	rc = until == NULL ? pthread_cond_wait(&completed, &events_lock)
	                   : pthread_cond_timedwait(&completed, &events_lock, until);
	waiting--;
	return rc == 0;
}

static struct timespec time_after(int64_t us)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += us / 1000000;
	ts.tv_nsec += us % 1000000 * 1000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_sec++;
		ts.tv_nsec -= 1000000000;
	}
	return ts;
}

EXPORT int daos_eq_destroy(daos_handle_t eqh, int flags)
{
	uint64_t before = lock();
	struct eq *eq = eq_find(eqh);
	int rc = 0;

	if (eq == NULL) {
		rc = -DER_NO_HDL;
	} else if ((eq->running != 0 || eq->completed != 0) && !(flags & DAOS_EQ_DESTROY_FORCE)) {
		rc = -DER_BUSY;
	} else {
		disown_all(eq);
		while (eq->running != 0)
			wait_completed(NULL);
		while (eq->head != NULL) {
			daos_event_t *ev = eq->head;

			completed_remove(eq, ev);
			state_of(ev)->status = DAOS_EVS_READY;
			state_of(ev)->eq = NULL;
		}
		queues[(eqh.cookie & 0xffff) - 1] = NULL;
		free(eq);
	}
	unlock(before);
	return rc;
}

EXPORT int daos_eq_poll(daos_handle_t eqh, int wait_running, int64_t timeout, unsigned int nevents,
                        daos_event_t **events)
{
	struct timespec until = timeout > 0 ? time_after(timeout) : (struct timespec){0};
	struct eq *eq;
	uint64_t before;
	int n = 0;

	if (nevents == 0 || events == NULL)
		return -DER_INVAL;
	before = lock();
	eq = eq_find(eqh);
	if (eq == NULL) {
		unlock(before);
		return -DER_NO_HDL;
	}
	disown_all(eq);
	while (eq->head == NULL && timeout != DAOS_EQ_NOWAIT && (!wait_running || eq->running != 0))
		if (!wait_completed(timeout < 0 ? NULL : &until))
			break;
	while (eq->head != NULL && (unsigned)n < nevents) {
		events[n] = eq->head;
		completed_remove(eq, eq->head);
		state_of(events[n++])->status = DAOS_EVS_READY;
	}
	unlock(before);
	return n;
}

EXPORT int daos_eq_query(daos_handle_t eqh, daos_eq_query_t query, unsigned int nevents, daos_event_t **events)
{
	uint64_t before = lock();
	struct eq *eq = eq_find(eqh);
	daos_event_t *ev;
	unsigned n = 0;

	if (eq != NULL && (query & DAOS_EQR_COMPLETED))
		for (ev = eq->head; ev != NULL; ev = state_of(ev)->next, n++)
			if (events != NULL && n < nevents)
				events[n] = ev;
	if (eq != NULL && (query & DAOS_EQR_WAITING))
		for (ev = eq->in_flight; ev != NULL; ev = state_of(ev)->next, n++)
			if (events != NULL && n < nevents)
				events[n] = ev;
	unlock(before);
	if (eq == NULL)
		return -DER_NO_HDL;
	return (int)(events != NULL && n > nevents ? nevents : n);
}

/* ---- events ------------------------------------------------------------------------------------------- */
EXPORT int daos_event_init(daos_event_t *ev, daos_handle_t eqh, daos_event_t *parent)
{
	struct state *s;
	uint64_t before;
	int rc = 0;

	if (ev == NULL || store_init() != 0)
		return -DER_INVAL;
	memset(ev, 0, sizeof(*ev));
	s = state_of(ev);
	before = lock();
	if (parent != NULL) {
		struct state *p = state_of(parent);

		if (p->parent != NULL || p->barrier) {
			rc = -DER_INVAL;
		} else {
			s->parent = parent;
			s->eq = p->eq;
			s->sibling = p->first_child;
			p->first_child = ev;
		}
	} else if (daos_handle_is_valid(eqh)) {
		s->eq = eq_find(eqh);
		rc = s->eq == NULL ? -DER_NO_HDL : 0;
	}
	unlock(before);
	return rc;
}

EXPORT int daos_event_fini(daos_event_t *ev)
{
	daos_event_t **p;
	struct state *s;
	uint64_t before;
	int rc = 0;

	if (ev == NULL)
		return -DER_INVAL;
	s = state_of(ev);
	before = lock();
	disown(ev);
	if (s->status == DAOS_EVS_RUNNING || s->children_running != 0) {
		rc = -DER_BUSY;
	} else {
		if (s->parent != NULL) {
			for (p = &state_of(s->parent)->first_child; *p != NULL; p = &state_of(*p)->sibling)
				if (*p == ev) {
					*p = s->sibling;
					break;
				}
		} else if (s->status == DAOS_EVS_COMPLETED && s->eq != NULL) {
			completed_remove(s->eq, ev);
		}
		while (s->first_child != NULL) {
			daos_event_t *child = s->first_child;

			s->first_child = state_of(child)->sibling;
			state_of(child)->parent = NULL;
			state_of(child)->eq = NULL;
			state_of(child)->status = DAOS_EVS_READY;
		}
		memset(s, 0, sizeof(*s));
	}
	unlock(before);
	return rc;
}

EXPORT daos_event_t *daos_event_next(daos_event_t *parent, daos_event_t *child)
{
	daos_event_t *next;
	uint64_t before;

	if (parent == NULL)
		return NULL;
	before = lock();
	next = child == NULL ? state_of(parent)->first_child : state_of(child)->sibling;
	unlock(before);
	return next;
}

EXPORT int daos_event_test(struct daos_event *ev, int64_t timeout, bool *flag)
{
	struct timespec until = timeout > 0 ? time_after(timeout) : (struct timespec){0};
	struct state *s;
	uint64_t before;

	if (ev == NULL || flag == NULL)
		return -DER_INVAL;
	s = state_of(ev);
	before = lock();
	if (s->parent != NULL) { /* its parent's to ask for */
		unlock(before);
		return -DER_NO_PERM;
	}
	disown(ev);
	while (s->status == DAOS_EVS_RUNNING && timeout != DAOS_EQ_NOWAIT)
		if (!wait_completed(timeout < 0 ? NULL : &until))
			break;
	*flag = s->status != DAOS_EVS_RUNNING;
	if (s->status == DAOS_EVS_COMPLETED) {
		if (s->eq != NULL)
			completed_remove(s->eq, ev);
		s->status = DAOS_EVS_READY;
	}
	unlock(before);
	return 0;
}

EXPORT int daos_event_register_comp_cb(struct daos_event *ev, daos_event_comp_cb_t cb, void *arg)
{
	uint64_t before;
	int rc = 0;

	if (ev == NULL || cb == NULL)
		return -DER_INVAL;
	before = lock();
	if (state_of(ev)->status == DAOS_EVS_RUNNING) {
		rc = -DER_BUSY;
	} else {
		state_of(ev)->cb = cb;
		state_of(ev)->cb_arg = arg;
	}
	unlock(before);
	return rc;
}

EXPORT int daos_event_parent_barrier(struct daos_event *ev)
{
	struct state *s;
	uint64_t before;
	int rc = 0;

	if (ev == NULL)
		return -DER_INVAL;
	s = state_of(ev);
	before = lock();
	if (s->first_child == NULL || s->status == DAOS_EVS_RUNNING) {
		rc = -DER_INVAL;
	} else {
		start(ev);
		s->barrier = 1;
		s->children_running++; /* stands for this call: all may have completed */
		child_finished(ev);
	}
	unlock(before);
	return rc;
}

/* What no thread has begun is taken back and completes with ECANCELED; the rest goes on to its end. */
static void abort_one(daos_event_t *ev)
{
	struct state *s = state_of(ev);
	struct task **p;

	if (s->task == NULL)
		return;
	for (p = &queue_head; *p != NULL && *p != s->task; p = &(*p)->next)
		;
	if (*p != NULL) {
		*p = s->task->next;
		if (*p == NULL)
			queue_tail = p;
	}
	free(s->task);
	s->task = NULL;
	finish(ev, ECANCELED);
}

EXPORT int daos_event_abort(daos_event_t *ev)
{
	daos_event_t *child;
	uint64_t before;

	if (ev == NULL)
		return -DER_INVAL;
	before = lock();
	disown(ev);
	for (child = state_of(ev)->first_child; child != NULL; child = state_of(child)->sibling)
		abort_one(child);
	abort_one(ev);
	unlock(before);
	return 0;
}
