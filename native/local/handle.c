/*
 * handle.c - pools, containers and mounts: the handles of the API, and mounts as bytes.
 */
#include <stdlib.h>
#include <stdio.h>
#include "handle.h"

/* ---- handles of pools and containers ---------------------------------------------------------- */
#define MAX_HANDLES 4096

static pthread_mutex_t handles_lock = PTHREAD_MUTEX_INITIALIZER; /* beside rank 1, innermost */
static struct handle *handles[MAX_HANDLES];
static uint32_t next_salt = 1;

void handles_fork(int stage);

void handles_fork(int stage)
{
	if (stage == 0)
		pthread_mutex_lock(&handles_lock);
	else
		pthread_mutex_unlock(&handles_lock);
}

static int handle_new(int type, const char *pool, struct cont *c, unsigned flags, daos_handle_t *out)
{
	struct handle *h = calloc(1, sizeof(*h));
	int rc = ENOMEM;
	unsigned i;

	if (h == NULL)
		return rc;
	h->type = type;
	h->refs = 1;
	h->flags = flags;
	h->cont = c;
	snprintf(h->pool, sizeof(h->pool), "%s", pool);
	pthread_mutex_lock(&handles_lock);
	for (i = 0; i < MAX_HANDLES; i++)
		if (handles[i] == NULL) {
			h->salt = next_salt++;
			handles[i] = h;
			out->cookie = (uint64_t)h->salt << 16 | (i + 1);
			rc = 0;
			break;
		}
	pthread_mutex_unlock(&handles_lock);
	if (rc != 0)
		free(h);
	return rc;
}

/* Copies what a handle says. */
int handle_get(daos_handle_t hdl, int type, struct handle *out)
{
	unsigned i = (unsigned)(hdl.cookie & 0xffff) - 1;
	int rc = ENXIO;
	struct handle *h;

	if (i >= MAX_HANDLES)
		return rc;
	pthread_mutex_lock(&handles_lock);
	h = handles[i];
	if (h != NULL && h->type == type && h->salt == hdl.cookie >> 16) {
		*out = *h;
		rc = 0;
	}
	pthread_mutex_unlock(&handles_lock);
	return rc;
}

static int handle_put(daos_handle_t hdl, int type)
{
	unsigned i = (unsigned)(hdl.cookie & 0xffff) - 1;
	struct handle *h = NULL;

	if (i >= MAX_HANDLES)
		return ENXIO;
	pthread_mutex_lock(&handles_lock);
	if (handles[i] != NULL && handles[i]->type == type && handles[i]->salt == hdl.cookie >> 16) {
		h = handles[i];
		handles[i] = NULL;
	}
	pthread_mutex_unlock(&handles_lock);
	if (h == NULL)
		return ENXIO;
	if (h->cont != NULL)
		store_cont_put(h->cont);
	free(h);
	return 0;
}

/* ---- errors -------------------------------------------------------------------------- */
static int der(int rc)
{
	switch (rc) {
	case 0:
		return 0;
	case ENOENT:
		return -DER_NONEXIST;
	case EEXIST:
		return -DER_EXIST;
	case EACCES:
	case EPERM:
	case EROFS:
		return -DER_NO_PERM;
	case EINVAL:
		return -DER_INVAL;
	case ENOMEM:
		return -DER_NOMEM;
	case ENOSPC:
		return -DER_NOSPACE;
	case EBUSY:
		return -DER_BUSY;
	case ENXIO:
		return -DER_NO_HDL;
	case ESTALE:
		return -DER_STALE;
	case EPROTONOSUPPORT:
		return -DER_DF_INCOMPT;
	case DAMAGED:
		return -DER_DF_INVAL;
	case ENOTSUP:
		return -DER_NOTSUPPORTED;
	case EIO:
		return -DER_IO;
	default:
		return -DER_MISC;
	}
}

int der_done(daos_event_t *ev, int rc)
{
	return event_done(ev, der(rc));
}

EXPORT int daos_init(void)
{
	return der(store_init());
}

EXPORT int daos_fini(void)
{
	return 0;
}

EXPORT int daos_reinit(void)
{
	return 0; /* a child finds its way by itself */
}

EXPORT int dfs_init(void)
{
	return store_init();
}

EXPORT int dfs_fini(void)
{
	return 0;
}

/* ---- pools ---------------------------------------------------------------------------------------- */
EXPORT int daos_pool_connect(const char *pool, const char *sys, unsigned int flags, daos_handle_t *poh,
                             daos_pool_info_t *info, daos_event_t *ev)
{
	int rc;

	(void)sys;
	if (pool == NULL || poh == NULL || store_check_name(pool) != 0)
		return -DER_INVAL;
	rc = store_pool_exists(pool);
	if (rc == ENOENT && (flags & (DAOS_PC_RW | DAOS_PC_EX)))
		rc = 0; /* it comes into being with its first container */
	if (rc == 0)
		rc = handle_new(DAOS_HTYPE_POOL, pool, NULL, flags, poh);
	if (rc == 0 && info != NULL)
		memset(info, 0, sizeof(*info));
	return der_done(ev, rc);
}

EXPORT int daos_pool_disconnect(daos_handle_t poh, daos_event_t *ev)
{
	return der_done(ev, handle_put(poh, DAOS_HTYPE_POOL));
}

struct list {
	struct daos_pool_cont_info *out;
	daos_size_t room, nr;
};

static int list_one(void *arg, const char *label)
{
	struct list *l = arg;

	if (l->out != NULL && l->nr < l->room) {
		memset(&l->out[l->nr], 0, sizeof(l->out[l->nr]));
		snprintf(l->out[l->nr].pci_label, sizeof(l->out[l->nr].pci_label), "%s", label);
	}
	l->nr++;
	return 0;
}

EXPORT int daos_pool_list_cont(daos_handle_t poh, daos_size_t *ncont, struct daos_pool_cont_info *cbuf,
                               daos_event_t *ev)
{
	struct list l;
	struct handle h;
	int rc;

	if (ncont == NULL)
		return -DER_INVAL;
	l = (struct list){.out = cbuf, .room = *ncont};
	rc = handle_get(poh, DAOS_HTYPE_POOL, &h);
	if (rc == 0)
		rc = store_cont_list(h.pool, list_one, &l);
	if (rc == 0) {
		*ncont = l.nr;
		if (cbuf != NULL && l.nr > l.room)
			return event_done(ev, -DER_TRUNC);
	}
	return der_done(ev, rc);
}

/* ---- containers ------------------------------------------------------------------------------------ */
EXPORT int daos_cont_create_with_label(daos_handle_t poh, const char *label, daos_prop_t *cont_prop, uuid_t *uuid,
                                       daos_event_t *ev)
{
	struct handle h;
	int rc = handle_get(poh, DAOS_HTYPE_POOL, &h);

	(void)cont_prop;
	if (rc == 0)
		rc = store_cont_create(h.pool, label, NULL, uuid);
	return der_done(ev, rc);
}

EXPORT int daos_cont_create(daos_handle_t poh, uuid_t *uuid, daos_prop_t *cont_prop, daos_event_t *ev)
{
	return daos_cont_create_with_label(poh, NULL, cont_prop, uuid, ev);
}

EXPORT int daos_cont_open(daos_handle_t poh, const char *cont, unsigned int flags, daos_handle_t *coh,
                          daos_cont_info_t *info, daos_event_t *ev)
{
	struct cont *c;
	struct handle h;
	int rc;

	if (cont == NULL || coh == NULL)
		return -DER_INVAL;
	rc = handle_get(poh, DAOS_HTYPE_POOL, &h);
	if (rc == 0)
		rc = store_cont_get(h.pool, cont, &c);
	if (rc == 0) {
		rc = handle_new(DAOS_HTYPE_CO, h.pool, c, flags, coh);
		if (rc != 0)
			store_cont_put(c);
		else if (info != NULL)
			daos_cont_query(*coh, info, NULL, NULL);
	}
	return der_done(ev, rc);
}

EXPORT int daos_cont_close(daos_handle_t coh, daos_event_t *ev)
{
	return der_done(ev, handle_put(coh, DAOS_HTYPE_CO));
}

EXPORT int daos_cont_destroy(daos_handle_t poh, const char *cont, int force, daos_event_t *ev)
{
	struct handle h;
	int rc = cont == NULL ? EINVAL : handle_get(poh, DAOS_HTYPE_POOL, &h);

	if (rc == 0)
		rc = store_cont_destroy(h.pool, cont, force != 0);
	return der_done(ev, rc);
}

EXPORT int daos_cont_query(daos_handle_t coh, daos_cont_info_t *info, daos_prop_t *cont_prop, daos_event_t *ev)
{
	struct handle h;
	int rc = handle_get(coh, DAOS_HTYPE_CO, &h);

	(void)cont_prop;
	if (rc == 0 && info != NULL) {
		memset(info, 0, sizeof(*info));
		memcpy(info->ci_uuid, h.cont->super.uuid, sizeof(info->ci_uuid));
		rc = snapshots_count(h.cont, &info->ci_nsnapshots, &info->ci_lsnapshot);
	}
	return der_done(ev, rc);
}

/* ---- mounts ----------------------------------------------------------------------------------------- */
/* view: 0 for the live container, or the number of a snapshot. Takes over c. */
static int mount_new(struct cont *c, int flags, uint64_t view, dfs_t **out)
{
	struct dfs *dfs = calloc(1, sizeof(*dfs));

	if (dfs == NULL) {
		store_cont_put(c);
		return ENOMEM;
	}
	dfs->c = c;
	dfs->flags = flags;
	dfs->root = VIEW_INO(view, ROOT_INO);
	atomic_init(&dfs->refs, 0);
	*out = dfs;
	return 0;
}

static int mount_view(daos_handle_t poh, const struct handle *h, daos_handle_t coh, int flags, uint64_t view,
                      dfs_t **dfs)
{
	int rc;

	store_cont_ref(h->cont);
	rc = mount_new(h->cont, flags, view, dfs);
	if (rc == 0) {
		(*dfs)->poh = poh;
		(*dfs)->coh = coh;
	}
	return rc;
}

EXPORT int dfs_mount(daos_handle_t poh, daos_handle_t coh, int flags, dfs_t **dfs)
{
	struct handle h;

	if (dfs == NULL || handle_get(coh, DAOS_HTYPE_CO, &h) != 0)
		return EINVAL;
	return mount_view(poh, &h, coh, flags, 0, dfs);
}

EXPORT int dfs_mount_snap(daos_handle_t poh, daos_handle_t coh, int flags, daos_epoch_t epoch, const char *name,
                          dfs_t **dfs)
{
	struct handle h;
	uint64_t view;
	int rc;

	if (dfs == NULL || handle_get(coh, DAOS_HTYPE_CO, &h) != 0)
		return EINVAL;
	rc = (flags & O_ACCMODE) != O_RDONLY ? EINVAL : snapshot_find(h.cont, epoch, name, &view);
	return rc != 0 ? rc : mount_view(poh, &h, coh, flags, view, dfs);
}

EXPORT int dfsx_set_snapshot(dfs_t *dfs, daos_epoch_t epoch, const char *name)
{
	uint64_t view = 0;
	int rc = 0;

	if (dfs == NULL)
		return EINVAL;
	if (atomic_load(&dfs->refs) != 0)
		return EBUSY;
	if (epoch != 0 || name != NULL)
		rc = snapshot_find(dfs->c, epoch, name, &view);
	if (rc == 0)
		dfs->root = VIEW_INO(view, ROOT_INO);
	return rc;
}

EXPORT int dfs_umount(dfs_t *dfs)
{
	if (dfs == NULL)
		return EINVAL;
	if (atomic_load(&dfs->refs) != 0)
		return EBUSY;
	store_cont_put(dfs->c);
	free(dfs->prefix);
	free(dfs);
	return 0;
}

EXPORT int dfs_connect(const char *pool, const char *sys, const char *cont, int flags, dfs_attr_t *attr, dfs_t **dfs)
{
	struct cont *c;
	int rc;

	(void)sys;
	if (pool == NULL || cont == NULL || dfs == NULL)
		return EINVAL;
	rc = store_cont_get(pool, cont, &c);
	if (rc == ENOENT && (flags & O_CREAT)) {
		rc = store_cont_create(pool, cont, attr, NULL);
		if (rc == 0 || rc == EEXIST)
			rc = store_cont_get(pool, cont, &c);
	} else if (rc == 0 && (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL)) {
		store_cont_put(c);
		rc = EEXIST;
	}
	return rc != 0 ? rc : mount_new(c, flags & O_ACCMODE, 0, dfs);
}

EXPORT int dfs_connect_snap(const char *pool, const char *sys, const char *cont, int flags, daos_epoch_t epoch,
                            const char *name, dfs_t **dfs)
{
	struct cont *c;
	uint64_t view;
	int rc;

	(void)sys;
	if (pool == NULL || cont == NULL || dfs == NULL || (flags & O_ACCMODE) != O_RDONLY)
		return EINVAL;
	rc = store_cont_get(pool, cont, &c);
	if (rc != 0)
		return rc;
	rc = snapshot_find(c, epoch, name, &view);
	if (rc == 0)
		return mount_new(c, O_RDONLY, view, dfs);
	store_cont_put(c);
	return rc;
}

EXPORT int dfs_disconnect(dfs_t *dfs)
{
	return dfs_umount(dfs);
}

EXPORT int dfs_destroy(const char *pool, const char *sys, const char *cont, int force, daos_event_t *ev)
{
	(void)sys;
	return event_done(ev, pool == NULL || cont == NULL ? EINVAL : store_cont_destroy(pool, cont, force != 0));
}

EXPORT int dfs_cont_create_with_label(daos_handle_t poh, const char *label, dfs_attr_t *attr, uuid_t *uuid,
                                      daos_handle_t *coh, dfs_t **dfs)
{
	uuid_t own;
	char text[37];
	daos_handle_t opened = DAOS_HDL_INVAL;
	struct handle h;
	int rc = handle_get(poh, DAOS_HTYPE_POOL, &h);

	if (rc != 0)
		return EINVAL;
	rc = store_cont_create(h.pool, label, attr, &own);
	if (rc != 0)
		return rc;
	if (uuid != NULL)
		memcpy(*uuid, own, sizeof(own));
	if (coh == NULL && dfs == NULL)
		return 0;
	if (label == NULL) {
		const uint8_t *u = own;

		snprintf(text, sizeof(text), "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		         u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14],
		         u[15]);
		label = text;
	}
	rc = daos_cont_open(poh, label, DAOS_COO_RW, &opened, NULL, NULL) == 0 ? 0 : EIO;
	if (rc == 0 && dfs != NULL)
		rc = dfs_mount(poh, opened, O_RDWR, dfs);
	if (rc == 0 && coh != NULL)
		*coh = opened;
	else if (daos_handle_is_valid(opened))
		daos_cont_close(opened, NULL);
	return rc;
}

EXPORT int dfs_cont_create(daos_handle_t poh, uuid_t *uuid, dfs_attr_t *attr, daos_handle_t *coh, dfs_t **dfs)
{
	return dfs_cont_create_with_label(poh, NULL, attr, uuid, coh, dfs);
}

EXPORT int dfs_query(dfs_t *dfs, dfs_attr_t *attr)
{
	const struct super_rec *s;

	if (dfs == NULL || attr == NULL)
		return EINVAL;
	s = &dfs->c->super;
	memset(attr, 0, sizeof(*attr));
	attr->da_id = s->id;
	attr->da_chunk_size = s->chunk_size;
	attr->da_oclass_id = s->oclass;
	attr->da_dir_oclass_id = s->dir_oclass;
	attr->da_file_oclass_id = s->file_oclass;
	attr->da_mode = s->mode;
	memcpy(attr->da_hints, s->hints, sizeof(attr->da_hints));
	return 0;
}

EXPORT int dfs_set_prefix(dfs_t *dfs, const char *prefix)
{
	char *copy = NULL;
	size_t n = 0;

	if (dfs == NULL || (prefix != NULL && prefix[0] != '/'))
		return EINVAL;
	if (prefix != NULL) {
		copy = strdup(prefix);
		if (copy == NULL)
			return ENOMEM;
		for (n = strlen(copy); n > 0 && copy[n - 1] == '/';)
			copy[--n] = '\0';
	}
	free(dfs->prefix);
	dfs->prefix = copy;
	dfs->prefix_len = n;
	return 0;
}

/* ---- a mount as bytes --------------------------------------------------------------------------------- */
#define MOUNT_MAGIC 0x316d6b7366643032ULL

struct mount_blob {
	uint64_t magic;
	uint64_t view;                                /* 0, or number of the snapshot that is mounted */
	uint16_t store_len, pool_len, label_len, pad; /* three strings follow, none with a NUL */
};

EXPORT int dfs_local2global_all(dfs_t *dfs, d_iov_t *glob)
{
	struct mount_blob b = {.magic = MOUNT_MAGIC};
	size_t size;
	char *out;

	if (dfs == NULL || glob == NULL)
		return EINVAL;
	b.view = VIEW_OF(dfs->root);
	b.store_len = (uint16_t)strlen(dfs->c->store);
	b.pool_len = (uint16_t)strlen(dfs->c->pool);
	b.label_len = (uint16_t)strlen(dfs->c->label);
	size = sizeof(b) + b.store_len + b.pool_len + b.label_len;
	glob->iov_len = size;
	if (glob->iov_buf == NULL) {
		glob->iov_buf_len = size;
		return 0;
	}
	if (glob->iov_buf_len < size)
		return EOVERFLOW;
	out = glob->iov_buf;
	memcpy(out, &b, sizeof(b));
	out += sizeof(b);
	memcpy(out, dfs->c->store, b.store_len);
	memcpy(out + b.store_len, dfs->c->pool, b.pool_len);
	memcpy(out + b.store_len + b.pool_len, dfs->c->label, b.label_len);
	return 0;
}

EXPORT int dfs_global2local_all(int flags, d_iov_t glob, dfs_t **dfs)
{
	char store[DFS_MAX_PATH], pool[DAOS_PROP_LABEL_MAX_LEN + 1], label[DAOS_PROP_LABEL_MAX_LEN + 1];
	struct mount_blob b;
	struct cont *c;
	const char *in = glob.iov_buf;
	int rc;

	if (dfs == NULL || in == NULL || glob.iov_len < sizeof(b))
		return EINVAL;
	memcpy(&b, in, sizeof(b));
	in += sizeof(b);
	if (b.magic != MOUNT_MAGIC || b.store_len >= sizeof(store) || b.pool_len >= sizeof(pool) ||
	    b.label_len >= sizeof(label) || glob.iov_len < sizeof(b) + b.store_len + b.pool_len + b.label_len)
		return EINVAL;
	memcpy(store, in, b.store_len);
	memcpy(pool, in + b.store_len, b.pool_len);
	memcpy(label, in + b.store_len + b.pool_len, b.label_len);
	store[b.store_len] = pool[b.pool_len] = label[b.label_len] = '\0';
	rc = store_cont_get_in(store, pool, label, &c);
	if (rc != 0)
		return rc;
	if (b.view != 0 && snapshot_exists(c, b.view) != 0) {
		store_cont_put(c);
		return ESTALE;
	}
	return mount_new(c, b.view != 0 ? O_RDONLY : flags & O_ACCMODE, b.view, dfs);
}

EXPORT int dfs_local2global(dfs_t *dfs, d_iov_t *glob)
{
	return dfs_local2global_all(dfs, glob);
}

EXPORT int dfs_global2local(daos_handle_t poh, daos_handle_t coh, int flags, d_iov_t glob, dfs_t **dfs)
{
	int rc = dfs_global2local_all(flags, glob, dfs);

	if (rc == 0) {
		(*dfs)->poh = poh;
		(*dfs)->coh = coh;
	}
	return rc;
}

EXPORT bool dfsx_in_snapshot(dfs_t *dfs, dfs_obj_t *obj)
{
	uint64_t ino = dir_ino(dfs, obj);

	return dfs != NULL && (VIEW_OF(ino) != VIEW_OF(dfs->root) || ino == SNAPDIR_INO);
}

EXPORT const volatile uint64_t *dfsx_dir_generation(dfs_t *dfs)
{
	return dfs == NULL ? NULL : &dfs->c->shared->dir_generation;
}
