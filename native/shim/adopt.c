/*
 * adopt.c - descriptors that somebody else has opened: inherited from a program without a shim, or received over a
 * socket.
 *
 * Nobody can tell who shares such a description, and whether these have a shim. So its offset stays in the kernel, and
 * what uses it is the kernel's to do. What is written goes through the kernel too, whose pages are what the others read;
 * dfuse keeps nothing back, so reads at a given offset are answered here.
 *
 * Not done with symbols alone: libc would close such a descriptor unseen, and its number may be another file's then.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "adopt.h"
#include "arena.h"
#include "ask.h"
#include "fdtable.h"
#include "flavour.h"
#include "mounts.h"
#include "ofd.h"
#include "runtime.h"

bool shim_adopts;

/* How many adopted descriptions there are of the files that fall on a place: adopt_place(). */
_Atomic uint16_t shim_adopted[1024];

void adopt_note(const struct ofd *ofd)
{
	atomic_fetch_add(&shim_adopted[adopt_place(ofd->oid)], 1);
}

void adopt_forget(const struct ofd *ofd)
{
	if (ofd->oid.lo || ofd->oid.hi)
		atomic_fetch_sub(&shim_adopted[adopt_place(ofd->oid)], 1);
}

/* The path of \a fd in \a mnt, as proc(5) shows it. NULL when it has none. */
static const char *path_in(const struct mount *mnt, int fd, char *room, size_t size)
{
	static const char gone[] = " (deleted)";
	char link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	long n = SHIM_RAW(SYS_readlinkat, AT_FDCWD, link, room, size - 1);
	if (n < (long)mnt->root_len)
		return NULL;
	room[n] = 0;
	size_t tail = sizeof(gone) - 1;
	if ((size_t)n > tail && strcmp(room + n - tail, gone) == 0)
		return NULL;
	return memcmp(room, mnt->root, mnt->root_len) == 0 && room[mnt->root_len] == '/' ? room + mnt->root_len : NULL;
}

bool shim_adopt(int fd)
{
	char room[PATH_MAX];
	daos_obj_id_t oid;

	if (shim_fd_ours(fd) || shim_fd_protected(fd))
		return false;
	struct mount *mnt = ask_identity(fd, &oid);
	long flags = mnt ? SHIM_RAW(SYS_fcntl, fd, F_GETFL) : -1;
	if (flags < 0 || flags & O_PATH)
		return false;
	struct ofd *ofd = ofd_adopt(mnt, NULL, OFD_FILE, oid,
	                            shim_takes_paths && !mnt->linked ? path_in(mnt, fd, room, sizeof(room)) : NULL);
	if (!ofd)
		return false;
	atomic_store(&ofd->slot->flags, (uint32_t)flags);
	atomic_store(&ofd->slot->where, SLOT_KERNEL);
	atomic_store(&ofd->real, true);
	ofd->adopted = true;
	if (oid.lo || oid.hi)
		adopt_note(ofd);
	fd_assign(fd, ofd);
	return true;
}

struct entry {
	uint64_t ino;
	int64_t next;
	uint16_t size;
	uint8_t type;
	char name[];
};

void adopt_inherited(void)
{
	char buf[2048] __attribute__((aligned(8)));

	for (int i = 0; i < shim_nr_mounts; i++)
		shim_adopts |= shim_mounts[i].dfuse;
	if (!shim_adopts)
		return;
	long dir = SHIM_RAW(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return;
	for (long n; (n = SHIM_RAW(SYS_getdents64, dir, buf, sizeof(buf))) > 0;)
		for (long at = 0; at < n; at += ((struct entry *)(buf + at))->size) {
			const char *name = ((struct entry *)(buf + at))->name;
			if (name[0] != '.' && atoi(name) != dir)
				shim_adopt(atoi(name));
		}
	SHIM_RAW(SYS_close, dir);
}
