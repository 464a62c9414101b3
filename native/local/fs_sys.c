/*
 * fs_sys.c - the dfs_sys_* calls: DFS by absolute path.
 *
 * Lookups here take no lock and are as fast as a cache would be: DFS_SYS_NO_CACHE and DFS_SYS_NO_LOCK are accepted and
 * change nothing.
 */
#include <stdlib.h>
#include <daos_fs_sys.h>
#include "event.h"
#include "local.h"

struct dfs_sys {
	dfs_t *dfs;
};

/* The directory of a path (NULL: the root) and its last name ("": the path is the root). */
struct place {
	dfs_obj_t *parent;
	char name[DFS_MAX_NAME + 1];
};

static void place_end(struct place *p)
{
	if (p->parent != NULL)
		dfs_release(p->parent);
}

static int place_of(dfs_sys_t *sys, const char *path, struct place *p)
{
	char dir[DFS_MAX_PATH];
	size_t end, start;
	mode_t mode;
	int rc;

	p->parent = NULL;
	p->name[0] = '\0';
	if (sys == NULL || path == NULL || path[0] != '/')
		return EINVAL;
	end = strnlen(path, DFS_MAX_PATH);
	if (end == DFS_MAX_PATH)
		return ENAMETOOLONG;
	while (end > 0 && path[end - 1] == '/')
		end--;
	for (start = end; start > 0 && path[start - 1] != '/';)
		start--;
	if (end - start > DFS_MAX_NAME)
		return ENAMETOOLONG;
	memcpy(p->name, path + start, end - start);
	p->name[end - start] = '\0';
	if (start <= 1)
		return 0;
	memcpy(dir, path, start - 1);
	dir[start - 1] = '\0';
	rc = dfs_lookup(sys->dfs, dir, O_RDONLY | O_PATH, &p->parent, &mode, NULL);
	if (rc == 0 && !S_ISDIR(mode)) {
		place_end(p);
		p->parent = NULL;
		rc = ENOTDIR;
	}
	return rc;
}

static int open_path(dfs_sys_t *sys, const char *path, int flags, dfs_obj_t **obj, mode_t *mode, struct stat *st)
{
	return sys == NULL ? EINVAL : dfs_lookup(sys->dfs, path, flags, obj, mode, st);
}

/* ---- mounting ------------------------------------------------------------------------------------- */
/* rc: of the mount that filled *dfs */
static int sys_new(int rc, dfs_t **dfs, dfs_sys_t **out)
{
	if (rc != 0)
		return rc;
	*out = malloc(sizeof(**out));
	if (*out == NULL) {
		dfs_umount(*dfs);
		return ENOMEM;
	}
	(*out)->dfs = *dfs;
	return 0;
}

static int sys_end(dfs_sys_t *sys)
{
	int rc = sys == NULL ? EINVAL : dfs_umount(sys->dfs);

	if (rc == 0)
		free(sys);
	return rc;
}

EXPORT int dfs_sys_connect(const char *pool, const char *sys, const char *cont, int mflags, int sflags,
                           dfs_attr_t *attr, dfs_sys_t **dfs_sys)
{
	dfs_t *dfs = NULL;

	(void)sflags;
	if (dfs_sys == NULL)
		return EINVAL;
	return sys_new(dfs_connect(pool, sys, cont, mflags, attr, &dfs), &dfs, dfs_sys);
}

EXPORT int dfs_sys_disconnect(dfs_sys_t *dfs_sys)
{
	return sys_end(dfs_sys);
}

EXPORT int dfs_sys_mount(daos_handle_t poh, daos_handle_t coh, int mflags, int sflags, dfs_sys_t **dfs_sys)
{
	dfs_t *dfs = NULL;

	(void)sflags;
	return dfs_sys == NULL ? EINVAL : sys_new(dfs_mount(poh, coh, mflags, &dfs), &dfs, dfs_sys);
}

EXPORT int dfs_sys_umount(dfs_sys_t *dfs_sys)
{
	return sys_end(dfs_sys);
}

EXPORT int dfs_sys_local2global_all(dfs_sys_t *dfs_sys, d_iov_t *glob)
{
	return dfs_sys == NULL ? EINVAL : dfs_local2global_all(dfs_sys->dfs, glob);
}

EXPORT int dfs_sys_global2local_all(int mflags, int sflags, d_iov_t glob, dfs_sys_t **dfs_sys)
{
	dfs_t *dfs = NULL;

	(void)sflags;
	return dfs_sys == NULL ? EINVAL : sys_new(dfs_global2local_all(mflags, glob, &dfs), &dfs, dfs_sys);
}

EXPORT int dfs_sys_local2global(dfs_sys_t *dfs_sys, d_iov_t *glob)
{
	return dfs_sys == NULL ? EINVAL : dfs_local2global(dfs_sys->dfs, glob);
}

EXPORT int dfs_sys_global2local(daos_handle_t poh, daos_handle_t coh, int mflags, int sflags, d_iov_t glob,
                                dfs_sys_t **dfs_sys)
{
	dfs_t *dfs = NULL;

	(void)sflags;
	return dfs_sys == NULL ? EINVAL : sys_new(dfs_global2local(poh, coh, mflags, glob, &dfs), &dfs, dfs_sys);
}

EXPORT int dfs_sys_set_prefix(dfs_sys_t *dfs_sys, const char *prefix)
{
	return dfs_sys == NULL ? EINVAL : dfs_set_prefix(dfs_sys->dfs, prefix);
}

EXPORT int dfs_sys2base(dfs_sys_t *dfs_sys, dfs_t **dfs)
{
	if (dfs_sys == NULL || dfs == NULL)
		return EINVAL;
	*dfs = dfs_sys->dfs;
	return 0;
}

/* ---- attributes ------------------------------------------------------------------------------------- */
EXPORT int dfs_sys_access(dfs_sys_t *dfs_sys, const char *path, int mask, int flags)
{
	dfs_obj_t *obj;
	mode_t mode;
	int rc = open_path(dfs_sys, path, O_RDONLY | O_PATH | (flags & O_NOFOLLOW), &obj, &mode, NULL);

	if (rc != 0)
		return rc;
	rc = S_ISLNK(mode) ? 0 : dfs_access(dfs_sys->dfs, obj, NULL, mask);
	dfs_release(obj);
	return rc;
}

EXPORT int dfs_sys_setattr(dfs_sys_t *dfs_sys, const char *path, struct stat *stbuf, int flags, int sflags)
{
	int open = flags & DFS_SET_ATTR_SIZE ? O_RDWR : O_RDONLY | O_PATH;
	dfs_obj_t *obj;
	int rc = stbuf == NULL ? EINVAL : open_path(dfs_sys, path, open | (sflags & O_NOFOLLOW), &obj, NULL, NULL);

	if (rc != 0)
		return rc;
	rc = dfs_osetattr(dfs_sys->dfs, obj, stbuf, flags);
	dfs_release(obj);
	return rc;
}

EXPORT int dfs_sys_chmod(dfs_sys_t *dfs_sys, const char *path, mode_t mode)
{
	struct stat st = {.st_mode = mode};

	return dfs_sys_setattr(dfs_sys, path, &st, DFS_SET_ATTR_MODE, 0);
}

EXPORT int dfs_sys_chown(dfs_sys_t *dfs_sys, const char *path, uid_t uid, gid_t gid, int flags)
{
	struct stat st = {.st_uid = uid, .st_gid = gid};
	int set = (uid != (uid_t)-1 ? DFS_SET_ATTR_UID : 0) | (gid != (gid_t)-1 ? DFS_SET_ATTR_GID : 0);

	return dfs_sys_setattr(dfs_sys, path, &st, set, flags);
}

/* One of the two times of utimensat(2): UTIME_NOW and UTIME_OMIT mean what they mean there. */
static int time_of(const struct timespec *t, int flag, struct timespec *out)
{
	if (t != NULL && t->tv_nsec == UTIME_OMIT)
		return 0;
	*out = t != NULL ? *t : (struct timespec){0, UTIME_NOW};
	return flag;
}

EXPORT int dfs_sys_utimens(dfs_sys_t *dfs_sys, const char *path, const struct timespec times[2], int flags)
{
	struct stat st = {0};
	int set = time_of(times, DFS_SET_ATTR_ATIME, &st.st_atim);

	set |= time_of(times == NULL ? NULL : times + 1, DFS_SET_ATTR_MTIME, &st.st_mtim);
	return dfs_sys_setattr(dfs_sys, path, &st, set, flags);
}

EXPORT int dfs_sys_stat(dfs_sys_t *dfs_sys, const char *path, int flags, struct stat *stbuf)
{
	dfs_obj_t *obj;
	int rc = stbuf == NULL ? EINVAL
	                       : open_path(dfs_sys, path, O_RDONLY | O_PATH | (flags & O_NOFOLLOW), &obj, NULL, stbuf);

	if (rc == 0)
		dfs_release(obj);
	return rc;
}

EXPORT int dfs_sys_listxattr(dfs_sys_t *dfs_sys, const char *path, char *list, daos_size_t *size, int flags)
{
	dfs_obj_t *obj;
	int rc = open_path(dfs_sys, path, O_RDONLY | (flags & O_NOFOLLOW), &obj, NULL, NULL);

	if (rc != 0)
		return rc;
	rc = dfs_listxattr(dfs_sys->dfs, obj, list, size);
	dfs_release(obj);
	return rc;
}

EXPORT int dfs_sys_getxattr(dfs_sys_t *dfs_sys, const char *path, const char *name, void *value, daos_size_t *size,
                            int flags)
{
	dfs_obj_t *obj;
	int rc = open_path(dfs_sys, path, O_RDONLY | (flags & O_NOFOLLOW), &obj, NULL, NULL);

	if (rc != 0)
		return rc;
	rc = dfs_getxattr(dfs_sys->dfs, obj, name, value, size);
	dfs_release(obj);
	return rc;
}

EXPORT int dfs_sys_setxattr(dfs_sys_t *dfs_sys, const char *path, const char *name, const void *value, daos_size_t size,
                            int flags, int sflags)
{
	dfs_obj_t *obj;
	int rc = open_path(dfs_sys, path, O_RDWR | (sflags & O_NOFOLLOW), &obj, NULL, NULL);

	if (rc != 0)
		return rc;
	rc = dfs_setxattr(dfs_sys->dfs, obj, name, value, size, flags);
	dfs_release(obj);
	return rc;
}

EXPORT int dfs_sys_removexattr(dfs_sys_t *dfs_sys, const char *path, const char *name, int flags)
{
	dfs_obj_t *obj;
	int rc = open_path(dfs_sys, path, O_RDWR | (flags & O_NOFOLLOW), &obj, NULL, NULL);

	if (rc != 0)
		return rc;
	rc = dfs_removexattr(dfs_sys->dfs, obj, name);
	dfs_release(obj);
	return rc;
}

EXPORT int dfs_sys_readlink(dfs_sys_t *dfs_sys, const char *path, char *buf, daos_size_t *size)
{
	dfs_obj_t *obj;
	int rc = open_path(dfs_sys, path, O_RDONLY | O_NOFOLLOW, &obj, NULL, NULL);

	if (rc != 0)
		return rc;
	rc = dfs_get_symlink_value(obj, buf, size);
	dfs_release(obj);
	return rc;
}

/* ---- making and removing ----------------------------------------------------------------------------- */
EXPORT int dfs_sys_open(dfs_sys_t *dfs_sys, const char *path, mode_t mode, int flags, daos_oclass_id_t cid,
                        daos_size_t chunk_size, const char *value, dfs_obj_t **obj)
{
	struct place p;
	mode_t found;
	int rc;

	if (obj == NULL)
		return EINVAL;
	rc = place_of(dfs_sys, path, &p);
	if (rc != 0)
		return rc;
	if (p.name[0] == '\0')
		rc = flags & O_EXCL ? EEXIST : dfs_lookup(dfs_sys->dfs, "/", flags & ~O_CREAT, obj, NULL, NULL);
	else if (S_ISLNK(mode) || (flags & O_NOFOLLOW) || (flags & O_EXCL))
		rc = dfs_open(dfs_sys->dfs, p.parent, p.name, mode, flags, cid, chunk_size, value, obj);
	else {
		/* Through a link to what is there; only a missing name is created. */
		rc = dfs_lookup_rel(dfs_sys->dfs, p.parent, p.name, flags & ~(O_CREAT | O_TRUNC), obj, &found, NULL);
		if (rc == ENOENT && (flags & O_CREAT)) {
			rc = dfs_open(dfs_sys->dfs, p.parent, p.name, mode, flags, cid, chunk_size, value, obj);
		} else if (rc == 0) {
			if ((found & S_IFMT) != (mode & S_IFMT))
				rc = S_ISDIR(mode) ? ENOTDIR : S_ISDIR(found) ? EISDIR : EINVAL;
			else if ((flags & O_TRUNC) && S_ISREG(found) && (flags & O_ACCMODE) != O_RDONLY)
				rc = dfs_punch(dfs_sys->dfs, *obj, 0, DFS_MAX_FSIZE);
			if (rc != 0)
				dfs_release(*obj);
		}
	}
	place_end(&p);
	return rc;
}

EXPORT int dfs_sys_close(dfs_obj_t *obj)
{
	return dfs_release(obj);
}

EXPORT int dfs_sys_mknod(dfs_sys_t *dfs_sys, const char *path, mode_t mode, daos_oclass_id_t cid,
                         daos_size_t chunk_size)
{
	dfs_obj_t *obj;
	int rc;

	if (!S_ISREG(mode) && !S_ISDIR(mode))
		return ENOTSUP;
	rc = dfs_sys_open(dfs_sys, path, mode, O_CREAT | O_EXCL | O_RDWR, cid, chunk_size, NULL, &obj);
	return rc != 0 ? rc : dfs_release(obj);
}

EXPORT int dfs_sys_symlink(dfs_sys_t *dfs_sys, const char *target, const char *path)
{
	dfs_obj_t *obj;
	int rc = dfs_sys_open(dfs_sys, path, S_IFLNK | 0777, O_CREAT | O_EXCL | O_RDWR, 0, 0, target, &obj);

	return rc != 0 ? rc : dfs_release(obj);
}

EXPORT int dfs_sys_mkdir(dfs_sys_t *dfs_sys, const char *dir, mode_t mode, daos_oclass_id_t cid)
{
	struct place p;
	int rc = place_of(dfs_sys, dir, &p);

	if (rc != 0)
		return rc;
	rc = p.name[0] == '\0' ? EEXIST : dfs_mkdir(dfs_sys->dfs, p.parent, p.name, mode, cid);
	place_end(&p);
	return rc;
}

EXPORT int dfs_sys_mkdir_p(dfs_sys_t *dfs_sys, const char *dir_path, mode_t mode, daos_oclass_id_t cid)
{
	char path[DFS_MAX_PATH];
	struct stat st;
	size_t at = 1, len;
	int rc = 0;

	if (dfs_sys == NULL || dir_path == NULL || dir_path[0] != '/')
		return EINVAL;
	len = strnlen(dir_path, sizeof(path));
	if (len == sizeof(path))
		return ENAMETOOLONG;
	memcpy(path, dir_path, len + 1);
	while ((rc == 0 || rc == EEXIST) && at < len) {
		at += strcspn(path + at, "/");
		path[at] = '\0';
		rc = dfs_sys_mkdir(dfs_sys, path, mode, cid);
		if (at < len)
			path[at++] = '/';
	}
	if (rc != 0 && rc != EEXIST)
		return rc;
	rc = dfs_sys_stat(dfs_sys, dir_path, 0, &st);
	return rc != 0 ? rc : S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
}

EXPORT int dfs_sys_remove_type(dfs_sys_t *dfs_sys, const char *path, bool force, mode_t mode, daos_obj_id_t *oid)
{
	struct place p;
	struct stat st;
	int rc = place_of(dfs_sys, path, &p);

	if (rc != 0)
		return rc;
	if (p.name[0] == '\0')
		rc = EBUSY;
	if (rc == 0 && mode != 0) {
		rc = dfs_stat(dfs_sys->dfs, p.parent, p.name, &st);
		if (rc == 0 && (st.st_mode & S_IFMT) != (mode & S_IFMT))
			rc = S_ISDIR(mode) ? ENOTDIR : S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	}
	if (rc == 0)
		rc = dfs_remove(dfs_sys->dfs, p.parent, p.name, force, oid);
	place_end(&p);
	return rc;
}

EXPORT int dfs_sys_remove(dfs_sys_t *dfs_sys, const char *path, bool force, daos_obj_id_t *oid)
{
	return dfs_sys_remove_type(dfs_sys, path, force, 0, oid);
}

/* ---- data --------------------------------------------------------------------------------------------- */
struct io {
	dfs_sys_t *sys;
	dfs_obj_t *obj;
	void *buf;
	daos_off_t off;
	daos_size_t *size;
	bool write;
};

static int run_io(void *arg)
{
	const struct io *io = arg;
	d_iov_t iov;
	d_sg_list_t sgl = {.sg_nr = 1, .sg_iovs = &iov};
	int rc;

	d_iov_set(&iov, io->buf, *io->size);
	if (!io->write)
		return dfs_read(io->sys->dfs, io->obj, &sgl, io->off, io->size, NULL);
	rc = dfs_write(io->sys->dfs, io->obj, &sgl, io->off, NULL);
	if (rc != 0)
		*io->size = 0;
	return rc;
}

static int start_io(const struct io *io, daos_event_t *ev)
{
	struct io copy = *io;

	if (io->sys == NULL || io->size == NULL || (io->buf == NULL && *io->size != 0))
		return EINVAL;
	return ev == NULL ? run_io(&copy) : event_submit(ev, run_io, io, sizeof(*io));
}

EXPORT int dfs_sys_read(dfs_sys_t *dfs_sys, dfs_obj_t *obj, void *buf, daos_off_t off, daos_size_t *size,
                        daos_event_t *ev)
{
	return start_io(&(struct io){dfs_sys, obj, buf, off, size, false}, ev);
}

EXPORT int dfs_sys_write(dfs_sys_t *dfs_sys, dfs_obj_t *obj, const void *buf, daos_off_t off, daos_size_t *size,
                         daos_event_t *ev)
{
	return start_io(&(struct io){dfs_sys, obj, (void *)(uintptr_t)buf, off, size, true}, ev);
}

EXPORT int dfs_sys_punch(dfs_sys_t *dfs_sys, const char *path, daos_off_t offset, daos_off_t len)
{
	dfs_obj_t *obj;
	int rc = open_path(dfs_sys, path, O_RDWR, &obj, NULL, NULL);

	if (rc != 0)
		return rc;
	rc = dfs_punch(dfs_sys->dfs, obj, offset, len);
	dfs_release(obj);
	return rc;
}

/* ---- directories: what the caller holds as a DIR is ours ------------------------------------------------ */
#define BATCH 32

struct stream {
	dfs_obj_t *obj;
	daos_anchor_t anchor;
	uint32_t nr, at;
	struct dirent ents[BATCH];
};

EXPORT int dfs_sys_opendir(dfs_sys_t *dfs_sys, const char *dir, int flags, DIR **dirp)
{
	struct stream *s;
	mode_t mode;
	int rc;

	if (dirp == NULL)
		return EINVAL;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return ENOMEM;
	rc = open_path(dfs_sys, dir, O_RDONLY | (flags & O_NOFOLLOW), &s->obj, &mode, NULL);
	if (rc == 0 && !S_ISDIR(mode)) {
		dfs_release(s->obj);
		rc = ENOTDIR;
	}
	if (rc != 0)
		free(s);
	else
		*dirp = (DIR *)s;
	return rc;
}

EXPORT int dfs_sys_closedir(DIR *dirp)
{
	struct stream *s = (struct stream *)dirp;

	if (s == NULL)
		return EINVAL;
	dfs_release(s->obj);
	free(s);
	return 0;
}

EXPORT int dfs_sys_readdir(dfs_sys_t *dfs_sys, DIR *dirp, struct dirent **dirent)
{
	struct stream *s = (struct stream *)dirp;
	int rc;

	if (dfs_sys == NULL || s == NULL || dirent == NULL)
		return EINVAL;
	while (s->at == s->nr) {
		if (daos_anchor_is_eof(&s->anchor)) {
			*dirent = NULL;
			return 0;
		}
		s->at = 0;
		s->nr = BATCH;
		rc = dfs_readdir(dfs_sys->dfs, s->obj, &s->anchor, &s->nr, s->ents);
		if (rc != 0) {
			s->nr = 0;
			return rc;
		}
	}
	*dirent = &s->ents[s->at++];
	return 0;
}
