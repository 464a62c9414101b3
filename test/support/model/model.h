/*
 * model.h - file operations one a line on standard input, one line of answer each, made through the DFS library or
 * through the kernel: the same lines must get the same answers.
 *
 *   model-posix DIRECTORY       paths are relative to DIRECTORY
 *   model-dfs POOL/CONT
 *
 * Each operation returns 0 or an errno. A path is names with slashes between, none in front. Open files are in slots.
 * Symbolic links are never followed at the end of a path.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#define SLOTS 8

int model_start(const char *where);
int model_open(int slot, const char *path, int flags, mode_t mode);
int model_close(int slot);
int model_read(int slot, uint64_t off, char *buf, size_t len, size_t *got);
int model_write(int slot, uint64_t off, const char *buf, size_t len);
int model_append(int slot, const char *buf, size_t len, uint64_t *end);
int model_truncate(int slot, uint64_t size);
int model_fallocate(int slot, int mode, uint64_t off, uint64_t len);
int model_seek(int slot, uint64_t off, int whence, uint64_t *at);
int model_fstat(int slot, struct stat *st);
int model_fsync(int slot);
int model_sync(void);
int model_stat(const char *path, struct stat *st);
int model_mkdir(const char *path, mode_t mode);
int model_unlink(const char *path);
int model_rmdir(const char *path);
int model_rename(const char *from, const char *to, unsigned flags);
int model_link(const char *from, const char *to);
int model_symlink(const char *target, const char *path);
int model_readlink(const char *path, char *buf, size_t size);
int model_follow(const char *path, struct stat *st); /* stat(2): follows links everywhere */
int model_list(const char *path, void (*each)(const char *name, unsigned char type, uint64_t ino));
int model_chmod(const char *path, mode_t mode);
int model_chown(const char *path, uid_t uid, gid_t gid);
int model_utimes(const char *path, const struct timespec times[2]);
int model_setxattr(const char *path, const char *name, const char *value, size_t len, int flags);
int model_getxattr(const char *path, const char *name, char *value, size_t *len);
int model_removexattr(const char *path, const char *name);
int model_listxattr(const char *path, char *list, size_t *len);

#endif
