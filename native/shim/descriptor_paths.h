/*
 * descriptor_paths.h - paths through the link that proc(5) has for an open descriptor (descriptor_paths.c).
 */
#ifndef DFSKIT_SHIM_DESCRIPTOR_PATHS_H
#define DFSKIT_SHIM_DESCRIPTOR_PATHS_H

struct where;

/** Begins at the descriptor that \a path names: fd_of_path(). As where_find(). */
long where_at_descriptor(struct where *w, const char *path);

#endif
