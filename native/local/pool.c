/*
 * pool.c - starting and ending the library, and pools.
 */
#include <stdio.h>
#include <stdlib.h>
#include "handle.h"

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
	if (rc == 0 && info != NULL)
		memset(info, 0, sizeof(*info));
	return der_done(ev, rc);
}

EXPORT int daos_pool_disconnect(daos_handle_t poh, daos_event_t *ev)
{
	return der_done(ev, handle_put(poh, DAOS_HTYPE_POOL));
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
