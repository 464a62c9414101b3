/*
 * foreign.c - a child that shares our memory but not our descriptors.
 *
 * Between vfork(2) or clone(CLONE_VM | CLONE_VFORK) and its exec a child has descriptors of its own and our tables. What it
 * changes is kept apart, for it alone, and goes when it has exec'd.
 */
#include <sys/mman.h>
#include "foreign.h"
#include "ofd.h"
#include "runtime.h"

_Atomic int shim_own_pid;
SHIM_HOT_DATA _Atomic int shim_foreign_pid;
struct ofd foreign_mark;

static struct foreign {
	int fd;
	struct ofd *ofd;
} * foreign; /* in mapped memory; ends with fd -1 */
#define MAX_FOREIGN 512

SHIM_ASIDE bool foreign_child_test(void)
{
	int own = atomic_load_explicit(&shim_own_pid, memory_order_relaxed);
	return own && (int)SHIM_RAW(SYS_getpid, 0) != own;
}

/* The child's own entry for fd: found, or added when there is room. */
static struct foreign *foreign_entry(int fd, bool add)
{
	int pid = (int)SHIM_RAW(SYS_getpid, 0);
	if (!foreign) {
		long at = SHIM_RAW(SYS_mmap, NULL, MAX_FOREIGN * sizeof(*foreign), PROT_READ | PROT_WRITE,
		                   MAP_PRIVATE | MAP_ANONYMOUS, -1);
		if (at < 0)
			return NULL;
		foreign = (struct foreign *)at;
	}
	if (atomic_exchange(&shim_foreign_pid, pid) != pid)
		foreign[0].fd = -1;
	struct foreign *f = foreign;
	while (f->fd >= 0 && f->fd != fd)
		f++;
	if (f->fd == fd)
		return f;
	if (!add || f == foreign + MAX_FOREIGN - 1)
		return NULL;
	*f = (struct foreign){fd, NULL};
	f[1].fd = -1;
	return f;
}

bool foreign_get(int fd, struct ofd **ofd)
{
	struct foreign *f = fd_foreign_child() ? foreign_entry(fd, false) : NULL;

	if (!f)
		return false;
	if (f->ofd)
		ofd_ref(f->ofd);
	*ofd = f->ofd;
	return true;
}

/* Its entries die with it at exec: no reference to drop. */
void foreign_assign(int fd, struct ofd *ofd)
{
	struct foreign *f = foreign_entry(fd, true);
	struct ofd *none = NULL;

	if (f)
		f->ofd = ofd;
	/* The entry must look ours, so that calls on it come here. */
	__atomic_compare_exchange_n(&shim_fds[fd], &none, &foreign_mark, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

void fds_spawned(void)
{
	if (!atomic_load(&shim_foreign_pid))
		return;
	for (struct foreign *f = foreign; f->fd >= 0; f++) {
		struct ofd *mark = &foreign_mark;
		__atomic_compare_exchange_n(&shim_fds[f->fd], &mark, NULL, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
	}
	atomic_store(&shim_foreign_pid, 0);
}

void foreign_none(void)
{
	atomic_store(&shim_own_pid, (int)SHIM_RAW(SYS_getpid, 0));
	atomic_store(&shim_foreign_pid, 0);
	atomic_store(&shim_spawning, 0);
}
