/*
 * view.h - the bytes of a file as a snapshot has them (view.c).
 */
#ifndef LOCAL_VIEW_H
#define LOCAL_VIEW_H

#include <stdint.h>
#include <sys/uio.h>

struct dfs_obj;

int view_read(struct dfs_obj *o, const struct iovec *iov, int nr, uint64_t off, uint64_t *done);
int view_seek(struct dfs_obj *o, uint64_t off, int whence, uint64_t *result);

#endif
