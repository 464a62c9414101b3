/*
 * inode.c - the objects that the kernel knows, found by their identifier.
 *
 * An object is named by its oid alone, so renames by other processes change nothing here. The
 * provider's handle of a directory is kept as long as the inode. That of a file is kept while
 * somebody has it open, and no longer: a handle keeps the bytes of a removed file, and the kernel
 * may remember an inode for hours.
 */
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <time.h>
#include "dfuse.h"

#define SHARD_BITS   6
#define SHARDS       (1u << SHARD_BITS)
#define FIRST_CHAINS 64u /* of a shard, doubled when there are more inodes than chains */

/* So many forgotten inodes are worth giving memory back to the system. */
#define TRIM_AFTER 4096

static _Atomic size_t forgotten; /* since the last inode_trim() */

struct shard {
	pthread_mutex_t lock;
	struct inode **chains;
	size_t nr_chains, nr_inodes;
};

static struct shard shards[SHARDS] = {[0 ... SHARDS - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER}};

static uint64_t hash(const struct container *cont, daos_obj_id_t oid)
{
	uint64_t h = (cont->salt ^ oid.lo ^ (oid.hi * 0x9E3779B97F4A7C15u)) * 0xBF58476D1CE4E5B9u;

	return h ^ (h >> 29);
}

static struct shard *shard_of(const struct container *cont, daos_obj_id_t oid)
{
	return &shards[hash(cont, oid) & (SHARDS - 1)];
}

static struct inode **chain_of(struct shard *shard, const struct container *cont, daos_obj_id_t oid)
{
	return &shard->chains[(hash(cont, oid) >> SHARD_BITS) & (shard->nr_chains - 1)];
}

/* With the shard locked. */
static int resize(struct shard *shard, size_t nr)
{
	size_t old_nr = shard->nr_chains;
	struct inode **old = shard->chains, *inode;
	struct inode **chains = calloc(nr, sizeof(*chains));

	if (!chains)
		return old_nr ? 0 : -1; /* long chains are slow, not wrong */
	shard->nr_chains = nr;
	shard->chains = chains;
	for (size_t i = 0; i < old_nr; i++)
		while ((inode = old[i]) != NULL) {
			struct inode **chain = chain_of(shard, inode->cont, inode->oid);

			old[i] = inode->next;
			inode->next = *chain;
			*chain = inode;
		}
	free(old);
	return 0;
}

/* With the shard locked. */
static int grow(struct shard *shard)
{
	if (shard->nr_inodes < shard->nr_chains)
		return 0;
	return resize(shard, shard->nr_chains ? 2 * shard->nr_chains : FIRST_CHAINS);
}

static struct inode *find(struct shard *shard, const struct container *cont, daos_obj_id_t oid)
{
	struct inode *inode = shard->nr_chains ? *chain_of(shard, cont, oid) : NULL;

	while (inode && (inode->cont != cont || inode->oid.lo != oid.lo || inode->oid.hi != oid.hi))
		inode = inode->next;
	return inode;
}

static struct inode *new_inode(struct container *cont, daos_obj_id_t oid, mode_t type)
{
	struct inode *inode = calloc(1, sizeof(*inode));

	if (!inode)
		return NULL;
	inode->cont = container_ref(cont);
	inode->oid = oid;
	inode->type = type & S_IFMT;
	inode->nlookup = 1;
	atomic_init(&inode->refs, 1);
	pthread_mutex_init(&inode->lock, NULL);
	return inode;
}

static struct handle *new_handle(dfs_t *dfs, dfs_obj_t *obj, bool writable)
{
	struct handle *handle = malloc(sizeof(*handle));

	if (!handle)
		return NULL;
	handle->dfs = dfs;
	handle->obj = obj;
	handle->writable = writable;
	atomic_init(&handle->refs, 1);
	return handle;
}

void handle_put(struct handle *handle)
{
	if (atomic_fetch_sub(&handle->refs, 1) == 1) {
		dfuse.p->dfs_release(handle->obj);
		free(handle);
	}
}

static struct handle *handle_ref(struct handle *handle)
{
	atomic_fetch_add(&handle->refs, 1);
	return handle;
}

/* With inode->lock held. A provider that can't open by oid leaves no choice but to keep handles. */
static bool keeps_handle(const struct inode *inode)
{
	return inode->opens > 0 || S_ISDIR(inode->type) || !dfuse.p->dfsx_open_oid;
}

uint64_t inode_number(const struct container *cont, uint64_t ino)
{
	return ino ^ cont->salt;
}

void inode_complete_stat(const struct inode *inode, struct stat *st)
{
	provider_complete_stat(st, inode->oid);
	st->st_ino = inode_number(inode->cont, st->st_ino);
}

struct inode *inode_of(fuse_ino_t ino)
{
	return ino == FUSE_ROOT_ID ? dfuse.main.root : (struct inode *)(uintptr_t)ino;
}

/* A handle fresh from a lookup, for an inode that may have one. libdfs reaches attributes by the name that a handle was
 * opened by, so there the fresh one replaces it: somebody else may have renamed the object. */
static void offer_handle(struct inode *inode, dfs_obj_t *obj, bool writable)
{
	struct handle *old = NULL, *fresh;

	pthread_mutex_lock(&inode->lock);
	if (keeps_handle(inode) && (!inode->handle || !dfuse.p->dfsx_open_oid) &&
	    (fresh = new_handle(inode->cont->dfs, obj, writable))) {
		old = inode->handle;
		inode->handle = fresh;
		obj = NULL;
	}
	pthread_mutex_unlock(&inode->lock);
	if (old)
		handle_put(old);
	if (obj)
		dfuse.p->dfs_release(obj);
}

struct inode *inode_get(struct container *cont, daos_obj_id_t oid, mode_t type, dfs_obj_t *obj, bool writable)
{
	struct shard *shard = shard_of(cont, oid);
	struct inode *inode = NULL, **chain;

	pthread_mutex_lock(&shard->lock);
	if (grow(shard) == 0 && !(inode = find(shard, cont, oid))) {
		inode = new_inode(cont, oid, type);
		if (inode) {
			chain = chain_of(shard, cont, oid);
			inode->next = *chain;
			*chain = inode;
			shard->nr_inodes++;
		}
	} else if (inode) {
		inode->nlookup++;
	}
	pthread_mutex_unlock(&shard->lock);
	if (obj && inode)
		offer_handle(inode, obj, writable);
	else if (obj)
		dfuse.p->dfs_release(obj);
	return inode;
}

struct inode *inode_find(const struct container *cont, daos_obj_id_t oid)
{
	struct shard *shard = shard_of(cont, oid);
	struct inode *inode;

	pthread_mutex_lock(&shard->lock);
	inode = find(shard, cont, oid);
	if (inode)
		inode_ref(inode);
	pthread_mutex_unlock(&shard->lock);
	return inode;
}

struct inode *inode_synthetic(daos_obj_id_t oid, mode_t type)
{
	struct inode *inode = new_inode(&dfuse.main, oid, S_IFLNK);

	if (inode) {
		inode->synthetic = true;
		inode->parent = type; /* what the link stands for */
	}
	return inode;
}

void inode_ref(struct inode *inode)
{
	atomic_fetch_add(&inode->refs, 1);
}

void inode_unref(struct inode *inode)
{
	if (atomic_fetch_sub(&inode->refs, 1) != 1)
		return;
	if (inode->handle)
		handle_put(inode->handle);
	container_put(inode->cont);
	pthread_mutex_destroy(&inode->lock);
	free(inode);
}

void inode_forget(struct inode *inode, uint64_t n)
{
	struct shard *shard = shard_of(inode->cont, inode->oid);
	struct inode **at;
	bool last;

	if (inode == dfuse.main.root)
		return;
	pthread_mutex_lock(&shard->lock);
	inode->nlookup -= n;
	last = inode->nlookup == 0;
	if (last && !inode->synthetic) {
		for (at = chain_of(shard, inode->cont, inode->oid); *at != inode; at = &(*at)->next)
			;
		*at = inode->next;
		shard->nr_inodes--;
	}
	pthread_mutex_unlock(&shard->lock);
	if (last) {
		atomic_fetch_add_explicit(&forgotten, 1, memory_order_relaxed);
		inode_unref(inode);
	}
}

void inode_trim(void)
{
	if (atomic_load_explicit(&forgotten, memory_order_relaxed) < TRIM_AFTER)
		return;
	atomic_store_explicit(&forgotten, 0, memory_order_relaxed);
	for (size_t i = 0; i < SHARDS; i++) {
		struct shard *shard = &shards[i];
		size_t nr = FIRST_CHAINS;

		pthread_mutex_lock(&shard->lock);
		while (nr < shard->nr_inodes)
			nr *= 2;
		if (nr < shard->nr_chains)
			resize(shard, nr);
		pthread_mutex_unlock(&shard->lock);
	}
	malloc_trim(0);
}

void inode_forget_all(void)
{
	for (size_t i = 0; i < SHARDS; i++) {
		struct shard *shard = &shards[i];

		for (size_t c = 0; c < shard->nr_chains; c++)
			while (shard->chains[c]) {
				struct inode *inode = shard->chains[c];

				shard->chains[c] = inode->next;
				/* Files that are open still will never be closed: only the provider has to
				 * be told, so that it settles their sizes and removes what has no name. */
				if (inode->handle)
					dfuse.p->dfs_release(inode->handle->obj);
				free(inode->handle);
				container_put(inode->cont);
				free(inode);
			}
		free(shard->chains);
		shard->chains = NULL;
		shard->nr_chains = shard->nr_inodes = 0;
	}
}

/* With inode->lock held. */
static int open_handle(struct inode *inode, bool write, struct handle **out)
{
	const struct provider *p = dfuse.p;
	dfs_t *dfs = inode->cont->dfs;
	bool writable = !inode->cont->read_only && !S_ISLNK(inode->type);
	dfs_obj_t *obj = NULL;
	int rc = ENOENT;

	if (p->dfsx_open_oid) {
		rc = p->dfsx_open_oid(dfs, inode->oid, writable ? O_RDWR : O_RDONLY, &obj);
		if ((rc == EACCES || rc == EPERM || rc == EROFS) && writable && !write) {
			writable = false;
			rc = p->dfsx_open_oid(dfs, inode->oid, O_RDONLY, &obj);
		}
	} else if (inode->handle) {
		rc = p->dfs_dup(dfs, inode->handle->obj, O_RDWR, &obj);
	}
	if (rc)
		return rc == ENOENT ? ESTALE : rc; /* the kernel then looks the name up anew */
	*out = new_handle(inode->cont->dfs, obj, writable);
	if (*out)
		return 0;
	p->dfs_release(obj);
	return ENOMEM;
}

/* With inode->lock held. */
static int get_handle(struct inode *inode, bool write, struct handle **out)
{
	struct handle *handle;
	int rc;

	if (inode->handle && (!write || inode->handle->writable)) {
		*out = handle_ref(inode->handle);
		return 0;
	}
	rc = open_handle(inode, write, &handle);
	if (rc)
		return rc;
	if (keeps_handle(inode)) {
		if (inode->handle)
			handle_put(inode->handle);
		inode->handle = handle_ref(handle);
	}
	*out = handle;
	return 0;
}

int inode_handle(struct inode *inode, bool write, struct handle **out)
{
	int rc;

	if (inode->synthetic)
		return EPERM;
	pthread_mutex_lock(&inode->lock);
	rc = get_handle(inode, write, out);
	pthread_mutex_unlock(&inode->lock);
	return rc;
}

int inode_open(struct inode *inode, bool write, struct handle **out)
{
	int rc;

	pthread_mutex_lock(&inode->lock);
	inode->opens++;
	rc = get_handle(inode, write, out);
	if (rc)
		inode->opens--;
	pthread_mutex_unlock(&inode->lock);
	if (rc == 0)
		inode_ref(inode);
	return rc;
}

void inode_close(struct inode *inode)
{
	struct handle *unused = NULL;

	pthread_mutex_lock(&inode->lock);
	if (--inode->opens == 0 && inode->cont->policy.pages == PAGES_TIMED)
		clock_gettime(CLOCK_MONOTONIC, &inode->closed);
	if (!keeps_handle(inode)) {
		unused = inode->handle;
		inode->handle = NULL;
	}
	pthread_mutex_unlock(&inode->lock);
	if (unused)
		handle_put(unused);
	inode_unref(inode);
}
