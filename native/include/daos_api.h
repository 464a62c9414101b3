/*
 * daos_api.h - helpers around anchors.
 */
#ifndef DAOS_API_H
#define DAOS_API_H

#include <daos_types.h>

#ifdef __cplusplus
extern "C" {
#endif

static inline int daos_anchor_init(daos_anchor_t *anchor, unsigned int opts)
{
	(void)opts;
	memset(anchor, 0, sizeof(*anchor));
	return 0;
}

static inline void daos_anchor_fini(daos_anchor_t *anchor)
{
	(void)anchor;
}

static inline bool daos_anchor_is_eof(daos_anchor_t *anchor)
{
	return anchor->da_type == DAOS_ANCHOR_TYPE_EOF;
}

#ifdef __cplusplus
}
#endif
#endif
