/*
 * mappings.h - files that are mapped (mappings.c).
 */
#ifndef DFSKIT_SHIM_MAPPINGS_H
#define DFSKIT_SHIM_MAPPINGS_H

#include <stddef.h>
#include <stdint.h>

struct ofd;

/** The file of \a ofd was mapped at \a at: its pages are in use as long as that is there. */
void mapping_made(struct ofd *ofd, uintptr_t at, size_t length);

#endif
