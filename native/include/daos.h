/*
 * daos.h - start and end of the library, and all the rest.
 */
#ifndef DAOS_H
#define DAOS_H

#include <daos_version.h>
#include <daos_types.h>
#include <daos_event.h>
#include <daos_obj.h>
#include <daos_array.h>
#include <daos_prop.h>
#include <daos_cont.h>
#include <daos_pool.h>
#include <daos_security.h>
#include <daos_api.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Starts the library; counted. 0 or a negative DER_ number. */
int daos_init(void);

/** Ends what one daos_init began. -DER_UNINIT without one. */
int daos_fini(void);

/** Starts anew in the child of a fork. */
int daos_reinit(void);

#ifdef __cplusplus
}
#endif
#endif
