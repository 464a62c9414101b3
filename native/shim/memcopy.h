/*
 * memcopy.h - copies of files in memory (memcopy.c).
 */
#ifndef DFSKIT_SHIM_MEMCOPY_H
#define DFSKIT_SHIM_MEMCOPY_H

struct ofd;

/** A memfd, close-on-exec, with the bytes that the file has now. -errno. */
long ofd_memory_copy(struct ofd *ofd);

#endif
