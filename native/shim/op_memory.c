/*
 * op_memory.c - mappings. The kernel maps, on a dfuse descriptor opened for it, so pages are shared between
 * processes and written back as for any file.
 *
 * While a file is mapped shared in this process, its reads and writes here go through the page cache
 * too, so that the mapping and the calls see the same bytes.
 */
#include <sys/mman.h>
#include "ops.h"
#include "runtime.h"

struct same {
	const struct ofd *ofd;
};

static long mark_mapped(int fd, struct ofd *ofd, void *arg)
{
	const struct ofd *of = ((struct same *)arg)->ofd;
	(void)fd;
	if (ofd->mnt == of->mnt && ofd->oid.lo == of->oid.lo && ofd->oid.hi == of->oid.hi)
		atomic_store(&ofd->mapped, true);
	return 0;
}

long op_mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	struct ofd *ofd = ofd_get(fd);
	struct stat st;

	if (!ofd)
		return SHIM_RAW(SYS_mmap, addr, length, prot, flags, fd, offset);
	if (ofd->kind != OFD_FILE) {
		long err = ofd->kind == OFD_DIR ? -ENODEV : -EBADF;
		ofd_put(ofd);
		return err;
	}
	/* A fresh open: dfuse drops pages that direct writes made stale, and the size is asked again. */
	long kernel_fd = ofd_open_kernel(ofd, atomic_load(&ofd->slot->flags));
	long r = kernel_fd;
	if (kernel_fd >= 0) {
		SHIM_RAW(SYS_fstat, kernel_fd, &st);
		r = SHIM_RAW(SYS_mmap, addr, length, prot, flags, kernel_fd, offset);
		SHIM_RAW(SYS_close, kernel_fd);
		if (r >= 0 || r < -4095) {
			struct same same = {ofd};
			if ((flags & MAP_TYPE) != MAP_PRIVATE)
				fd_each(mark_mapped, &same);
		}
	}
	ofd_put(ofd);
	return r;
}
