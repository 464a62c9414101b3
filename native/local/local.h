/*
 * local.h - what nearly every file of the local provider needs: the API that it implements, and the system calls.
 */
#ifndef LOCAL_H
#define LOCAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <daos.h>
#include <daos_fs.h>
#include <dfskit_ext.h>
#include "sys.h"

#define EXPORT      __attribute__((visibility("default")))
/* What opening a file and closing it runs lies together: scattered, it competes for places of the first cache of instructions
 * with what is together elsewhere, as in a shim. */
#define HOT         __attribute__((hot))
#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#endif
