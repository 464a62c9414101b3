/*
 * dfs_library.c - loads the DFS library.
 */
#include "dfs_library.h"

#include <dlfcn.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *open_local(void)
{
	char exe[PATH_MAX], path[PATH_MAX + 32];
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (len < 0)
		return NULL;
	exe[len] = '\0';
	snprintf(path, sizeof(path), "%s/../lib/libdfs_local.so", dirname(exe));
	return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

int dfs_library_load(struct dfs_library *lib)
{
	const struct {
		const char *name;
		void **slot;
	} calls[] = {
	    {"dfs_init", (void **)&lib->init},       {"dfs_fini", (void **)&lib->fini},
	    {"dfs_connect", (void **)&lib->connect}, {"dfs_disconnect", (void **)&lib->disconnect},
	    {"dfs_lookup", (void **)&lib->lookup},   {"dfs_lookup_rel", (void **)&lib->lookup_rel},
	    {"dfs_open", (void **)&lib->open},       {"dfs_release", (void **)&lib->release},
	    {"dfs_read", (void **)&lib->read},       {"dfs_write", (void **)&lib->write},
	    {"dfs_stat", (void **)&lib->stat},       {"dfs_readdir", (void **)&lib->readdir},
	    {"dfs_mkdir", (void **)&lib->mkdir},     {"dfs_remove", (void **)&lib->remove},
	    {"dfs_move", (void **)&lib->move},
	};
	const char *provider = getenv("DFSKIT_PROVIDER");
	void *handle;
	size_t i;

	if (provider != NULL && strcmp(provider, "daos") == 0)
		handle = dlopen("libdfs.so", RTLD_NOW | RTLD_LOCAL);
	else
		handle = open_local();
	if (handle == NULL) {
		fprintf(stderr, "dfskit-bench: %s\n", dlerror());
		return ELIBACC;
	}
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		*calls[i].slot = dlsym(handle, calls[i].name);
		if (*calls[i].slot == NULL) {
			fprintf(stderr, "dfskit-bench: the DFS library lacks %s\n", calls[i].name);
			return ELIBBAD;
		}
	}
	return 0;
}
