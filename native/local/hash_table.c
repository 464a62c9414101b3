/*
 * hash_table.c - the hash table of DAOS's general library, for programs that use it beside DFS. Nothing here does.
 */
#include <gurt/hash.h>
#include "local.h"

struct d_hash_table {
	uint32_t feats, buckets;
	d_hash_table_ops_t ops;
	pthread_mutex_t lock;
	d_list_t heads[];
};

static void lock(struct d_hash_table *t)
{
	if (!(t->feats & D_HASH_FT_NOLOCK))
		pthread_mutex_lock(&t->lock);
}

static void unlock(struct d_hash_table *t)
{
	if (!(t->feats & D_HASH_FT_NOLOCK))
		pthread_mutex_unlock(&t->lock);
}

static void link_in(d_list_t *head, d_list_t *link)
{
	link->next = head->next;
	link->prev = head;
	head->next->prev = link;
	head->next = link;
}

/* What is out of any list is its own neighbour. */
static void take_out(d_list_t *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	link->next = link->prev = link;
}

static d_list_t *bucket(struct d_hash_table *t, const void *key, unsigned int ksize)
{
	uint32_t hash =
	    t->ops.hop_key_hash != NULL ? t->ops.hop_key_hash(t, key, ksize) : d_hash_string_u32(key, ksize);

	return &t->heads[hash & (t->buckets - 1)];
}

static d_list_t *find(struct d_hash_table *t, d_list_t *head, const void *key, unsigned int ksize)
{
	d_list_t *link;

	for (link = head->next; link != head; link = link->next)
		if (t->ops.hop_key_cmp(t, link, key, ksize))
			return link;
	return NULL;
}

EXPORT int d_hash_table_create(uint32_t feats, uint32_t bits, void *priv, d_hash_table_ops_t *hops,
                               struct d_hash_table **htable_pp)
{
	struct d_hash_table *t;
	uint32_t i;

	(void)priv;
	if (hops == NULL || hops->hop_key_cmp == NULL || htable_pp == NULL || bits > 24)
		return -DER_INVAL;
	t = malloc(sizeof(*t) + (sizeof(d_list_t) << bits));
	if (t == NULL)
		return -DER_NOMEM;
	t->feats = feats;
	t->buckets = 1U << bits;
	t->ops = *hops;
	pthread_mutex_init(&t->lock, NULL);
	for (i = 0; i < t->buckets; i++)
		t->heads[i] = (d_list_t){&t->heads[i], &t->heads[i]};
	*htable_pp = t;
	return 0;
}

EXPORT d_list_t *d_hash_rec_first(struct d_hash_table *t)
{
	d_list_t *first = NULL;
	uint32_t i;

	lock(t);
	for (i = 0; i < t->buckets && first == NULL; i++)
		if (t->heads[i].next != &t->heads[i])
			first = t->heads[i].next;
	unlock(t);
	return first;
}

EXPORT int d_hash_table_destroy(struct d_hash_table *t, bool force)
{
	d_list_t *link;

	if (t == NULL)
		return -DER_INVAL;
	while ((link = d_hash_rec_first(t)) != NULL) {
		if (!force)
			return -DER_BUSY;
		take_out(link);
		if (t->ops.hop_rec_free != NULL)
			t->ops.hop_rec_free(t, link);
	}
	pthread_mutex_destroy(&t->lock);
	free(t);
	return 0;
}

EXPORT int d_hash_rec_insert(struct d_hash_table *t, const void *key, unsigned int ksize, d_list_t *link,
                             bool exclusive)
{
	d_list_t *head = bucket(t, key, ksize);
	int rc = 0;

	lock(t);
	if (exclusive && find(t, head, key, ksize) != NULL) {
		rc = -DER_EXIST;
	} else {
		if (!(t->feats & D_HASH_FT_EPHEMERAL) && t->ops.hop_rec_addref != NULL)
			t->ops.hop_rec_addref(t, link);
		link_in(head, link);
	}
	unlock(t);
	return rc;
}

EXPORT d_list_t *d_hash_rec_find(struct d_hash_table *t, const void *key, unsigned int ksize)
{
	d_list_t *head = bucket(t, key, ksize), *link;

	lock(t);
	link = find(t, head, key, ksize);
	if (link != NULL && t->ops.hop_rec_addref != NULL)
		t->ops.hop_rec_addref(t, link);
	if (link != NULL && t->feats & D_HASH_FT_LRU) {
		take_out(link);
		link_in(head, link);
	}
	unlock(t);
	return link;
}

EXPORT void d_hash_rec_decref(struct d_hash_table *t, d_list_t *link)
{
	bool last;

	lock(t);
	last = t->ops.hop_rec_decref != NULL && t->ops.hop_rec_decref(t, link);
	if (last && t->feats & D_HASH_FT_EPHEMERAL)
		take_out(link);
	unlock(t);
	if (last && t->ops.hop_rec_free != NULL)
		t->ops.hop_rec_free(t, link);
}

/* Bernstein's. */
EXPORT uint32_t d_hash_string_u32(const char *string, unsigned int len)
{
	uint32_t hash = 5381;
	unsigned int i;

	for (i = 0; i < len; i++)
		hash = hash * 33 + (unsigned char)string[i];
	return hash;
}

/* MurmurHash64A, by Austin Appleby, who put it in the public domain. */
EXPORT uint64_t d_hash_murmur64(const unsigned char *key, unsigned int key_len, unsigned int seed)
{
	const uint64_t m = 0xc6a4a7935bd1e995ULL;
	uint64_t hash = seed ^ key_len * m, word;
	unsigned int left = key_len;

	for (; left >= 8; left -= 8, key += 8) {
		memcpy(&word, key, 8);
		word *= m;
		word ^= word >> 47;
		hash = (hash ^ word * m) * m;
	}
	if (left != 0) {
		word = 0;
		memcpy(&word, key, left);
		hash = (hash ^ word) * m;
	}
	hash = (hash ^ hash >> 47) * m;
	return hash ^ hash >> 47;
}
