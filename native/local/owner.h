/*
 * owner.h - the machine that a container belongs to (owner.c).
 */
#ifndef LOCAL_OWNER_H
#define LOCAL_OWNER_H

struct cont;

int owner_claim(struct cont *c); /* EREMOTE: another machine's */

#endif
