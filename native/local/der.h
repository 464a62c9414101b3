/*
 * der.h - errors as the calls on pools and containers return them (error.c).
 */
#ifndef LOCAL_DER_H
#define LOCAL_DER_H

#include <daos.h>

int der(int rc);                        /* the negative DER_ number of an errno */
int der_done(daos_event_t *ev, int rc); /* of a call that returns DER_ numbers; rc is an errno */

#endif
