/*
 * start.c - what happens when the library is loaded: as little as possible.
 *
 * The mount table is read, descriptors that were handed over are noted, libc is routed. No provider is
 * loaded, no store opened, no thread started before the first call that concerns DFS. Whatever fails
 * here, the program runs on through the kernel.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include "adopt.h"
#include "attach.h"
#include "counters.h"
#include "cwd.h"
#include "environment.h"
#include "exec.h"
#include "flavour.h"
#include "fork.h"
#include "mounts.h"
#include "runtime.h"
#include "solo.h"

/* Of two shims in LD_PRELOAD the first has every name, this one too; what it doesn't take goes on to the other. Each would
 * find the calls of the other's operations: one has to stay away. */
extern const char dfskit_shim __attribute__((visibility("default")));
const char dfskit_shim = 1;
extern const char own_name __attribute__((alias("dfskit_shim"), visibility("hidden")));

static bool is_first(void)
{
	const char *volatile first = &dfskit_shim;

	return first == &own_name;
}

char shim_library[PATH_MAX];
const char *shim_library_given = "";

bool shim_start(void)
{
	const char *attach = getenv("DFSKIT_ATTACH");
	Dl_info self;

	if ((attach && strcmp(attach, "off") == 0) || !is_first())
		return false;
	if (!dladdr((void *)shim_start, &self) || !realpath(self.dli_fname, shim_library))
		return false;
	shim_library_given = self.dli_fname;
	solo_begin();
	mounts_find();
	if (!shim_nr_mounts)
		return false;
	fork_watch(); /* now: at the first call another thread may already be forking */
	environment_save();
	counters_open();
	handover_take();
	shim_flavour_start();
	if (shim_takes_paths && !shim_cwd)
		cwd_learn();
	return true;
}

static void __attribute__((constructor)) load(void)
{
	int saved = errno;
	const char *attach = getenv("DFSKIT_ATTACH");

	if (!shim_start()) {
		shim_seen_size = SIZE_MAX;
	} else if (!(attach && strcmp(attach, "symbols") == 0)) {
		if (shim_attach() < 0)
			counters_note(shim_attach_note ? shim_attach_note : "libc's system calls could not be routed");
		else
			adopt_inherited();
	}
	errno = saved;
}

static void __attribute__((destructor)) unload(void)
{
	counters_print();
}
