/*
 * daos_obj.h - object identifiers.
 *
 * Objects below DFS (dkeys, akeys, records) are no part of what a DFS program needs and are
 * not declared here.
 */
#ifndef DAOS_OBJ_H
#define DAOS_OBJ_H

#include <daos_types.h>
#include <daos_event.h>
#include <daos_obj_class.h>
#include <daos_prop.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DAOS_OBJ_NIL ((daos_obj_id_t){0})

/* The high word: 8 bits type, 8 bits redundancy, 16 bits groups, 32 bits of the user's. */
#define OID_FMT_INTR_BITS   32
#define OID_FMT_TYPE_BITS   8
#define OID_FMT_CLASS_BITS  8
#define OID_FMT_META_BITS   16
#define OID_FMT_TYPE_SHIFT  (64 - OID_FMT_TYPE_BITS)
#define OID_FMT_CLASS_SHIFT (OID_FMT_TYPE_SHIFT - OID_FMT_CLASS_BITS)
#define OID_FMT_META_SHIFT  (OID_FMT_CLASS_SHIFT - OID_FMT_META_BITS)

enum daos_otype_t {
	DAOS_OT_MULTI_HASHED = 0,
	DAOS_OT_ARRAY = 11,
	DAOS_OT_ARRAY_ATTR = 12,
	DAOS_OT_ARRAY_BYTE = 13,
	DAOS_OT_MAX = 14,
};

static inline enum daos_otype_t daos_obj_id2type(daos_obj_id_t oid)
{
	return (enum daos_otype_t)(oid.hi >> OID_FMT_TYPE_SHIFT);
}

static inline bool daos_is_array(daos_obj_id_t oid)
{
	enum daos_otype_t type = daos_obj_id2type(oid);

	return type == DAOS_OT_ARRAY || type == DAOS_OT_ARRAY_ATTR || type == DAOS_OT_ARRAY_BYTE;
}

static inline bool daos_obj_id_is_nil(daos_obj_id_t oid)
{
	return oid.hi == 0 && oid.lo == 0;
}

#ifdef __cplusplus
}
#endif
#endif
