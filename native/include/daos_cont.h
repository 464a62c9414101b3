/*
 * daos_cont.h - containers. All calls return 0 or a negative DER_ number.
 */
#ifndef DAOS_CONT_H
#define DAOS_CONT_H

#include <daos_types.h>
#include <daos_event.h>
#include <daos_prop.h>
#include <daos_security.h>
#include <daos_pool.h>
#include <daos_api.h>

#define daos_cont_open    daos_cont_open2
#define daos_cont_destroy daos_cont_destroy2
#define daos_cont_create  daos_cont_create2

#ifdef __cplusplus
extern "C" {
#endif

/* Flags of daos_cont_open */
#define DAOS_COO_RO         (1U << 0)
#define DAOS_COO_RW         (1U << 1)
#define DAOS_COO_EX         (1U << 2)
#define DAOS_COO_FORCE      (1U << 3)
#define DAOS_COO_RO_MDSTATS (1U << 4)
#define DAOS_COO_EVICT      (1U << 5)
#define DAOS_COO_EVICT_ALL  (1U << 6)
#define DAOS_COO_NEW_LAYOUT (1U << 7)
#define DAOS_COO_NBITS      8
#define DAOS_COO_MASK       ((1U << DAOS_COO_NBITS) - 1)

#define DAOS_CONT_HINT_MAX_LEN 128
#define DAOS_SNAPSHOT_MAX_LEN  128

enum daos_snapshot_opts {
	DAOS_SNAP_OPT_CR = (1 << 0),
	DAOS_SNAP_OPT_OIT = (1 << 1),
};

/** Creates a container without a label (its name is its UUID). */
int daos_cont_create(daos_handle_t poh, uuid_t *uuid, daos_prop_t *cont_prop, daos_event_t *ev);

/** Creates a container with a label. -DER_EXIST. */
int daos_cont_create_with_label(daos_handle_t poh, const char *label, daos_prop_t *cont_prop, uuid_t *uuid,
                                daos_event_t *ev);

/** Opens a container by its label or UUID. -DER_NONEXIST. */
int daos_cont_open(daos_handle_t poh, const char *cont, unsigned int flags, daos_handle_t *coh, daos_cont_info_t *info,
                   daos_event_t *ev);

/** Closes a container. */
int daos_cont_close(daos_handle_t coh, daos_event_t *ev);

/** Destroys a container and what is in it; -DER_BUSY while it is open, unless \a force. */
int daos_cont_destroy(daos_handle_t poh, const char *cont, int force, daos_event_t *ev);

/** Describes an open container; ci_nhandles counts processes. \param cont_prop NULL or: which properties; with no
 *  entries, all. */
int daos_cont_query(daos_handle_t coh, daos_cont_info_t *info, daos_prop_t *cont_prop, daos_event_t *ev);

/** Turns an open container into bytes for another process; with iov_buf NULL only the size. */
int daos_cont_local2global(daos_handle_t coh, d_iov_t *glob);

/** An open container from such bytes. */
int daos_cont_global2local(daos_handle_t poh, d_iov_t glob, daos_handle_t *coh);

/** Names of the user's attributes, NUL-terminated one after the other.
 *  \param size in: room; out: what all of them take. */
int daos_cont_list_attr(daos_handle_t coh, char *buffer, size_t *size, daos_event_t *ev);

/** Reads \a n attributes of the user's. \param sizes in: room; out: length. */
int daos_cont_get_attr(daos_handle_t coh, int n, char const *const names[], void *const buffers[], size_t sizes[],
                       daos_event_t *ev);

/** Sets \a n attributes of the user's. */
int daos_cont_set_attr(daos_handle_t coh, int n, char const *const names[], void const *const values[],
                       size_t const sizes[], daos_event_t *ev);

/** Removes \a n attributes of the user's. */
int daos_cont_del_attr(daos_handle_t coh, int n, char const *const names[], daos_event_t *ev);

/** Takes a snapshot. \param name NULL or its name. */
int daos_cont_create_snap(daos_handle_t coh, daos_epoch_t *epoch, char *name, daos_event_t *ev);

/** Takes a snapshot with options. */
int daos_cont_create_snap_opt(daos_handle_t coh, daos_epoch_t *epoch, char *name, enum daos_snapshot_opts opts,
                              daos_event_t *ev);

/** Lists snapshots. \param nr in: room; out: how many there are. */
int daos_cont_list_snap(daos_handle_t coh, int *nr, daos_epoch_t *epochs, char **names, daos_anchor_t *anchor,
                        daos_event_t *ev);

/** Destroys the snapshots of a range. */
int daos_cont_destroy_snap(daos_handle_t coh, daos_epoch_range_t epr, daos_event_t *ev);

#ifdef __cplusplus
}
#endif
#endif
