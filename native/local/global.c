/*
 * global.c - pools, containers, mounts and open objects as bytes for another process of this machine.
 *
 * The bytes name things and hold nothing open: they are worth what the names are worth when they are read. Those of a
 * pool, a container and of dfs_local2global_all name the store as well, so that the reader's environment says nothing.
 */
#include "container.h"
#include "der.h"
#include "handle.h"
#include "local.h"
#include "object.h"
#include "snapshot.h"
#include "store.h"
#include "views.h"

enum kind {
	POOL = 1,
	CONTAINER,
	MOUNT,     /* of a container that the reader has open */
	MOUNT_ALL, /* the same, with the container */
	OBJECT,
};

#define MAGIC 0x336b7366643032ULL

struct head {
	uint64_t magic;
	uint32_t kind;
	uint32_t flags;                               /* of the handle */
	uint8_t uuid[16];                             /* of the container; zeros in a pool's */
	uint64_t view;                                /* of a mount: 0, or number of the snapshot */
	uint64_t ino, parent;                         /* of an object */
	uint16_t store_len, pool_len, label_len, pad; /* three strings follow, none with a NUL */
};
_Static_assert(sizeof(struct head) == 64, "no hole is given away");

struct place {
	const char *store, *pool, *label;
};

static struct place place_of(const struct cont *c)
{
	return (struct place){c->store, c->pool, c->label};
}

static const struct place nowhere = {"", "", ""};

/* Fills glob, or says with iov_buf_len how much room it needs: at iov_buf NULL, and (ENOBUFS) when it has too little. */
static int put(d_iov_t *glob, struct head h, struct place at)
{
	size_t size;
	char *out;

	if (glob == NULL)
		return EINVAL;
	h.magic = MAGIC;
	h.store_len = (uint16_t)strlen(at.store);
	h.pool_len = (uint16_t)strlen(at.pool);
	h.label_len = (uint16_t)strlen(at.label);
	size = sizeof(h) + h.store_len + h.pool_len + h.label_len;
	if (glob->iov_buf == NULL || glob->iov_buf_len < size) {
		glob->iov_buf_len = size;
		return glob->iov_buf == NULL ? 0 : ENOBUFS;
	}
	glob->iov_len = size;
	out = glob->iov_buf;
	memcpy(out, &h, sizeof(h));
	out += sizeof(h);
	memcpy(out, at.store, h.store_len);
	memcpy(out + h.store_len, at.pool, h.pool_len);
	memcpy(out + h.store_len + h.pool_len, at.label, h.label_len);
	return 0;
}

struct taken {
	struct head h;
	char store[DFS_MAX_PATH], pool[DAOS_PROP_LABEL_MAX_LEN + 1], label[DAOS_PROP_LABEL_MAX_LEN + 1];
};

/* EINVAL for bytes of something else. */
static int take(d_iov_t glob, enum kind kind, struct taken *t)
{
	const char *in = glob.iov_buf;

	if (in == NULL || glob.iov_buf_len < glob.iov_len || glob.iov_len < sizeof(t->h))
		return EINVAL;
	memcpy(&t->h, in, sizeof(t->h));
	in += sizeof(t->h);
	if (t->h.magic != MAGIC || t->h.kind != kind || t->h.store_len >= sizeof(t->store) ||
	    t->h.pool_len >= sizeof(t->pool) || t->h.label_len >= sizeof(t->label) ||
	    glob.iov_len != sizeof(t->h) + t->h.store_len + t->h.pool_len + t->h.label_len)
		return EINVAL;
	memcpy(t->store, in, t->h.store_len);
	memcpy(t->pool, in + t->h.store_len, t->h.pool_len);
	memcpy(t->label, in + t->h.store_len + t->h.pool_len, t->h.label_len);
	t->store[t->h.store_len] = t->pool[t->h.pool_len] = t->label[t->h.label_len] = '\0';
	return 0;
}

static void set_uuid(struct head *h, const struct cont *c)
{
	memcpy(h->uuid, c->super.uuid, sizeof(h->uuid));
}

static bool same_uuid(const struct head *h, const struct cont *c)
{
	return memcmp(h->uuid, c->super.uuid, sizeof(h->uuid)) == 0;
}

/* A container that was destroyed and made anew meanwhile is another one. */
static int open_place(const struct taken *t, struct cont **c)
{
	int rc = store_cont_get(t->store, t->pool, t->label, c);

	if (rc == 0 && !same_uuid(&t->h, *c)) {
		store_cont_put(*c);
		rc = ENOENT;
	}
	return rc;
}

/* ---- pools and containers --------------------------------------------------------------------------------------- */
static int der_room(int rc)
{
	return rc == ENOBUFS ? -DER_TRUNC : der(rc);
}

EXPORT int daos_pool_local2global(daos_handle_t poh, d_iov_t *glob)
{
	struct handle h;
	int rc = handle_get(poh, DAOS_HTYPE_POOL, &h);

	if (rc == 0)
		rc = put(glob, (struct head){.kind = POOL, .flags = h.flags}, (struct place){h.store, h.pool, ""});
	return der_room(rc);
}

EXPORT int daos_pool_global2local(d_iov_t glob, daos_handle_t *poh)
{
	struct taken t;
	int rc = poh == NULL ? EINVAL : take(glob, POOL, &t);

	if (rc == 0)
		rc = store_check_name(t.pool);
	if (rc == 0)
		rc = handle_pool(t.store, t.pool, t.h.flags, poh);
	return der(rc);
}

EXPORT int daos_cont_local2global(daos_handle_t coh, d_iov_t *glob)
{
	struct head head = {.kind = CONTAINER};
	struct handle h;
	int rc = handle_get(coh, DAOS_HTYPE_CO, &h);

	if (rc == 0) {
		head.flags = h.flags;
		set_uuid(&head, h.cont);
		rc = put(glob, head, place_of(h.cont));
	}
	return der_room(rc);
}

EXPORT int daos_cont_global2local(daos_handle_t poh, d_iov_t glob, daos_handle_t *coh)
{
	struct handle h;
	struct taken t;
	struct cont *c;
	int rc = coh == NULL ? EINVAL : take(glob, CONTAINER, &t);

	if (rc == 0)
		rc = handle_get(poh, DAOS_HTYPE_POOL, &h);
	if (rc == 0 && (strcmp(h.store, t.store) != 0 || strcmp(h.pool, t.pool) != 0))
		rc = EINVAL;
	if (rc == 0)
		rc = open_place(&t, &c);
	if (rc == 0) {
		rc = handle_cont(c, t.h.flags, coh);
		if (rc != 0)
			store_cont_put(c);
	}
	return der(rc);
}

/* ---- mounts ----------------------------------------------------------------------------------------------------- */
static int put_mount(dfs_t *dfs, d_iov_t *glob, enum kind kind)
{
	struct head h = {.kind = kind};

	if (dfs == NULL)
		return EINVAL;
	h.flags = (uint32_t)dfs->flags;
	h.view = VIEW_OF(dfs->root);
	set_uuid(&h, dfs->c);
	return put(glob, h, kind == MOUNT_ALL ? place_of(dfs->c) : nowhere);
}

/* Mounts as the writer of h had. Takes over c. */
static int mount_as(const struct head *h, struct cont *c, int flags, dfs_t **dfs)
{
	int rc = h->view != 0 ? snapshot_exists(c, h->view) : 0;

	if (rc != 0) {
		store_cont_put(c);
		return rc;
	}
	flags = flags == 0 ? (int)h->flags : flags;
	return mount_new(c, h->view != 0 ? O_RDONLY : flags & O_ACCMODE, h->view, dfs);
}

EXPORT int dfs_local2global(dfs_t *dfs, d_iov_t *glob)
{
	return put_mount(dfs, glob, MOUNT);
}

EXPORT int dfs_local2global_all(dfs_t *dfs, d_iov_t *glob)
{
	return put_mount(dfs, glob, MOUNT_ALL);
}

EXPORT int dfs_global2local(daos_handle_t poh, daos_handle_t coh, int flags, d_iov_t glob, dfs_t **dfs)
{
	struct handle h;
	struct taken t;
	int rc = dfs == NULL ? EINVAL : take(glob, MOUNT, &t);

	(void)poh;
	if (rc == 0 && (handle_get(coh, DAOS_HTYPE_CO, &h) != 0 || !same_uuid(&t.h, h.cont)))
		rc = EINVAL;
	if (rc != 0)
		return rc;
	store_cont_ref(h.cont);
	return mount_as(&t.h, h.cont, flags, dfs);
}

EXPORT int dfs_global2local_all(int flags, d_iov_t glob, dfs_t **dfs)
{
	struct cont *c;
	struct taken t;
	int rc = dfs == NULL ? EINVAL : take(glob, MOUNT_ALL, &t);

	if (rc == 0)
		rc = open_place(&t, &c);
	return rc != 0 ? rc : mount_as(&t.h, c, flags, dfs);
}

/* ---- objects ---------------------------------------------------------------------------------------------------- */
EXPORT int dfs_obj_local2global(dfs_t *dfs, dfs_obj_t *obj, d_iov_t *glob)
{
	struct head h = {.kind = OBJECT};

	if (dfs == NULL || obj == NULL)
		return EINVAL;
	h.flags = (uint32_t)(obj->flags & O_ACCMODE);
	h.ino = obj->ino;
	h.parent = obj->parent;
	set_uuid(&h, dfs->c);
	return put(glob, h, nowhere);
}

EXPORT int dfs_obj_global2local(dfs_t *dfs, int flags, d_iov_t glob, dfs_obj_t **obj)
{
	struct taken t;
	int rc = dfs == NULL || obj == NULL ? EINVAL : take(glob, OBJECT, &t);

	if (rc == 0 && !same_uuid(&t.h, dfs->c))
		rc = EINVAL;
	return rc != 0 ? rc : object_open_ino(dfs, t.h.ino, flags == 0 ? (int)t.h.flags : flags, t.h.parent, obj);
}
