/*
 * prop.h - what pools and containers answer when they are asked for their properties (prop.c).
 */
#ifndef LOCAL_PROP_H
#define LOCAL_PROP_H

#include <sys/types.h>
#include <daos.h>

struct prop_facts {
	bool pool; /* of a pool, or of a container */
	const char *label;
	uid_t uid;
	gid_t gid;
};

/* Fills the entries that are asked for, or makes all when there are none. EINVAL for a type of something else. */
int prop_answer(daos_prop_t *prop, const struct prop_facts *facts);

#endif
