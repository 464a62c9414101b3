/*
 * provider.c - finding and loading a DFS library.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "provider.h"

/* Through a second macro, so that daos_cont_open becomes the exported daos_cont_open2. */
#define STRING(x)      #x
#define EXPORTED(name) STRING(name)

struct call {
	const char *name;
	size_t offset;
};

#define CALL(fn) {EXPORTED(fn), offsetof(struct provider, fn)},

static const struct call required[] = {PROVIDER_CALLS(CALL)};
static const struct call optional[] = {PROVIDER_OPTIONAL_CALLS(CALL)};

enum kind {
	LOCAL,
	DAOS,
	NR_KINDS
};

static const char *const kind_names[NR_KINDS] = {"local", "daos"};

/* Set once, when complete. No lock: a thread that loads may wait for the loader's own lock, and whoever holds that
 * (a constructor of a library that is being opened) may come here too. */
static struct provider *ready[NR_KINDS];

static void say(char *err, size_t errlen, const char *what, const char *why)
{
	if (err && errlen)
		snprintf(err, errlen, "%s: %s", what, why ? why : "unknown reason");
}

/* Directory of the program or library that this code is part of. */
static int own_directory(char *dir, size_t size)
{
	char path[PATH_MAX], *resolved;
	struct link_map *map = NULL;
	Dl_info info;

	if (!dladdr1((void *)provider_load, &info, (void **)&map, RTLD_DL_LINKMAP) || !map)
		return -1;
	/* The main program has an empty name here and argv[0] in dli_fname: the kernel knows better. */
	resolved = realpath(map->l_name[0] ? map->l_name : "/proc/self/exe", NULL);
	if (!resolved)
		return -1;
	snprintf(path, sizeof(path), "%s", resolved);
	free(resolved);
	return snprintf(dir, size, "%s", dirname(path)) < (int)size ? 0 : -1;
}

static void *open_lib(struct provider *p, const char *path)
{
	void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	struct link_map *map;

	if (lib && dlinfo(lib, RTLD_DI_LINKMAP, &map) == 0)
		snprintf(p->lib, sizeof(p->lib), "%s", map->l_name);
	return lib;
}

static void *open_local(struct provider *p, char *err, size_t errlen)
{
	static const char *const places[] = {"%s/libdfs_local.so", "%s/../lib/libdfs_local.so"};
	char dir[PATH_MAX], path[PATH_MAX + 32];
	void *lib;

	if (own_directory(dir, sizeof(dir)) == 0) {
		for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
			snprintf(path, sizeof(path), places[i], dir);
			if (access(path, F_OK) != 0)
				continue;
			lib = open_lib(p, path);
			if (!lib) /* it is there, so its own error is the one to hear */
				say(err, errlen, "cannot load the local provider", dlerror());
			return lib;
		}
	}
	lib = open_lib(p, "libdfs_local.so");
	if (!lib)
		say(err, errlen, "cannot load the local provider", dlerror());
	return lib;
}

static void *open_daos(struct provider *p, char *err, size_t errlen)
{
	const char *prefix = secure_getenv("DFSKIT_DAOS_PREFIX");
	char path[PATH_MAX];
	void *lib;

	/* libdaos first: libdfs finds it loaded, wherever its own run path points. */
	snprintf(path, sizeof(path), "%s%slibdaos.so", prefix ? prefix : "", prefix ? "/lib64/" : "");
	if (!open_lib(p, path)) {
		say(err, errlen, "cannot load the daos provider", dlerror());
		return NULL;
	}
	snprintf(path, sizeof(path), "%s%slibdfs.so", prefix ? prefix : "", prefix ? "/lib64/" : "");
	lib = open_lib(p, path);
	if (!lib)
		say(err, errlen, "cannot load the daos provider", dlerror());
	return lib;
}

static void *open_named(struct provider *p, const char *path, char *err, size_t errlen)
{
	void *lib = open_lib(p, path);

	if (!lib)
		say(err, errlen, "cannot load $DFSKIT_PROVIDER_LIB", dlerror());
	return lib;
}

static void resolve(struct provider *p, void *lib, const struct call *call)
{
	/* dlsym of a handle also searches what the library depends on: daos_* through libdfs. */
	void *fn = dlsym(lib, call->name);

	memcpy((char *)p + call->offset, &fn, sizeof(fn));
}

static const char *fill(struct provider *p, void *lib)
{
	for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++)
		resolve(p, lib, &optional[i]);
	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
		void *fn;

		resolve(p, lib, &required[i]);
		memcpy(&fn, (char *)p + required[i].offset, sizeof(fn));
		if (!fn)
			return required[i].name;
	}
	return NULL;
}

static struct provider *load(enum kind kind, char *err, size_t errlen)
{
	struct provider *p = calloc(1, sizeof(*p)), *first = NULL;
	const char *named = secure_getenv("DFSKIT_PROVIDER_LIB"), *missing;
	char why[128];
	void *lib;

	if (!p) {
		say(err, errlen, kind_names[kind], "no memory");
		return NULL;
	}
	if (named && named[0])
		lib = open_named(p, named, err, errlen);
	else
		lib = kind == LOCAL ? open_local(p, err, errlen) : open_daos(p, err, errlen);
	if (!lib)
		goto failed;
	missing = fill(p, lib);
	if (missing) {
		snprintf(why, sizeof(why), "it has no %s", missing);
		say(err, errlen, p->lib, why);
		dlclose(lib);
		goto failed;
	}
	snprintf(p->name, sizeof(p->name), "%s", kind_names[kind]);
	if (__atomic_compare_exchange_n(&ready[kind], &first, p, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return p;
	dlclose(lib); /* another thread was faster */
	free(p);
	return first;
failed:
	free(p);
	return NULL;
}

const struct provider *provider_load(const char *name, char *err, size_t errlen)
{
	struct provider *p;
	int kind;

	if (!name)
		name = secure_getenv("DFSKIT_PROVIDER");
	if (!name || !name[0])
		name = kind_names[LOCAL];
	for (kind = 0; kind < NR_KINDS && strcmp(name, kind_names[kind]) != 0; kind++)
		;
	if (kind == NR_KINDS) {
		say(err, errlen, name, "no such provider (local or daos)");
		return NULL;
	}
	p = __atomic_load_n(&ready[kind], __ATOMIC_ACQUIRE);
	return p ? p : load((enum kind)kind, err, errlen);
}

void provider_after_fork(const struct provider *p)
{
	if (p->daos_reinit) {
		p->daos_reinit();
	} else if (p->daos_eq_lib_reset_after_fork && p->daos_dti_reset) {
		p->daos_eq_lib_reset_after_fork();
		p->daos_dti_reset();
	}
}

int provider_open_stat(const struct provider *p, dfs_t *dfs, dfs_obj_t *obj, struct stat *st)
{
	daos_size_t size;
	mode_t mode;
	int rc = p->dfs_ostat(dfs, obj, st);

	if (rc != ENOENT || p->dfsx_open_oid || p->dfs_get_mode(obj, &mode) != 0 || !S_ISREG(mode) ||
	    p->dfs_get_size(dfs, obj, &size) != 0)
		return rc;
	*st = (struct stat){.st_mode = mode,
	                    .st_uid = geteuid(),
	                    .st_gid = getegid(),
	                    .st_size = (off_t)size,
	                    .st_blksize = 1 << 20,
	                    .st_blocks = (blkcnt_t)((size + 511) / 512)};
	clock_gettime(CLOCK_REALTIME, &st->st_mtim);
	st->st_ctim = st->st_atim = st->st_mtim;
	return 0;
}

int provider_set_attributes(const struct provider *p, dfs_t *dfs, dfs_obj_t *obj, struct stat *st, int flags)
{
	dfs_obj_t *writable;
	int rc = p->dfs_osetattr(dfs, obj, st, flags);

	if (rc != EPERM || p->dfsx_open_oid || p->dfs_dup(dfs, obj, O_RDWR, &writable) != 0)
		return rc;
	rc = p->dfs_osetattr(dfs, writable, st, flags);
	p->dfs_release(writable);
	return rc;
}

void provider_complete_stat(struct stat *st, daos_obj_id_t oid)
{
	if (st->st_ino != 0)
		return; /* of another library: no links is what a removed directory has */
	st->st_ino = oid.lo ^ (oid.hi << 32 | oid.hi >> 32);
	if (st->st_nlink == 0 && S_ISDIR(st->st_mode))
		st->st_nlink = 1;
}
