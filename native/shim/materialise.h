/*
 * materialise.h - descriptors that become real ones of dfuse, and what the kernel's pages are needed for (materialise.c).
 */
#ifndef DFSKIT_SHIM_MATERIALISE_H
#define DFSKIT_SHIM_MATERIALISE_H

#include <stdbool.h>
#include <stdint.h>
#include <daos.h>
#include <daos_fs.h>
#include "ofd.h"

struct mount;

/** Opens the file of \a ofd through the kernel. A descriptor, or -errno. */
long ofd_open_kernel(struct ofd *ofd, uint32_t flags);
/** Replaces every placeholder of \a ofd; with \a give_offset the kernel owns the offset from now on. */
long ofd_materialise(struct ofd *ofd, bool give_offset);
/** The same for a shared mapping: through the page cache also when the descriptor appends. */
long ofd_materialise_pages(struct ofd *ofd);
/** Makes descriptors real when another process gave the offset to the kernel. 0 or -errno. */
long ofd_follow_kernel(struct ofd *ofd);

/** From now on the pages of the file are needed for \a pages; until ofd_leave_pages(), or for good. */
void ofd_use_pages(struct ofd *ofd, enum pages pages, bool for_good);
void ofd_keep_pages(const struct mount *mnt, daos_obj_id_t oid);
void ofd_leave_pages(const struct mount *mnt, daos_obj_id_t oid);
/** What for: asked of a description that is opened later. */
enum pages ofd_pages_search(const struct ofd *ofd);
extern _Atomic unsigned int shim_nr_paged; /* files that ever were in use so */
static inline enum pages ofd_pages(const struct ofd *ofd)
{
	if (__builtin_expect(atomic_load_explicit(&shim_nr_paged, memory_order_relaxed) == 0, 1))
		return PAGES_NOTHING;
	return ofd_pages_search(ofd);
}

#endif
