/*
 * mappings.c - where files of ours are mapped in this process, so that direct reads and writes return when the last
 * mapping of a file has gone.
 *
 * At munmap(2) the kernel writes what was stored through a mapping, so what is then in the store is the truth. A
 * mapping that we lose sight of (mremap(2), too many of them) counts as one that stays.
 */
#include <sys/mman.h>
#include "arena.h"
#include "mappings.h"
#include "materialise.h"
#include "mounts.h"
#include "ofd.h"
#include "ops.h"
#include "runtime.h"

#define MAX_RANGES 64

static struct range {
	uintptr_t from, to; /* to 0: free */
	const struct mount *mnt;
	daos_obj_id_t oid;
} ranges[MAX_RANGES];

_Atomic unsigned int shim_mapped_ranges;

/* A lock that a signal handler passes through and that outlives who held it. */
static struct slot guard;

static bool same_file(const struct range *r, const struct mount *mnt, daos_obj_id_t oid)
{
	return r->to && r->mnt == mnt && r->oid.lo == oid.lo && r->oid.hi == oid.hi;
}

static bool add(uintptr_t from, uintptr_t to, const struct mount *mnt, daos_obj_id_t oid)
{
	for (unsigned int i = 0; i < MAX_RANGES; i++)
		if (!ranges[i].to) {
			ranges[i] = (struct range){from, to, mnt, oid};
			atomic_fetch_add(&shim_mapped_ranges, 1);
			return true;
		}
	return false;
}

void mapping_made(struct ofd *ofd, uintptr_t at, size_t length)
{
	int err = 0;

	if (ofd->adopted)
		ofd_obj(ofd, &err); /* so that its identifier is known */
	bool locked = slot_lock(&guard);
	bool known = add(at, at + ((length + 4095) & ~(size_t)4095), ofd->mnt, ofd->oid);
	ofd_use_pages(ofd, PAGES_ALL, !known);
	slot_unlock(&guard, locked);
}

static void free_range(struct range *r)
{
	struct range was = *r;

	r->to = 0;
	atomic_fetch_sub(&shim_mapped_ranges, 1);
	for (unsigned int i = 0; i < MAX_RANGES; i++)
		if (same_file(&ranges[i], was.mnt, was.oid))
			return;
	ofd_leave_pages(was.mnt, was.oid);
}

static void stays(const struct range *r)
{
	ofd_keep_pages(r->mnt, r->oid);
}

static void cut(struct range *r, uintptr_t from, uintptr_t to)
{
	if (!r->to || to <= r->from || from >= r->to)
		return;
	if (from > r->from && to < r->to && !add(to, r->to, r->mnt, r->oid))
		stays(r);
	if (from <= r->from && to >= r->to)
		free_range(r);
	else if (from <= r->from)
		r->from = to;
	else
		r->to = from;
}

long op_munmap(void *addr, size_t length)
{
	uintptr_t from = (uintptr_t)addr, to = from + ((length + 4095) & ~(size_t)4095);
	/* The kernel first: who reads directly from then on shall find what was stored. */
	long r = SHIM_RAW(SYS_munmap, addr, length);

	if (r)
		return r;
	bool locked = slot_lock(&guard);
	for (unsigned int i = 0; i < MAX_RANGES; i++)
		cut(&ranges[i], from, to);
	slot_unlock(&guard, locked);
	return 0;
}

long op_mremap(void *addr, size_t old_length, size_t new_length, int flags, void *new_addr)
{
	uintptr_t from = (uintptr_t)addr, to = from + old_length;
	bool locked = slot_lock(&guard);

	for (unsigned int i = 0; i < MAX_RANGES; i++)
		if (ranges[i].to && from < ranges[i].to && (to > ranges[i].from || old_length == 0))
			stays(&ranges[i]);
	slot_unlock(&guard, locked);
	return SHIM_RAW(SYS_mremap, addr, old_length, new_length, flags, new_addr);
}
