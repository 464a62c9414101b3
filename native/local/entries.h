/*
 * entries.h - names in directories (dirent.c).
 */
#ifndef LOCAL_ENTRIES_H
#define LOCAL_ENTRIES_H

#include <stddef.h>
#include <stdint.h>

struct cont;
struct txn;

struct found {
	uint64_t ino;
	uint64_t slot;
	uint8_t type;
};
int dirent_check_name(const char *name, size_t *len);
int dirent_find(struct cont *c, struct txn *txn, uint64_t dir, const char *name, size_t len, struct found *f);
int dirent_add(struct cont *c, struct txn *txn, uint64_t dir, const char *name, size_t len, uint64_t ino, uint8_t type,
               uint64_t *slot);
int dirent_set(struct txn *txn, uint64_t dir, uint64_t slot, const char *name, size_t len, uint64_t ino, uint8_t type);
int dirent_delete(struct txn *txn, uint64_t dir, uint64_t slot);
int dirent_empty(struct txn *txn, uint64_t dir); /* 0 or ENOTEMPTY */
uint64_t name_hash(struct cont *c, const char *name, size_t len);

#endif
