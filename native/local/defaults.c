/*
 * defaults.c - object classes and chunk sizes. They mean nothing here: they are kept, and handed on from a directory to
 * what is created in it, so that a program finds what it set. The answers are those for a system of one target.
 */
#include "container.h"
#include "inode.h"
#include "layout.h"
#include "local.h"
#include "machine.h"
#include "object.h"
#include "perm.h"
#include "transaction.h"

static uint32_t either(uint32_t first, uint32_t second, uint32_t third)
{
	return first != 0 ? first : second != 0 ? second : third;
}

/* For a new record: what its creator said (in rec), or else its directory. */
void defaults_inherit(struct inode_rec *rec, const struct inode_rec *dir)
{
	if (S_ISDIR(rec->mode)) {
		rec->oclass = either(rec->oclass, dir->dir_oclass, 0);
		rec->dir_oclass = dir->dir_oclass;
		rec->file_oclass = dir->file_oclass;
	} else if (S_ISREG(rec->mode)) {
		rec->oclass = either(rec->oclass, dir->file_oclass, 0);
	}
	if (rec->chunk_size == 0 && !S_ISLNK(rec->mode))
		rec->chunk_size = dir->chunk_size;
}

EXPORT int dfs_get_chunk_size(dfs_obj_t *obj, daos_size_t *chunk_size)
{
	if (obj == NULL || chunk_size == NULL)
		return EINVAL;
	*chunk_size = obj->chunk_size != 0 ? obj->chunk_size : obj->c->super.chunk_size;
	return 0;
}

EXPORT int dfs_obj_get_info(dfs_t *dfs, dfs_obj_t *obj, dfs_obj_info_t *info)
{
	const struct super_rec *s;
	struct inode_rec rec;
	struct rtx r;
	int rc;

	if (dfs == NULL || obj == NULL || info == NULL)
		return EINVAL;
	rc = rtx_begin(dfs->c, &r);
	if (rc != 0)
		return rc;
	rc = inode_get(r.txn, obj->ino, &rec);
	rtx_end(&r);
	if (rc != 0)
		return rc;
	s = &dfs->c->super;
	*info = (dfs_obj_info_t){.doi_oid = {.lo = obj->ino}};
	if (S_ISLNK(rec.mode))
		return 0;
	info->doi_chunk_size = rec.chunk_size != 0 ? rec.chunk_size : s->chunk_size;
	if (S_ISDIR(rec.mode)) {
		info->doi_oclass_id = either(rec.oclass, s->dir_oclass, OC_S1);
		info->doi_dir_oclass_id = either(rec.dir_oclass, either(s->dir_oclass, s->oclass, 0), OC_S1);
		info->doi_file_oclass_id = either(rec.file_oclass, either(s->file_oclass, s->oclass, 0), OC_SX);
	} else {
		info->doi_oclass_id = either(rec.oclass, either(s->file_oclass, s->oclass, 0), OC_SX);
	}
	return 0;
}

struct set_arg {
	uint64_t ino;
	bool oclass; /* or else the chunk size */
	uint64_t value;
};

static int set_fn(struct cont *c, struct txn *txn, void *arg)
{
	struct set_arg *a = arg;
	struct inode_rec rec;
	struct cred cr;
	int rc = inode_get(txn, a->ino, &rec);

	(void)c;
	if (rc != 0)
		return rc;
	cred_get(&cr);
	if (cr.uid != 0 && cr.uid != rec.uid)
		return EPERM;
	if (a->oclass)
		rec.dir_oclass = rec.file_oclass = (uint32_t)a->value;
	else
		rec.chunk_size = a->value;
	rec.ctime = time_now();
	return inode_put(txn, a->ino, &rec);
}

static int set(dfs_t *dfs, dfs_obj_t *obj, struct set_arg *a)
{
	int rc = read_only(dfs, obj->ino);

	a->ino = obj->ino;
	if (rc == 0)
		rc = cont_write(dfs->c, set_fn, a);
	if (rc == 0 && !a->oclass)
		obj->chunk_size = a->value;
	return rc;
}

EXPORT int dfs_obj_set_oclass(dfs_t *dfs, dfs_obj_t *obj, int flags, daos_oclass_id_t cid)
{
	struct set_arg a = {.oclass = true, .value = cid};
	char name[MAX_OBJ_CLASS_NAME_LEN];

	(void)flags;
	if (dfs == NULL || obj == NULL)
		return EINVAL;
	if (!S_ISDIR(obj->mode))
		return ENOTSUP;
	if (cid != 0 && daos_oclass_id2name(cid, name) != 0)
		return EINVAL;
	return set(dfs, obj, &a);
}

EXPORT int dfs_obj_set_chunk_size(dfs_t *dfs, dfs_obj_t *obj, int flags, daos_size_t csize)
{
	struct set_arg a = {.value = csize};

	(void)flags;
	if (dfs == NULL || obj == NULL)
		return EINVAL;
	return !S_ISDIR(obj->mode) ? ENOTSUP : set(dfs, obj, &a);
}

EXPORT int dfs_file_update_chunk_size(dfs_t *dfs, dfs_obj_t *obj, daos_size_t csize)
{
	struct set_arg a = {.value = csize};

	return dfs == NULL || obj == NULL || !S_ISREG(obj->mode) ? EINVAL : set(dfs, obj, &a);
}

EXPORT int dfs_suggest_oclass(dfs_t *dfs, const char *hint, daos_oclass_id_t *cid)
{
	if (dfs == NULL || hint == NULL || cid == NULL)
		return EINVAL;
	*cid = strstr(hint, "max") != NULL ? OC_SX : OC_S1;
	return 0;
}
