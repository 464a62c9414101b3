/*
 * daos_pool.h - pools. All calls return 0 or a negative DER_ number.
 *
 * The versioned name is what the libraries export; programs write the plain one.
 */
#ifndef DAOS_POOL_H
#define DAOS_POOL_H

#include <daos_prop.h>
#include <daos_event.h>

#define daos_pool_connect daos_pool_connect2

#ifdef __cplusplus
extern "C" {
#endif

enum daos_media_type_t {
	DAOS_MEDIA_SCM = 0,
	DAOS_MEDIA_NVME,
	DAOS_MEDIA_MAX
};

struct daos_space {
	uint64_t s_total[DAOS_MEDIA_MAX];
	uint64_t s_free[DAOS_MEDIA_MAX];
};

struct daos_pool_space {
	struct daos_space ps_space;
	uint64_t ps_free_min[DAOS_MEDIA_MAX];
	uint64_t ps_free_max[DAOS_MEDIA_MAX];
	uint64_t ps_free_mean[DAOS_MEDIA_MAX];
	uint32_t ps_ntargets;
	uint32_t ps_padding;
};

struct daos_rebuild_status {
	uint32_t rs_version;
	uint32_t rs_seconds;
	int32_t rs_errno;
	union {
		int32_t rs_state;
		int32_t rs_done;
	};
	uint16_t rs_max_supported_layout_ver;
	uint8_t rs_flags;
	uint8_t rs_reserved_;
	int32_t rs_fail_rank;
	uint64_t rs_toberb_obj_nr;
	uint64_t rs_obj_nr;
	uint64_t rs_rec_nr;
	uint64_t rs_size;
};

#define DPI_SPACE          (1ULL << 0)
#define DPI_REBUILD_STATUS (1ULL << 1)
#define DPI_ALL            (~0ULL)

typedef struct {
	uuid_t pi_uuid;
	uint32_t pi_ntargets;
	uint32_t pi_nnodes;
	uint32_t pi_ndisabled;
	uint32_t pi_map_ver;
	uint32_t pi_leader;
	uint64_t pi_bits; /* in: what is asked for, DPI_* */
	struct daos_pool_space pi_space;
	struct daos_rebuild_status pi_rebuild_st;
} daos_pool_info_t;

struct daos_pool_cont_info {
	uuid_t pci_uuid;
	char pci_label[DAOS_PROP_LABEL_MAX_LEN + 1];
};

/** Connects to a pool by its label. \param flags DAOS_PC_RO, _RW or _EX. -DER_NONEXIST. */
int daos_pool_connect(const char *pool, const char *sys, unsigned int flags, daos_handle_t *poh, daos_pool_info_t *info,
                      daos_event_t *ev);

/** Gives a connection back. */
int daos_pool_disconnect(daos_handle_t poh, daos_event_t *ev);

/** Turns a connection into bytes for another process; with iov_buf NULL only the size. */
int daos_pool_local2global(daos_handle_t poh, d_iov_t *glob);

/** A connection from such bytes. */
int daos_pool_global2local(d_iov_t glob, daos_handle_t *poh);

/** Space (\a info->pi_bits has DPI_SPACE) and state of a pool. \param ranks NULL or: its nodes, to be freed with
 *  d_rank_list_free. \param pool_prop NULL or: which properties; with no entries, all. */
int daos_pool_query(daos_handle_t poh, d_rank_list_t **ranks, daos_pool_info_t *info, daos_prop_t *pool_prop,
                    daos_event_t *ev);

/** Lists containers. \param ncont in: room; out: how many there are. \a cbuf NULL counts only;
 *  -DER_TRUNC when the room is too small. */
int daos_pool_list_cont(daos_handle_t poh, daos_size_t *ncont, struct daos_pool_cont_info *cbuf, daos_event_t *ev);

/** As daos_cont_list_attr, daos_cont_get_attr, daos_cont_set_attr and daos_cont_del_attr, for a pool. */
int daos_pool_list_attr(daos_handle_t poh, char *buffer, size_t *size, daos_event_t *ev);
int daos_pool_get_attr(daos_handle_t poh, int n, char const *const names[], void *const buffers[], size_t sizes[],
                       daos_event_t *ev);
int daos_pool_set_attr(daos_handle_t poh, int n, char const *const names[], void const *const values[],
                       size_t const sizes[], daos_event_t *ev);
int daos_pool_del_attr(daos_handle_t poh, int n, char const *const names[], daos_event_t *ev);

#ifdef __cplusplus
}
#endif
#endif
