/*
 * pool.c - starting and ending the library, and pools.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/statfs.h>
#include <daos/debug.h>
#include <gurt/common.h>
#include "der.h"
#include "event.h"
#include "fork.h"
#include "handle.h"
#include "local.h"
#include "prop.h"
#include "store.h"

EXPORT int daos_init(void)
{
	return der(store_init());
}

EXPORT int daos_fini(void)
{
	return 0;
}

EXPORT int daos_reinit(void)
{
	return 0; /* a child finds its way by itself */
}

/* There is no log. */
EXPORT int daos_debug_init(char *logfile)
{
	(void)logfile;
	return 0;
}

EXPORT void daos_debug_fini(void)
{
}

EXPORT int dfs_init(void)
{
	return store_init();
}

EXPORT int dfs_fini(void)
{
	return 0;
}

EXPORT int daos_pool_connect(const char *pool, const char *sys, unsigned int flags, daos_handle_t *poh,
                             daos_pool_info_t *info, daos_event_t *ev)
{
	char *store;
	int rc;

	(void)sys;
	if (pool == NULL || poh == NULL || store_check_name(pool) != 0)
		return -DER_INVAL;
	store = store_dir();
	rc = store == NULL ? ENOENT : store_pool_exists(store, pool);
	if (store != NULL && rc == ENOENT && (flags & (DAOS_PC_RW | DAOS_PC_EX)))
		rc = 0; /* it comes into being with its first container */
	if (rc == 0)
		rc = handle_pool(store, pool, flags, poh);
	free(store);
	if (rc == 0 && info != NULL) {
		rc = daos_pool_query(*poh, NULL, info, NULL, NULL);
		if (rc != 0)
			daos_pool_disconnect(*poh, NULL);
		return event_done(ev, rc);
	}
	return der_done(ev, rc);
}

EXPORT int daos_pool_disconnect(daos_handle_t poh, daos_event_t *ev)
{
	return der_done(ev, handle_put(poh, DAOS_HTYPE_POOL));
}

/* The directory of a pool, or the nearest one above it that is there: the pool begins with its first container. */
static void nearest(const struct handle *h, char path[2 * DFS_MAX_PATH], struct stat *st)
{
	size_t end = (size_t)snprintf(path, 2 * DFS_MAX_PATH, "%s/%s", h->store, h->pool);

	while (sys_fstatat(AT_FDCWD, path, st, 0) != 0 && end > 1) {
		while (end > 1 && path[--end] != '/')
			;
		path[end] = '\0';
	}
}

/* A pool has the same number on every machine that knows it by the same names. */
static void pool_uuid(const struct handle *h, uint8_t uuid[16])
{
	uint64_t words[2] = {0xcbf29ce484222325ULL, 0x84222325cbf29ce4ULL}; /* FNV-1a, from two starts */
	const char *const parts[] = {h->store, "/", h->pool};
	size_t i, w;
	const char *p;

	for (w = 0; w < 2; w++)
		for (i = 0; i < 3; i++)
			for (p = parts[i]; *p != '\0'; p++)
				words[w] = (words[w] ^ (uint8_t)*p) * 0x100000001b3ULL;
	memcpy(uuid, words, 16);
	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x80); /* version 8: made by us */
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
}

static int fill_space(const char *path, struct daos_pool_space *space)
{
	struct statfs st;
	int rc = (int)-SYS4(SYS_statfs, path, &st, 0, 0);

	if (rc != 0)
		return rc;
	space->ps_ntargets = 1;
	space->ps_space.s_total[DAOS_MEDIA_SCM] = st.f_blocks * (uint64_t)st.f_bsize;
	space->ps_space.s_free[DAOS_MEDIA_SCM] = st.f_bavail * (uint64_t)st.f_bsize;
	space->ps_free_min[DAOS_MEDIA_SCM] = space->ps_free_max[DAOS_MEDIA_SCM] = space->ps_free_mean[DAOS_MEDIA_SCM] =
	    space->ps_space.s_free[DAOS_MEDIA_SCM];
	return 0;
}

/* One node with one target. */
static int fill_info(const struct handle *h, const char *path, daos_pool_info_t *info)
{
	uint64_t bits = info->pi_bits;

	*info = (daos_pool_info_t){.pi_ntargets = 1, .pi_nnodes = 1, .pi_map_ver = 1, .pi_bits = bits};
	pool_uuid(h, info->pi_uuid);
	return bits & DPI_SPACE ? fill_space(path, &info->pi_space) : 0;
}

EXPORT void d_rank_list_free(d_rank_list_t *rank_list)
{
	if (rank_list == NULL)
		return;
	free(rank_list->rl_ranks);
	free(rank_list);
}

static d_rank_list_t *one_rank(void)
{
	d_rank_list_t *list = calloc(1, sizeof(*list));

	if (list == NULL)
		return NULL;
	list->rl_nr = 1;
	list->rl_ranks = calloc(1, sizeof(d_rank_t));
	if (list->rl_ranks == NULL) {
		free(list);
		return NULL;
	}
	return list;
}

EXPORT int daos_pool_query(daos_handle_t poh, d_rank_list_t **ranks, daos_pool_info_t *info, daos_prop_t *pool_prop,
                           daos_event_t *ev)
{
	char path[2 * DFS_MAX_PATH];
	struct prop_facts facts = {.pool = true};
	struct handle h;
	struct stat st;
	int rc = handle_get(poh, DAOS_HTYPE_POOL, &h);

	if (rc != 0)
		return der_done(ev, rc);
	nearest(&h, path, &st);
	facts.label = h.pool;
	facts.uid = st.st_uid;
	facts.gid = st.st_gid;
	if (info != NULL)
		rc = fill_info(&h, path, info);
	if (rc == 0)
		rc = prop_answer(pool_prop, &facts);
	if (rc == 0 && ranks != NULL && (*ranks = one_rank()) == NULL)
		rc = ENOMEM;
	return der_done(ev, rc);
}

struct list {
	struct daos_pool_cont_info *out;
	daos_size_t room, nr;
};

static int list_one(void *arg, const char *label)
{
	struct list *l = arg;

	if (l->out != NULL && l->nr < l->room) {
		memset(&l->out[l->nr], 0, sizeof(l->out[l->nr]));
		snprintf(l->out[l->nr].pci_label, sizeof(l->out[l->nr].pci_label), "%s", label);
	}
	l->nr++;
	return 0;
}

EXPORT int daos_pool_list_cont(daos_handle_t poh, daos_size_t *ncont, struct daos_pool_cont_info *cbuf,
                               daos_event_t *ev)
{
	struct list l;
	struct handle h;
	int rc;

	if (ncont == NULL)
		return -DER_INVAL;
	l = (struct list){.out = cbuf, .room = *ncont};
	rc = handle_get(poh, DAOS_HTYPE_POOL, &h);
	if (rc == 0)
		rc = store_cont_list(h.store, h.pool, list_one, &l);
	if (rc == 0) {
		*ncont = l.nr;
		if (cbuf != NULL && l.nr > l.room)
			return event_done(ev, -DER_TRUNC);
	}
	return der_done(ev, rc);
}
