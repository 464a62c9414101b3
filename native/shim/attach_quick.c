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

/** False when the system call regs[0] with the arguments regs[1..6] is certainly not ours. */
bool attach_quick(const long regs[7])
{
	unsigned int class = (unsigned long)regs[0] < ATTACH_NUMBERS ? attach_class[regs[0]] : 0;

	if (class & ATTACH_ALWAYS)
		return true;
	if ((class & ATTACH_PATH) && shim_paths_active)
		return true;
	for (unsigned int fds = class & ATTACH_FDS; fds != 0; fds &= fds - 1) {
		int fd = (int)regs[1 + __builtin_ctz(fds)];

		if (shim_fd_ours(fd) || ((class & ATTACH_CLOSES) && (unsigned int)fd >= shim_fd_floor))
			return true;
	}
	return false;
}
