/*
 * environment.h - the environment that a program is started with.
 */
#ifndef DFSKIT_ENVIRONMENT_H
#define DFSKIT_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>

/** Remembers our own settings, so that a child whose environment was rebuilt keeps them. */
void environment_save(void);

/** Entries that environment_build() needs at most for \a envp. */
size_t environment_room(char *const envp[]);

/**
 * Fills \a out: \a envp with this library in LD_PRELOAD (or taken out of it), our settings where they are missing,
 * and the descriptor that hands files over.
 * \param text   room for two strings: environment_text() bytes
 */
size_t environment_text(char *const envp[]);
void environment_build(char *const envp[], char **out, char *text, bool preload, int handover);

#define HANDOVER_NAME "DFSKIT_HANDOVER"

#endif
