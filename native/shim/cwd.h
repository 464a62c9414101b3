/*
 * cwd.h - the working directory (cwd.c).
 */
#ifndef DFSKIT_SHIM_CWD_H
#define DFSKIT_SHIM_CWD_H

/** Learns the working directory from the kernel: at the start, and after it changed to one not ours. */
void cwd_learn(void);

#endif
