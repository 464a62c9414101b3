/*
 * gurt/common.h - of DAOS's general library, what programs of DFS use.
 */
#ifndef GURT_COMMON_H
#define GURT_COMMON_H

#include <daos_types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Frees the list of ranks of daos_pool_query. NULL is allowed. */
void d_rank_list_free(d_rank_list_t *rank_list);

#ifdef __cplusplus
}
#endif
#endif
