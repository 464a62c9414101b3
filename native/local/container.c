/*
 * container.c - containers: creating, opening, describing, destroying.
 */
#include <stdio.h>
#include <stdlib.h>
#include "container.h"
#include "der.h"
#include "handle.h"
#include "inode.h"
#include "layout.h"
#include "local.h"
#include "prop.h"
#include "snapshot.h"
#include "store.h"
#include "transaction.h"

EXPORT int daos_cont_create_with_label(daos_handle_t poh, const char *label, daos_prop_t *cont_prop, uuid_t *uuid,
                                       daos_event_t *ev)
{
	struct daos_prop_entry *named = daos_prop_entry_get(cont_prop, DAOS_PROP_CO_LABEL);
	struct handle h;
	int rc = handle_get(poh, DAOS_HTYPE_POOL, &h);

	if (label == NULL && named != NULL)
		label = named->dpe_str;
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

static int answer(struct cont *c, daos_prop_t *prop)
{
	struct prop_facts facts = {.label = c->label};
	struct inode_rec root;
	struct rtx r;
	int rc = rtx_begin(c, &r);

	if (rc != 0)
		return rc;
	rc = inode_get(r.txn, ROOT_INO, &root);
	rtx_end(&r);
	if (rc != 0)
		return rc;
	facts.uid = root.uid;
	facts.gid = root.gid;
	return prop_answer(prop, &facts);
}

EXPORT int daos_cont_query(daos_handle_t coh, daos_cont_info_t *info, daos_prop_t *cont_prop, daos_event_t *ev)
{
	struct handle h;
	int rc = handle_get(coh, DAOS_HTYPE_CO, &h);

	if (rc == 0 && info != NULL) {
		*info = (daos_cont_info_t){.ci_nhandles = store_users(h.cont)};
		memcpy(info->ci_uuid, h.cont->super.uuid, sizeof(info->ci_uuid));
		rc = snapshots_count(h.cont, &info->ci_nsnapshots, &info->ci_lsnapshot);
	}
	if (rc == 0 && cont_prop != NULL)
		rc = answer(h.cont, cont_prop);
	return der_done(ev, rc);
}
