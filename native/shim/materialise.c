/*
 * materialise.c - from a placeholder to a real kernel descriptor of the same file.
 *
 * For what only the kernel can do: shared mappings, record locks, descriptors for programs without a
 * shim, calls that nothing here understands. The descriptor comes from dfuse and takes the number of
 * the placeholder, so the program sees no change.
 */
#include <stdio.h>
#include <string.h>
#include <dfskit_ioctl.h>
#include "arena.h"
#include "fdtable.h"
#include "foreign.h"
#include "locks.h"
#include "materialise.h"
#include "mounts.h"
#include "ofd.h"
#include "placeholder.h"
#include "runtime.h"

/* What a second open must not do again. */
#define ONCE_FLAGS (O_CREAT | O_EXCL | O_TRUNC | O_NOFOLLOW | O_TMPFILE)

long ofd_open_kernel(struct ofd *ofd, uint32_t flags)
{
	const struct mount *mnt = ofd->mnt;
	char path[2 * PATH_MAX];
	long fd = -ENODEV;

	if (!mnt->dfuse)
		return -ENODEV;
	flags = (flags & ~(uint32_t)ONCE_FLAGS) | O_CLOEXEC | (ofd->kind == OFD_DIR ? O_DIRECTORY : 0);
	if (mnt->by_oid) {
		snprintf(path, sizeof(path), "%s/" DFSKIT_OID_NAME, mnt->root, ofd->oid.hi, ofd->oid.lo);
		fd = fd_open_aside(path, flags);
		if (fd == -EACCES) {
			fd = SHIM_RAW(SYS_openat, AT_FDCWD, path, flags | DFSKIT_OPEN_HELD);
			if (fd >= 0)
				SHIM_RAW(SYS_fcntl, fd, F_SETFL, flags);
		}
	}
	if (fd < 0 && ofd->path) {
		snprintf(path, sizeof(path), "%s%s", mnt->root, ofd->path);
		fd = fd_open_aside(path, flags);
	}
	return fd;
}

struct replace {
	struct ofd *ofd;
	long kernel_fd;
};

static long replace_one(int fd, struct ofd *ofd, void *arg)
{
	struct replace *r = arg;
	if (ofd != r->ofd)
		return 0;
	long fdflags = SHIM_RAW(SYS_fcntl, fd, F_GETFD);
	if (fdflags < 0)
		return 0;
	long got = SHIM_RAW(SYS_dup3, r->kernel_fd, fd, fdflags & FD_CLOEXEC ? O_CLOEXEC : 0);
	return got < 0 ? got : 0;
}

static long replace_all(struct ofd *ofd, long kernel_fd)
{
	struct replace r = {ofd, kernel_fd};
	long result = fd_each(replace_one, &r);
	/* In a child that shares our memory the parent's descriptors are what they were. */
	if (!result && !fd_foreign_child())
		atomic_store(&ofd->real, true);
	return result;
}

/* Files of this process whose pages are needed. Beyond these all that are opened need theirs for everything. */
#define MAX_PAGED 64
static struct paged {
	_Atomic(const struct mount *) mnt; /* set last; NULL: free */
	daos_obj_id_t oid;
	_Atomic uint8_t pages, for_good; /* enum pages: now, and when no mapping is left */
} paged[MAX_PAGED];
SHIM_HOT_DATA _Atomic unsigned int shim_nr_paged;

SHIM_HOT static struct paged *paged_of(const struct mount *mnt, daos_obj_id_t oid)
{
	unsigned int nr = atomic_load_explicit(&shim_nr_paged, memory_order_acquire);

	for (unsigned int i = 0; i < nr && i < MAX_PAGED; i++)
		if (atomic_load_explicit(&paged[i].mnt, memory_order_acquire) == mnt && paged[i].oid.lo == oid.lo &&
		    paged[i].oid.hi == oid.hi)
			return &paged[i];
	return NULL;
}

SHIM_HOT enum pages ofd_pages_search(const struct ofd *ofd)
{
	if (atomic_load_explicit(&shim_nr_paged, memory_order_relaxed) > MAX_PAGED)
		return PAGES_ALL;
	struct paged *at = paged_of(ofd->mnt, ofd->oid);
	return at ? atomic_load(&at->pages) : PAGES_NOTHING;
}

/* A place in the table, NULL when it is full. */
static struct paged *paged_add(const struct mount *mnt, daos_obj_id_t oid)
{
	const struct mount *none;

	for (unsigned int i = 0; i < MAX_PAGED; i++) {
		/* Claimed first under a mount that no file has, so that nobody finds it half written. */
		static const struct mount claimed;
		none = NULL;
		if (!atomic_compare_exchange_strong(&paged[i].mnt, &none, &claimed))
			continue;
		paged[i].oid = oid;
		atomic_store(&paged[i].pages, PAGES_NOTHING);
		atomic_store(&paged[i].for_good, PAGES_NOTHING);
		unsigned int nr = atomic_load(&shim_nr_paged);
		while (nr <= i && !atomic_compare_exchange_weak(&shim_nr_paged, &nr, i + 1))
			;
		atomic_store_explicit(&paged[i].mnt, mnt, memory_order_release);
		return &paged[i];
	}
	atomic_store(&shim_nr_paged, MAX_PAGED + 1);
	return NULL;
}

struct use {
	const struct mount *mnt;
	daos_obj_id_t oid;
	enum pages pages;
};

static long use_pages(int fd, struct ofd *ofd, void *arg)
{
	const struct use *use = arg;
	(void)fd;
	if (ofd->mnt == use->mnt && ofd->oid.lo == use->oid.lo && ofd->oid.hi == use->oid.hi)
		atomic_store(&ofd->pages, use->pages);
	return 0;
}

static void raise_to(_Atomic uint8_t *pages, enum pages least)
{
	uint8_t now = atomic_load(pages);

	while (now < least && !atomic_compare_exchange_weak(pages, &now, least))
		;
}

void ofd_use_pages(struct ofd *ofd, enum pages pages, bool for_good)
{
	struct paged *at = paged_of(ofd->mnt, ofd->oid);

	if (!at)
		at = paged_add(ofd->mnt, ofd->oid);
	if (at) {
		raise_to(&at->pages, pages);
		if (for_good)
			raise_to(&at->for_good, pages);
	}
	fd_each(use_pages, &(struct use){ofd->mnt, ofd->oid, ofd_pages(ofd)});
}

void ofd_keep_pages(const struct mount *mnt, daos_obj_id_t oid)
{
	struct paged *at = paged_of(mnt, oid);

	if (at)
		atomic_store(&at->for_good, PAGES_ALL);
}

void ofd_leave_pages(const struct mount *mnt, daos_obj_id_t oid)
{
	struct paged *at = paged_of(mnt, oid);

	if (!at || atomic_load(&shim_nr_paged) > MAX_PAGED)
		return;
	enum pages left = atomic_load(&at->for_good);
	atomic_store(&at->pages, left);
	if (left == PAGES_NOTHING)
		atomic_store(&at->mnt, NULL);
	fd_each(use_pages, &(struct use){mnt, oid, left});
}

/* Of a descriptor that was real before: pages that direct writes made stale go, and the size is asked again. */
static void refresh(int fd)
{
	struct stat st;

	SHIM_RAW(SYS_fadvise64, fd, 0, 0, POSIX_FADV_DONTNEED);
	SHIM_RAW(SYS_fstat, fd, &st);
}

/* Closes what was opened beside the descriptors of \a ofd, unless that would cost the process its locks. */
static void put_away(struct ofd *ofd, long fd)
{
	int none = 0;

	if (!lock_held(ofd) || !atomic_compare_exchange_strong(&ofd->spare, &none, (int)fd)) {
		SHIM_RAW(SYS_close, fd);
		fd_aside_refill();
	}
}

static long materialise(struct ofd *ofd, bool give_offset, bool pages)
{
	struct slot *slot = ofd->slot;
	bool locked = slot_lock(slot);
	long fd = -1, result = 0;

	if (atomic_load(&slot->where) == SLOT_KERNEL) {
		slot_unlock(slot, locked);
		return ofd_follow_kernel(ofd);
	}
	if (!atomic_load(&ofd->real)) {
		uint32_t flags = atomic_load(&slot->flags);
		/* dfuse leaves the page cache out where a descriptor is opened for appending. */
		fd = ofd_open_kernel(ofd, pages ? flags & ~(uint32_t)O_APPEND : flags);
		if (fd >= 0 && pages && flags & O_APPEND)
			SHIM_RAW(SYS_fcntl, fd, F_SETFL, flags);
		result = fd < 0 ? fd : replace_all(ofd, fd);
	}
	if (!result && give_offset) {
		struct replace find = {ofd, -1};
		if (fd < 0) { /* any descriptor of it will do */
			for (unsigned int i = 0; i < shim_fd_top && find.kernel_fd < 0; i++)
				if (shim_fds[i] == ofd)
					find.kernel_fd = i;
		} else
			find.kernel_fd = fd;
		SHIM_RAW(SYS_lseek, find.kernel_fd, atomic_load(&slot->offset), SEEK_SET);
		if (fd < 0)
			refresh((int)find.kernel_fd);
		atomic_store(&slot->where, SLOT_KERNEL);
		if (atomic_load(&slot->shared) || fd_foreign_child())
			mailbox_put(slot, (int)find.kernel_fd);
	}
	slot_unlock(slot, locked);
	if (fd >= 0)
		put_away(ofd, fd);
	if (!result && give_offset && ofd->kind == OFD_FILE)
		ofd_use_pages(ofd, PAGES_WRITES, true); /* who has the offset moves data too */
	return result;
}

long ofd_materialise(struct ofd *ofd, bool give_offset)
{
	return materialise(ofd, give_offset, atomic_load(&ofd->pages) != PAGES_NOTHING);
}

long ofd_materialise_pages(struct ofd *ofd)
{
	return materialise(ofd, false, true);
}

long ofd_follow_kernel(struct ofd *ofd)
{
	if (atomic_load(&ofd->real))
		return 0;
	int fd = mailbox_get(ofd->slot);
	if (fd < 0) {
		/* Lost: go on with an own description where the last known offset was. */
		long again = ofd_open_kernel(ofd, atomic_load(&ofd->slot->flags));
		if (again < 0)
			return again;
		SHIM_RAW(SYS_lseek, again, atomic_load(&ofd->slot->offset), SEEK_SET);
		fd = (int)again;
	}
	long result = replace_all(ofd, fd);
	SHIM_RAW(SYS_close, fd);
	return result;
}

long shim_materialise(int fd)
{
	struct ofd *ofd = ofd_get(fd);
	if (!ofd)
		return 0;
	long r = ofd_materialise(ofd, true);
	ofd_put(ofd);
	return r;
}

long shim_hand_over(int fd)
{
	long r = shim_materialise(fd);

	if (r >= 0)
		fd_assign(fd, NULL);
	return r;
}
