/*
 * rings.c - io_uring.
 *
 * The requests of a ring lie in memory that the kernel reads: which descriptors they name can't be seen here. So in
 * a process that has made a ring every descriptor of ours is a real one from then on, and its data goes through the
 * page cache. Slower than without a ring, never wrong.
 */
#include <dlfcn.h>
#include "attach.h"
#include "entry.h"
#include "fdtable.h"
#include "materialise.h"
#include "mounts.h"
#include "ofd.h"
#include "rings.h"
#include "runtime.h"

SHIM_HOT_DATA static _Atomic bool rings; /* there is one, or was */

static long show_one(int fd, struct ofd *ofd, void *arg)
{
	(void)fd;
	(void)arg;
	ofd_materialise(ofd, true);
	return 0;
}

SHIM_ASIDE static long materialised(long fd)
{
	shim_materialise((int)fd);
	return fd;
}

SHIM_HOT long fd_show(long fd)
{
	/* With symbols alone stdio's own calls on the standard streams are not seen either. */
	if (__builtin_expect(atomic_load_explicit(&rings, memory_order_relaxed), 0) ||
	    __builtin_expect(fd <= 2 && shim_symbols_only, 0))
		return materialised(fd);
	return fd;
}

/* A ring was made if the result is no error. */
static long made(long result)
{
	if (result >= 0 && shim_nr_mounts && !atomic_exchange(&rings, true) && shim_fds)
		fd_each(show_one, NULL);
	return result;
}

long op_io_uring_setup(unsigned int entries, void *params)
{
	fd_unpark();
	return made(SHIM_RAW(SYS_io_uring_setup, entries, params));
}

/* A library that was loaded with RTLD_LOCAL calls us, but RTLD_NEXT does not find its liburing. */
static void *liburing(const char *name)
{
	void *function = entry_next(name);
	void *library = function ? NULL : dlopen("liburing.so.2", RTLD_LAZY | RTLD_NOLOAD);

	if (library) {
		function = dlsym(library, name);
		dlclose(library);
	}
	return function;
}

#define QUEUE_INIT(name, params, ...)                                                     \
	static int(*real) params;                                                         \
	if (!real)                                                                        \
		__atomic_store_n(&real, (int(*) params)liburing(name), __ATOMIC_RELAXED); \
	fd_unpark();                                                                      \
	return real ? (int)made(real(__VA_ARGS__)) : -ENOSYS

int shim_io_uring_queue_init(unsigned int entries, void *ring, unsigned int flags)
{
	QUEUE_INIT("io_uring_queue_init", (unsigned int, void *, unsigned int), entries, ring, flags);
}

int shim_io_uring_queue_init_params(unsigned int entries, void *ring, void *params)
{
	QUEUE_INIT("io_uring_queue_init_params", (unsigned int, void *, void *), entries, ring, params);
}

int shim_io_uring_queue_init_mem(unsigned int entries, void *ring, void *params, void *buf, size_t size)
{
	QUEUE_INIT("io_uring_queue_init_mem", (unsigned int, void *, void *, void *, size_t), entries, ring, params,
	           buf, size);
}
