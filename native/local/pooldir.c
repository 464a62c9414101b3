/*
 * pooldir.c - the containers of a pool: which there are, who uses them, removing one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include "container.h"
#include "hostdir.h"
#include "local.h"
#include "machine.h"
#include "store.h"

static int live_entry(int fd, struct hostdir_entry *d, void *arg)
{
	int mark = sys_openat(fd, d->name, O_RDONLY, 0), rc;

	(void)arg;
	if (mark < 0)
		return 0;
	rc = sys_flock(mark, LOCK_SH | LOCK_NB);
	sys_close(mark);
	return rc == -EWOULDBLOCK ? EBUSY : 0;
}

static int count_live(int fd, struct hostdir_entry *d, void *arg)
{
	*(unsigned *)arg += live_entry(fd, d, NULL) == EBUSY;
	return 0;
}

unsigned store_users(struct cont *c)
{
	int fd = sys_openat(c->dir_fd, "open", O_RDONLY | O_DIRECTORY, 0);
	unsigned n = 0;

	if (fd < 0)
		return 0;
	hostdir_walk(fd, count_live, &n);
	sys_close(fd);
	return n;
}

int store_cont_destroy(const char *store, const char *pool, const char *label, bool force)
{
	char *path = NULL, *open = NULL, *dead = NULL;
	int rc = ENOMEM, fd;

	if (store_check_name(pool) != 0 || store_check_name(label) != 0)
		return EINVAL;
	if (store == NULL)
		return ENOENT;
	if (asprintf(&path, "%s/%s/%s", store, pool, label) < 0 || asprintf(&open, "%s/open", path) < 0 ||
	    asprintf(&dead, "%s/%s/.dead-%llx-%ld", store, pool, (unsigned long long)time_now(),
	             sys_raw6(SYS_gettid, 0, 0, 0, 0, 0, 0)) < 0)
		goto out;
	rc = store_check_version(store, false);
	if (rc != 0)
		goto out;
	fd = sys_openat(AT_FDCWD, open, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0 && fd != -ENOENT) {
		rc = -fd;
		goto out;
	}
	if (fd >= 0) {
		rc = force ? 0 : hostdir_walk(fd, live_entry, NULL);
		sys_close(fd);
		if (rc != 0)
			goto out;
	}
	rc = (int)-SYS4(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, dead);
	if (rc == 0)
		rc = hostdir_remove(dead);
out:
	free(path);
	free(open);
	free(dead);
	return rc;
}

static int pool_path(const char *store, const char *pool, char **path)
{
	if (store == NULL)
		return ENOENT;
	if (store_check_name(pool) != 0)
		return EINVAL;
	return asprintf(path, "%s/%s", store, pool) < 0 ? ENOMEM : 0;
}

int store_pool_exists(const char *store, const char *pool)
{
	struct stat st;
	char *path;
	int rc = pool_path(store, pool, &path);

	if (rc != 0)
		return rc;
	rc = store_check_version(store, false);
	if (rc == 0)
		rc = -sys_fstatat(AT_FDCWD, path, &st, 0);
	if (rc == 0 && !S_ISDIR(st.st_mode))
		rc = ENOENT;
	free(path);
	return rc;
}

struct list_arg {
	int (*cb)(void *, const char *);
	void *arg;
};

static int list_entry(int fd, struct hostdir_entry *d, void *arg)
{
	struct list_arg *a = arg;
	char path[300];
	struct stat st;

	snprintf(path, sizeof(path), "%s/meta", d->name);
	if (d->name[0] == '.' || sys_fstatat(fd, path, &st, 0) != 0)
		return 0;
	return a->cb(a->arg, d->name);
}

/* Calls cb with every container of a pool, until it returns non-zero. */
int store_cont_list(const char *store, const char *pool, int (*cb)(void *arg, const char *label), void *arg)
{
	struct list_arg a = {cb, arg};
	char *path;
	int rc = pool_path(store, pool, &path), fd;

	if (rc != 0)
		return rc;
	fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	rc = fd < 0 ? -fd : hostdir_walk(fd, list_entry, &a);
	if (fd >= 0)
		sys_close(fd);
	free(path);
	return rc;
}
