/*
 * api_dfs.c - the workloads' calls as a program written for DFS makes them: the directory is looked up
 * once, names are relative to it.
 */
#include "api.h"

#include <provider.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define READDIR_ENTRIES 128

static const struct provider *lib;
static dfs_t *dfs;

/* Loads the library and splits "POOL/CONT"; \a label points into \a cont. */
static int prepare(const char *cont, char pool[DAOS_PROP_LABEL_MAX_LEN + 1], const char **label)
{
	const char *slash = cont != NULL ? strchr(cont, '/') : NULL;
	char why[256];

	if (slash == NULL || slash == cont || slash - cont > DAOS_PROP_LABEL_MAX_LEN)
		return EINVAL;
	memcpy(pool, cont, (size_t)(slash - cont));
	pool[slash - cont] = '\0';
	*label = slash + 1;
	lib = provider_load(NULL, why, sizeof(why));
	if (lib == NULL) {
		fprintf(stderr, "dfskit-bench: %s\n", why);
		return ELIBACC;
	}
	return lib->dfs_init();
}

static int dfs_api_start(const char *cont, bool create)
{
	char pool[DAOS_PROP_LABEL_MAX_LEN + 1];
	const char *label;
	int rc = prepare(cont, pool, &label);

	if (rc != 0)
		return rc;
	rc = lib->dfs_connect(pool, NULL, label, O_RDWR | (create ? O_CREAT : 0), NULL, &dfs);
	if (rc != 0)
		lib->dfs_fini();
	return rc;
}

static void dfs_api_stop(void)
{
	lib->dfs_disconnect(dfs);
	lib->dfs_fini();
}

static int dfs_api_destroy(const char *cont)
{
	char pool[DAOS_PROP_LABEL_MAX_LEN + 1];
	const char *label;
	int rc = prepare(cont, pool, &label);

	if (rc != 0)
		return rc;
	rc = lib->dfs_destroy != NULL ? lib->dfs_destroy(pool, NULL, label, 0, NULL) : ENOTSUP;
	lib->dfs_fini();
	return rc;
}

static int dfs_dir_open(const char *path, struct bench_dir *dir)
{
	dfs_obj_t *parent = NULL, *child;
	char *copy = strdup(path);
	char *name, *rest;
	int rc = 0;

	if (copy == NULL)
		return ENOMEM;
	for (name = strtok_r(copy, "/", &rest); name != NULL && rc == 0; name = strtok_r(NULL, "/", &rest)) {
		rc = lib->dfs_mkdir(dfs, parent, name, 0755, 0);
		if (rc == 0 || rc == EEXIST)
			rc = lib->dfs_lookup_rel(dfs, parent, name, O_RDWR, &child, NULL, NULL);
		if (parent != NULL)
			lib->dfs_release(parent);
		parent = rc == 0 ? child : NULL;
	}
	free(copy);
	if (rc == 0 && parent == NULL)
		rc = lib->dfs_lookup(dfs, "/", O_RDWR, &parent, NULL, NULL);
	if (rc != 0)
		return rc;
	dir->obj = parent;
	dir->path = strdup(path);
	return dir->path != NULL ? 0 : ENOMEM;
}

static void dfs_dir_close(struct bench_dir *dir)
{
	lib->dfs_release(dir->obj);
	free(dir->path);
	dir->path = NULL;
}

static int dfs_dir_remove(const char *path)
{
	char *copy = strdup(path);
	char *slash = copy != NULL ? strrchr(copy, '/') : NULL;
	dfs_obj_t *parent = NULL;
	int rc = EINVAL;

	if (slash != NULL) {
		*slash = '\0';
		rc = lib->dfs_lookup(dfs, slash == copy ? "/" : copy, O_RDWR, &parent, NULL, NULL);
		if (rc == 0) {
			rc = lib->dfs_remove(dfs, parent, slash + 1, false, NULL);
			lib->dfs_release(parent);
		}
	}
	free(copy);
	return rc;
}

static char *dfs_path(const struct bench_dir *dir, const char *name)
{
	(void)dir;
	return strdup(name);
}

static int dfs_api_open(const struct bench_dir *dir, const char *path, int flags, struct bench_file *file)
{
	return lib->dfs_open(dfs, dir->obj, path, S_IFREG | 0644, flags, 0, 0, NULL, &file->obj);
}

static int dfs_api_close(struct bench_file *file)
{
	return lib->dfs_release(file->obj);
}

static int dfs_api_pread(const struct bench_file *file, void *buf, size_t len, off_t off)
{
	d_iov_t iov;
	d_sg_list_t sgl = {.sg_nr = 1, .sg_nr_out = 0, .sg_iovs = &iov};
	daos_size_t got = 0;
	int rc;

	d_iov_set(&iov, buf, len);
	rc = lib->dfs_read(dfs, file->obj, &sgl, (daos_off_t)off, &got, NULL);
	if (rc != 0)
		return rc;
	return got == len ? 0 : EIO;
}

static int dfs_api_pwrite(const struct bench_file *file, const void *buf, size_t len, off_t off)
{
	d_iov_t iov;
	d_sg_list_t sgl = {.sg_nr = 1, .sg_nr_out = 0, .sg_iovs = &iov};

	d_iov_set(&iov, (void *)buf, len);
	return lib->dfs_write(dfs, file->obj, &sgl, (daos_off_t)off, NULL);
}

static int dfs_api_stat(const struct bench_dir *dir, const char *path, off_t *size)
{
	struct stat st;
	int rc = lib->dfs_stat(dfs, dir->obj, path, &st);

	if (rc == 0)
		*size = st.st_size;
	return rc;
}

static int dfs_api_readdir(const struct bench_dir *dir, uint64_t *entries)
{
	struct dirent ents[READDIR_ENTRIES];
	daos_anchor_t anchor = DAOS_ANCHOR_INIT;
	uint64_t count = 0;
	uint32_t nr;
	int rc = 0;

	while (rc == 0 && !daos_anchor_is_eof(&anchor)) {
		nr = READDIR_ENTRIES;
		rc = lib->dfs_readdir(dfs, dir->obj, &anchor, &nr, ents);
		if (rc == 0)
			count += nr;
	}
	*entries = count;
	return rc;
}

static int dfs_api_rename(const struct bench_dir *dir, const char *from, const char *to)
{
	return lib->dfs_move(dfs, dir->obj, from, dir->obj, to, NULL);
}

static int dfs_api_unlink(const struct bench_dir *dir, const char *path)
{
	return lib->dfs_remove(dfs, dir->obj, path, false, NULL);
}

const struct bench_api bench_api_dfs = {
    .name = "dfs",
    .start = dfs_api_start,
    .stop = dfs_api_stop,
    .destroy = dfs_api_destroy,
    .dir_open = dfs_dir_open,
    .dir_close = dfs_dir_close,
    .dir_remove = dfs_dir_remove,
    .path = dfs_path,
    .open = dfs_api_open,
    .close = dfs_api_close,
    .pread = dfs_api_pread,
    .pwrite = dfs_api_pwrite,
    .stat = dfs_api_stat,
    .readdir = dfs_api_readdir,
    .rename = dfs_api_rename,
    .unlink = dfs_api_unlink,
};
