/*
 * user_attributes.c - the attributes that users give to pools and containers.
 */
#include "container.h"
#include "der.h"
#include "handle.h"
#include "layout.h"
#include "local.h"
#include "named.h"
#include "store.h"
#include "transaction.h"

struct call {
	int n;
	char const *const *names;
	void const *const *values;
	void *const *buffers;
	size_t const *sizes;
	size_t *lengths; /* in: room; out: length */
};

/* The container that has the attributes of what hdl stands for; to be given back with store_cont_put. */
static int attributes_of(daos_handle_t hdl, int type, bool create, struct cont **c)
{
	struct handle h;
	int rc = handle_get(hdl, type, &h);

	if (rc != 0)
		return rc;
	if (type == DAOS_HTYPE_POOL)
		return store_pool_records(h.store, h.pool, create, c);
	store_cont_ref(h.cont);
	*c = h.cont;
	return 0;
}

static int check(int n, char const *const names[])
{
	int i;

	if (n <= 0 || names == NULL)
		return EINVAL;
	for (i = 0; i < n; i++)
		if (names[i] == NULL || names[i][0] == '\0' ||
		    strnlen(names[i], DAOS_ATTR_NAME_MAX + 1) > DAOS_ATTR_NAME_MAX)
			return EINVAL;
	return 0;
}

static struct named named_of(const char *name)
{
	return (struct named){SPACE_USER, name, strlen(name)};
}

static int list(daos_handle_t hdl, int type, char *buffer, size_t *size)
{
	size_t need = 0;
	struct cont *c;
	struct rtx r;
	int rc = size == NULL ? EINVAL : attributes_of(hdl, type, false, &c);

	if (rc == ENOENT && type == DAOS_HTYPE_POOL) { /* it was given none */
		*size = 0;
		return 0;
	}
	if (rc != 0)
		return rc;
	rc = rtx_begin_tree(c, &r);
	if (rc == 0) {
		rc = named_list(r.txn, SPACE_USER, buffer, *size, &need);
		rtx_end(&r);
	}
	if (rc == 0)
		*size = need;
	store_cont_put(c);
	return rc;
}

static int get_one(struct cont *c, struct txn *txn, const struct call *a, int i)
{
	struct named named = named_of(a->names[i]);
	const char *data;
	uint64_t slot;
	size_t len;
	int rc = named_find(c, txn, &named, &slot, &data, &len);

	if (rc != 0)
		return rc;
	if (a->buffers != NULL && a->buffers[i] != NULL)
		memcpy(a->buffers[i], data, len < a->lengths[i] ? len : a->lengths[i]);
	a->lengths[i] = len;
	return 0;
}

static int get(daos_handle_t hdl, int type, const struct call *a)
{
	struct cont *c;
	struct rtx r;
	int rc = a->lengths == NULL ? EINVAL : check(a->n, a->names), i;

	if (rc == 0)
		rc = attributes_of(hdl, type, false, &c);
	if (rc != 0)
		return rc;
	rc = rtx_begin(c, &r);
	if (rc == 0) {
		for (i = 0; i < a->n && rc == 0; i++)
			rc = get_one(c, r.txn, a, i);
		rtx_end(&r);
	}
	store_cont_put(c);
	return rc;
}

/* Sets or, without values, deletes. */
static int change_one(struct cont *c, struct txn *txn, const struct call *a, int i)
{
	struct named named = named_of(a->names[i]);
	const char *data;
	uint64_t slot;
	size_t len;
	int rc = named_find(c, txn, &named, &slot, &data, &len);

	if (a->values == NULL)
		return rc != 0 ? rc : named_delete(txn, &named, slot);
	if (rc == ENODATA)
		rc = slot == 0 ? ENOSPC : 0;
	return rc != 0 ? rc : named_put(txn, &named, slot, a->values[i], a->sizes[i]);
}

static int change_fn(struct cont *c, struct txn *txn, void *arg)
{
	const struct call *a = arg;
	int rc = 0, i;

	for (i = 0; i < a->n && rc == 0; i++)
		rc = change_one(c, txn, a, i);
	return rc;
}

static int change(daos_handle_t hdl, int type, struct call *a)
{
	struct cont *c;
	int rc = check(a->n, a->names), i;

	for (i = 0; rc == 0 && a->values != NULL && i < a->n; i++)
		if (a->values[i] == NULL || a->sizes[i] == 0 || a->sizes[i] > DFS_MAX_XATTR_LEN)
			rc = EINVAL;
	if (rc == 0)
		rc = attributes_of(hdl, type, a->values != NULL, &c);
	if (rc != 0)
		return rc;
	rc = cont_write(c, change_fn, a);
	store_cont_put(c);
	return rc;
}

static int set(daos_handle_t hdl, int type, struct call *a)
{
	return a->values == NULL || a->sizes == NULL ? EINVAL : change(hdl, type, a);
}

/* ---- the API ---------------------------------------------------------------------------------------------------- */
EXPORT int daos_cont_list_attr(daos_handle_t coh, char *buffer, size_t *size, daos_event_t *ev)
{
	return der_done(ev, list(coh, DAOS_HTYPE_CO, buffer, size));
}

EXPORT int daos_pool_list_attr(daos_handle_t poh, char *buffer, size_t *size, daos_event_t *ev)
{
	return der_done(ev, list(poh, DAOS_HTYPE_POOL, buffer, size));
}

EXPORT int daos_cont_get_attr(daos_handle_t coh, int n, char const *const names[], void *const buffers[],
                              size_t sizes[], daos_event_t *ev)
{
	struct call a = {.n = n, .names = names, .buffers = buffers, .lengths = sizes};

	return der_done(ev, get(coh, DAOS_HTYPE_CO, &a));
}

EXPORT int daos_pool_get_attr(daos_handle_t poh, int n, char const *const names[], void *const buffers[],
                              size_t sizes[], daos_event_t *ev)
{
	struct call a = {.n = n, .names = names, .buffers = buffers, .lengths = sizes};

	return der_done(ev, get(poh, DAOS_HTYPE_POOL, &a));
}

EXPORT int daos_cont_set_attr(daos_handle_t coh, int n, char const *const names[], void const *const values[],
                              size_t const sizes[], daos_event_t *ev)
{
	struct call a = {.n = n, .names = names, .values = values, .sizes = sizes};

	return der_done(ev, set(coh, DAOS_HTYPE_CO, &a));
}

EXPORT int daos_pool_set_attr(daos_handle_t poh, int n, char const *const names[], void const *const values[],
                              size_t const sizes[], daos_event_t *ev)
{
	struct call a = {.n = n, .names = names, .values = values, .sizes = sizes};

	return der_done(ev, set(poh, DAOS_HTYPE_POOL, &a));
}

EXPORT int daos_cont_del_attr(daos_handle_t coh, int n, char const *const names[], daos_event_t *ev)
{
	struct call a = {.n = n, .names = names};

	return der_done(ev, change(coh, DAOS_HTYPE_CO, &a));
}

EXPORT int daos_pool_del_attr(daos_handle_t poh, int n, char const *const names[], daos_event_t *ev)
{
	struct call a = {.n = n, .names = names};

	return der_done(ev, change(poh, DAOS_HTYPE_POOL, &a));
}
