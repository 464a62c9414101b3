/*
 * small.h - small files, whose bytes are in the tree (small.c).
 *
 * NOT_SMALL when the file has a host file, or needs one.
 */
#ifndef LOCAL_SMALL_H
#define LOCAL_SMALL_H

#include <stdint.h>
#include <sys/uio.h>

struct cont;
struct dfs_obj;
struct inode_rec;
struct txn;

#define NOT_SMALL -1
int small_read(struct dfs_obj *o, const struct iovec *iov, int nr, uint64_t off, uint64_t *done);
int small_write(struct dfs_obj *o, const struct iovec *iov, int nr, uint64_t *total, uint64_t off,
                uint64_t *end); /* off UINT64_MAX: append, and *total says how much; end: behind what was written */
int small_truncate(struct dfs_obj *o, uint64_t size);
int small_seek(struct dfs_obj *o, uint64_t off, int whence, uint64_t *result);
#define ALWAYS_SYNC UINT32_MAX /* an epoch: bytes that do not move out without a sync */
int small_synced(struct dfs_obj *o);
int small_move_out(struct cont *c, struct txn *txn, uint64_t ino, struct inode_rec *rec, int *intent);
void small_moved_out(struct cont *c, uint64_t ino, int intent, int rc);
/* The record of a file's bytes, as a copy (NULL: there is none), and back. */
int small_get(struct txn *txn, uint64_t ino, const struct inode_rec *rec, void **head);
int small_put(struct txn *txn, uint64_t ino, uint64_t size, void *head);
void host_leftover(struct cont *c, struct txn *txn, uint64_t ino);

#endif
