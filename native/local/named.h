/*
 * named.h - values that have a name (named.c).
 */
#ifndef LOCAL_NAMED_H
#define LOCAL_NAMED_H

#include <stddef.h>
#include <stdint.h>

struct cont;
struct txn;

struct named {
	uint64_t hi; /* of its key: what it belongs to */
	const char *name;
	size_t len;
};
int named_find(struct cont *c, struct txn *txn, const struct named *n, uint64_t *slot, const char **value,
               size_t *size);
int named_put(struct txn *txn, const struct named *n, uint64_t slot, const void *value, size_t size);
int named_delete(struct txn *txn, const struct named *n, uint64_t slot);
int named_list(struct txn *txn, uint64_t hi, char *out, size_t room, size_t *need);

#endif
