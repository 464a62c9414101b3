/*
 * runtime.h - what nearly every file of the runtime needs: the kernel, and memory of our own.
 */
#ifndef DFSKIT_RUNTIME_H
#define DFSKIT_RUNTIME_H

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include "../memory/memory.h"
#include "shim.h"

/* A system call with as many arguments as it takes. -errno. */
#define SHIM_RAW(nr, ...) SHIM_RAW_(nr, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define SHIM_RAW_(nr, a, b, c, d, e, f, ...) \
	shim_syscall(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

#endif
