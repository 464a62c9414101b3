/*
 * event.h - calls that are given an event (event.c, event_worker.c).
 */
#ifndef LOCAL_EVENT_H
#define LOCAL_EVENT_H

#include <stddef.h>
#include <daos.h>
#include "local.h"

typedef int (*event_fn)(void *args);
void events_fork(int stage);
int event_complete(daos_event_t *ev, int rc); /* 0; the result is in the event */

/** Has a thread run fn with a copy of args and complete ev with its result. 0, ENOMEM, or EINVAL for an event in use. */
int event_submit(daos_event_t *ev, event_fn fn, const void *args, size_t size);

/** Ends a call that was given an event: the result is in the event, the call succeeds. */
static inline int event_done(daos_event_t *ev, int rc)
{
	if (likely(ev == NULL))
		return rc;
	return event_complete(ev, rc);
}

#endif
