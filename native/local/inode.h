/*
 * inode.h - inode records (inode.c).
 */
#ifndef LOCAL_INODE_H
#define LOCAL_INODE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include "layout.h"

struct cont;
struct dfs;
struct txn;

int inode_get(struct txn *txn, uint64_t ino, struct inode_rec *rec);
int inode_get_link(struct txn *txn, uint64_t ino, char *buf, size_t *len); /* len in: room */
int inode_put(struct txn *txn, uint64_t ino, const struct inode_rec *rec);
int inode_put_link(struct txn *txn, uint64_t ino, const struct inode_rec *rec, const char *target);
int inode_delete(struct txn *txn, uint64_t ino, const struct inode_rec *rec);
int inode_alloc(struct cont *c, struct txn *txn, uint64_t *ino);
int inode_host_stat(struct cont *c, uint64_t ino, int fd, struct inode_rec *rec);
void inode_set_host_mtime(struct cont *c, uint64_t ino, int64_t mtime);
void inode_to_stat(const struct dfs *dfs, uint64_t ino, const struct inode_rec *rec, struct stat *st);
unsigned char mode_to_type(uint32_t mode);
int stat_now(struct cont *c, uint64_t ino, int fd, struct inode_rec *rec); /* with dirty sizes */
void host_path(char out[32], uint64_t ino);                                /* "ab/0123456789abcdef" below objects */

/* What a directory hands on to what is created in it (defaults.c). */
void defaults_inherit(struct inode_rec *rec, const struct inode_rec *dir);

#endif
