/*
 * limit.h - RLIMIT_FSIZE, the limit of the process on the size of its files (limit.c).
 */
#ifndef LOCAL_LIMIT_H
#define LOCAL_LIMIT_H

#include <stdint.h>

uint64_t limit_get(void); /* in bytes */
int limit_refuse(void);   /* what a write behind it gets: SIGXFSZ, and EFBIG. No lock is held, no signal blocked */
void limit_fork(int stage);

#endif
