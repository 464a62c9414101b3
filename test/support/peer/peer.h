/*
 * peer.h - a program that stays alive and does file calls on request, so that what it may have cached is asked for
 * again after another program has changed it. One line a command on standard input, one line of answer.
 *
 *   peer-posix DIRECTORY        names are relative to DIRECTORY
 *   peer-dfs POOL/CONT          calls of the DFS library; creates the container
 */
#ifndef PEER_H
#define PEER_H

#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Each returns 0 or an errno. Paths begin with a slash, which is the top of the container. */
int peer_start(const char *where);
int peer_write(const char *path, const char *text);     /* creates, replaces the content, closes */
int peer_append(const char *path, const char *text);
int peer_read(const char *path, char *text, size_t size); /* opens, reads all, closes */
int peer_stat(const char *path, struct stat *st);
int peer_mkdir(const char *path);
int peer_rmdir(const char *path);
int peer_unlink(const char *path);
int peer_rename(const char *from, const char *to);
int peer_symlink(const char *value, const char *path);
int peer_readlink(const char *path, char *value, size_t size);
int peer_truncate(const char *path, off_t size);
int peer_chmod(const char *path, mode_t mode);
int peer_list(const char *path, void (*each)(const char *name));
/* A file that stays open: what is read again must be what others have written. */
int peer_hold(const char *path);
int peer_held(char *text, size_t size);

#endif
