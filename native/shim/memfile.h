/*
 * memfile.h - files in memory, and the limit on the size of files that is not about them (memfile.c).
 */
#ifndef DFSKIT_SHIM_MEMFILE_H
#define DFSKIT_SHIM_MEMFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

/** A file in memory without a name, close-on-exec, or -errno. */
long memory_file(const char *name);
/** The same, empty for ever. */
long memory_file_sealed(const char *name);

/** Lifts RLIMIT_FSIZE, which is about the program's files and no others, until limit_restore(). True when a file may have
 *  \a size bytes then. */
bool limit_lift(struct rlimit *was, uint64_t size);
void limit_restore(const struct rlimit *was);

#endif
