/*
 * leftovers.h - host files that have lost their record with the power (leftovers.c).
 */
#ifndef LOCAL_LEFTOVERS_H
#define LOCAL_LEFTOVERS_H

struct cont;

void leftovers_remove(struct cont *c); /* where shared->cut_at says so */

#endif
