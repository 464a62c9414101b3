/*
 * handle.h - the handles of pools and containers (handle.c).
 */
#ifndef LOCAL_HANDLE_H
#define LOCAL_HANDLE_H

#include "local.h"

struct handle {
	int type;      /* DAOS_HTYPE_POOL, DAOS_HTYPE_CO, 0: free */
	uint32_t salt; /* so that a closed handle finds nothing */
	int refs;
	unsigned flags;
	char pool[DAOS_PROP_LABEL_MAX_LEN + 1];
	struct cont *cont;
};

int handle_get(daos_handle_t hdl, int type, struct handle *out); /* ENXIO for one that is not open */
int der_done(daos_event_t *ev, int rc); /* of a call that returns DER_ numbers; rc is an errno */

#endif
