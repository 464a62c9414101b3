/*
 * flavour.h - what each flavour defines for the runtime.
 */
#ifndef DFSKIT_SHIM_FLAVOUR_H
#define DFSKIT_SHIM_FLAVOUR_H

#include <stdbool.h>

/** True when paths are answered in the process (pil4dfs), false when only descriptors are (ioil). */
extern const bool shim_takes_paths;
/** The program at a path that only the provider reaches, as ofd_memory_copy() of it; -ENOENT when the kernel can. */
long shim_program_copy(int dirfd, const char *path, int flags);
/** The flavour's own part of shim_start(). */
void shim_flavour_start(void);

#endif
