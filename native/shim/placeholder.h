/*
 * placeholder.h - the files that stand behind descriptors of ours, and a number that is kept for our own use (placeholder.c).
 */
#ifndef DFSKIT_SHIM_PLACEHOLDER_H
#define DFSKIT_SHIM_PLACEHOLDER_H

#include <stdint.h>

/** What a descriptor of ours is a duplicate of; -errno. */
int placeholder_get(void);
/** The same for one that was opened with O_PATH. */
int path_placeholder_get(void);

/** Opens what is closed again soon, also when the program has used up its numbers. -errno. */
long fd_open_aside(const char *path, uint32_t flags);
/** After that was closed. */
void fd_aside_refill(void);

#endif
