/*
 * container.c - containers: creating, opening, describing, destroying.
 */
#include <stdio.h>
#include <stdlib.h>
#include "handle.h"

EXPORT int daos_cont_create_with_label(daos_handle_t poh, const char *label, daos_prop_t *cont_prop, uuid_t *uuid,
                                       daos_event_t *ev)
{
	struct handle h;
	int rc = handle_get(poh, DAOS_HTYPE_POOL, &h);

	(void)cont_prop;
	if (rc == 0)
		rc = store_cont_create(h.store, h.pool, label, NULL, uuid);
	return der_done(ev, rc);
}

EXPORT int daos_cont_create(daos_handle_t poh, uuid_t *uuid, daos_prop_t *cont_prop, daos_event_t *ev)
{
	return daos_cont_create_with_label(poh, NULL, cont_prop, uuid, ev);
}

EXPORT int daos_cont_open(daos_handle_t poh, const char *cont, unsigned int flags, daos_handle_t *coh,
                          daos_cont_info_t *info, daos_event_t *ev)
{
	struct cont *c;
	struct handle h;
	int rc;

	if (cont == NULL || coh == NULL)
		return -DER_INVAL;
	rc = handle_get(poh, DAOS_HTYPE_POOL, &h);
	if (rc == 0)
		rc = store_cont_get(h.store, h.pool, cont, &c);
	if (rc == 0) {
		rc = handle_cont(c, flags, coh);
		if (rc != 0)
			store_cont_put(c);
		else if (info != NULL)
			daos_cont_query(*coh, info, NULL, NULL);
	}
	return der_done(ev, rc);
}

EXPORT int daos_cont_close(daos_handle_t coh, daos_event_t *ev)
{
	return der_done(ev, handle_put(coh, DAOS_HTYPE_CO));
}

EXPORT int daos_cont_destroy(daos_handle_t poh, const char *cont, int force, daos_event_t *ev)
{
	struct handle h;
	int rc = cont == NULL ? EINVAL : handle_get(poh, DAOS_HTYPE_POOL, &h);

	if (rc == 0)
		rc = store_cont_destroy(h.store, h.pool, cont, force != 0);
	return der_done(ev, rc);
}

EXPORT int daos_cont_query(daos_handle_t coh, daos_cont_info_t *info, daos_prop_t *cont_prop, daos_event_t *ev)
{
	struct handle h;
	int rc = handle_get(coh, DAOS_HTYPE_CO, &h);

	(void)cont_prop;
	if (rc == 0 && info != NULL) {
		memset(info, 0, sizeof(*info));
		memcpy(info->ci_uuid, h.cont->super.uuid, sizeof(info->ci_uuid));
		rc = snapshots_count(h.cont, &info->ci_nsnapshots, &info->ci_lsnapshot);
	}
	return der_done(ev, rc);
}
