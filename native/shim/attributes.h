/*
 * attributes.h - struct stat of an object, as every call reports it.
 */
#ifndef DFSKIT_ATTRIBUTES_H
#define DFSKIT_ATTRIBUTES_H

#include "ofd.h"

/** fstat(2) of a description of ours. */
long ofd_stat(struct ofd *ofd, struct stat *st);

/** The same attributes as statx(2) reports them; no birth time. */
void stat_to_statx(const struct stat *st, struct statx *out);

#endif
