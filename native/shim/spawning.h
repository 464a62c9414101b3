/*
 * spawning.h - around the making of a child that shares our memory (spawn.c).
 */
#ifndef DFSKIT_SHIM_SPAWNING_H
#define DFSKIT_SHIM_SPAWNING_H

struct ofd;

/** Around the making of a child that shares our memory until it execs. */
struct ofd *spawn_begin(void);
void spawn_end(struct ofd *cwd);

#endif
