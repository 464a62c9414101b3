/*
 * op_memory.c - mappings. The kernel maps, on a dfuse descriptor opened for it, so pages are shared between
 * processes and written back as for any file.
 *
 * While a file is mapped shared in this process, its reads and writes here go through the page cache
 * too, so that the mapping and the calls see the same bytes.
 */
#include <sys/mman.h>
#include "arena.h"
#include "counters.h"
#include "fdtable.h"
#include "mappings.h"
#include "materialise.h"
#include "memcopy.h"
#include "ofd.h"
#include "ops.h"
#include "placeholder.h"
#include "runtime.h"

long op_mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	struct ofd *ofd = ofd_get(fd);
	struct stat st = {.st_size = INT64_MAX};

	if (!ofd)
		return SHIM_RAW(SYS_mmap, addr, length, prot, flags, fd, offset);
	if (ofd->kind == OFD_PATH) {
		ofd_put(ofd);
		return -EBADF;
	}
	/* What the access mode forbids, said before anything is opened: the mount may have it otherwise. */
	uint32_t mode = atomic_load(&ofd->slot->flags) & O_ACCMODE;
	if (mode == O_WRONLY || (mode == O_RDONLY && prot & PROT_WRITE && (flags & MAP_TYPE) != MAP_PRIVATE)) {
		ofd_put(ofd);
		return -EACCES;
	}
	if (ofd->kind == OFD_DIR) {
		ofd_put(ofd);
		return -ENODEV;
	}
	bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;
	bool was_real = atomic_load(&ofd->real);
	long r = shared ? ofd_materialise_pages(ofd) : 0;
	if (r == -ENODEV)
		counters_note("a shared mapping needs a mount of the container");
	uint32_t open_flags = atomic_load(&ofd->slot->flags);
	/* One that was real before and appends is past the page cache, and can't be mapped. */
	if (!r && atomic_load(&ofd->real) && !(was_real && open_flags & O_APPEND)) {
		/* Closing another descriptor of the file would drop the process's record locks, so this one it is.
		 * Pages that direct writes made stale go, and the size is asked again. */
		SHIM_RAW(SYS_fadvise64, fd, 0, 0, POSIX_FADV_DONTNEED);
		SHIM_RAW(SYS_fstat, fd, &st);
		r = SHIM_RAW(SYS_mmap, addr, length, prot, flags, fd, offset);
	} else if (!r) {
		long kernel_fd = ofd_open_kernel(ofd, open_flags & ~(uint32_t)O_APPEND);
		if (kernel_fd == -ENODEV && !shared) /* pages of one's own need no mount */
			kernel_fd = ofd_memory_copy(ofd);
		r = kernel_fd;
		if (kernel_fd >= 0) {
			SHIM_RAW(SYS_fstat, kernel_fd, &st);
			r = SHIM_RAW(SYS_mmap, addr, length, prot, flags, kernel_fd, offset);
			SHIM_RAW(SYS_close, kernel_fd);
			fd_aside_refill();
		}
	}
	/* Of a private one, pages beyond the end appear when the file grows: the kernel has to learn of that. */
	bool beyond = offset + (off_t)length - 1 > (st.st_size | 4095);
	if ((shared || beyond) && (r >= 0 || r < -4095))
		mapping_made(ofd, (uintptr_t)r, length);
	ofd_put(ofd);
	return r;
}
