/*
 * prop.c - lists of properties, and what pools and containers answer when they are asked for theirs.
 */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include "local.h"
#include "prop.h"
#include "views.h"

/* ---- lists ------------------------------------------------------------------------------------------------------ */
EXPORT daos_prop_t *daos_prop_alloc(uint32_t entries_nr)
{
	daos_prop_t *prop;

	if (entries_nr > DAOS_PROP_ENTRIES_MAX_NR)
		return NULL;
	prop = calloc(1, sizeof(*prop));
	if (prop == NULL || entries_nr == 0)
		return prop;
	prop->dpp_entries = calloc(entries_nr, sizeof(prop->dpp_entries[0]));
	if (prop->dpp_entries == NULL) {
		free(prop);
		return NULL;
	}
	prop->dpp_nr = entries_nr;
	return prop;
}

static bool is_string(uint32_t type)
{
	switch (type) {
	case DAOS_PROP_PO_LABEL:
	case DAOS_PROP_PO_OWNER:
	case DAOS_PROP_PO_OWNER_GROUP:
	case DAOS_PROP_CO_LABEL:
	case DAOS_PROP_CO_OWNER:
	case DAOS_PROP_CO_OWNER_GROUP:
		return true;
	default:
		return false;
	}
}

static bool is_pointer(uint32_t type)
{
	return type == DAOS_PROP_PO_ACL || type == DAOS_PROP_CO_ACL || type == DAOS_PROP_CO_ROOTS;
}

EXPORT bool daos_prop_has_str(struct daos_prop_entry *entry)
{
	return entry != NULL && is_string(entry->dpe_type) && entry->dpe_str != NULL;
}

EXPORT bool daos_prop_has_ptr(struct daos_prop_entry *entry)
{
	return entry != NULL && is_pointer(entry->dpe_type) && entry->dpe_val_ptr != NULL;
}

EXPORT void daos_prop_fini(daos_prop_t *prop)
{
	uint32_t i;

	if (prop == NULL)
		return;
	for (i = 0; prop->dpp_entries != NULL && i < prop->dpp_nr; i++)
		if (is_string(prop->dpp_entries[i].dpe_type) || is_pointer(prop->dpp_entries[i].dpe_type))
			free(prop->dpp_entries[i].dpe_val_ptr);
	free(prop->dpp_entries);
	prop->dpp_entries = NULL;
	prop->dpp_nr = 0;
}

EXPORT void daos_prop_free(daos_prop_t *prop)
{
	daos_prop_fini(prop);
	free(prop);
}

EXPORT struct daos_prop_entry *daos_prop_entry_get(daos_prop_t *prop, uint32_t type)
{
	uint32_t i;

	for (i = 0; prop != NULL && prop->dpp_entries != NULL && i < prop->dpp_nr; i++)
		if (prop->dpp_entries[i].dpe_type == type)
			return &prop->dpp_entries[i];
	return NULL;
}

EXPORT int daos_prop_entry_set_str(struct daos_prop_entry *entry, const char *str, daos_size_t len)
{
	char *copy;

	if (entry == NULL || str == NULL || !is_string(entry->dpe_type))
		return -DER_INVAL;
	copy = strndup(str, len);
	if (copy == NULL)
		return -DER_NOMEM;
	free(entry->dpe_str);
	entry->dpe_str = copy;
	entry->dpe_flags &= (uint16_t)~DAOS_PROP_ENTRY_NOT_SET;
	return 0;
}

EXPORT int daos_prop_set_str(daos_prop_t *prop, uint32_t type, const char *str, daos_size_t len)
{
	struct daos_prop_entry *entry = daos_prop_entry_get(prop, type);

	return entry == NULL ? -DER_NONEXIST : daos_prop_entry_set_str(entry, str, len);
}

/* ---- answers ---------------------------------------------------------------------------------------------------- */
static int set_text(struct daos_prop_entry *e, const char *text)
{
	e->dpe_str = strdup(text);
	return e->dpe_str == NULL ? ENOMEM : 0;
}

static int set_user(struct daos_prop_entry *e, uid_t uid)
{
	char buf[4096], text[300];
	struct passwd user, *found = NULL;

	if (getpwuid_r(uid, &user, buf, sizeof(buf), &found) == 0 && found != NULL)
		snprintf(text, sizeof(text), "%.255s@", user.pw_name);
	else
		snprintf(text, sizeof(text), "%u@", uid);
	return set_text(e, text);
}

static int set_group(struct daos_prop_entry *e, gid_t gid)
{
	char buf[4096], text[300];
	struct group group, *found = NULL;

	if (getgrgid_r(gid, &group, buf, sizeof(buf), &found) == 0 && found != NULL)
		snprintf(text, sizeof(text), "%.255s@", group.gr_name);
	else
		snprintf(text, sizeof(text), "%u@", gid);
	return set_text(e, text);
}

/* What has no meaning here (redundancy, checksums, ...) is 0, what is a list or a pointer is not set. */
static int answer(struct daos_prop_entry *e, const struct prop_facts *facts)
{
	e->dpe_flags = 0;
	e->dpe_val = 0;
	switch (e->dpe_type) {
	case DAOS_PROP_PO_LABEL:
	case DAOS_PROP_CO_LABEL:
		return set_text(e, facts->label);
	case DAOS_PROP_PO_OWNER:
	case DAOS_PROP_CO_OWNER:
		return set_user(e, facts->uid);
	case DAOS_PROP_PO_OWNER_GROUP:
	case DAOS_PROP_CO_OWNER_GROUP:
		return set_group(e, facts->gid);
	case DAOS_PROP_CO_LAYOUT_TYPE:
		e->dpe_val = DAOS_PROP_CO_LAYOUT_POSIX;
		return 0;
	case DAOS_PROP_CO_LAYOUT_VER:
		e->dpe_val = 1;
		return 0;
	case DAOS_PROP_CO_SNAPSHOT_MAX:
		e->dpe_val = VIEW_MAX;
		return 0;
	default:
		if (is_pointer(e->dpe_type) || e->dpe_type < DAOS_PROP_CO_MIN)
			e->dpe_flags = DAOS_PROP_ENTRY_NOT_SET;
		return 0;
	}
}

int prop_answer(daos_prop_t *prop, const struct prop_facts *facts)
{
	static const uint32_t of_pool[] = {DAOS_PROP_PO_LABEL, DAOS_PROP_PO_ACL, DAOS_PROP_PO_OWNER,
	                                   DAOS_PROP_PO_OWNER_GROUP};
	uint32_t nr = facts->pool ? sizeof(of_pool) / sizeof(of_pool[0]) : DAOS_PROP_CO_MAX - DAOS_PROP_CO_MIN - 1, i;
	int rc = 0;

	if (prop == NULL)
		return 0;
	if (prop->dpp_entries == NULL) { /* all there are */
		prop->dpp_entries = calloc(nr, sizeof(prop->dpp_entries[0]));
		if (prop->dpp_entries == NULL)
			return ENOMEM;
		prop->dpp_nr = nr;
		for (i = 0; i < nr; i++)
			prop->dpp_entries[i].dpe_type = facts->pool ? of_pool[i] : DAOS_PROP_CO_MIN + 1 + i;
	}
	for (i = 0; i < prop->dpp_nr; i++)
		if (prop->dpp_entries[i].dpe_type == 0 || prop->dpp_entries[i].dpe_type >= DAOS_PROP_CO_MAX ||
		    facts->pool != (prop->dpp_entries[i].dpe_type < DAOS_PROP_CO_MIN) ||
		    prop->dpp_entries[i].dpe_type == DAOS_PROP_CO_MIN)
			return EINVAL;
	for (i = 0; i < prop->dpp_nr && rc == 0; i++)
		rc = answer(&prop->dpp_entries[i], facts);
	return rc;
}
