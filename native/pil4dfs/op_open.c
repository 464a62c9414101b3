/*
 * op_open.c - open(2) and its kin on paths of ours.
 */
#include <linux/openat2.h>
#include <unistd.h>
#include "../shim/fdtable.h"
#include "../shim/flavour.h"
#include "../shim/links.h"
#include "../shim/memcopy.h"
#include "../shim/mounts.h"
#include "../shim/ofd.h"
#include "../shim/opened.h"
#include "../shim/runtime.h"
#include "../shim/wait.h"
#include "../shim/where.h"
#include "names.h"
#include "ops.h"

#define KNOWN_FLAGS                                                                                                \
	(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC | O_ASYNC | O_DIRECT | \
	 0100000 | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | O_TMPFILE)
/* With no others, a regular file needs no second look once its name has led to it. */
#define PLAIN_FLAGS (O_ACCMODE | O_NONBLOCK | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NOATIME | 0100000)
#define PATH_FLAGS  (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* Access mode that the provider needs. The description's own mode says what the program may do. */
static int access_of(int flags)
{
	if (flags & O_PATH)
		return O_RDONLY | O_PATH;
	/* O_TRUNC needs and gets its way also with O_RDONLY. */
	return flags & O_TRUNC && (flags & O_ACCMODE) == O_RDONLY ? O_RDWR : flags & O_ACCMODE;
}

/* An open under way. */
struct opening {
	int flags;
	mode_t mode; /* of a file that it makes */
	long number; /* what fd_reserve() gave, -1 when that was nothing or is in use */
	struct where w;
};

/* oid: NULL when it is not known yet. NULL: no memory, and the object was released. */
static inline struct ofd *describe(const struct opening *o, dfs_obj_t *obj, const daos_obj_id_t *oid,
                                   enum ofd_kind kind)
{
	const struct where *w = &o->w;
	struct ofd *ofd = ofd_new(w->mnt, obj, oid, kind, (uint32_t)o->flags);

	if (!ofd)
		w->mnt->p->dfs_release(obj);
	else if (!w->no_path && !ofd_set_path(ofd, w->parent_path, w->parent_len, w->name, w->name_len)) {
		ofd_put(ofd);
		ofd = NULL;
	}
	return ofd;
}

SHIM_ASIDE static long install(struct opening *o, dfs_obj_t *obj, const daos_obj_id_t *oid, mode_t type)
{
	enum ofd_kind kind = o->flags & O_PATH ? OFD_PATH : S_ISDIR(type) ? OFD_DIR : OFD_FILE;
	struct ofd *ofd = describe(o, obj, oid, kind);

	if (!ofd)
		return -ENOMEM;
	long fd = o->number;
	if (fd < 0)
		return fd_install(ofd, 0, o->flags & O_CLOEXEC);
	o->number = -1;
	return fd_install_at(fd, ofd, o->flags & O_CLOEXEC);
}

SHIM_ASIDE static long create(struct opening *o)
{
	const struct where *w = &o->w;
	dfs_obj_t *obj;

	if (w->mnt->read_only)
		return -EROFS;
	long r = -w->mnt->p->dfs_open(w->mnt->dfs, w->parent, w->name, S_IFREG | (o->mode & 07777 & ~shim_umask),
	                              O_CREAT | O_EXCL | (o->flags & O_ACCMODE), 0, 0, NULL, &obj);
	return r ? r : install(o, obj, NULL, S_IFREG);
}

/* What the object found allows. */
static long check(const struct where *w, mode_t mode, int flags)
{
	if (flags & O_PATH)
		return (flags & O_DIRECTORY || w->must_dir) && !S_ISDIR(mode) ? -ENOTDIR : 0;
	if (S_ISDIR(mode))
		return (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC) ? -EISDIR : 0;
	if (flags & O_DIRECTORY || w->must_dir)
		return -ENOTDIR;
	if (w->mnt->read_only && (flags & O_ACCMODE) != O_RDONLY)
		return -EROFS;
	return 0;
}

/* May the object be opened so? path_resolution(7); the flags have no O_PATH. */
static long may_open(const struct where *w, int flags)
{
	int accmode = flags & O_ACCMODE;
	int mask = (accmode != O_WRONLY ? R_OK : 0) | (accmode != O_RDONLY || flags & O_TRUNC ? W_OK : 0);

	if (!w->mnt->p->dfsx_open_oid)
		return 0; /* libdfs refuses the question without a name (EINVAL) */
	return -w->mnt->p->dfs_access(w->mnt->dfs, w->parent, NULL, mask);
}

/* Why a name was not opened for lack of a permission: what it names comes first, as in open(2). */
static long denied(const struct where *w, int flags)
{
	dfs_obj_t *obj;
	mode_t type;
	long r = -w->mnt->p->dfs_lookup_rel(w->mnt->dfs, w->parent, w->name, O_RDONLY | O_PATH | O_NOFOLLOW, &obj,
	                                    &type, NULL);

	if (r)
		return r;
	w->mnt->p->dfs_release(obj);
	r = check(w, type, flags);
	return r ? r : -EACCES;
}

/* The directory that a path ends in, or what a link of proc(5) leads to. */
static long open_itself(struct opening *o)
{
	const struct where *w = &o->w;
	const struct provider *p = w->mnt->p;
	int flags = o->flags;
	dfs_obj_t *obj;
	bool writes = ((flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC) && !(flags & O_PATH);

	if (S_ISDIR(w->type) && flags & O_CREAT && !(flags & O_PATH))
		return flags & O_EXCL ? -EEXIST : -EISDIR;
	if (S_ISLNK(w->type) && !(flags & O_PATH))
		return -ELOOP;
	long r = check(w, w->type, flags);
	if (!r && !(flags & O_PATH))
		r = may_open(w, flags);
	if (!r)
		r = -p->dfs_dup(w->mnt->dfs, w->parent, writes ? O_RDWR : O_RDONLY, &obj);
	if (r)
		return r;
	if (flags & O_TRUNC && writes)
		r = -p->dfs_punch(w->mnt->dfs, obj, 0, DFS_MAX_FSIZE);
	if (r)
		p->dfs_release(obj);
	return r ? r : install(o, obj, NULL, w->type);
}

/* O_TMPFILE: a file without a name in the directory that the path is. */
SHIM_ASIDE static long open_unnamed(int dirfd, const char *path, int flags, mode_t mode)
{
	struct opening o;
	struct where *w = &o.w;
	dfs_obj_t *dir, *obj;
	mode_t type;
	long r = where_open(dirfd, path, true, O_RDONLY | O_PATH, w, &dir, &type);

	o.flags = flags;
	o.number = -1;
	if (!r && !w->ours) {
		fd_unpark();
		r = SHIM_RAW(SYS_openat, w->dirfd, w->kpath, flags, mode);
	} else if (!r) {
		const struct provider *p = w->mnt->p;
		r = !S_ISDIR(type)          ? -ENOTDIR
		    : !p->dfsx_open_unnamed ? -EOPNOTSUPP
		    : w->mnt->read_only
		        ? -EROFS
		        : -p->dfsx_open_unnamed(w->mnt->dfs, dir, mode & 07777 & ~shim_umask, flags, &obj);
		p->dfs_release(dir);
		if (r == -ENOENT)
			r = -EPERM; /* the directory was removed */
		w->no_path = true;
		if (!r)
			r = install(&o, obj, NULL, S_IFREG);
	}
	where_done(w);
	return r;
}

/* The name led to an object of the type, opened as the flags want. */
SHIM_ASIDE static long open_object(struct opening *o, dfs_obj_t *obj, const daos_obj_id_t *oid, mode_t type)
{
	struct where *w = &o->w;
	const struct provider *p = w->mnt->p;
	int flags = o->flags;
	long r;

	if (S_ISDIR(type) && !p->dfsx_links && link_here(w->mnt, obj)) {
		p->dfs_release(obj);
		r = where_leave(w);
		return r ? r : -EAGAIN;
	}
	if (S_ISLNK(type) && (!(flags & O_NOFOLLOW) || w->must_dir)) {
		r = where_follow_obj(w, obj);
		return r ? r : -EAGAIN;
	}
	if (S_ISLNK(type) && !(flags & O_PATH))
		r = flags & O_DIRECTORY ? -ENOTDIR : -ELOOP;
	else
		r = check(w, type, flags);
	if (!r && flags & O_TRUNC && S_ISREG(type) && !(flags & O_PATH))
		r = -p->dfs_punch(w->mnt->dfs, obj, 0, DFS_MAX_FSIZE);
	if (r) {
		p->dfs_release(obj);
		return r;
	}
	return install(o, obj, oid, type);
}

/* The name led to nothing. */
SHIM_ASIDE static long open_missing(struct opening *o, long why)
{
	if (why == -EACCES)
		return denied(&o->w, o->flags);
	if (why != -ENOENT || !(o->flags & O_CREAT))
		return why;
	long r = create(o);
	return r == -EEXIST ? -EAGAIN : r; /* somebody was faster: open theirs */
}

SHIM_HOT static long open_name(struct opening *o)
{
	const struct where *w = &o->w;
	dfs_obj_t *obj;
	daos_obj_id_t oid;
	mode_t type;
	int rc = provider_open_name(w->mnt->p, w->mnt->dfs, w->parent, w->name, w->name_len, access_of(o->flags), &obj,
	                            &type, &oid);

	if (__builtin_expect(rc, 0))
		return open_missing(o, -rc);
	if (!S_ISREG(type) || o->flags & ~PLAIN_FLAGS || w->must_dir || w->mnt->read_only)
		return open_object(o, obj, &oid, type);
	struct ofd *ofd = describe(o, obj, &oid, OFD_FILE);
	return ofd ? fd_install(ofd, 0, o->flags & O_CLOEXEC) : -ENOMEM;
}

/* One try. EAGAIN says that the name changed or was a link: o->w says where to look now. */
static long open_ours(struct opening *o)
{
	if (!o->w.name_len)
		return open_itself(o);
	if (o->flags & O_CREAT && o->w.must_dir)
		return -EISDIR;
	if ((o->flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return create(o);
	return open_name(o);
}

/* All that where_find() may have found. */
SHIM_ASIDE static long open_found(struct opening *o, const char *path)
{
	struct where *w = &o->w;
	int flags = o->flags;
	long r = w->ours && !path[0] ? -ENOENT : 0;

	if (!r && w->magic >= 0 && !(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL))
		r = where_enter(w);
	/* Without a number nothing may be made or cut off. */
	if (!r && w->ours && flags & (O_CREAT | O_TRUNC) && (o->number = fd_reserve(flags & O_CLOEXEC)) < 0)
		r = o->number;
	if (!r)
		r = -EAGAIN;
	for (int tries = 0; r == -EAGAIN && w->ours && tries < 1000; tries++)
		r = open_ours(o);
	fd_reserve_end(o->number);
	if (r == -EAGAIN && !w->ours) { /* it may be a FIFO */
		where_done(w);
		fd_unpark();
		r = shim_wait(SYS_openat, w->dirfd, (long)w->kpath, flags, o->mode, 0, 0);
		if (r >= 0 && (w->kpath[0] != '/' || mount_of(w->kpath))) /* in a linked container, perhaps */
			shim_opened((int)r, flags);
	}
	return r;
}

SHIM_ASIDE static long open_with_flags(int dirfd, const char *path, int flags, mode_t mode)
{
	struct opening o;

	if (flags & O_PATH)
		flags &= PATH_FLAGS; /* open(2): others are ignored */
	else if ((flags & O_TMPFILE) == O_TMPFILE)
		return flags & O_CREAT || (flags & O_ACCMODE) == O_RDONLY ? -EINVAL
		                                                          : open_unnamed(dirfd, path, flags, mode);
	if ((flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY))
		return -EINVAL; /* as Linux from 6.4 on */
	o.flags = flags;
	o.mode = mode;
	o.number = -1;
	long r = where_find(dirfd, path, &o.w);

	if (!r)
		r = open_found(&o, path);
	where_done(&o.w);
	return r;
}

SHIM_HOT long op_openat(int dirfd, const char *path, int flags, mode_t mode)
{
	struct opening o;

	if (flags & ~PLAIN_FLAGS)
		return open_with_flags(dirfd, path, flags, mode);
	o.flags = flags;
	o.mode = 0;
	o.number = -1;
	long r = where_find(dirfd, path, &o.w);

	if (!r) /* a name and nothing else to be seen to: most */
		r = o.w.ours && o.w.magic < 0 && o.w.name_len ? open_name(&o) : -EAGAIN;
	if (r == -EAGAIN)
		r = open_found(&o, path);
	where_done(&o.w);
	return r;
}

/* openat2(2) is strict where open(2) ignores. */
static bool how_is_valid(const struct open_how *how)
{
	bool makes = how->flags & O_CREAT || (how->flags & O_TMPFILE) == O_TMPFILE;

	return !(how->flags & ~(uint64_t)KNOWN_FLAGS) && (makes ? !(how->mode & ~07777ull) : how->mode == 0) &&
	       !(how->flags & O_PATH && how->flags & ~(uint64_t)PATH_FLAGS);
}

long op_openat2(int dirfd, const char *path, const struct open_how *how, size_t size)
{
	if (size < sizeof(*how) || !how_is_valid(how))
		return -EINVAL;
	if (how->resolve || size > sizeof(*how)) { /* the kernel keeps these promises, through dfuse */
		long r = dirfd == AT_FDCWD ? 0 : shim_materialise(dirfd);
		fd_unpark();
		return r ? r : SHIM_RAW(SYS_openat2, dirfd, path, how, size);
	}
	return op_openat(dirfd, path, (int)how->flags, (mode_t)how->mode);
}

long shim_program_copy(int dirfd, const char *path, int flags)
{
	struct where w;
	struct stat st;
	dfs_obj_t *obj;
	mode_t mode;
	bool unreachable = false;

	for (int i = 0; i < shim_nr_mounts; i++)
		unreachable |= !shim_mounts[i].dfuse;
	if (!unreachable || !path[0] || !shim_path_ours(dirfd, path))
		return -ENOENT;
	long r = where_stat(dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW), &w, &st);
	if (!r && (!w.ours || w.mnt->dfuse))
		r = -ENOENT;
	else if (!r && (!S_ISREG(st.st_mode) || op_faccessat2(dirfd, path, X_OK, AT_EACCESS)))
		r = -EACCES;
	if (!r)
		r = -w.mnt->p->dfs_lookup_rel(w.mnt->dfs, w.parent, w.name, O_RDONLY | O_NOFOLLOW, &obj, &mode, NULL);
	struct ofd *ofd = r ? NULL : ofd_new(w.mnt, obj, NULL, OFD_FILE, O_RDONLY);
	if (!r)
		r = ofd ? ofd_memory_copy(ofd) : -ENOMEM;
	ofd_put(ofd);
	where_done(&w);
	return r;
}
