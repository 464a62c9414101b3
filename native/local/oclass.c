/*
 * oclass.c - names of object classes.
 */
#include "local.h"
#include <stdio.h>
#include <strings.h>

static const struct {
	const char *name;
	daos_oclass_id_t id;
} classes[] = {
    {"S1", OC_S1},
    {"S2", OC_S2},
    {"S4", OC_S4},
    {"S8", OC_S8},
    {"S16", OC_S16},
    {"S32", OC_S32},
    {"SX", OC_SX},
    {"RP_2G1", OC_RP_2G1},
    {"RP_2GX", OC_RP_2GX},
    {"RP_3G1", OC_RP_3G1},
    {"RP_3GX", OC_RP_3GX},
    {"EC_2P1G1", OC_EC_2P1G1},
    {"EC_2P1GX", OC_EC_2P1GX},
    {"EC_2P2GX", OC_EC_2P2GX},
    {"EC_4P1GX", OC_EC_4P1GX},
    {"EC_4P2GX", OC_EC_4P2GX},
    {"EC_8P1GX", OC_EC_8P1GX},
    {"EC_8P2GX", OC_EC_8P2GX},
    {"EC_16P1GX", OC_EC_16P1GX},
    {"EC_16P2GX", OC_EC_16P2GX},
};

EXPORT int daos_oclass_name2id(const char *name)
{
	size_t i;

	for (i = 0; name != NULL && i < sizeof(classes) / sizeof(classes[0]); i++)
		if (strcasecmp(classes[i].name, name) == 0)
			return (int)classes[i].id;
	return OC_UNKNOWN;
}

EXPORT int daos_oclass_id2name(daos_oclass_id_t oc_id, char *name)
{
	size_t i;

	if (name == NULL)
		return -1;
	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (classes[i].id == oc_id) {
			snprintf(name, MAX_OBJ_CLASS_NAME_LEN, "%s", classes[i].name);
			return 0;
		}
	snprintf(name, MAX_OBJ_CLASS_NAME_LEN, "UNKNOWN");
	return -1;
}
