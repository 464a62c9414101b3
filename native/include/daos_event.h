/*
 * daos_event.h - completion events and event queues.
 */
#ifndef DAOS_EVENT_H
#define DAOS_EVENT_H

#include <daos_types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DAOS_EQ_DESTROY_FORCE 1

typedef int (*daos_event_comp_cb_t)(void *, daos_event_t *, int);

/** Creates an event queue. Result: 0 or a negative DER_ number, as for all calls here. */
int daos_eq_create(daos_handle_t *eqh);

/** Destroys a queue; -DER_BUSY while events are in it, unless \a flags is DAOS_EQ_DESTROY_FORCE. */
int daos_eq_destroy(daos_handle_t eqh, int flags);

/** Takes up to \a nevents completed events off a queue.
 *  \param timeout  microseconds, DAOS_EQ_WAIT or DAOS_EQ_NOWAIT. Result: how many, or negative. */
int daos_eq_poll(daos_handle_t eqh, int wait_running, int64_t timeout, unsigned int nevents, daos_event_t **events);

/** Counts (and lists, when \a events is not NULL) the events of a queue without taking them off. */
int daos_eq_query(daos_handle_t eqh, daos_eq_query_t query, unsigned int nevents, daos_event_t **events);

/** Prepares an event for use with a queue, or DAOS_HDL_INVAL for daos_event_test. */
int daos_event_init(daos_event_t *ev, daos_handle_t eqh, daos_event_t *parent);

/** Ends the use of an event; -DER_BUSY while it is in flight. */
int daos_event_fini(daos_event_t *ev);

/** The child after \a child (the first one for NULL), or NULL. */
daos_event_t *daos_event_next(daos_event_t *parent, daos_event_t *child);

/** Waits up to \a timeout microseconds; \a flag tells whether the event is complete. */
int daos_event_test(struct daos_event *ev, int64_t timeout, bool *flag);

/** Has \a cb called when the event completes. */
int daos_event_register_comp_cb(struct daos_event *ev, daos_event_comp_cb_t cb, void *arg);

/** Launches a parent: it completes when all its children have. */
int daos_event_parent_barrier(struct daos_event *ev);

/** Tries to cancel what is in flight. */
int daos_event_abort(daos_event_t *ev);

#ifdef __cplusplus
}
#endif
#endif
