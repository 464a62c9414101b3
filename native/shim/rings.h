/*
 * rings.h - descriptors that the kernel meets unseen (rings.c).
 */
#ifndef DFSKIT_SHIM_RINGS_H
#define DFSKIT_SHIM_RINGS_H

/** Descriptor \a fd has become ours: a real one at once where the kernel is going to meet it unseen. Returns \a fd. */
long fd_show(long fd);

#endif
