/*
 * daos_obj_class.h - object classes: how DAOS spreads an object over targets.
 * The local provider keeps and returns them, and gives them no meaning.
 */
#ifndef DAOS_OBJ_CLASS_H
#define DAOS_OBJ_CLASS_H

#include <daos_types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint32_t daos_oclass_id_t;
typedef uint16_t daos_oclass_hints_t;

#define MAX_OBJ_CLASS_NAME_LEN       24
#define MAX_NUM_GROUPS               ((1 << 16UL) - 1)
#define OC_REDUN_SHIFT               24
/* Redundancy in the high byte, number of groups in the low 16 bits. */
#define OBJ_CLASS_DEF(redun, grp_nr) (((redun) << OC_REDUN_SHIFT) | (grp_nr))

enum daos_obj_redun {
	OC_UNKNOWN = 0,
	OR_RP_1 = 1,
	OR_RP_2 = 8,
	OR_RP_3 = 9,
	OR_RP_4 = 10,
	OR_RS_2P1 = 32,
	OR_RS_2P2 = 33,
	OR_RS_4P1 = 34,
	OR_RS_4P2 = 35,
	OR_RS_8P1 = 36,
	OR_RS_8P2 = 37,
	OR_RS_16P1 = 38,
	OR_RS_16P2 = 39,
};

enum {
	OC_S1 = OBJ_CLASS_DEF(OR_RP_1, 1),
	OC_S2 = OBJ_CLASS_DEF(OR_RP_1, 2),
	OC_S4 = OBJ_CLASS_DEF(OR_RP_1, 4),
	OC_S8 = OBJ_CLASS_DEF(OR_RP_1, 8),
	OC_S16 = OBJ_CLASS_DEF(OR_RP_1, 16),
	OC_S32 = OBJ_CLASS_DEF(OR_RP_1, 32),
	OC_SX = OBJ_CLASS_DEF(OR_RP_1, MAX_NUM_GROUPS),
	OC_RP_2G1 = OBJ_CLASS_DEF(OR_RP_2, 1),
	OC_RP_2GX = OBJ_CLASS_DEF(OR_RP_2, MAX_NUM_GROUPS),
	OC_RP_3G1 = OBJ_CLASS_DEF(OR_RP_3, 1),
	OC_RP_3GX = OBJ_CLASS_DEF(OR_RP_3, MAX_NUM_GROUPS),
	OC_EC_2P1G1 = OBJ_CLASS_DEF(OR_RS_2P1, 1),
	OC_EC_2P1GX = OBJ_CLASS_DEF(OR_RS_2P1, MAX_NUM_GROUPS),
	OC_EC_2P2GX = OBJ_CLASS_DEF(OR_RS_2P2, MAX_NUM_GROUPS),
	OC_EC_4P1GX = OBJ_CLASS_DEF(OR_RS_4P1, MAX_NUM_GROUPS),
	OC_EC_4P2GX = OBJ_CLASS_DEF(OR_RS_4P2, MAX_NUM_GROUPS),
	OC_EC_8P1GX = OBJ_CLASS_DEF(OR_RS_8P1, MAX_NUM_GROUPS),
	OC_EC_8P2GX = OBJ_CLASS_DEF(OR_RS_8P2, MAX_NUM_GROUPS),
	OC_EC_16P1GX = OBJ_CLASS_DEF(OR_RS_16P1, MAX_NUM_GROUPS),
	OC_EC_16P2GX = OBJ_CLASS_DEF(OR_RS_16P2, MAX_NUM_GROUPS),
	OC_RESERVED = 1 << 30,
};

/** Identifier of a class by its name ("SX"); OC_UNKNOWN when there is none. */
int daos_oclass_name2id(const char *name);

/** Name of a class into MAX_OBJ_CLASS_NAME_LEN bytes; -1 and "UNKNOWN" when there is none. */
int daos_oclass_id2name(daos_oclass_id_t oc_id, char *name);

#ifdef __cplusplus
}
#endif
#endif
