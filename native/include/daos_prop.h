/*
 * daos_prop.h - properties of pools and containers, and what a label may look like.
 */
#ifndef DAOS_PROP_H
#define DAOS_PROP_H

#include <daos_types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DAOS_PROP_ENTRIES_MAX_NR    128
#define DAOS_PROP_LABEL_MAX_LEN     127
#define DAOS_PROP_MAX_LABEL_BUF_LEN (DAOS_PROP_LABEL_MAX_LEN + 1)
#define DAOS_PROP_CO_LABEL_DEFAULT  "container_label_not_set"
#define DAOS_PROP_PO_LABEL_DEFAULT  "pool_label_not_set"
#define DAOS_PROP_ENTRY_NOT_SET     (1 << 0)

enum daos_pool_props {
	DAOS_PROP_PO_MIN = 0,
	DAOS_PROP_PO_LABEL = 1,
	DAOS_PROP_PO_ACL = 2,
	DAOS_PROP_PO_OWNER = 6,
	DAOS_PROP_PO_OWNER_GROUP = 7,
};

enum daos_cont_props {
	DAOS_PROP_CO_MIN = 0x1000,
	DAOS_PROP_CO_LABEL,
	DAOS_PROP_CO_LAYOUT_TYPE,
	DAOS_PROP_CO_LAYOUT_VER,
	DAOS_PROP_CO_CSUM,
	DAOS_PROP_CO_CSUM_CHUNK_SIZE,
	DAOS_PROP_CO_CSUM_SERVER_VERIFY,
	DAOS_PROP_CO_REDUN_FAC,
	DAOS_PROP_CO_REDUN_LVL,
	DAOS_PROP_CO_SNAPSHOT_MAX,
	DAOS_PROP_CO_ACL,
	DAOS_PROP_CO_COMPRESS,
	DAOS_PROP_CO_ENCRYPT,
	DAOS_PROP_CO_OWNER,
	DAOS_PROP_CO_OWNER_GROUP,
	DAOS_PROP_CO_DEDUP,
	DAOS_PROP_CO_DEDUP_THRESHOLD,
	DAOS_PROP_CO_ROOTS,
	DAOS_PROP_CO_STATUS,
	DAOS_PROP_CO_ALLOCED_OID,
	DAOS_PROP_CO_EC_CELL_SZ,
	DAOS_PROP_CO_EC_PDA,
	DAOS_PROP_CO_RP_PDA,
	DAOS_PROP_CO_GLOBAL_VERSION,
	DAOS_PROP_CO_SCRUBBER_DISABLED,
	DAOS_PROP_CO_OBJ_VERSION,
	DAOS_PROP_CO_PERF_DOMAIN,
	DAOS_PROP_CO_MAX,
};

typedef uint16_t daos_cont_layout_t;

enum {
	DAOS_PROP_CO_LAYOUT_UNKNOWN,
	DAOS_PROP_CO_LAYOUT_POSIX,
	DAOS_PROP_CO_LAYOUT_HDF5,
	DAOS_PROP_CO_LAYOUT_PYTHON,
	DAOS_PROP_CO_LAYOUT_SPARK,
	DAOS_PROP_CO_LAYOUT_DATABASE,
	DAOS_PROP_CO_LAYOUT_ROOT,
	DAOS_PROP_CO_LAYOUT_SEISMIC,
	DAOS_PROP_CO_LAYOUT_METEO,
	DAOS_PROP_CO_LAYOUT_MAX,
};

struct daos_prop_entry {
	uint32_t dpe_type; /* enum daos_pool_props or daos_cont_props */
	uint16_t dpe_flags;
	uint16_t dpe_reserv;
	union {
		uint64_t dpe_val;
		d_string_t dpe_str;
		void *dpe_val_ptr;
	};
};

typedef struct {
	uint32_t dpp_nr;
	uint32_t dpp_reserv;
	struct daos_prop_entry *dpp_entries;
} daos_prop_t;

/** Allocates a list of \a entries_nr empty entries; NULL without memory. */
daos_prop_t *daos_prop_alloc(uint32_t entries_nr);

/** Frees a list from daos_prop_alloc with the strings in it. NULL is allowed. */
void daos_prop_free(daos_prop_t *prop);

/** Frees what is in a list, but not \a prop itself. */
void daos_prop_fini(daos_prop_t *prop);

/** The entry of a type, or NULL. */
struct daos_prop_entry *daos_prop_entry_get(daos_prop_t *prop, uint32_t type);

/** Sets a string entry to a copy of \a str. */
int daos_prop_set_str(daos_prop_t *prop, uint32_t type, const char *str, daos_size_t len);
int daos_prop_entry_set_str(struct daos_prop_entry *entry, const char *str, daos_size_t len);

/** Has the entry a string, a pointer, any value? */
bool daos_prop_has_str(struct daos_prop_entry *entry);
bool daos_prop_has_ptr(struct daos_prop_entry *entry);

static inline bool daos_prop_is_set(struct daos_prop_entry *entry)
{
	return (entry->dpe_flags & DAOS_PROP_ENTRY_NOT_SET) == 0;
}

/** 1 to 127 letters, digits, '.', '_', ':' and '-', and nothing that looks like a UUID. */
static inline bool daos_label_is_valid(const char *label)
{
	size_t i;

	if (label == NULL || label[0] == '\0')
		return false;
	for (i = 0; label[i] != '\0'; i++) {
		if (i == DAOS_PROP_LABEL_MAX_LEN)
			return false;
		if (!isalnum((unsigned char)label[i]) && strchr("._:-", label[i]) == NULL)
			return false;
	}
	return i != DAOS_UUID_STR_SIZE - 1 || !daos_is_valid_uuid_string(label, UUID_SST_NONE);
}

#ifdef __cplusplus
}
#endif
#endif
