/*
 * attach_quick.c - the test between a routed instruction and the kernel.
 *
 * A system call leaves every register but rax, rcx and r11 alone, so the code around one may keep values in vector
 * registers. Nothing in this file uses those: a call that isn't ours needs no state saved.
 */
#pragma GCC target("general-regs-only")

#include <stddef.h>

#include "shim.h"
#include "attach.h"

static bool paths_ours(unsigned int class, const long args[6])
{
#ifdef SHIM_PATH_TEST_NOVEC
	for (unsigned int at = class >> 10 & 0x3f; at != 0; at &= at - 1)
		if (shim_path_test(AT_FDCWD, (const char *)args[__builtin_ctz(at)]))
			return true;
	for (unsigned int at = class >> 16 & 0x3f; at != 0; at &= at - 1) {
		int i = __builtin_ctz(at);

		if (shim_path_test((int)args[i - 1], (const char *)args[i]))
			return true;
	}
	return (class & ATTACH_CWD) && shim_path_test(AT_FDCWD, ".");
#else
	/* The test may use vector registers: it has to wait until they are saved. */
	(void)args;
	return class & ATTACH_PATHS;
#endif
}

SHIM_HOT static bool ours(unsigned int class, const long regs[7])
{
	if (class & (ATTACH_ALWAYS | ATTACH_OPENS))
		return true;
	if (shim_paths_active && (class & ATTACH_PATHS) && paths_ours(class, regs + 1))
		return true;
	if (shim_fds == NULL && !(class & ATTACH_CLOSES))
		return false;
	for (unsigned int fds = class & ATTACH_FDS; fds != 0; fds &= fds - 1) {
		int fd = (int)regs[1 + __builtin_ctz(fds)];

		if (shim_fd_ours(fd))
			return true;
		if ((class & ATTACH_CLOSES) && ((unsigned int)fd >= shim_fd_floor || shim_fd_counts(fd)))
			return true;
	}
	return false;
}

SHIM_HOT bool attach_quick(const long regs[7])
{
	unsigned int class = (unsigned long)regs[0] < ATTACH_NUMBERS ? attach_class[regs[0]] : 0;

	if (ours(class, regs))
		return true;
	if ((class & ATTACH_UNPARK) && __builtin_expect(shim_parked >= 0, 0))
		fd_unpark();
	return false;
}
