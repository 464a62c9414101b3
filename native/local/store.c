/*
 * store.c - the directory of the store: pools, containers, and which of them are open here.
 *
 * STORE/version                 "1\n"
 * STORE/POOL/CONT/meta          LMDB: names and attributes (meta-lock beside it)
 * STORE/POOL/CONT/base, journal for what outlasts a power cut, see journal.c (not in memory)
 * STORE/POOL/CONT/host           whose it is, on a network file system, see owner.c
 * STORE/POOL/CONT/objects/ab/N  bytes of the file with inode number N
 * STORE/POOL/CONT/open/PID-X    what a process has open, see marks.c
 * STORE/POOL/CONT/shared        struct shared_page
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include "local.h"

atomic_uint fork_generation;

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER; /* rank 1 */
static struct cont *registry;                                     /* registry_lock */

/* ---- fork -------------------------------------------------------------------------------- */
void handles_fork(int stage);

static void before_fork(void)
{
	struct cont *c;

	pthread_mutex_lock(&registry_lock);
	handles_fork(0);
	for (c = registry; c != NULL; c = c->next)
		pthread_mutex_lock(&c->journal.checkpoint);
	for (c = registry; c != NULL; c = c->next)
		pthread_mutex_lock(&c->writer);
	hostfd_fork(0);
	env_fork(0);
	events_fork(0);
	for (c = registry; c != NULL; c = c->next)
		marks_fork(c, 0);
}

static void after_fork(int stage)
{
	struct cont *c;

	events_fork(stage);
	env_fork(stage);
	hostfd_fork(stage);
	for (c = registry; c != NULL; c = c->next) {
		marks_fork(c, stage);
		pthread_mutex_unlock(&c->writer);
		pthread_mutex_unlock(&c->journal.checkpoint);
	}
	handles_fork(stage);
	pthread_mutex_unlock(&registry_lock);
}

static void after_fork_parent(void)
{
	after_fork(1);
}

static void after_fork_child(void)
{
	atomic_fetch_add(&fork_generation, 1);
	after_fork(2);
}

static bool driven; /* a shim calls dfsx_fork() around each fork */

EXPORT void dfsx_fork(int stage)
{
	if (stage < 0)
		driven = true;
	else if (stage == 0)
		before_fork();
	else if (stage == 1)
		after_fork_parent();
	else
		after_fork_child();
}

static void init_once(void)
{
	if (driven)
		return;
	pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

int store_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	return pthread_once(&once, init_once);
}

/* ---- names -------------------------------------------------------------------------------- */
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

static int make_dirs(const char *path)
{
	char *copy = strdup(path), *p;
	int rc = 0;

	if (copy == NULL)
		return ENOMEM;
	for (p = copy + 1; rc == 0; p++) {
		char c = *p;

		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		rc = -sys_mkdirat(AT_FDCWD, copy, 0777);
		if (rc == EEXIST)
			rc = 0;
		*p = c;
		if (c == '\0')
			break;
	}
	free(copy);
	return rc;
}

/* Refuses a store of a newer layout; with create writes the version of a new one. */
static int check_version(const char *store, bool create)
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
		n = sys_pwrite(fd, text, (size_t)n, 0);
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
static void cont_free(struct cont *c)
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
	free(c->fork_counts);
	free(c->store);
	free(c->path);
	free(c);
}

static struct cont *cont_alloc(const char *store, const char *pool, const char *label)
{
	struct cont *c = aligned_alloc(64, (sizeof(*c) + 63) & ~(size_t)63);

	if (c == NULL)
		return NULL;
	memset(c, 0, sizeof(*c));
	c->refs = 1;
	c->dir_fd = c->obj_fd = c->shared_fd = c->mark_fd = -1;
	c->journal.fd = -1;
	pthread_mutex_init(&c->writer, NULL);
	pthread_mutex_init(&c->journal.checkpoint, NULL);
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
static int open_parts(struct cont *c, bool create)
{
	struct stat st;

	c->dir_fd = fd_open(AT_FDCWD, c->path, O_RDONLY | O_DIRECTORY, 0);
	if (c->dir_fd < 0)
		return -c->dir_fd;
	if (sys_fstat(c->dir_fd, &st) != 0)
		return EIO;
	c->share = st.st_mode & 0777;
	if (create) {
		sys_mkdirat(c->dir_fd, "objects", c->share);
		sys_mkdirat(c->dir_fd, "open", c->share);
	}
	c->obj_fd = fd_open(c->dir_fd, "objects", O_RDONLY | O_DIRECTORY, 0);
	if (c->obj_fd < 0)
		return c->obj_fd == -ENOENT ? DAMAGED : -c->obj_fd;
	c->shared_fd = fd_open(c->dir_fd, "shared", O_RDWR | O_CREAT, c->share & 0666);
	if (c->shared_fd < 0)
		return -c->shared_fd;
	if (sys_fstat(c->shared_fd, &st) == 0 && (uint64_t)st.st_size < sizeof(*c->shared)) {
		struct shared_page zero = {0};

		/* With its space: what is told to other processes here must not fail on a full disk. */
		if (sys_pwrite(c->shared_fd, (char *)&zero + st.st_size, sizeof(zero) - (size_t)st.st_size,
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

int store_cont_get_in(const char *store, const char *pool, const char *label, struct cont **out)
{
	uint64_t before;
	struct cont *c;
	int rc;

	store_init();
	if (store_check_name(pool) != 0 || store_check_name(label) != 0)
		return EINVAL;
	before = signals_block();
	pthread_mutex_lock(&registry_lock);
	for (c = registry; c != NULL; c = c->next)
		if (strcmp(c->label, label) == 0 && strcmp(c->pool, pool) == 0 && strcmp(c->store, store) == 0)
			break;
	if (c != NULL) {
		c->refs++;
		rc = 0;
		goto out;
	}
	rc = check_version(store, false);
	if (rc != 0)
		goto out;
	c = cont_alloc(store, pool, label);
	if (c == NULL) {
		rc = ENOMEM;
		goto out;
	}
	rc = open_parts(c, false);
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
	pthread_mutex_unlock(&registry_lock);
	signals_restore(before);
	*out = c;
	return rc;
}

int store_cont_get(const char *pool, const char *label, struct cont **out)
{
	char *store = store_dir();
	int rc;

	if (store == NULL)
		return ENOENT;
	rc = store_cont_get_in(store, pool, label, out);
	free(store);
	return rc;
}

void store_cont_ref(struct cont *c)
{
	uint64_t before;
	before = signals_block();
	pthread_mutex_lock(&registry_lock);
	c->refs++;
	pthread_mutex_unlock(&registry_lock);
	signals_restore(before);
}

void store_cont_put(struct cont *c)
{
	uint64_t before;
	struct cont **p;

	before = signals_block();
	pthread_mutex_lock(&registry_lock);
	if (--c->refs == 0) {
		for (p = &registry; *p != NULL; p = &(*p)->next)
			if (*p == c) {
				*p = c->next;
				break;
			}
		cont_free(c);
	}
	pthread_mutex_unlock(&registry_lock);
	signals_restore(before);
}

/* ---- making and removing ------------------------------------------------------------------- */
struct create_arg {
	struct super_rec super;
};

static int create_fn(struct cont *c, MDB_txn *txn, void *arg)
{
	struct create_arg *a = arg;
	struct key key = make_key(0, KEY_SUPER);
	MDB_val k = {sizeof(key), &key}, v = {sizeof(a->super), &a->super};
	uint64_t next = ROOT_INO + 1;
	struct inode_rec root = {0};
	MDB_dbi dbi;
	int rc;

	(void)c;
	rc = mdb_dbi_open(txn, NULL, 0, &dbi);
	if (rc == 0)
		rc = mdb_put(txn, DBI, &k, &v, 0);
	if (rc != 0)
		return rc;
	key = make_key(0, KEY_INO);
	v = (MDB_val){sizeof(next), &next};
	rc = mdb_put(txn, DBI, &k, &v, 0);
	if (rc != 0)
		return rc;
	root.mode = S_IFDIR | 0755;
	root.uid = (uid_t)sys_raw6(SYS_geteuid, 0, 0, 0, 0, 0, 0);
	root.gid = (gid_t)sys_raw6(SYS_getegid, 0, 0, 0, 0, 0, 0);
	root.nlink = 2;
	root.atime = root.mtime = root.ctime = time_now();
	root.chunk_size = a->super.chunk_size;
	return inode_put(txn, ROOT_INO, &root);
}

static void fill_super(struct super_rec *s, const char *label, const dfs_attr_t *attr)
{
	memset(s, 0, sizeof(*s));
	s->magic = STORE_MAGIC;
	s->version = CONT_VERSION;
	s->created = time_now();
	if (getrandom(s->uuid, sizeof(s->uuid), 0) < 0 || getrandom(&s->hash_seed, sizeof(s->hash_seed), 0) < 0)
		s->hash_seed = (uint64_t)s->created * 0x9E3779B97F4A7C15ULL;
	s->uuid[6] = (uint8_t)((s->uuid[6] & 0x0f) | 0x40);
	s->uuid[8] = (uint8_t)((s->uuid[8] & 0x3f) | 0x80);
	memcpy(&s->id, s->uuid, sizeof(s->id));
	s->chunk_size = DFS_DEFAULT_CHUNK_SIZE;
	snprintf(s->label, sizeof(s->label), "%s", label);
	if (attr == NULL)
		return;
	if (attr->da_chunk_size != 0)
		s->chunk_size = attr->da_chunk_size;
	s->oclass = attr->da_oclass_id;
	s->dir_oclass = attr->da_dir_oclass_id;
	s->file_oclass = attr->da_file_oclass_id;
	s->mode = attr->da_mode;
	snprintf(s->hints, sizeof(s->hints), "%.*s", DAOS_CONT_HINT_MAX_LEN - 1, attr->da_hints);
}

static void uuid_text(const uint8_t *u, char out[37])
{
	snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1], u[2],
	         u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
}

static int remove_tree(const char *path);

static int sync_dir(const char *path)
{
	int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0), rc;

	if (fd < 0)
		return -fd;
	rc = (int)-RETRY(SYS4(SYS_fsync, fd, 0, 0, 0));
	sys_close(fd);
	return rc;
}

/* A container is built under another name and renamed: it is there whole or not at all. */
int store_cont_create(const char *pool, const char *label, const dfs_attr_t *attr, uuid_t *uuid)
{
	struct create_arg a;
	struct cont *c = NULL;
	char *store, *dir = NULL, *final = NULL, text[37], temp[64];
	int rc;

	store_init();
	fill_super(&a.super, "", attr);
	uuid_text(a.super.uuid, text);
	if (label == NULL)
		label = text;
	if (store_check_name(pool) != 0 || store_check_name(label) != 0)
		return EINVAL;
	snprintf(a.super.label, sizeof(a.super.label), "%s", label);
	store = store_dir();
	if (store == NULL)
		return ENOENT;
	rc = ENOMEM;
	snprintf(temp, sizeof(temp), ".new-%s", text);
	if (asprintf(&dir, "%s/%s", store, pool) < 0 || asprintf(&final, "%s/%s/%s", store, pool, label) < 0)
		goto out;
	rc = make_dirs(dir);
	if (rc == 0)
		rc = check_version(store, true);
	if (rc != 0)
		goto out;
	c = cont_alloc(store, pool, temp);
	if (c == NULL) {
		rc = ENOMEM;
		goto out;
	}
	rc = -sys_mkdirat(AT_FDCWD, c->path, 0777);
	if (rc == 0)
		rc = open_parts(c, true);
	if (rc == 0)
		rc = env_open(c, true);
	if (rc == 0)
		rc = cont_write(c, create_fn, &a);
	if (rc == 0)
		rc = env_sync(c);
	if (rc == 0)
		rc = sync_dir(c->path);
	env_close(c);
	if (rc == 0)
		rc = (int)-sys_raw6(SYS_renameat2, AT_FDCWD, (long)c->path, AT_FDCWD, (long) final,
		                    1 /* RENAME_NOREPLACE */, 0);
	if (rc == 0)
		rc = sync_dir(dir);
	if (rc == 0)
		rc = sync_dir(store);
	if (rc == 0 && uuid != NULL)
		memcpy(*uuid, a.super.uuid, 16);
	if (rc != 0)
		remove_tree(c->path);
	cont_free(c);
out:
	free(dir);
	free(final);
	free(store);
	return rc;
}

struct dent64 {
	uint64_t ino;
	int64_t off;
	unsigned short len;
	unsigned char type;
	char name[];
};

static int for_entries(int fd, int (*cb)(int fd, struct dent64 *d, void *arg), void *arg)
{
	_Alignas(8) char buf[8192];
	long n, at;
	int rc = 0;

	while (rc == 0 && (n = SYS4(SYS_getdents64, fd, buf, sizeof(buf), 0)) > 0)
		for (at = 0; rc == 0 && at < n;) {
			struct dent64 *d = (struct dent64 *)(buf + at);

			if (strcmp(d->name, ".") != 0 && strcmp(d->name, "..") != 0)
				rc = cb(fd, d, arg);
			at += d->len;
		}
	return rc;
}

static int remove_entry(int fd, struct dent64 *d, void *arg)
{
	int rc = sys_unlinkat(fd, d->name, 0);

	(void)arg;
	if (rc == -EISDIR || rc == -EPERM) {
		int sub = sys_openat(fd, d->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);

		if (sub < 0)
			return -sub;
		rc = -for_entries(sub, remove_entry, NULL);
		sys_close(sub);
		if (rc == 0)
			rc = sys_unlinkat(fd, d->name, AT_REMOVEDIR);
	}
	return -rc;
}

static int remove_tree(const char *path)
{
	int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0), rc;

	if (fd < 0)
		return -fd;
	rc = for_entries(fd, remove_entry, NULL);
	sys_close(fd);
	return rc != 0 ? rc : -sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

static int live_entry(int fd, struct dent64 *d, void *arg)
{
	int mark = sys_openat(fd, d->name, O_RDONLY, 0), rc;

	(void)arg;
	if (mark < 0)
		return 0;
	rc = sys_flock(mark, LOCK_SH | LOCK_NB);
	sys_close(mark);
	return rc == -EWOULDBLOCK ? EBUSY : 0;
}

bool store_in_use(struct cont *c)
{
	int fd = sys_openat(c->dir_fd, "open", O_RDONLY | O_DIRECTORY, 0), rc;

	if (fd < 0)
		return false;
	rc = for_entries(fd, live_entry, NULL);
	sys_close(fd);
	return rc == EBUSY;
}

int store_cont_destroy(const char *pool, const char *label, bool force)
{
	char *store = NULL, *path = NULL, *open = NULL, *dead = NULL;
	int rc = ENOMEM, fd;

	if (store_check_name(pool) != 0 || store_check_name(label) != 0)
		return EINVAL;
	store = store_dir();
	if (store == NULL || asprintf(&path, "%s/%s/%s", store, pool, label) < 0 ||
	    asprintf(&open, "%s/open", path) < 0 ||
	    asprintf(&dead, "%s/%s/.dead-%llx-%ld", store, pool, (unsigned long long)time_now(),
	             sys_raw6(SYS_gettid, 0, 0, 0, 0, 0, 0)) < 0)
		goto out;
	rc = check_version(store, false);
	if (rc != 0)
		goto out;
	fd = sys_openat(AT_FDCWD, open, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0 && fd != -ENOENT) {
		rc = -fd;
		goto out;
	}
	if (fd >= 0) {
		rc = force ? 0 : for_entries(fd, live_entry, NULL);
		sys_close(fd);
		if (rc != 0)
			goto out;
	}
	rc = (int)-SYS4(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, dead);
	if (rc == 0)
		rc = remove_tree(dead);
out:
	free(store);
	free(path);
	free(open);
	free(dead);
	return rc;
}

int store_pool_exists(const char *pool)
{
	char *store = store_dir(), *path = NULL;
	struct stat st;
	int rc = ENOMEM;

	if (store == NULL)
		return ENOENT;
	if (store_check_name(pool) != 0)
		rc = EINVAL;
	else if (asprintf(&path, "%s/%s", store, pool) >= 0) {
		rc = check_version(store, false);
		if (rc == 0)
			rc = -sys_fstatat(AT_FDCWD, path, &st, 0);
		if (rc == 0 && !S_ISDIR(st.st_mode))
			rc = ENOENT;
	}
	free(store);
	free(path);
	return rc;
}

struct list_arg {
	int (*cb)(void *, const char *);
	void *arg;
};

static int list_entry(int fd, struct dent64 *d, void *arg)
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
int store_cont_list(const char *pool, int (*cb)(void *arg, const char *label), void *arg)
{
	struct list_arg a = {cb, arg};
	char *store = store_dir(), *path = NULL;
	int rc, fd;

	if (store == NULL)
		return ENOENT;
	if (store_check_name(pool) != 0) {
		free(store);
		return EINVAL;
	}
	if (asprintf(&path, "%s/%s", store, pool) < 0) {
		free(store);
		return ENOMEM;
	}
	fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	rc = fd < 0 ? -fd : for_entries(fd, list_entry, &a);
	if (fd >= 0)
		sys_close(fd);
	free(path);
	free(store);
	return rc;
}
