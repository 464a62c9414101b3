/*
 * create.c - making a container.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include "container.h"
#include "env.h"
#include "fork.h"
#include "hostdir.h"
#include "inode.h"
#include "layout.h"
#include "local.h"
#include "machine.h"
#include "record.h"
#include "store.h"
#include "transaction.h"

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

struct create_arg {
	struct super_rec super;
};

static int create_fn(struct cont *c, struct txn *txn, void *arg)
{
	struct create_arg *a = arg;
	struct key key = make_key(0, KEY_SUPER);
	MDB_val k = {sizeof(key), &key}, v = {sizeof(a->super), &a->super};
	uint64_t next = ROOT_INO + 1;
	struct inode_rec root = {0};
	MDB_dbi dbi;
	int rc;

	(void)c;
	rc = mdb_dbi_open(txn->mdb, NULL, 0, &dbi);
	if (rc == 0)
		rc = tree_put(txn, &k, &v, 0);
	if (rc != 0)
		return rc;
	key = make_key(0, KEY_INO);
	v = (MDB_val){sizeof(next), &next};
	rc = tree_put(txn, &k, &v, 0);
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

void uuid_text(const uint8_t *u, char out[DAOS_UUID_STR_SIZE])
{
	snprintf(out, DAOS_UUID_STR_SIZE, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0],
	         u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
}

static int sync_dir(const char *path)
{
	int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0), rc;

	if (fd < 0)
		return -fd;
	rc = (int)-RETRY(SYS4(SYS_fsync, fd, 0, 0, 0));
	sys_close(fd);
	return rc;
}

/* label NULL: the UUID. A container is built under another name and renamed: it is there whole or not at all. */
int store_make_cont(const char *store, const char *pool, const char *label, const dfs_attr_t *attr, uuid_t *uuid)
{
	struct create_arg a;
	struct cont *c = NULL;
	char *dir = NULL, *final = NULL, text[DAOS_UUID_STR_SIZE], temp[64];
	int rc;

	store_init();
	fill_super(&a.super, "", attr);
	uuid_text(a.super.uuid, text);
	if (label == NULL)
		label = text;
	snprintf(a.super.label, sizeof(a.super.label), "%s", label);
	rc = ENOMEM;
	snprintf(temp, sizeof(temp), ".new-%s", text);
	if (asprintf(&dir, "%s/%s", store, pool) < 0 || asprintf(&final, "%s/%s/%s", store, pool, label) < 0)
		goto out;
	rc = make_dirs(dir);
	if (rc == 0)
		rc = store_check_version(store, true);
	if (rc != 0)
		goto out;
	c = cont_alloc(store, pool, temp);
	if (c == NULL) {
		rc = ENOMEM;
		goto out;
	}
	rc = -sys_mkdirat(AT_FDCWD, c->path, 0777);
	if (rc == 0)
		rc = cont_open_parts(c, true);
	if (rc == 0)
		rc = env_open(c, true);
	if (rc == 0)
		rc = cont_write_tree(c, create_fn, &a);
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
		hostdir_remove(c->path);
	cont_free(c);
out:
	free(dir);
	free(final);
	return rc;
}

int store_cont_create(const char *store, const char *pool, const char *label, const dfs_attr_t *attr, uuid_t *uuid)
{
	if (store_check_name(pool) != 0 || (label != NULL && store_check_name(label) != 0))
		return EINVAL;
	return store == NULL ? ENOENT : store_make_cont(store, pool, label, attr, uuid);
}
