/*
 * store.c - the directory of the store: its place and version, and the containers that are open here.
 *
 * STORE/version                 "1\n"
 * STORE/POOL/CONT/meta          LMDB: names and attributes (meta-lock beside it)
 * STORE/POOL/CONT/pending       changes that are not in meta yet, see pending.c
 * STORE/POOL/CONT/base, journal for what outlasts a power cut, see journal.c (not in memory)
 * STORE/POOL/CONT/host           whose it is, on a network file system, see owner.c
 * STORE/POOL/CONT/objects/ab/N  bytes of the file with inode number N
 * STORE/POOL/CONT/open/PID-X    what a process has open, see marks.c
 * STORE/POOL/CONT/shared        struct shared_page
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "container.h"
#include "env.h"
#include "fork.h"
#include "hostfd.h"
#include "journal.h"
#include "layout.h"
#include "local.h"
#include "marks.h"
#include "owner.h"
#include "ranks.h"
#include "shared_page.h"
#include "store.h"

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER; /* RANK_REGISTRY */
static struct cont *registry;                                     /* registry_lock */

int store_check_name(const char *name)
{
	size_t i;

	if (name == NULL || name[0] == '\0' || name[0] == '.')
		return EINVAL;
	for (i = 0; name[i] != '\0'; i++) {
		if (i == DAOS_PROP_LABEL_MAX_LEN)
			return EINVAL;
		if (!isalnum((unsigned char)name[i]) && strchr("._:-", name[i]) == NULL)
			return EINVAL;
	}
	return 0;
}

/* $DFSKIT_STORE, or dfskit in the user's data directory. To be freed. */
char *store_dir(void)
{
	const char *dir = getenv("DFSKIT_STORE"), *home;
	char *path = NULL;

	if (dir != NULL && dir[0] != '\0')
		return dir[0] == '/' ? strdup(dir) : realpath(dir, NULL);
	dir = getenv("XDG_DATA_HOME");
	if (dir != NULL && dir[0] == '/')
		return asprintf(&path, "%s/dfskit", dir) < 0 ? NULL : path;
	home = getenv("HOME");
	if (home == NULL || home[0] != '/')
		home = "/tmp";
	return asprintf(&path, "%s/.local/share/dfskit", home) < 0 ? NULL : path;
}

/* Refuses a store of a newer layout; with create writes the version of a new one. */
int store_check_version(const char *store, bool create)
{
	char path[4200], text[24] = {0};
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/version", store);
	fd = sys_openat(AT_FDCWD, path, O_RDONLY, 0);
	if (fd == -ENOENT && create) {
		fd = sys_openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL, 0666);
		if (fd == -EEXIST)
			return 0;
		if (fd < 0)
			return -fd;
		n = snprintf(text, sizeof(text), "%d\n", STORE_VERSION);
		n = own_pwrite(fd, text, (size_t)n, 0);
		sys_close(fd);
		return n < 0 ? (int)-n : 0;
	}
	if (fd == -ENOENT)
		return 0; /* a store of nothing: the container will be missing */
	if (fd < 0)
		return -fd;
	n = sys_pread(fd, text, sizeof(text) - 1, 0);
	sys_close(fd);
	if (n < 0)
		return (int)-n;
	return n > 0 && atoi(text) > STORE_VERSION ? EPROTONOSUPPORT : 0;
}

/* ---- open containers ----------------------------------------------------------------------- */
void cont_free(struct cont *c)
{
	if (c->marks != NULL || c->mark_fd >= 0)
		marks_detach(c);
	env_close(c);
	journal_reset(c);
	free(c->journal.buf);
	pthread_mutex_destroy(&c->journal.checkpoint);
	if (c->shared != NULL)
		munmap((void *)(uintptr_t)c->shared, sizeof(*c->shared));
	fd_close(c->shared_fd);
	fd_close(c->obj_fd);
	fd_close(c->dir_fd);
	pthread_mutex_destroy(&c->writer);
	pthread_mutex_destroy(&c->pending.lock);
	free(c->fork_counts);
	free(c->store);
	free(c->path);
	free(c);
}

struct cont *cont_alloc(const char *store, const char *pool, const char *label)
{
	struct cont *c = aligned_alloc(64, (sizeof(*c) + 63) & ~(size_t)63);

	if (c == NULL)
		return NULL;
	memset(c, 0, sizeof(*c));
	c->refs = 1;
	c->dir_fd = c->obj_fd = c->shared_fd = c->mark_fd = -1;
	c->journal.fd = c->pending.fd = -1;
	pthread_mutex_init(&c->writer, NULL);
	pthread_mutex_init(&c->journal.checkpoint, NULL);
	pthread_mutex_init(&c->pending.lock, NULL);
	snprintf(c->pool, sizeof(c->pool), "%s", pool);
	snprintf(c->label, sizeof(c->label), "%s", label);
	c->store = strdup(store);
	if (c->store == NULL || asprintf(&c->path, "%s/%s/%s", store, pool, label) < 0) {
		c->path = NULL;
		cont_free(c);
		return NULL;
	}
	return c;
}

/* Opens the directories and the shared page. */
int cont_open_parts(struct cont *c, bool create)
{
	struct stat st;

	c->dir_fd = fd_open(AT_FDCWD, c->path, O_RDONLY | O_DIRECTORY, 0);
	if (c->dir_fd < 0)
		return -c->dir_fd;
	if (sys_fstat(c->dir_fd, &st) != 0)
		return EIO;
	c->share = st.st_mode & 0777;
	if (create) {
		sys_mkdirat_exactly(c->dir_fd, "objects", c->share);
		sys_mkdirat_exactly(c->dir_fd, "open", c->share);
	}
	c->obj_fd = fd_open(c->dir_fd, "objects", O_RDONLY | O_DIRECTORY, 0);
	if (c->obj_fd < 0)
		return c->obj_fd == -ENOENT ? DAMAGED : -c->obj_fd;
	fd_reserve(c->obj_fd);
	c->shared_fd = fd_open(c->dir_fd, "shared", O_RDWR | O_CREAT, c->share & 0666);
	if (c->shared_fd < 0)
		return -c->shared_fd;
	if (sys_fstat(c->shared_fd, &st) == 0 && (uint64_t)st.st_size < sizeof(*c->shared)) {
		struct shared_page zero = {0};

		/* With its space: what is told to other processes here must not fail on a full disk. */
		if (own_pwrite(c->shared_fd, (char *)&zero + st.st_size, sizeof(zero) - (size_t)st.st_size,
		               (uint64_t)st.st_size) < 0)
			return ENOSPC;
	}
	c->shared = mmap(NULL, sizeof(*c->shared), PROT_READ, MAP_SHARED, c->shared_fd, 0);
	if (c->shared == MAP_FAILED) {
		c->shared = NULL;
		return ENOMEM;
	}
	return 0;
}

static int get(const char *store, const char *pool, const char *label, struct cont **out)
{
	uint64_t before;
	struct cont *c;
	int rc;

	store_init();
	before = signals_block();
	rank_lock(&registry_lock, RANK_REGISTRY);
	for (c = registry; c != NULL; c = c->next)
		if (strcmp(c->label, label) == 0 && strcmp(c->pool, pool) == 0 && strcmp(c->store, store) == 0)
			break;
	if (c != NULL) {
		c->refs++;
		rc = 0;
		goto out;
	}
	rc = store_check_version(store, false);
	if (rc != 0)
		goto out;
	c = cont_alloc(store, pool, label);
	if (c == NULL) {
		rc = ENOMEM;
		goto out;
	}
	rc = cont_open_parts(c, false);
	if (rc == 0)
		rc = owner_claim(c);
	if (rc == 0)
		rc = env_open(c, false);
	if (rc == 0)
		rc = marks_attach(c);
	if (rc != 0) {
		cont_free(c);
		c = NULL;
		goto out;
	}
	c->next = registry;
	registry = c;
out:
	rank_unlock(&registry_lock, RANK_REGISTRY);
	signals_restore(before);
	*out = c;
	return rc;
}

int store_cont_get(const char *store, const char *pool, const char *label, struct cont **out)
{
	*out = NULL;
	if (store == NULL)
		return ENOENT;
	if (store_check_name(pool) != 0 || store_check_name(label) != 0)
		return EINVAL;
	return get(store, pool, label, out);
}

int store_pool_records(const char *store, const char *pool, bool create, struct cont **out)
{
	int rc = get(store, pool, POOL_RECORDS, out);

	if (rc != ENOENT || !create)
		return rc;
	rc = store_make_cont(store, pool, POOL_RECORDS, NULL, NULL);
	return rc != 0 && rc != EEXIST ? rc : get(store, pool, POOL_RECORDS, out);
}

void store_cont_ref(struct cont *c)
{
	uint64_t before;
	before = signals_block();
	rank_lock(&registry_lock, RANK_REGISTRY);
	c->refs++;
	rank_unlock(&registry_lock, RANK_REGISTRY);
	signals_restore(before);
}

void store_cont_put(struct cont *c)
{
	uint64_t before;
	struct cont **p;

	before = signals_block();
	rank_lock(&registry_lock, RANK_REGISTRY);
	if (--c->refs == 0) {
		for (p = &registry; *p != NULL; p = &(*p)->next)
			if (*p == c) {
				*p = c->next;
				break;
			}
		cont_free(c);
	}
	rank_unlock(&registry_lock, RANK_REGISTRY);
	signals_restore(before);
}

struct cont *store_hold_all(void)
{
	rank_lock(&registry_lock, RANK_REGISTRY);
	return registry;
}

void store_let_all(void)
{
	rank_unlock(&registry_lock, RANK_REGISTRY);
}
