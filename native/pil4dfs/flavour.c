/*
 * flavour.c - what only libpil4dfs does at start.
 */
#include "../shim/flavour.h"
#include "../shim/runtime.h"
#include "names.h"

const bool shim_takes_paths = true;

void shim_flavour_start(void)
{
	/* Names made in the process get the mode that the kernel would give them. No other thread runs yet. */
	shim_umask = (mode_t)SHIM_RAW(SYS_umask, 0);
	SHIM_RAW(SYS_umask, shim_umask);
}
