/*
 * memfile.c - files in memory that have no name.
 */
#include <stdio.h>
#include <linux/memfd.h>
#include "memfile.h"
#include "runtime.h"

long memory_file(const char *name)
{
	/* Where a filter forbids memfd_create(2): a file in memory by another name, or at last on a disk. */
	static const char *const places[] = {"/dev/shm", "/tmp", "/var/tmp"};
	long fd = SHIM_RAW(SYS_memfd_create, name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	for (size_t i = 0; fd < 0 && i < sizeof(places) / sizeof(places[0]); i++)
		fd = SHIM_RAW(SYS_openat, AT_FDCWD, places[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return fd;
}

bool limit_lift(struct rlimit *was, uint64_t size)
{
	struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};

	*was = none;
	if (SHIM_RAW(SYS_prlimit64, 0, RLIMIT_FSIZE, NULL, was) || was->rlim_cur == RLIM_INFINITY)
		return true;
	if (SHIM_RAW(SYS_prlimit64, 0, RLIMIT_FSIZE, &none, NULL) == 0)
		return true;
	none = (struct rlimit){was->rlim_max, was->rlim_max};
	SHIM_RAW(SYS_prlimit64, 0, RLIMIT_FSIZE, &none, NULL);
	return size <= was->rlim_max;
}

void limit_restore(const struct rlimit *was)
{
	if (was->rlim_cur != RLIM_INFINITY)
		SHIM_RAW(SYS_prlimit64, 0, RLIMIT_FSIZE, was, NULL);
}

long memory_file_sealed(const char *name)
{
	char path[64];
	long fd = memory_file(name);

	if (fd < 0 ||
	    SHIM_RAW(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0)
		return fd;
	/* One on a file system takes no seals: then nobody gets a descriptor to write by. */
	snprintf(path, sizeof(path), "/proc/self/fd/%ld", fd);
	long reader = SHIM_RAW(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (reader < 0)
		return fd;
	SHIM_RAW(SYS_close, fd);
	return reader;
}
