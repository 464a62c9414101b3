/*
 * moves.c - what gives an object another name, or takes one away.
 */
#include <fcntl.h>
#include <stdio.h>
#include "dfuse.h"

static int same_container(fuse_ino_t a, fuse_ino_t b)
{
	return inode_of(a)->cont == inode_of(b)->cont ? 0 : EXDEV;
}

void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t new_parent, const char *new_name)
{
	struct handle *obj, *dir;
	struct fuse_entry_param entry;
	int rc;

	COUNT(FUSE_LINK);
	if (name_hidden(new_name) || !dfuse.p->dfsx_link) {
		fuse_reply_err(req, name_hidden(new_name) ? EPERM : EOPNOTSUPP);
		return;
	}
	rc = same_container(ino, new_parent);
	if (rc == 0)
		rc = inode_handle(inode_of(ino), false, &obj);
	if (rc) {
		fuse_reply_err(req, rc);
		return;
	}
	rc = inode_handle(inode_of(new_parent), true, &dir);
	if (rc == 0) {
		rc = dfuse.p->dfsx_link(dir->dfs, obj->obj, dir->obj, new_name);
		if (rc == 0)
			rc = name_lookup_in(dir, inode_of(new_parent), new_name, &entry);
		handle_put(dir);
	}
	handle_put(obj);
	name_reply(req, rc, &entry);
}

/* dfsx_remove() for a provider without it; not atomic. */
static int remove_typed(struct handle *dir, const char *name, bool is_dir)
{
	struct stat st;
	int rc = dfuse.p->dfs_stat(dir->dfs, dir->obj, name, &st);

	if (rc == 0 && is_dir != !!S_ISDIR(st.st_mode))
		rc = is_dir ? ENOTDIR : EISDIR;
	if (rc == 0)
		rc = dfuse.p->dfs_remove(dir->dfs, dir->obj, name, false, NULL);
	if (rc == 0 && is_dir)
		provider_dirs_changed(dfuse.p);
	return rc;
}

/* EXDEV for the name of another container: as long as that is there, it is not lost by the way. */
static int not_a_container(struct handle *dir, struct inode *parent, const char *name)
{
	struct fuse_entry_param entry;
	int rc = 0;

	if (!links_possible(parent->cont) || name_lookup_in(dir, parent, name, &entry) != 0)
		return 0;
	if (inode_of(entry.ino)->cont != parent->cont)
		rc = EXDEV;
	inode_forget(inode_of(entry.ino), 1);
	return rc;
}

static int remove_name(struct inode *parent, const char *name, bool is_dir)
{
	struct handle *dir;
	int rc;

	if (name_hidden(name) && parent == dfuse.main.root)
		return EPERM;
	rc = inode_handle(parent, true, &dir);
	if (rc)
		return rc;
	rc = is_dir ? not_a_container(dir, parent, name) : 0;
	if (rc == 0 && dfuse.p->dfsx_remove)
		rc = dfuse.p->dfsx_remove(dir->dfs, dir->obj, name, is_dir);
	else if (rc == 0)
		rc = remove_typed(dir, name, is_dir);
	handle_put(dir);
	return rc;
}

void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	COUNT(FUSE_UNLINK);
	fuse_reply_err(req, remove_name(inode_of(parent), name, false));
}

void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	COUNT(FUSE_RMDIR);
	fuse_reply_err(req, remove_name(inode_of(parent), name, true));
}

/* libdfs keeps parent and name in a handle, and loses its way when these change. */
static void follow_rename(struct container *cont, dfs_obj_t *dir, const char *name)
{
	const struct provider *p = dfuse.p;
	struct inode *inode;
	daos_obj_id_t oid;
	dfs_obj_t *obj;

	if (p->dfsx_open_oid || !p->dfs_update_parentfd)
		return;
	if (p->dfs_lookup_rel(cont->dfs, dir, name, O_NOFOLLOW | O_RDONLY, &obj, NULL, NULL) != 0)
		return;
	if (p->dfs_obj2id(obj, &oid) == 0 && (inode = inode_find(cont, oid)) != NULL) {
		pthread_mutex_lock(&inode->lock);
		if (inode->handle)
			p->dfs_update_parentfd(inode->handle->obj, dir, name);
		pthread_mutex_unlock(&inode->lock);
		inode_unref(inode);
	}
	p->dfs_release(obj);
}

void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent, const char *new_name,
               unsigned int flags)
{
	struct container *cont = inode_of(parent)->cont;
	struct handle *dir, *new_dir;
	bool directory;
	int rc;

	COUNT(flags ? FUSE_RENAME2 : FUSE_RENAME);
	if (name_hidden(name) || name_hidden(new_name) ||
	    (flags & ~(unsigned int)(RENAME_NOREPLACE | RENAME_EXCHANGE))) {
		fuse_reply_err(req, name_hidden(name) || name_hidden(new_name) ? EPERM : EINVAL);
		return;
	}
	rc = same_container(parent, new_parent);
	if (rc == 0)
		rc = inode_handle(inode_of(parent), true, &dir);
	if (rc) {
		fuse_reply_err(req, rc);
		return;
	}
	rc = inode_handle(inode_of(new_parent), true, &new_dir);
	if (rc == 0) {
		rc = flags & RENAME_EXCHANGE ? 0 : not_a_container(new_dir, inode_of(new_parent), new_name);
		if (rc == 0)
			rc = provider_rename(dfuse.p, cont->dfs, dir->obj, name, new_dir->obj, new_name, flags,
			                     &directory);
		if (rc == 0)
			follow_rename(cont, new_dir->obj, new_name);
		if (rc == 0 && flags & RENAME_EXCHANGE)
			follow_rename(cont, dir->obj, name);
		handle_put(new_dir);
	}
	handle_put(dir);
	fuse_reply_err(req, rc);
}
