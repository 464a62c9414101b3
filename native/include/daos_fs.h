/*
 * daos_fs.h - DFS, a POSIX name space in a container.
 *
 * Every call returns 0 or a positive errno. `ev` is NULL for a call that blocks. A parent
 * of NULL is the root directory. A name is one component of at most DFS_MAX_NAME bytes.
 */
#ifndef DAOS_FS_H
#define DAOS_FS_H

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include <daos_types.h>
#include <daos_obj.h>
#include <daos_obj_class.h>
#include <daos_array.h>
#include <daos_cont.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DFS_MAX_NAME           NAME_MAX
#define DFS_MAX_PATH           PATH_MAX
#define DFS_MAX_FSIZE          (~0ULL)
#define DFS_DEFAULT_CHUNK_SIZE 1048576
#define DFS_MAX_XATTR_NAME     255
#define DFS_MAX_XATTR_LEN      65536
#define DAOS_SUPER_MAGIC       0xDA05AD10 /* f_type of statfs(2) */

typedef struct dfs_obj dfs_obj_t; /* an open file, directory or symbolic link */
typedef struct dfs dfs_t;         /* a mounted container */

/* Mount flags. The mode of consistency is kept with the container; the local provider is
 * always as strict as DFS_BALANCED. */
#define DFS_RELAXED  0
#define DFS_BALANCED 4
#define DFS_RDONLY   O_RDONLY
#define DFS_RDWR     O_RDWR

/* Attributes of a container, all optional. */
typedef struct {
	uint64_t da_id;
	daos_size_t da_chunk_size;
	daos_oclass_id_t da_oclass_id;
	daos_prop_t *da_props;
	uint32_t da_mode; /* DFS_RELAXED or DFS_BALANCED */
	daos_oclass_id_t da_dir_oclass_id;
	daos_oclass_id_t da_file_oclass_id;
	char da_hints[DAOS_CONT_HINT_MAX_LEN]; /* "file:single,dir:max" */
} dfs_attr_t;

/* Ranges of a file. */
typedef struct {
	daos_size_t iod_nr;
	daos_range_t *iod_rgs;
} dfs_iod_t;

typedef struct {
	daos_oclass_id_t doi_oclass_id;
	daos_size_t doi_chunk_size;
	daos_oclass_id_t doi_dir_oclass_id;  /* of directories created in this directory */
	daos_oclass_id_t doi_file_oclass_id; /* of files created in this directory */
	daos_obj_id_t doi_oid;
} dfs_obj_info_t;

/** Starts the library; needed before dfs_connect. */
int dfs_init(void);

/** Ends what dfs_init began. */
int dfs_fini(void);

/** Mounts a container by pool and label.
 *  \param flags  O_RDONLY or O_RDWR; with O_CREAT a missing container is created with \a attr. */
int dfs_connect(const char *pool, const char *sys, const char *cont, int flags, dfs_attr_t *attr, dfs_t **dfs);

/** Mounts a snapshot, by \a epoch or (epoch 0) by \a name, for reading. */
int dfs_connect_snap(const char *pool, const char *sys, const char *cont, int flags, daos_epoch_t epoch,
                     const char *name, dfs_t **dfs);

/** Unmounts what dfs_connect mounted. */
int dfs_disconnect(dfs_t *dfs);

/** Destroys a container. EBUSY while it is mounted, unless \a force. */
int dfs_destroy(const char *pool, const char *sys, const char *cont, int force, daos_event_t *ev);

/** Creates a container; leaves it open in \a coh and mounted in \a dfs where these are not NULL. */
int dfs_cont_create(daos_handle_t poh, uuid_t *uuid, dfs_attr_t *attr, daos_handle_t *coh, dfs_t **dfs);

/** dfs_cont_create with a label. EEXIST. */
int dfs_cont_create_with_label(daos_handle_t poh, const char *label, dfs_attr_t *attr, uuid_t *uuid, daos_handle_t *coh,
                               dfs_t **dfs);

/** Mounts an open container. \param flags O_RDONLY or O_RDWR. */
int dfs_mount(daos_handle_t poh, daos_handle_t coh, int flags, dfs_t **dfs);

/** Mounts a snapshot of an open container. */
int dfs_mount_snap(daos_handle_t poh, daos_handle_t coh, int flags, daos_epoch_t epoch, const char *name, dfs_t **dfs);

/** Unmounts what dfs_mount mounted. */
int dfs_umount(dfs_t *dfs);

/** Pool handle of a mount; to be given back with dfs_pool_put. */
int dfs_pool_get(dfs_t *dfs, daos_handle_t *poh);
int dfs_pool_put(dfs_t *dfs, daos_handle_t poh);

/** Container handle of a mount; to be given back with dfs_cont_put. */
int dfs_cont_get(dfs_t *dfs, daos_handle_t *coh);
int dfs_cont_put(dfs_t *dfs, daos_handle_t coh);

/** Attributes of the mounted container. */
int dfs_query(dfs_t *dfs, dfs_attr_t *attr);

/** A mount as bytes for another process that has the pool and container open.
 *  With iov_buf NULL only iov_buf_len is set to the size. */
int dfs_local2global(dfs_t *dfs, d_iov_t *glob);
int dfs_global2local(daos_handle_t poh, daos_handle_t coh, int flags, d_iov_t glob, dfs_t **dfs);

/** The same, with pool and container in the bytes. */
int dfs_local2global_all(dfs_t *dfs, d_iov_t *glob);
int dfs_global2local_all(int flags, d_iov_t glob, dfs_t **dfs);

/** Sets what is taken off the front of paths given to dfs_lookup; NULL for nothing. */
int dfs_set_prefix(dfs_t *dfs, const char *prefix);

/** Identifier of an open object. */
int dfs_obj2id(dfs_obj_t *obj, daos_obj_id_t *oid);

/** Opens by absolute path. O_NOFOLLOW opens a last symbolic link itself.
 *  \a obj, \a mode and \a stbuf may be NULL. */
int dfs_lookup(dfs_t *dfs, const char *path, int flags, dfs_obj_t **obj, mode_t *mode, struct stat *stbuf);

/** Opens a name of a directory. Without O_NOFOLLOW a symbolic link is followed. */
int dfs_lookup_rel(dfs_t *dfs, dfs_obj_t *parent, const char *name, int flags, dfs_obj_t **obj, mode_t *mode,
                   struct stat *stbuf);

/** Object class for a hint. */
int dfs_suggest_oclass(dfs_t *dfs, const char *hint, daos_oclass_id_t *cid);

/** Opens or (O_CREAT, O_EXCL, O_TRUNC) creates what \a mode's type bits say: S_IFREG, S_IFDIR,
 *  S_IFLNK (\a value: the target). No umask is applied. */
int dfs_open(dfs_t *dfs, dfs_obj_t *parent, const char *name, mode_t mode, int flags, daos_oclass_id_t cid,
             daos_size_t chunk_size, const char *value, dfs_obj_t **obj);

/** Another handle of the same object with other access flags. */
int dfs_dup(dfs_t *dfs, dfs_obj_t *obj, int flags, dfs_obj_t **new_obj);

/** An open object as bytes for another process, and back. */
int dfs_obj_local2global(dfs_t *dfs, dfs_obj_t *obj, d_iov_t *glob);
int dfs_obj_global2local(dfs_t *dfs, int flags, d_iov_t glob, dfs_obj_t **obj);

/** Closes a handle. */
int dfs_release(dfs_obj_t *obj);

/** Reads from \a off into \a sgl. \param read_size bytes read, less than asked for at the end. */
int dfs_read(dfs_t *dfs, dfs_obj_t *obj, d_sg_list_t *sgl, daos_off_t off, daos_size_t *read_size, daos_event_t *ev);

/** Reads the ranges of \a iod, one after the other, into \a sgl. */
int dfs_readx(dfs_t *dfs, dfs_obj_t *obj, dfs_iod_t *iod, d_sg_list_t *sgl, daos_size_t *read_size, daos_event_t *ev);

/** Writes all of \a sgl at \a off. */
int dfs_write(dfs_t *dfs, dfs_obj_t *obj, d_sg_list_t *sgl, daos_off_t off, daos_event_t *ev);

/** Writes \a sgl to the ranges of \a iod, one after the other. */
int dfs_writex(dfs_t *dfs, dfs_obj_t *obj, dfs_iod_t *iod, d_sg_list_t *sgl, daos_event_t *ev);

/** Size of an open file. */
int dfs_get_size(dfs_t *dfs, dfs_obj_t *obj, daos_size_t *size);

/** Punches a hole; with \a len DFS_MAX_FSIZE sets the size to \a offset, also a larger one. */
int dfs_punch(dfs_t *dfs, dfs_obj_t *obj, daos_off_t offset, daos_size_t len);

/** Reads entries, without "." and "..". \param nr in: room in \a dirs; out: entries filled.
 *  The end is reached when daos_anchor_is_eof(anchor). */
int dfs_readdir(dfs_t *dfs, dfs_obj_t *obj, daos_anchor_t *anchor, uint32_t *nr, struct dirent *dirs);

/** dfs_readdir with the attributes of every entry. */
int dfs_readdirplus(dfs_t *dfs, dfs_obj_t *obj, daos_anchor_t *anchor, uint32_t *nr, struct dirent *dirs,
                    struct stat *stbufs);

typedef int (*dfs_filler_cb_t)(dfs_t *dfs, dfs_obj_t *obj, const char name[], void *arg);

/** Calls \a op for up to \a nr names (\a size bytes of names) and ends early when it returns non-zero. */
int dfs_iterate(dfs_t *dfs, dfs_obj_t *obj, daos_anchor_t *anchor, uint32_t *nr, size_t size, dfs_filler_cb_t op,
                void *arg);

/** Sets an anchor so that enumeration goes on after \a name. */
int dfs_dir_anchor_set(dfs_obj_t *obj, const char name[], daos_anchor_t *anchor);

/** How many anchors enumerate the directory in parallel (and, if not NULL, the anchors). */
int dfs_obj_anchor_split(dfs_obj_t *obj, uint32_t *nr, daos_anchor_t *anchors);

/** Sets an anchor to part \a index of the split. */
int dfs_obj_anchor_set(dfs_obj_t *obj, uint32_t index, daos_anchor_t *anchor);

/** Creates a directory. No umask is applied. */
int dfs_mkdir(dfs_t *dfs, dfs_obj_t *parent, const char *name, mode_t mode, daos_oclass_id_t cid);

/** Removes a name; with \a force a directory with everything in it. */
int dfs_remove(dfs_t *dfs, dfs_obj_t *parent, const char *name, bool force, daos_obj_id_t *oid);

/** Renames, replacing what has the new name. \param oid NULL or: identifier of what was replaced. */
int dfs_move(dfs_t *dfs, dfs_obj_t *parent, const char *name, dfs_obj_t *new_parent, const char *new_name,
             daos_obj_id_t *oid);

/** Exchanges two names atomically. */
int dfs_exchange(dfs_t *dfs, dfs_obj_t *parent1, const char *name1, dfs_obj_t *parent2, const char *name2);

/** Mode of an open object, as it was when opened. */
int dfs_get_mode(dfs_obj_t *obj, mode_t *mode);

/** Identifier, classes and chunk size of an object. */
int dfs_obj_get_info(dfs_t *dfs, dfs_obj_t *obj, dfs_obj_info_t *info);

/** Sets the object class for what is created in a directory. */
int dfs_obj_set_oclass(dfs_t *dfs, dfs_obj_t *obj, int flags, daos_oclass_id_t cid);

/** Sets the chunk size of files created in a directory. */
int dfs_obj_set_chunk_size(dfs_t *dfs, dfs_obj_t *obj, int flags, daos_size_t csize);

/** The array handle of a file; ENOTSUP where files are no arrays. */
int dfs_get_file_oh(dfs_obj_t *obj, daos_handle_t *oh);

/** Chunk size of a file. */
int dfs_get_chunk_size(dfs_obj_t *obj, daos_size_t *chunk_size);

/** Target of a symbolic link. \param size in: room; out: length with the NUL. */
int dfs_get_symlink_value(dfs_obj_t *obj, char *buf, daos_size_t *size);

/** Makes a handle follow a rename: parent of \a src_obj, and \a name if not NULL. */
int dfs_update_parent(dfs_obj_t *obj, dfs_obj_t *src_obj, const char *name);

/** Attributes of a name, or with \a name NULL of \a parent. Links are not followed. */
int dfs_stat(dfs_t *dfs, dfs_obj_t *parent, const char *name, struct stat *stbuf);

/** Attributes of an open object. */
int dfs_ostat(dfs_t *dfs, dfs_obj_t *obj, struct stat *stbuf);

#define DFS_SET_ATTR_MODE  (1 << 0)
#define DFS_SET_ATTR_ATIME (1 << 1)
#define DFS_SET_ATTR_MTIME (1 << 2)
#define DFS_SET_ATTR_SIZE  (1 << 3)
#define DFS_SET_ATTR_UID   (1 << 4)
#define DFS_SET_ATTR_GID   (1 << 5)

/** Sets attributes of an open object and returns all of them in \a stbuf. The local provider knows UTIME_NOW in st_atim
 *  and st_mtim, which who may write may set in both; any other time is the owner's to set (EPERM). */
int dfs_osetattr(dfs_t *dfs, dfs_obj_t *obj, struct stat *stbuf, int flags);

/** access(2) of a name (of \a parent when NULL). Links are followed. */
int dfs_access(dfs_t *dfs, dfs_obj_t *parent, const char *name, int mask);

/** chmod(2) of a name. Links are followed. */
int dfs_chmod(dfs_t *dfs, dfs_obj_t *parent, const char *name, mode_t mode);

/** chown(2) of a name; -1 keeps. \param flags O_NOFOLLOW for the link itself. */
int dfs_chown(dfs_t *dfs, dfs_obj_t *parent, const char *name, uid_t uid, gid_t gid, int flags);

/** Makes everything acknowledged so far survive a power cut. */
int dfs_sync(dfs_t *dfs);

/** Extended attributes. \param flags XATTR_CREATE or XATTR_REPLACE of setxattr(2). */
int dfs_setxattr(dfs_t *dfs, dfs_obj_t *obj, const char *name, const void *value, daos_size_t size, int flags);

/** \param size in: room, 0 asks for the length; out: length. ENODATA, ERANGE. */
int dfs_getxattr(dfs_t *dfs, dfs_obj_t *obj, const char *name, void *value, daos_size_t *size);
int dfs_removexattr(dfs_t *dfs, dfs_obj_t *obj, const char *name);

/** NUL-terminated names. \param size in: room; out: length of all. */
int dfs_listxattr(dfs_t *dfs, dfs_obj_t *obj, char *list, daos_size_t *size);

enum {
	DFS_CHECK_PRINT = (1 << 0),
	DFS_CHECK_REMOVE = (1 << 1),
	DFS_CHECK_RELINK = (1 << 2),
	DFS_CHECK_VERIFY = (1 << 3),
	DFS_CHECK_EVICT_ALL = (1 << 4),
};

/** Checks a container and repairs what \a flags say. */
int dfs_cont_check(daos_handle_t poh, const char *cont, uint64_t flags, const char *name);

/** Changes the owner of a container and of its root directory. */
int dfs_cont_set_owner(daos_handle_t coh, d_string_t user, uid_t uid, d_string_t group, gid_t gid);

/** Size of a file by its identifier. */
int dfs_get_size_by_oid(dfs_t *dfs, daos_obj_id_t oid, daos_size_t chunk_size, daos_size_t *size);

typedef struct dfs_pipeline dfs_pipeline_t;

enum {
	DFS_FILTER_NAME = (1 << 1),
	DFS_FILTER_NEWER = (1 << 2),
	DFS_FILTER_INCLUDE_DIRS = (1 << 3),
};

typedef struct {
	char dp_name[DFS_MAX_NAME];
	time_t dp_newer;
	size_t dp_size;
} dfs_predicate_t;

/** A filter for directory entries, and its end. */
int dfs_pipeline_create(dfs_t *dfs, dfs_predicate_t pred, uint64_t flags, dfs_pipeline_t **dpipe);
int dfs_pipeline_destroy(dfs_pipeline_t *dpipe);

/** Reads the entries that a filter lets through. \a oids and \a csizes may be NULL. */
int dfs_readdir_with_filter(dfs_t *dfs, dfs_obj_t *obj, dfs_pipeline_t *dpipe, daos_anchor_t *anchor, uint32_t *nr,
                            struct dirent *dirs, daos_obj_id_t *oids, daos_size_t *csizes, uint64_t *nr_scanned);

/** Walks a container and reports what is in it. */
int dfs_cont_scan(daos_handle_t poh, const char *cont, uint64_t flags, const char *name);

#ifdef __cplusplus
}
#endif
#endif
