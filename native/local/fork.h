/*
 * fork.h - what happens around a fork (fork.c).
 */
#ifndef LOCAL_FORK_H
#define LOCAL_FORK_H

#include <stdatomic.h>

extern atomic_uint fork_generation; /* how many forks lie behind this process */

int store_init(void); /* once a process: fork handlers */

#endif
