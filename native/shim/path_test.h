/*
 * path_test.h - paths that name a descriptor (path_test.c).
 */
#ifndef DFSKIT_SHIM_PATH_TEST_H
#define DFSKIT_SHIM_PATH_TEST_H

/** Descriptor that a path of proc(5) or /dev/fd begins with, -1 for any other path. \a rest: what follows it. */
int fd_of_path(const char *path, const char **rest);

#endif
