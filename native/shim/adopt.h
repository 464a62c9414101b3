/*
 * adopt.h - descriptors that somebody else has opened (adopt.c).
 */
#ifndef DFSKIT_SHIM_ADOPT_H
#define DFSKIT_SHIM_ADOPT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <daos.h>
#include <daos_fs.h>

struct ofd;

/** Takes over the descriptors that a program without a shim has left, and from now on those that are received. */
void adopt_inherited(void);
/** Counts \a ofd, which is adopted and whose object is known, until it is closed. */
void adopt_note(const struct ofd *ofd);
void adopt_forget(const struct ofd *ofd);
extern _Atomic uint16_t shim_adopted[1024];
static inline unsigned int adopt_place(daos_obj_id_t oid)
{
	return (unsigned int)((oid.lo ^ oid.hi << 32) * 0x9E3779B97F4A7C15ull >> 54);
}
/** True when this process has an adopted description of the file; rarely when it has one of another file only. */
static inline bool adopt_has(daos_obj_id_t oid)
{
	return __builtin_expect(atomic_load_explicit(&shim_adopted[adopt_place(oid)], memory_order_relaxed) != 0, 0);
}

#endif
