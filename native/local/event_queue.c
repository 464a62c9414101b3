/*
 * event_queue.c - event queues.
 */
#include <stdlib.h>
#include "event_state.h"
#include "fork.h"
#include "local.h"

#define MAX_QUEUES 1024

static struct eq *queues[MAX_QUEUES]; /* these belong to the lock of events */
static uint32_t next_salt = 1;

void event_list_add(struct event_list *l, daos_event_t *ev)
{
	struct state *s = state_of(ev);

	s->next = NULL;
	s->prev = l->tail;
	if (l->tail != NULL)
		state_of(l->tail)->next = ev;
	else
		l->head = ev;
	l->tail = ev;
	l->n++;
}

void event_list_remove(struct event_list *l, daos_event_t *ev)
{
	struct state *s = state_of(ev);

	if (s->prev != NULL)
		state_of(s->prev)->next = s->next;
	else
		l->head = s->next;
	if (s->next != NULL)
		state_of(s->next)->prev = s->prev;
	else
		l->tail = s->prev;
	l->n--;
}

struct eq *eq_find(daos_handle_t eqh)
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
	before = events_take();
	for (i = 0; i < MAX_QUEUES && queues[i] != NULL; i++)
		;
	if (i < MAX_QUEUES) {
		eq->salt = next_salt++;
		queues[i] = eq;
		eqh->cookie = (uint64_t)eq->salt << 16 | (i + 1);
	}
	events_give(before);
	if (i == MAX_QUEUES)
		free(eq);
	return i == MAX_QUEUES ? -DER_NOMEM : 0;
}

/* Gives up what a fork left to the parent. */
static void disown_all(daos_handle_t eqh)
{
	daos_event_t *ev;

	do {
		uint64_t before = events_take();
		struct eq *eq = eq_find(eqh);

		for (ev = eq != NULL ? eq->running.head : NULL; ev != NULL; ev = state_of(ev)->next)
			if (event_adopt(ev))
				break;
		events_give(before);
		if (ev != NULL)
			event_finish(ev, ECANCELED);
	} while (ev != NULL);
}

EXPORT int daos_eq_destroy(daos_handle_t eqh, int flags)
{
	bool force = flags & DAOS_EQ_DESTROY_FORCE;
	struct eq *eq;
	uint64_t before;
	int rc = 0;

	if (force)
		disown_all(eqh);
	before = events_take();
	eq = eq_find(eqh);
	if (eq == NULL) {
		rc = -DER_NO_HDL;
	} else if ((eq->running.n != 0 || eq->completed.n != 0) && !force) {
		rc = -DER_BUSY;
	} else {
		queues[(eqh.cookie & 0xffff) - 1] = NULL; /* nothing new comes */
		while (eq->running.n != 0)
			events_wait(NULL);
		while (eq->completed.head != NULL) {
			daos_event_t *ev = eq->completed.head;

			event_list_remove(&eq->completed, ev);
			state_of(ev)->status = DAOS_EVS_READY;
			state_of(ev)->eq = NULL;
		}
		free(eq);
	}
	events_give(before);
	return rc;
}

EXPORT int daos_eq_poll(daos_handle_t eqh, int wait_running, int64_t timeout, unsigned int nevents,
                        daos_event_t **events)
{
	struct timespec until = timeout > 0 ? events_deadline(timeout) : (struct timespec){0};
	struct eq *eq;
	uint64_t before;
	int n = 0;

	if (nevents == 0 || events == NULL)
		return -DER_INVAL;
	disown_all(eqh);
	before = events_take();
	while ((eq = eq_find(eqh)) != NULL && eq->completed.head == NULL && timeout != DAOS_EQ_NOWAIT &&
	       (!wait_running || eq->running.n != 0))
		if (!events_wait(timeout < 0 ? NULL : &until))
			break;
	if (eq == NULL || (eq = eq_find(eqh)) == NULL) {
		events_give(before);
		return -DER_NO_HDL;
	}
	while (eq->completed.head != NULL && (unsigned)n < nevents) {
		events[n] = eq->completed.head;
		event_list_remove(&eq->completed, events[n]);
		state_of(events[n++])->status = DAOS_EVS_READY;
	}
	events_give(before);
	return n;
}

static unsigned list_events(const struct event_list *l, unsigned n, unsigned room, daos_event_t **events)
{
	daos_event_t *ev;

	for (ev = l->head; ev != NULL; ev = state_of(ev)->next, n++)
		if (events != NULL && n < room)
			events[n] = ev;
	return n;
}

EXPORT int daos_eq_query(daos_handle_t eqh, daos_eq_query_t query, unsigned int nevents, daos_event_t **events)
{
	uint64_t before = events_take();
	struct eq *eq = eq_find(eqh);
	unsigned n = 0;

	if (eq != NULL && (query & DAOS_EQR_COMPLETED))
		n = list_events(&eq->completed, n, nevents, events);
	if (eq != NULL && (query & DAOS_EQR_WAITING))
		n = list_events(&eq->running, n, nevents, events);
	events_give(before);
	if (eq == NULL)
		return -DER_NO_HDL;
	return (int)(events != NULL && n > nevents ? nevents : n);
}
