/*
 * snapdir.h - the directory .snapshot (snapdir.c).
 */
#ifndef LOCAL_SNAPDIR_H
#define LOCAL_SNAPDIR_H

#include <stddef.h>
#include <stdint.h>
#include "record.h"

struct inode_rec;

int snapdir_inode(struct txn *txn, struct inode_rec *rec);
int snapdir_find(struct txn *txn, const char *name, size_t len, uint64_t *ino);
int snapdir_name(struct txn *txn, uint64_t id, char *out, size_t *len); /* room: DAOS_SNAPSHOT_MAX_LEN */
int snapdir_walk(struct txn *txn, uint64_t after, rec_fn fn, void *arg);
int snapdir_list(struct txn *txn, uint64_t after,
                 int (*fn)(uint64_t slot, uint64_t ino, const char *name, size_t len, void *arg), void *arg);

#endif
