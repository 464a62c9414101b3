/*
 * gurt/hash.h - a hash table of records that their owner links and counts. Of DAOS's, what programs of DFS use (IOR).
 */
#ifndef GURT_HASH_H
#define GURT_HASH_H

#include <stdbool.h>
#include <stdint.h>
#include <gurt/common.h>
#include <gurt/list.h>

#ifdef __cplusplus
extern "C" {
#endif

struct d_hash_table;

/* What the owner of the records tells about them. Only hop_key_cmp is needed. */
typedef struct {
	bool (*hop_key_cmp)(struct d_hash_table *htable, d_list_t *link, const void *key, unsigned int ksize);
	void (*hop_key_init)(struct d_hash_table *htable, d_list_t *link, void *arg); /* not used here */
	uint32_t (*hop_key_hash)(struct d_hash_table *htable, const void *key, unsigned int ksize);
	uint32_t (*hop_rec_hash)(struct d_hash_table *htable, d_list_t *link); /* not used here */
	void (*hop_rec_addref)(struct d_hash_table *htable, d_list_t *link);
	bool (*hop_rec_decref)(struct d_hash_table *htable, d_list_t *link); /* true: that was the last one */
	int (*hop_rec_ndecref)(struct d_hash_table *htable, d_list_t *link, int count); /* not used here */
	void (*hop_rec_free)(struct d_hash_table *htable, d_list_t *link);
} d_hash_table_ops_t;

enum d_hash_feats {
	D_HASH_FT_NOLOCK = (1 << 0),
	D_HASH_FT_MUTEX = (1 << 1),
	D_HASH_FT_RWLOCK = (1 << 2),
	D_HASH_FT_EPHEMERAL = (1 << 3), /* the table has no reference of its own: a record goes with the last one */
	D_HASH_FT_LRU = (1 << 4),
	D_HASH_FT_NO_KEYINIT_LOCK = (1 << 5),
	D_HASH_FT_GLOCK = (1 << 15),
};

/** Makes a table of 2^\a bits buckets. 0 or a negative DER_ number. \a priv is not used here. */
int d_hash_table_create(uint32_t feats, uint32_t bits, void *priv, d_hash_table_ops_t *hops,
                        struct d_hash_table **htable_pp);

/** Destroys a table; -DER_BUSY for one that has records, unless \a force lets them go. */
int d_hash_table_destroy(struct d_hash_table *htable, bool force);

/** Adds a record. -DER_EXIST when \a exclusive and there is one of this key. */
int d_hash_rec_insert(struct d_hash_table *htable, const void *key, unsigned int ksize, d_list_t *link, bool exclusive);

/** The record of a key, with one more reference, or NULL. */
d_list_t *d_hash_rec_find(struct d_hash_table *htable, const void *key, unsigned int ksize);

/** Takes a reference back, and frees the record with the last one. */
void d_hash_rec_decref(struct d_hash_table *htable, d_list_t *link);

/** Any record, or NULL when there is none. */
d_list_t *d_hash_rec_first(struct d_hash_table *htable);

/** Hashes of text and of bytes. */
uint32_t d_hash_string_u32(const char *string, unsigned int len);
uint64_t d_hash_murmur64(const unsigned char *key, unsigned int key_len, unsigned int seed);

#ifdef __cplusplus
}
#endif
#endif
