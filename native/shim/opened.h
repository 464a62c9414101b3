/*
 * opened.h - a file that the kernel has opened becomes ours (opened.c).
 */
#ifndef DFSKIT_SHIM_OPENED_H
#define DFSKIT_SHIM_OPENED_H

#include <stdbool.h>

/** Makes \a fd ours, which the kernel has opened with \a flags, when it is a regular file on a mount. */
bool shim_opened(int fd, int flags);

#endif
