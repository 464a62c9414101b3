/*
 * daos_types.h - the types that every part of the API shares.
 *
 * Layouts are those of DAOS 2.6/2.8 on 64-bit Linux: a program compiled against these
 * headers runs on the real libraries, and the other way round.
 */
#ifndef DAOS_TYPES_H
#define DAOS_TYPES_H

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>
#if defined(__has_include)
#if __has_include(<uuid/uuid.h>)
#include <uuid/uuid.h>
#endif
#endif
#ifndef _UUID_UUID_H
typedef unsigned char uuid_t[16];
#endif
#include <daos_errno.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DAOS_SYS_NAME_MAX        15
#define DAOS_SYS_INFO_STRING_MAX 63
#define DAOS_UUID_STR_SIZE       37
#define DAOS_ATTR_NAME_MAX       511

typedef uint64_t daos_size_t;
typedef uint64_t daos_off_t;
typedef char *d_string_t;
typedef const char *d_const_string_t;

/* A piece of memory. */
typedef struct {
	void *iov_buf;
	size_t iov_buf_len; /* room */
	size_t iov_len;     /* bytes in use */
} d_iov_t;

/* A list of pieces, read or written one after the other. */
typedef struct {
	uint32_t sg_nr;
	uint32_t sg_nr_out;
	d_iov_t *sg_iovs;
} d_sg_list_t;

typedef uint32_t d_rank_t;

typedef struct {
	d_rank_t *rl_ranks;
	uint32_t rl_nr;
} d_rank_list_t;

struct d_uuid {
	uuid_t uuid;
};

static inline void d_iov_set(d_iov_t *iov, void *buf, size_t size)
{
	iov->iov_buf = buf;
	iov->iov_buf_len = size;
	iov->iov_len = size;
}

typedef d_iov_t daos_key_t;

static inline bool daos_key_is_null(daos_key_t key)
{
	return key.iov_buf == NULL || key.iov_buf_len == 0;
}

/* Where an enumeration stands; the caller owns it and starts with zeroes. */
typedef enum {
	DAOS_ANCHOR_TYPE_ZERO = 0,
	DAOS_ANCHOR_TYPE_HKEY = 1,
	DAOS_ANCHOR_TYPE_KEY = 2,
	DAOS_ANCHOR_TYPE_EOF = 3,
} daos_anchor_type_t;

#define DAOS_HKEY_MAX       32
#define DAOS_ANCHOR_BUF_MAX 104

typedef struct {
	uint16_t da_type; /* daos_anchor_type_t */
	uint16_t da_shard;
	uint32_t da_flags;
	uint64_t da_sub_anchors;
	uint8_t da_buf[DAOS_ANCHOR_BUF_MAX];
} daos_anchor_t;

#define DAOS_ANCHOR_INIT                                                                                             \
	{                                                                                                            \
		.da_type = DAOS_ANCHOR_TYPE_ZERO, .da_shard = 0, .da_flags = 0, .da_sub_anchors = 0, .da_buf = { 0 } \
	}

/* An open pool, container, event queue, ... */
typedef struct {
	uint64_t cookie;
} daos_handle_t;

#define DAOS_HDL_INVAL ((daos_handle_t){0})
#define DAOS_TX_NONE   DAOS_HDL_INVAL

static inline bool daos_handle_is_inval(daos_handle_t hdl)
{
	return hdl.cookie == 0;
}

static inline bool daos_handle_is_valid(daos_handle_t hdl)
{
	return hdl.cookie != 0;
}

enum {
	DAOS_HTYPE_EQ = 1,
	DAOS_HTYPE_POOL = 3,
	DAOS_HTYPE_CO = 5,
	DAOS_HTYPE_OBJ = 7,
	DAOS_HTYPE_ARRAY = 9,
	DAOS_HTYPE_TX = 11,
	DAOS_HTYPE_KV = 13,
};

/* Flags of daos_pool_connect */
#define DAOS_PC_RO    (1U << 0)
#define DAOS_PC_RW    (1U << 1)
#define DAOS_PC_EX    (1U << 2)
#define DAOS_PC_NBITS 3
#define DAOS_PC_MASK  ((1U << DAOS_PC_NBITS) - 1)

typedef uint64_t daos_epoch_t;

typedef struct {
	daos_epoch_t epr_lo;
	daos_epoch_t epr_hi;
} daos_epoch_range_t;

#define DAOS_EPOCH_MAX (~0ULL)

typedef struct {
	uuid_t ci_uuid;
	daos_epoch_t ci_lsnapshot;
	uint32_t ci_nhandles;
	uint32_t ci_nsnapshots;
	uint64_t ci_md_otime; /* hybrid logical clock */
	uint64_t ci_md_mtime;
} daos_cont_info_t;

typedef struct {
	uint64_t lo;
	uint64_t hi;
} daos_obj_id_t;

typedef struct daos_event {
	int ev_error; /* result of the call, once complete */
	struct {
		uint64_t space[20];
	} ev_private;
	uint64_t ev_debug;
} daos_event_t;

#define DAOS_EQ_WAIT   -1
#define DAOS_EQ_NOWAIT 0

typedef enum {
	DAOS_EQR_COMPLETED = 1,
	DAOS_EQR_WAITING = 2,
	DAOS_EQR_ALL = 3,
} daos_eq_query_t;

typedef enum {
	DAOS_EVS_READY,
	DAOS_EVS_RUNNING,
	DAOS_EVS_COMPLETED,
	DAOS_EVS_ABORTED,
} daos_ev_status_t;

#define UUID_SST_UPPER 1
#define UUID_SST_LOWER -1
#define UUID_SST_NONE  0

/** True for the 36-character form of a UUID; \a sensitive: UUID_SST_UPPER, _LOWER or _NONE. */
static inline bool daos_is_valid_uuid_string(const char *uuid, int sensitive)
{
	int i;

	for (i = 0; i < DAOS_UUID_STR_SIZE - 1; i++) {
		unsigned char c = (unsigned char)uuid[i];

		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (c != '-')
				return false;
			continue;
		}
		if (!isxdigit(c) || (sensitive > 0 && islower(c)) || (sensitive < 0 && isupper(c)))
			return false;
	}
	return true;
}

#ifdef __cplusplus
}
#endif
#endif
