/*
 * cwd.h - the working directory (cwd.c).
 */
#ifndef DFSKIT_SHIM_CWD_H
#define DFSKIT_SHIM_CWD_H

#include <stdatomic.h>
#include <stdbool.h>

struct ofd;

extern _Atomic(struct ofd *) shim_cwd; /* the working directory when it is ours */
extern bool shim_cwd_near;             /* it is not ours but above a mount */

/** Learns the working directory from the kernel: at the start, and after it changed to one not ours. */
void cwd_learn(void);

#endif
