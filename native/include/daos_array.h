/*
 * daos_array.h - ranges of a byte array, as dfs_readx and dfs_writex take them.
 */
#ifndef DAOS_ARRAY_H
#define DAOS_ARRAY_H

#include <daos_types.h>
#include <daos_obj.h>

typedef struct {
	daos_off_t rg_idx;  /* offset */
	daos_size_t rg_len; /* bytes */
} daos_range_t;

#endif
