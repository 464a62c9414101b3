/*
 * object.c - open objects: making and releasing handles, write marks, identity.
 */
#include <stdlib.h>
#include "container.h"
#include "env.h"
#include "fork.h"
#include "hostfd.h"
#include "inode.h"
#include "layout.h"
#include "local.h"
#include "machine.h"
#include "marks.h"
#include "object.h"
#include "preserve.h"
#include "reclaim.h"
#include "set_id.h"
#include "shared_page.h"
#include "small.h"
#include "transaction.h"
#include "views.h"

/* The caller has counted the object open (marks_open) and seen its record after that. On
 * failure the count stays the caller's. */
HOT int object_new(struct dfs *dfs, uint64_t ino, const struct inode_rec *rec, int flags, uint64_t parent,
                   struct dfs_obj **out)
{
	struct dfs_obj *o = calloc(1, sizeof(*o));
	struct rtx r;
	int rc;

	if (o == NULL)
		return ENOMEM;
	o->dfs = dfs;
	o->c = dfs->c;
	o->ino = ino;
	o->mode = rec->mode;
	o->flags = flags;
	o->parent = parent;
	o->chunk_size = rec->chunk_size;
	atomic_init(&o->hosted, (rec->flags & INODE_HAS_HOST) != 0);
	atomic_init(&o->fd, HOST_NONE);
	if (S_ISLNK(rec->mode)) {
		char target[DFS_MAX_PATH];
		size_t len = sizeof(target);

		rc = rtx_begin(o->c, &r);
		if (rc == 0) {
			rc = inode_get_link(r.txn, ino, target, &len);
			rtx_end(&r);
		}
		if (rc == 0 && (o->link = malloc(len + 1)) == NULL)
			rc = ENOMEM;
		if (rc != 0) {
			free(o);
			return rc;
		}
		memcpy(o->link, target, len);
		o->link[len] = '\0';
	}
	atomic_fetch_add(&dfs->refs, 1);
	*out = o;
	return 0;
}

/* ---- write marks: inode.c says what they are for --------------------------------------------- */
static unsigned this_generation(void)
{
	return atomic_load_explicit(&fork_generation, memory_order_relaxed) + 1;
}

struct begin {
	struct dfs_obj *o;
	int intent;
};

static int begin_fn(struct cont *c, struct txn *txn, void *arg)
{
	struct begin *b = arg;
	struct dfs_obj *o = b->o;
	struct inode_rec rec;
	uint64_t generation = c->shared->set_id_generation;
	int rc = inode_get(txn, o->ino, &rec);

	if (rc != 0)
		return rc;
	set_id_drop(o, &rec, generation);
	if (!(rec.flags & INODE_HAS_HOST)) {
		if (rec.size == 0)
			atomic_store_explicit(&o->fresh_mtime, rec.mtime, memory_order_relaxed);
		rc = small_move_out(c, txn, o->ino, &rec, &b->intent);
		if (rc != 0)
			return rc;
	}
	if (rec.epoch != c->super.epoch) { /* marks of processes that have all gone */
		rc = stat_now(c, o->ino, -1, &rec);
		if (rc != 0)
			return rc;
		rec.epoch = c->super.epoch;
		rec.writers = 0;
	}
	rec.writers++;
	return inode_put(txn, o->ino, &rec);
}

int object_begin_write(struct dfs_obj *o)
{
	unsigned none = atomic_load_explicit(&o->mark, memory_order_acquire), mine = this_generation();
	struct begin b = {.o = o, .intent = -1};
	int rc;

	if (likely(none == mine))
		return set_id_check(o);
	rc = cont_write(o->c, begin_fn, &b);
	small_moved_out(o->c, o->ino, b.intent, rc);
	if (rc != 0)
		return rc;
	atomic_store_explicit(&o->hosted, true, memory_order_relaxed);
	if (!atomic_compare_exchange_strong(&o->mark, &none, mine))
		object_end_write(o); /* another thread's mark serves us both */
	return 0;
}

/* A write that failed leaves the time of the file alone, also when it made the host file. */
void object_wrote(struct dfs_obj *o, bool something)
{
	int64_t mtime = atomic_load_explicit(&o->fresh_mtime, memory_order_relaxed);

	if (likely(mtime == 0))
		return;
	atomic_store_explicit(&o->fresh_mtime, 0, memory_order_relaxed);
	if (!something)
		inode_set_host_mtime(o->c, o->ino, mtime);
}

static int end_fn(struct cont *c, struct txn *txn, void *arg)
{
	struct dfs_obj *o = arg;
	struct inode_rec rec;
	int rc = inode_get(txn, o->ino, &rec);

	if (rc != 0)
		return rc;
	if (rec.epoch != c->super.epoch || rec.writers == 0)
		return ENOENT; /* voided meanwhile: nothing to take back */
	if (rec.writers == 1) {
		rc = inode_host_stat(c, o->ino, atomic_load(&o->fd), &rec);
		if (rc != 0)
			return rc;
	}
	rec.writers--;
	return inode_put(txn, o->ino, &rec);
}

void object_end_write(struct dfs_obj *o)
{
	cont_write(o->c, end_fn, o);
}

static int touch_fn(struct cont *c, struct txn *txn, void *arg)
{
	struct dfs_obj *o = arg;
	struct inode_rec rec;
	int rc = inode_get(txn, o->ino, &rec);

	(void)c;
	rec.mtime = rec.ctime = time_now();
	return rc != 0 ? rc : inode_put(txn, o->ino, &rec);
}

int object_truncate(struct dfs_obj *o, uint64_t size)
{
	struct writing w;
	int fd, rc;

	rc = is_hosted(o) ? NOT_SMALL : small_truncate(o, size);
	if (rc != NOT_SMALL)
		return rc;
	rc = object_begin_write(o);
	if (rc == 0)
		rc = write_enter(o, size, UINT64_MAX, &w);
	if (rc != 0)
		return rc;
	rc = hostfd_pin(o, size != 0, &fd);
	if (rc == 0) {
		rc = -sys_ftruncate(fd, size);
		object_wrote(o, rc == 0);
		hostfd_unpin(o);
		write_leave(o->c, &w);
	} else {
		write_leave(o->c, &w);
		if (rc == ENOENT) /* nothing was ever written, and size is 0 */
			rc = cont_write(o->c, touch_fn, o);
	}
	return rc;
}

/* ---- the API ----------------------------------------------------------------------------------- */
HOT EXPORT int dfs_release(dfs_obj_t *o)
{
	if (o == NULL)
		return EINVAL;
	if (env_ready(o->c) == 0) {
		if (atomic_load(&o->mark) == this_generation())
			object_end_write(o);
		hostfd_drop(o);
		marks_release(o->c, o->ino);
		if (unlikely(shared_may_be_orphan(o->c, o->ino)) && VIEW_OF(o->ino) == 0) {
			struct inode_rec rec;
			struct rtx r;
			bool orphan = false;

			if (rtx_begin(o->c, &r) == 0) {
				orphan = inode_get(r.txn, o->ino, &rec) == 0 && rec.nlink == 0;
				rtx_end(&r);
			}
			if (orphan)
				reclaim_orphan(o->c, o->ino);
		}
	} else {
		hostfd_drop(o);
	}
	atomic_fetch_sub(&o->dfs->refs, 1);
	guard_free(atomic_load(&o->guard));
	free(o->link);
	free(o);
	return 0;
}

int object_open_ino(struct dfs *dfs, uint64_t ino, int flags, uint64_t parent, dfs_obj_t **out)
{
	struct inode_rec rec;
	struct rtx r;
	int rc;

	if (ino == 0 || ino >= SPACE_ORPHAN)
		return ENOENT;
	if (dfs->root != ROOT_INO && VIEW_OF(ino) == 0) /* as a stat in the snapshot showed it */
		ino = VIEW_INO(VIEW_OF(dfs->root), ino);
	rc = env_ready(dfs->c);
	if (rc != 0)
		return rc;
	marks_open(dfs->c, ino);
	rc = rtx_begin(dfs->c, &r);
	if (rc == 0) {
		rc = inode_get(r.txn, ino, &rec);
		rtx_end(&r);
	}
	if (rc == 0 && VIEW_OF(ino) != 0 && S_ISREG(rec.mode) && (flags & O_ACCMODE) != O_RDONLY && !(flags & O_PATH))
		rc = EROFS;
	if (rc == 0)
		rc = object_new(dfs, ino, &rec, flags, parent, out);
	if (rc != 0)
		marks_release(dfs->c, ino);
	return rc;
}

EXPORT int dfsx_open_oid(dfs_t *dfs, daos_obj_id_t oid, int flags, dfs_obj_t **obj)
{
	if (dfs == NULL || obj == NULL)
		return EINVAL;
	return object_open_ino(dfs, oid.lo, flags, 0, obj);
}

EXPORT int dfs_dup(dfs_t *dfs, dfs_obj_t *obj, int flags, dfs_obj_t **new_obj)
{
	if (dfs == NULL || obj == NULL || new_obj == NULL)
		return EINVAL;
	return object_open_ino(dfs, obj->ino, flags, obj->parent, new_obj);
}

HOT EXPORT int dfs_obj2id(dfs_obj_t *obj, daos_obj_id_t *oid)
{
	if (obj == NULL || oid == NULL)
		return EINVAL;
	*oid = (daos_obj_id_t){.lo = obj->ino, .hi = 0};
	return 0;
}

EXPORT int dfs_get_mode(dfs_obj_t *obj, mode_t *mode)
{
	if (obj == NULL || mode == NULL)
		return EINVAL;
	*mode = obj->mode;
	return 0;
}

EXPORT int dfs_get_symlink_value(dfs_obj_t *obj, char *buf, daos_size_t *size)
{
	size_t need;

	if (obj == NULL || size == NULL || obj->link == NULL)
		return EINVAL;
	need = strlen(obj->link) + 1;
	if (buf != NULL && *size != 0) {
		size_t n = need < *size ? need : *size;

		memcpy(buf, obj->link, n);
		buf[n - 1] = '\0';
	}
	*size = need;
	return 0;
}

/* Handles find their object by number: a rename changes nothing for them. */
EXPORT int dfs_update_parent(dfs_obj_t *obj, dfs_obj_t *src_obj, const char *name)
{
	(void)name;
	if (obj == NULL || src_obj == NULL)
		return EINVAL;
	obj->parent = src_obj->parent;
	return 0;
}
