/*
 * event.c - events: starting and completing them, their parents and callbacks.
 *
 * A call on data that is given an event is queued (event_submit) and run by one of a few threads. Other calls are done at
 * once and complete their event before they return. Callbacks of the program are called without our lock: they may make
 * any call on events but those that wait for the event itself.
 *
 * Fork: only the thread that forks lives on in the child. What was queued or running is the parent's; in the child its
 * events complete with ECANCELED when they are looked at.
 */
#include <stdlib.h>
#include "event.h"
#include "event_state.h"
#include "fork.h"
#include "local.h"
#include "ranks.h"

struct callback {
	struct callback *next;
	daos_event_comp_cb_t call;
	void *arg;
};

pthread_mutex_t events_lock = PTHREAD_MUTEX_INITIALIZER; /* RANK_EVENTS */
static pthread_cond_t completed = PTHREAD_COND_INITIALIZER;
static unsigned waiting;

uint64_t events_take(void)
{
	uint64_t before = signals_block();

	rank_lock(&events_lock, RANK_EVENTS);
	return before;
}

void events_give(uint64_t before)
{
	rank_unlock(&events_lock, RANK_EVENTS);
	signals_restore(before);
}

void events_fork(int stage)
{
	if (stage == 0) {
		rank_lock(&events_lock, RANK_EVENTS);
		return;
	}
	if (stage == 2) {
		/* The threads that waited here are the parent's. */
		pthread_cond_init(&completed, NULL);
		waiting = 0;
		workers_forked();
	}
	rank_unlock(&events_lock, RANK_EVENTS);
}

bool events_wait(const struct timespec *until)
{
	int rc;

	waiting++;
	rc = until == NULL ? pthread_cond_wait(&completed, &events_lock)
	                   : pthread_cond_timedwait(&completed, &events_lock, until);
	waiting--;
	return rc == 0;
}

struct timespec events_deadline(int64_t us)
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

/* ---- starting and completing ---------------------------------------------------------------------- */
void event_start(daos_event_t *ev)
{
	struct state *s = state_of(ev);

	s->status = DAOS_EVS_RUNNING;
	s->generation = atomic_load(&fork_generation);
	if (s->parent != NULL)
		state_of(s->parent)->children_running++;
	else if (s->eq != NULL)
		event_list_add(&s->eq->running, ev);
}

/* One child less. True: the parent has been waiting for it, and completes with *rc. */
static bool child_done(daos_event_t *parent, int *rc)
{
	struct state *p = state_of(parent);
	daos_event_t *child;

	if (--p->children_running != 0 || !p->barrier)
		return false;
	*rc = 0;
	for (child = p->first_child; child != NULL && *rc == 0; child = state_of(child)->sibling)
		*rc = child->ev_error;
	p->barrier = 0;
	return true;
}

/* What a callback returns is the result when there was no error before; each is called once. */
static int call_back(daos_event_t *ev, int rc)
{
	uint64_t before = events_take();
	struct callback *cb = state_of(ev)->callbacks;
	int result = rc;

	state_of(ev)->callbacks = NULL;
	events_give(before);
	while (cb != NULL) {
		struct callback *next = cb->next;
		int own = cb->call(cb->arg, ev, rc);

		result = result != 0 ? result : own;
		free(cb);
		cb = next;
	}
	return result;
}

void event_finish(daos_event_t *ev, int rc)
{
	while (ev != NULL) {
		daos_event_t *parent;
		struct state *s;
		uint64_t before;

		rc = call_back(ev, rc);
		before = events_take();
		s = state_of(ev);
		parent = s->parent;
		ev->ev_error = rc;
		s->status = DAOS_EVS_COMPLETED;
		if (parent == NULL && s->eq != NULL) {
			event_list_remove(&s->eq->running, ev);
			event_list_add(&s->eq->completed, ev);
		}
		if (parent != NULL && !child_done(parent, &rc))
			parent = NULL;
		if (waiting != 0)
			pthread_cond_broadcast(&completed);
		events_give(before);
		ev = parent;
	}
}

int event_complete(daos_event_t *ev, int rc)
{
	uint64_t before = events_take();

	event_start(ev);
	events_give(before);
	event_finish(ev, rc);
	return 0;
}

bool event_adopt(daos_event_t *ev)
{
	struct state *s = state_of(ev);

	if (s->status != DAOS_EVS_RUNNING || s->generation == atomic_load(&fork_generation) || s->barrier)
		return false;
	s->generation = atomic_load(&fork_generation);
	s->task = NULL;
	return true;
}

/* Gives up what a fork left to the parent. */
static void disown(daos_event_t *ev)
{
	uint64_t before = events_take();
	bool ours = event_adopt(ev);

	events_give(before);
	if (ours)
		event_finish(ev, ECANCELED);
}

/* ---- the API -------------------------------------------------------------------------------------- */
EXPORT int daos_event_init(daos_event_t *ev, daos_handle_t eqh, daos_event_t *parent)
{
	struct state *s;
	uint64_t before;
	int rc = 0;

	if (ev == NULL || store_init() != 0)
		return -DER_INVAL;
	memset(ev, 0, sizeof(*ev));
	s = state_of(ev);
	before = events_take();
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
	events_give(before);
	return rc;
}

static void leave_parent(daos_event_t *ev)
{
	struct state *s = state_of(ev);
	daos_event_t **p;

	for (p = &state_of(s->parent)->first_child; *p != NULL; p = &state_of(*p)->sibling)
		if (*p == ev) {
			*p = s->sibling;
			break;
		}
}

static void leave_children(struct state *s)
{
	while (s->first_child != NULL) {
		struct state *child = state_of(s->first_child);

		s->first_child = child->sibling;
		child->parent = NULL;
		child->eq = NULL;
		child->status = DAOS_EVS_READY;
	}
}

EXPORT int daos_event_fini(daos_event_t *ev)
{
	struct callback *cb = NULL, *next;
	struct state *s;
	uint64_t before;
	int rc = 0;

	if (ev == NULL)
		return -DER_INVAL;
	disown(ev);
	s = state_of(ev);
	before = events_take();
	if (s->status == DAOS_EVS_RUNNING || s->children_running != 0) {
		rc = -DER_BUSY;
	} else {
		if (s->parent != NULL)
			leave_parent(ev);
		else if (s->status == DAOS_EVS_COMPLETED && s->eq != NULL)
			event_list_remove(&s->eq->completed, ev);
		leave_children(s);
		cb = s->callbacks;
		memset(s, 0, sizeof(*s));
	}
	events_give(before);
	for (; cb != NULL; cb = next) {
		next = cb->next;
		free(cb);
	}
	return rc;
}

EXPORT daos_event_t *daos_event_next(daos_event_t *parent, daos_event_t *child)
{
	daos_event_t *next;
	uint64_t before;

	if (parent == NULL)
		return NULL;
	before = events_take();
	next = child == NULL ? state_of(parent)->first_child : state_of(child)->sibling;
	events_give(before);
	return next;
}

EXPORT int daos_event_test(struct daos_event *ev, int64_t timeout, bool *flag)
{
	struct timespec until = timeout > 0 ? events_deadline(timeout) : (struct timespec){0};
	struct state *s;
	uint64_t before;

	if (ev == NULL || flag == NULL)
		return -DER_INVAL;
	disown(ev);
	s = state_of(ev);
	before = events_take();
	if (s->parent != NULL) { /* its parent's to ask for */
		events_give(before);
		return -DER_NO_PERM;
	}
	while (s->status == DAOS_EVS_RUNNING && timeout != DAOS_EQ_NOWAIT)
		if (!events_wait(timeout < 0 ? NULL : &until))
			break;
	*flag = s->status != DAOS_EVS_RUNNING;
	if (s->status == DAOS_EVS_COMPLETED) {
		if (s->eq != NULL)
			event_list_remove(&s->eq->completed, ev);
		s->status = DAOS_EVS_READY;
	}
	events_give(before);
	return 0;
}

EXPORT int daos_event_register_comp_cb(struct daos_event *ev, daos_event_comp_cb_t cb, void *arg)
{
	struct callback *new, **at;
	uint64_t before;
	bool running;

	if (ev == NULL || cb == NULL)
		return -DER_INVAL;
	new = malloc(sizeof(*new));
	if (new == NULL)
		return -DER_NOMEM;
	*new = (struct callback){.call = cb, .arg = arg};
	before = events_take();
	running = state_of(ev)->status == DAOS_EVS_RUNNING;
	if (!running) {
		for (at = &state_of(ev)->callbacks; *at != NULL; at = &(*at)->next)
			;
		*at = new;
	}
	events_give(before);
	if (running)
		free(new);
	return running ? -DER_BUSY : 0;
}

EXPORT int daos_event_parent_barrier(struct daos_event *ev)
{
	struct state *s;
	uint64_t before;
	bool last = false;
	int rc = 0, result = 0;

	if (ev == NULL)
		return -DER_INVAL;
	s = state_of(ev);
	before = events_take();
	if (s->first_child == NULL || s->status == DAOS_EVS_RUNNING) {
		rc = -DER_INVAL;
	} else {
		event_start(ev);
		s->barrier = 1;
		s->children_running++; /* stands for this call: all may have completed */
		last = child_done(ev, &result);
	}
	events_give(before);
	if (last)
		event_finish(ev, result);
	return rc;
}

/* What no thread has begun is taken back and completes with ECANCELED; the rest goes on to its end. */
EXPORT int daos_event_abort(daos_event_t *ev)
{
	daos_event_t *taken;

	if (ev == NULL)
		return -DER_INVAL;
	disown(ev);
	do {
		uint64_t before = events_take();

		for (taken = state_of(ev)->first_child; taken != NULL; taken = state_of(taken)->sibling)
			if (task_take_back(taken))
				break;
		if (taken == NULL && task_take_back(ev))
			taken = ev;
		events_give(before);
		if (taken != NULL)
			event_finish(taken, ECANCELED);
	} while (taken != NULL);
	return 0;
}
