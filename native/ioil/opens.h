/*
 * opens.h - which opens can't have been of a file on a mount.
 */
#ifndef DFSKIT_IOIL_OPENS_H
#define DFSKIT_IOIL_OPENS_H

#include <stdbool.h>

struct dfskit_ioctl_stats;

/* Those of the only mount, if any; NULL: there are several, or one whose counters can't be seen. */
extern const struct dfskit_ioctl_stats *opens_page;
/** Finds the counters of the mounts that are known. */
void opens_watch(void);
/** Files on these that were opened so far. */
long opens_count(void);
/** True when none on any mount was, since opens_count() returned \a before. */
bool opens_elsewhere(long before);

#endif
