/*
 * exec.h - what is handed over an exec (exec.c), and by which library (start.c).
 */
#ifndef DFSKIT_SHIM_EXEC_H
#define DFSKIT_SHIM_EXEC_H

#include <limits.h>

void handover_take(void);
extern char shim_library[PATH_MAX];    /* path of this library */
extern const char *shim_library_given; /* the one that the loader was given */

#endif
