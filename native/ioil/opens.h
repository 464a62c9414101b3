/*
 * opens.h - which opens can't have been of a file on a mount.
 */
#ifndef DFSKIT_IOIL_OPENS_H
#define DFSKIT_IOIL_OPENS_H

#include <stdbool.h>
#include <stdint.h>

/* The counter of the only mount, if any; NULL: there are several, or one whose counter can't be seen. */
extern const uint32_t *opens_of_one;
/** Finds the counters of opens of the mounts that are known. */
void opens_watch(void);
/** Files on these that were opened so far. */
long opens_count(void);
/** True when none on any mount was, since opens_count() returned \a before. */
bool opens_elsewhere(long before);

#endif
