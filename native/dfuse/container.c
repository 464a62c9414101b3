/*
 * container.c - the containers that this daemon has open: the one that was mounted, and those that objects with the
 * attribute user.daos stand for.
 *
 * Of the latter there is one for each such object, as with mounts: it has inodes and inode numbers of its own, and goes
 * when the kernel has forgotten the last of them. The same container in two places is so two file systems, as the kernel
 * wants each directory to be in one place only.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include "dfuse.h"

/* So deep may containers be linked in one another. */
#define MAX_DEPTH 16

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the list, and of the counts in it */
static struct container *linked;

static uint64_t new_id(void)
{
	uint64_t id;

	return getrandom(&id, sizeof(id), 0) == sizeof(id) ? id : (uint64_t)getpid() ^ (uintptr_t)&id;
}

/* The identifiers of pool and container, where the provider has them. */
static void read_uuids(struct container *cont)
{
	const struct provider *p = dfuse.p;
	daos_pool_info_t pool = {.pi_bits = 0};
	daos_cont_info_t info;
	daos_handle_t handle;

	if (p->daos_pool_query && p->dfs_pool_get && p->dfs_pool_get(cont->dfs, &handle) == 0) {
		if (p->daos_pool_query(handle, NULL, &pool, NULL, NULL) == 0)
			memcpy(cont->pool_uuid, pool.pi_uuid, sizeof(cont->pool_uuid));
		p->dfs_pool_put(cont->dfs, handle);
	}
	if (p->daos_cont_query && p->dfs_cont_get && p->dfs_cont_get(cont->dfs, &handle) == 0) {
		memset(&info, 0, sizeof(info));
		if (p->daos_cont_query(handle, &info, NULL, NULL) == 0)
			memcpy(cont->uuid, info.ci_uuid, sizeof(cont->uuid));
		p->dfs_cont_put(cont->dfs, handle);
	}
}

/* Fills in what follows from the open container. */
static int complete(struct container *cont)
{
	dfs_obj_t *root;
	int rc = dfuse.p->dfs_lookup(cont->dfs, "/", O_RDONLY, &root, NULL, NULL);

	if (rc)
		return rc;
	rc = dfuse.p->dfs_obj2id(root, &cont->root_oid);
	dfuse.p->dfs_release(root);
	cont->mount_id = new_id();
	read_uuids(cont);
	policy_read(cont);
	return rc;
}

int container_open(struct container *cont, const struct options *opts)
{
	const struct provider *p = dfuse.p;
	int rc, flags = opts->read_only ? O_RDONLY : O_RDWR;

	cont->pool = opts->pool;
	cont->label = opts->cont;
	cont->read_only = opts->read_only;
	if (!opts->snapshot && !opts->snap_epoch)
		rc = p->dfs_connect(opts->pool, opts->sys_name, opts->cont, flags, NULL, &cont->dfs);
	else if (!p->dfs_connect_snap)
		rc = ENOTSUP;
	else
		rc = p->dfs_connect_snap(opts->pool, opts->sys_name, opts->cont, O_RDONLY, opts->snap_epoch,
		                         opts->snapshot, &cont->dfs);
	return rc ? rc : complete(cont);
}

void container_close(struct container *cont)
{
	dfuse.p->dfs_disconnect(cont->dfs);
}

struct container *container_ref(struct container *cont)
{
	if (cont != &dfuse.main) {
		pthread_mutex_lock(&lock);
		cont->refs++;
		pthread_mutex_unlock(&lock);
	}
	return cont;
}

static void destroy(struct container *cont)
{
	if (cont->dfs)
		container_close(cont);
	free(cont->pool);
	free(cont->label);
	free(cont);
}

void container_put(struct container *cont)
{
	struct container **at, *parent;

	if (cont == &dfuse.main)
		return;
	pthread_mutex_lock(&lock);
	bool last = --cont->refs == 0;
	if (last) {
		for (at = &linked; *at != cont; at = &(*at)->next)
			;
		*at = cont->next;
	}
	pthread_mutex_unlock(&lock);
	if (!last)
		return;
	parent = cont->parent;
	destroy(cont);
	container_put(parent);
}

static bool same_oid(daos_obj_id_t a, daos_obj_id_t b)
{
	return a.lo == b.lo && a.hi == b.hi;
}

/* With the lock held. */
static struct container *find(const struct container *parent, daos_obj_id_t link, const char *pool, const char *label)
{
	struct container *cont = linked;

	while (cont && (cont->parent != parent || !same_oid(cont->link, link) || strcmp(cont->pool, pool) != 0 ||
	                strcmp(cont->label, label) != 0))
		cont = cont->next;
	if (cont)
		cont->refs++;
	return cont;
}

/* A container that is linked into itself has no end. */
static int check_depth(const struct container *parent, const char *pool, const char *label)
{
	int depth = 0;

	for (; parent; parent = parent->parent)
		if (++depth > MAX_DEPTH || (strcmp(parent->pool, pool) == 0 && strcmp(parent->label, label) == 0))
			return ELOOP;
	return 0;
}

static int connect_linked(struct container *cont)
{
	const struct provider *p = dfuse.p;
	int rc = EROFS;

	if (!cont->parent->read_only)
		rc = p->dfs_connect(cont->pool, dfuse.opts.sys_name, cont->label, O_RDWR, NULL, &cont->dfs);
	if (rc == EACCES || rc == EPERM || rc == EROFS) {
		cont->read_only = true;
		rc = p->dfs_connect(cont->pool, dfuse.opts.sys_name, cont->label, O_RDONLY, NULL, &cont->dfs);
	}
	return rc ? rc : complete(cont);
}

int container_linked(struct container *parent, daos_obj_id_t link, const char *pool, const char *label,
                     struct container **out)
{
	struct container *cont, *other;
	int rc;

	pthread_mutex_lock(&lock);
	cont = find(parent, link, pool, label);
	pthread_mutex_unlock(&lock);
	*out = cont;
	if (cont)
		return 0;
	rc = check_depth(parent, pool, label);
	if (rc)
		return rc;
	cont = calloc(1, sizeof(*cont));
	if (!cont)
		return ENOMEM;
	cont->pool = strdup(pool);
	cont->label = strdup(label);
	cont->link = link;
	cont->parent = parent;
	cont->salt = new_id();
	cont->refs = 1;
	rc = cont->pool && cont->label ? connect_linked(cont) : ENOMEM;
	if (rc) {
		destroy(cont);
		return rc == ENOENT ? ENOLINK : rc;
	}
	pthread_mutex_lock(&lock);
	other = find(parent, link, pool, label); /* another thread may have been faster */
	if (!other) {
		cont->next = linked;
		linked = cont;
	}
	pthread_mutex_unlock(&lock);
	if (other)
		destroy(cont);
	else
		container_ref(parent);
	*out = other ? other : cont;
	return 0;
}
