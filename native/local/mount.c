/*
 * mount.c - mounting a container or a snapshot of it.
 */
#include <stdlib.h>
#include "container.h"
#include "event.h"
#include "handle.h"
#include "layout.h"
#include "local.h"
#include "object.h"
#include "shared_page.h"
#include "snapshot.h"
#include "store.h"
#include "views.h"

/* view: 0 for the live container, or the number of a snapshot. */
int mount_new(struct cont *c, int flags, uint64_t view, dfs_t **out)
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

static int mount_again(struct cont *c, int flags, uint64_t view, dfs_t **out)
{
	store_cont_ref(c);
	return mount_new(c, flags, view, out);
}

EXPORT int dfs_mount(daos_handle_t poh, daos_handle_t coh, int flags, dfs_t **dfs)
{
	struct handle h;

	(void)poh;
	if (dfs == NULL || handle_get(coh, DAOS_HTYPE_CO, &h) != 0)
		return EINVAL;
	return mount_again(h.cont, flags, 0, dfs);
}

EXPORT int dfs_mount_snap(daos_handle_t poh, daos_handle_t coh, int flags, daos_epoch_t epoch, const char *name,
                          dfs_t **dfs)
{
	struct handle h;
	uint64_t view;
	int rc;

	(void)poh;
	if (dfs == NULL || handle_get(coh, DAOS_HTYPE_CO, &h) != 0)
		return EINVAL;
	rc = (flags & O_ACCMODE) != O_RDONLY ? EINVAL : snapshot_find(h.cont, epoch, name, &view);
	return rc != 0 ? rc : mount_again(h.cont, flags, view, dfs);
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
	char *store;
	int rc;

	(void)sys;
	if (pool == NULL || cont == NULL || dfs == NULL)
		return EINVAL;
	store = store_dir();
	rc = store_cont_get(store, pool, cont, &c);
	if (rc == ENOENT && (flags & O_CREAT)) {
		rc = store_cont_create(store, pool, cont, attr, NULL);
		if (rc == 0 || rc == EEXIST)
			rc = store_cont_get(store, pool, cont, &c);
	} else if (rc == 0 && (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL)) {
		store_cont_put(c);
		rc = EEXIST;
	}
	free(store);
	return rc != 0 ? rc : mount_new(c, flags & O_ACCMODE, 0, dfs);
}

EXPORT int dfs_connect_snap(const char *pool, const char *sys, const char *cont, int flags, daos_epoch_t epoch,
                            const char *name, dfs_t **dfs)
{
	struct cont *c;
	uint64_t view;
	char *store;
	int rc;

	(void)sys;
	if (pool == NULL || cont == NULL || dfs == NULL || (flags & O_ACCMODE) != O_RDONLY)
		return EINVAL;
	store = store_dir();
	rc = store_cont_get(store, pool, cont, &c);
	free(store);
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
	char *store = store_dir();
	int rc = store_cont_destroy(store, pool, cont, force != 0);

	(void)sys;
	free(store);
	return event_done(ev, rc);
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
	rc = store_cont_create(h.store, h.pool, label, attr, &own);
	if (rc != 0)
		return rc;
	if (uuid != NULL)
		memcpy(*uuid, own, sizeof(own));
	if (coh == NULL && dfs == NULL)
		return 0;
	if (label == NULL) {
		uuid_text(own, text);
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

EXPORT bool dfsx_in_snapshot(dfs_t *dfs, dfs_obj_t *obj)
{
	uint64_t ino = dir_ino(dfs, obj);

	return dfs != NULL && (VIEW_OF(ino) != VIEW_OF(dfs->root) || ino == SNAPDIR_INO);
}

EXPORT const volatile uint64_t *dfsx_links(dfs_t *dfs)
{
	return dfs == NULL ? NULL : &dfs->c->shared->links;
}

EXPORT const volatile uint64_t *dfsx_dir_generation(dfs_t *dfs)
{
	return dfs == NULL ? NULL : &dfs->c->shared->dir_generation;
}
