/*
 * event_state.h - the parts of events: event.c (events, their parents and callbacks), event_queue.c, event_worker.c (the threads
 * that run calls).
 */
#ifndef LOCAL_EVENT_STATE_H
#define LOCAL_EVENT_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <time.h>
#include <daos.h>
#include "local.h"

struct event_list {
	daos_event_t *head, *tail;
	unsigned n;
};

struct eq {
	uint32_t salt;
	struct event_list running, completed; /* first one first */
};

struct callback;
struct task;

/* In ev_private. All of it belongs to events_lock. */
struct state {
	uint32_t status; /* daos_ev_status_t */
	uint32_t generation;
	struct eq *eq;
	daos_event_t *parent, *first_child, *sibling;
	daos_event_t *next, *prev; /* in one of the lists of its queue */
	struct task *task;         /* while it waits for a thread */
	struct callback *callbacks;
	uint32_t children_running;
	uint32_t barrier; /* of a parent: launched, completes with its last child */
};
_Static_assert(sizeof(struct state) <= sizeof(((daos_event_t *)0)->ev_private), "the state fits");

static inline struct state *state_of(daos_event_t *ev)
{
	return (struct state *)(void *)&ev->ev_private;
}

/* ---- event.c; what is said to need the lock needs it held ---------------------------------------- */
extern pthread_mutex_t events_lock; /* RANK_EVENTS */
uint64_t events_take(void);         /* the lock; no signal is delivered meanwhile */
void events_give(uint64_t before);
void event_start(daos_event_t *ev); /* lock */
bool event_adopt(daos_event_t *ev); /* lock; true: a fork left it to the parent, and it is the caller's to complete */
void event_finish(daos_event_t *ev, int rc);    /* without the lock: calls the program's callbacks */
bool events_wait(const struct timespec *until); /* lock; for any completion; false: too late. NULL: for ever */
struct timespec events_deadline(int64_t us);

/* ---- event_queue.c -------------------------------------------------------------------------------- */
void event_list_add(struct event_list *l, daos_event_t *ev);    /* lock */
void event_list_remove(struct event_list *l, daos_event_t *ev); /* lock */
struct eq *eq_find(daos_handle_t eqh);                          /* lock */

/* ---- event_worker.c --------------------------------------------------------------------------------- */
bool task_take_back(daos_event_t *ev); /* lock; true: no thread had begun it, and it is the caller's to complete */
void workers_forked(void);             /* lock; in the child */

#endif
