/*
 * names.c - what gives, takes and resolves names.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "dfuse.h"

/* Names that start so are ours, in the root: no file can have one. */
#define HIDDEN_PREFIX \
	"\x01"        \
	"dfskit-"
/* readlink(2) of it tells the process id of the daemon. */
#define PID_NAME HIDDEN_PREFIX "pid"
#define OID_SCAN HIDDEN_PREFIX "oid.%16" SCNx64 ".%16" SCNx64 "%n"

bool name_hidden(const char *name)
{
	return name[0] == '\x01' && strncmp(name, HIDDEN_PREFIX, sizeof(HIDDEN_PREFIX) - 1) == 0;
}

/* `in`: whose directory has the name. */
static void fill_entry(struct fuse_entry_param *entry, struct inode *inode, const struct container *in)
{
	inode_complete_stat(inode, &entry->attr);
	entry->ino = (fuse_ino_t)(uintptr_t)inode;
	if (!inode->snapshot) {
		entry->attr_timeout = inode->cont->policy.attr;
		entry->entry_timeout = S_ISDIR(inode->type) ? in->policy.dentry_dir : in->policy.dentry;
	}
	atomic_store_explicit(&inode->number, entry->attr.st_ino, memory_order_relaxed);
}

static int synthetic_entry(daos_obj_id_t oid, mode_t type, struct fuse_entry_param *entry)
{
	struct inode *inode = inode_synthetic(oid, type);

	if (!inode)
		return ENOMEM;
	entry->attr = (struct stat){.st_mode = S_IFLNK | 0777, .st_nlink = 1, .st_ino = (ino_t)(uintptr_t)inode};
	entry->ino = (fuse_ino_t)(uintptr_t)inode;
	return 0;
}

/* DFSKIT_OID_NAME: an object by its identifier. */
static int lookup_hidden(const char *name, struct fuse_entry_param *entry)
{
	const struct provider *p = dfuse.p;
	daos_obj_id_t oid;
	struct inode *inode;
	dfs_obj_t *obj;
	int rc, used = 0;

	if (strcmp(name, PID_NAME) == 0)
		return synthetic_entry((daos_obj_id_t){0, 0}, 0, entry);
	if (sscanf(name, OID_SCAN, &oid.hi, &oid.lo, &used) != 2 || name[used] || !p->dfsx_open_oid)
		return ENOENT;
	rc = p->dfsx_open_oid(dfuse.main.dfs, oid, O_RDONLY, &obj);
	if (rc)
		return rc;
	rc = p->dfs_ostat(dfuse.main.dfs, obj, &entry->attr);
	if (rc == 0) /* there is one true form of it */
		rc = p->dfs_obj2id(obj, &oid);
	if (rc) {
		p->dfs_release(obj);
		return rc;
	}
	if (S_ISDIR(entry->attr.st_mode)) {
		/* The kernel holds one place for a directory, and would move the true one here, under
		 * processes that work in it. A link leads it to the true place instead. */
		p->dfs_release(obj);
		return synthetic_entry(oid, S_IFDIR, entry);
	}
	inode = inode_get(&dfuse.main, oid, entry->attr.st_mode, obj, false);
	if (!inode)
		return ENOMEM;
	fill_entry(entry, inode, &dfuse.main);
	entry->entry_timeout = 0;
	return 0;
}

/* The entry of an object of \a cont that is at hand; takes it over. */
static int entry_in(struct container *cont, dfs_obj_t *obj, struct inode *parent, bool writable,
                    struct fuse_entry_param *entry)
{
	struct inode *inode;
	daos_obj_id_t oid;
	bool snapshot;
	int rc = dfuse.p->dfs_obj2id(obj, &oid);

	if (rc) {
		dfuse.p->dfs_release(obj);
		return rc;
	}
	snapshot = dfuse.p->dfsx_in_snapshot && dfuse.p->dfsx_in_snapshot(cont->dfs, obj);
	inode = inode_get(cont, oid, entry->attr.st_mode, obj, writable);
	if (!inode)
		return ENOMEM;
	inode->snapshot = snapshot;
	if (S_ISDIR(entry->attr.st_mode))
		atomic_store_explicit(&inode->parent, atomic_load(&parent->number), memory_order_relaxed);
	fill_entry(entry, inode, parent->cont);
	return 0;
}

static int entry_of(dfs_obj_t *obj, struct inode *parent, bool writable, struct fuse_entry_param *entry)
{
	return entry_in(parent->cont, obj, parent, writable, entry);
}

/* Of the container that an object with the attribute user.daos stands for. */
static int entry_of_linked(struct container *cont, struct inode *parent, struct fuse_entry_param *entry)
{
	dfs_obj_t *root;
	int rc = dfuse.p->dfs_lookup(cont->dfs, "/", cont->read_only ? O_RDONLY : O_RDWR, &root, NULL, &entry->attr);

	return rc ? rc : entry_in(cont, root, parent, !cont->read_only, entry);
}

int name_lookup_in(struct handle *dir, struct inode *parent, const char *name, struct fuse_entry_param *entry)
{
	const struct provider *p = dfuse.p;
	struct container *cont;
	struct link link;
	/* The kernel checks permissions, and a name may be looked at without any: O_PATH. What has to
	 * keep the handle (see inode.c) opens it for all uses. */
	int flags = O_NOFOLLOW | (p->dfsx_open_oid ? O_PATH : parent->cont->read_only ? O_RDONLY : O_RDWR);
	dfs_obj_t *obj;
	int rc, broken = 0;

	memset(entry, 0, sizeof(*entry));
	rc = link_lookup(dir, name, flags, &obj, &entry->attr, &link);
	if (rc)
		return rc;
	if (link.len) {
		broken = link_enter(parent->cont, obj, &link, &cont);
		if (broken == 0) {
			p->dfs_release(obj);
			rc = entry_of_linked(cont, parent, entry);
			container_put(cont);
			return rc;
		}
	}
	rc = entry_of(obj, parent, !parent->cont->read_only, entry);
	if (rc == 0)
		atomic_store_explicit(&inode_of(entry->ino)->broken, broken == ENODATA ? 0 : broken,
		                      memory_order_relaxed);
	return rc;
}

int name_lookup(struct inode *parent, const char *name, struct fuse_entry_param *entry)
{
	struct handle *dir;
	int rc;

	memset(entry, 0, sizeof(*entry));
	if (name_hidden(name) && parent == dfuse.main.root)
		return lookup_hidden(name, entry);
	rc = atomic_load_explicit(&parent->broken, memory_order_relaxed);
	if (rc == 0)
		rc = inode_handle(parent, false, &dir);
	if (rc)
		return rc;
	rc = name_lookup_in(dir, parent, name, entry);
	handle_put(dir);
	return rc;
}

void name_reply(fuse_req_t req, int rc, const struct fuse_entry_param *entry)
{
	if (rc)
		fuse_reply_err(req, rc);
	else if (fuse_reply_entry(req, entry) != 0) /* interrupted: the kernel knows nothing of it */
		inode_forget(inode_of(entry->ino), 1);
}

void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	double negative = inode_of(parent)->cont->policy.negative;
	struct fuse_entry_param entry;
	int rc;

	COUNT(FUSE_LOOKUP);
	rc = name_lookup(inode_of(parent), name, &entry);
	if (rc == ENOENT && negative > 0 && !inode_of(parent)->snapshot) { /* "not there" may be remembered too */
		memset(&entry, 0, sizeof(entry));
		entry.entry_timeout = negative;
		fuse_reply_entry(req, &entry);
		return;
	}
	name_reply(req, rc, &entry);
}

void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t nlookup)
{
	COUNT(FUSE_FORGET);
	inode_forget(inode_of(ino), nlookup);
	fuse_reply_none(req);
}

void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	COUNT(FUSE_BATCH_FORGET);
	for (size_t i = 0; i < count; i++)
		inode_forget(inode_of(forgets[i].ino), forgets[i].nlookup);
	fuse_reply_none(req);
}

/* Who shall own what is created. */
struct owner {
	uid_t uid;
	gid_t gid;
	mode_t extra; /* S_ISGID that a new directory inherits */
};

static int owner_for(fuse_req_t req, struct handle *dir, struct owner *owner)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	struct stat st;
	int rc = dfuse.p->dfs_ostat(dir->dfs, dir->obj, &st);

	if (rc)
		return rc;
	owner->uid = ctx->uid;
	owner->gid = st.st_mode & S_ISGID ? st.st_gid : ctx->gid;
	owner->extra = st.st_mode & S_ISGID;
	return 0;
}

/* The provider creates in our own name. `st`: in and out, the attributes as they are. */
static int give_to(dfs_t *dfs, dfs_obj_t *obj, const struct owner *owner, mode_t mode, struct stat *st)
{
	struct stat want = *st;
	int rc, flags = 0;

	if (st->st_uid != owner->uid)
		flags |= DFS_SET_ATTR_UID;
	if (st->st_gid != owner->gid)
		flags |= DFS_SET_ATTR_GID;
	if ((st->st_mode & 07777) != (mode & 07777) && !S_ISLNK(st->st_mode))
		flags |= DFS_SET_ATTR_MODE;
	if (!flags)
		return 0;
	want.st_uid = owner->uid;
	want.st_gid = owner->gid;
	want.st_mode = (st->st_mode & S_IFMT) | (mode & 07777);
	rc = dfuse.p->dfs_osetattr(dfs, obj, &want, flags);
	if (rc == EPERM && dfuse.uid != 0)
		return 0; /* an ordinary user's daemon can't give away: it stays ours, as NFS squashes */
	if (rc == 0)
		*st = want;
	return rc;
}

/* Creates, hands the new object to its owner and makes it known. `obj` may be NULL: not wanted. */
static int create(fuse_req_t req, struct inode *parent, const char *name, mode_t mode, const char *target,
                  struct fuse_entry_param *entry)
{
	const struct provider *p = dfuse.p;
	struct handle *dir;
	struct owner owner;
	dfs_obj_t *obj = NULL;
	int rc;

	memset(entry, 0, sizeof(*entry));
	if (name_hidden(name))
		return EPERM;
	rc = atomic_load_explicit(&parent->broken, memory_order_relaxed);
	if (rc == 0)
		rc = inode_handle(parent, true, &dir);
	if (rc)
		return rc;
	rc = owner_for(req, dir, &owner);
	if (rc == 0 && S_ISDIR(mode))
		mode |= owner.extra;
	if (rc == 0)
		rc = p->dfs_open(dir->dfs, dir->obj, name, mode, O_CREAT | O_EXCL | O_RDWR, 0, 0, target, &obj);
	if (rc == 0) {
		rc = p->dfs_ostat(dir->dfs, obj, &entry->attr);
		if (rc == 0)
			rc = give_to(dir->dfs, obj, &owner, mode, &entry->attr);
		if (rc == 0)
			rc = entry_of(obj, parent, true, entry);
		else
			p->dfs_release(obj);
	}
	handle_put(dir);
	return rc;
}

void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi)
{
	struct fuse_entry_param entry;
	struct file *file;
	int rc;

	COUNT_OPEN(FUSE_CREATE);
	rc = create(req, inode_of(parent), name, S_IFREG | (mode & 07777), NULL, &entry);
	/* Somebody was faster. The kernel has checked no permission of that file yet: it shall look again. */
	if (rc == EEXIST && !(fi->flags & O_EXCL))
		rc = ESTALE;
	if (rc) {
		fuse_reply_err(req, rc);
		return;
	}
	fi->flags &= ~O_TRUNC;
	rc = file_new(inode_of(entry.ino), fi, &file);
	if (rc) {
		inode_forget(inode_of(entry.ino), 1);
		fuse_reply_err(req, rc);
		return;
	}
	if (fuse_reply_create(req, &entry, fi) != 0) {
		file_free(file);
		inode_forget(inode_of(entry.ino), 1);
	}
}

void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	struct fuse_entry_param entry;

	(void)rdev;
	COUNT(FUSE_MKNOD);
	if (!S_ISREG(mode)) {
		fuse_reply_err(req, S_ISCHR(mode) || S_ISBLK(mode) ? EPERM : EOPNOTSUPP);
		return;
	}
	name_reply(req, create(req, inode_of(parent), name, mode, NULL, &entry), &entry);
}

void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct fuse_entry_param entry;

	COUNT(FUSE_MKDIR);
	name_reply(req, create(req, inode_of(parent), name, S_IFDIR | (mode & 07777), NULL, &entry), &entry);
}

void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param entry;

	COUNT(FUSE_SYMLINK);
	name_reply(req, create(req, inode_of(parent), name, S_IFLNK | 0777, target, &entry), &entry);
}

static int read_synthetic(struct inode *inode, char *buf, size_t size)
{
	const struct provider *p = dfuse.p;
	dfs_obj_t *obj;
	int rc;

	if (inode->parent == 0) {
		snprintf(buf, size, "%d", (int)getpid());
		return 0;
	}
	if (!p->dfsx_dir_path)
		return ENOENT;
	rc = p->dfsx_open_oid(dfuse.main.dfs, inode->oid, O_RDONLY, &obj);
	if (rc)
		return rc;
	/* "./a/b" instead of "/a/b": relative to the root of the mount. */
	buf[0] = '.';
	rc = p->dfsx_dir_path(dfuse.main.dfs, obj, buf + 1, size - 1);
	p->dfs_release(obj);
	return rc;
}

void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct inode *inode = inode_of(ino);
	char target[PATH_MAX + 1] = "";
	daos_size_t size = sizeof(target);
	struct handle *handle;
	int rc;

	COUNT(FUSE_READLINK);
	if (inode->synthetic) {
		rc = read_synthetic(inode, target, sizeof(target));
	} else {
		rc = inode_handle(inode, false, &handle);
		if (rc == 0) {
			rc = dfuse.p->dfs_get_symlink_value(handle->obj, target, &size);
			handle_put(handle);
		}
	}
	if (rc)
		fuse_reply_err(req, rc);
	else
		fuse_reply_readlink(req, target);
}
