/*
 * handle.c - the table of handles of pools and containers.
 */
#include <stdlib.h>
#include <stdio.h>
#include "container.h"
#include "handle.h"
#include "ranks.h"
#include "store.h"

#define MAX_HANDLES 4096

static pthread_mutex_t handles_lock = PTHREAD_MUTEX_INITIALIZER; /* RANK_HANDLES */
static struct handle *handles[MAX_HANDLES];
static uint32_t next_salt = 1;

void handles_fork(int stage)
{
	if (stage == 0)
		rank_lock(&handles_lock, RANK_HANDLES);
	else
		rank_unlock(&handles_lock, RANK_HANDLES);
}

static int handle_new(int type, const char *store, const char *pool, struct cont *c, unsigned flags, daos_handle_t *out)
{
	struct handle *h = calloc(1, sizeof(*h));
	int rc = ENOMEM;
	unsigned i;

	if (h == NULL)
		return rc;
	h->type = type;
	h->flags = flags;
	h->cont = c;
	snprintf(h->pool, sizeof(h->pool), "%s", pool);
	snprintf(h->store, sizeof(h->store), "%s", store);
	rank_lock(&handles_lock, RANK_HANDLES);
	for (i = 0; i < MAX_HANDLES; i++)
		if (handles[i] == NULL) {
			h->salt = next_salt++;
			handles[i] = h;
			out->cookie = (uint64_t)h->salt << 16 | (i + 1);
			rc = 0;
			break;
		}
	rank_unlock(&handles_lock, RANK_HANDLES);
	if (rc != 0)
		free(h);
	return rc;
}

int handle_pool(const char *store, const char *pool, unsigned flags, daos_handle_t *out)
{
	return handle_new(DAOS_HTYPE_POOL, store, pool, NULL, flags, out);
}

int handle_cont(struct cont *c, unsigned flags, daos_handle_t *out)
{
	return handle_new(DAOS_HTYPE_CO, c->store, c->pool, c, flags, out);
}

/* Copies what a handle says. */
int handle_get(daos_handle_t hdl, int type, struct handle *out)
{
	unsigned i = (unsigned)(hdl.cookie & 0xffff) - 1;
	int rc = ENXIO;
	struct handle *h;

	if (i >= MAX_HANDLES)
		return rc;
	rank_lock(&handles_lock, RANK_HANDLES);
	h = handles[i];
	if (h != NULL && h->type == type && h->salt == hdl.cookie >> 16) {
		*out = *h;
		rc = 0;
	}
	rank_unlock(&handles_lock, RANK_HANDLES);
	return rc;
}

int handle_put(daos_handle_t hdl, int type)
{
	unsigned i = (unsigned)(hdl.cookie & 0xffff) - 1;
	struct handle *h = NULL;

	if (i >= MAX_HANDLES)
		return ENXIO;
	rank_lock(&handles_lock, RANK_HANDLES);
	if (handles[i] != NULL && handles[i]->type == type && handles[i]->salt == hdl.cookie >> 16) {
		h = handles[i];
		handles[i] = NULL;
	}
	rank_unlock(&handles_lock, RANK_HANDLES);
	if (h == NULL)
		return ENXIO;
	if (h->cont != NULL)
		store_cont_put(h->cont);
	free(h);
	return 0;
}
