/*
 * dfskit_ext.h - what a file system needs beyond the public DFS API.
 *
 * Every function here is optional: callers resolve it with dlsym and, where the
 * provider lacks it (the libdfs of DAOS does), use the nearest public call.
 * All return 0 or a positive errno, as the DFS API does.
 */
#ifndef DFSKIT_EXT_H
#define DFSKIT_EXT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <daos_fs.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A directory entry with what getdents64(2) reports. */
struct dfsx_dirent {
	uint64_t ino;   /* inode number, equal to st_ino of the object */
	uint64_t next;  /* cookie (below 2^63) to continue after this entry; survives creates and removes */
	uint8_t type;   /* DT_REG, DT_DIR, DT_LNK */
	char name[256]; /* NUL-terminated */
};

/**
 * Reads entries of a directory, without "." and "..".
 * \param cookie  in: 0 for the start or the `next` of an entry; out: where to go on
 * \param nr      in: room in \a ents; out: entries filled, 0 at the end
 * \param stats   NULL, or room for as many stat results
 */
int dfsx_readdir(dfs_t *dfs, dfs_obj_t *dir, uint64_t *cookie, uint32_t *nr, struct dfsx_dirent *ents,
                 struct stat *stats);

/**
 * Reads entries of a directory, without "." and "..", as getdents64(2) lays them out.
 * \param cookie  in: 0 for the start or where the last call left it; out: where to go on
 * \param base    is added to the cookie behind each entry to give its d_off
 * \param size    in: bytes at \a buf; out: bytes filled, 0 at the end
 * EINVAL when not even the first entry fits.
 */
int dfsx_getdents(dfs_t *dfs, dfs_obj_t *dir, uint64_t *cookie, uint64_t base, void *buf, size_t *size);

/** Removes a name: a directory as rmdir(2) when \a is_dir, anything else as unlink(2)
 *  (EISDIR, ENOTDIR, ENOTEMPTY as POSIX says). */
int dfsx_remove(dfs_t *dfs, dfs_obj_t *parent, const char *name, bool is_dir);

/** renameat2(2): \a flags is 0, RENAME_NOREPLACE or RENAME_EXCHANGE. Atomic. */
int dfsx_rename(dfs_t *dfs, dfs_obj_t *parent, const char *name, dfs_obj_t *new_parent, const char *new_name,
                unsigned int flags);

/** link(2): another name for \a obj, which is no directory (EPERM). */
int dfsx_link(dfs_t *dfs, dfs_obj_t *obj, dfs_obj_t *new_parent, const char *new_name);

/** dfs_lookup_rel() with O_NOFOLLOW, for a \a name of \a len bytes that is known to be one (1 to NAME_MAX, no slash).
 *  \param oid out: as dfs_obj2id() says. */
int dfsx_open_name(dfs_t *dfs, dfs_obj_t *parent, const char *name, size_t len, int flags, dfs_obj_t **obj,
                   mode_t *mode, daos_obj_id_t *oid);

/** open(2) with O_TMPFILE: a new file without a name, made in \a dir. It goes at its last close, unless dfsx_link() has
 *  named it; with O_EXCL in \a flags that is refused (ENOENT). */
int dfsx_open_unnamed(dfs_t *dfs, dfs_obj_t *dir, mode_t mode, int flags, dfs_obj_t **obj);

/** Appends atomically among all processes of the node. \param end out: offset after the bytes. The iov_len of \a sgl are
 *  what was appended then: less than asked for where the process's RLIMIT_FSIZE ends it. EFBIG (and SIGXFSZ) when nothing
 *  may be appended. */
int dfsx_append(dfs_t *dfs, dfs_obj_t *obj, d_sg_list_t *sgl, daos_off_t *end);

/** lseek(2) for SEEK_DATA and SEEK_HOLE. ENXIO beyond the end. */
int dfsx_seek(dfs_t *dfs, dfs_obj_t *obj, daos_off_t off, int whence, daos_off_t *result);

/** fallocate(2) with its modes; EOPNOTSUPP for one that the store lacks. */
int dfsx_fallocate(dfs_t *dfs, dfs_obj_t *obj, int mode, daos_off_t off, daos_size_t len);

/** fsync(2) or, with \a datasync, fdatasync(2) of one object. */
int dfsx_fsync(dfs_t *dfs, dfs_obj_t *obj, bool datasync);

/** statvfs(3) of the container. */
int dfsx_statfs(dfs_t *dfs, struct statvfs *out);

/** Path of a directory inside the container ("/a/b"), true also after renames of its parents.
 *  ENOENT when it was removed, ERANGE when \a size is too small. */
int dfsx_dir_path(dfs_t *dfs, dfs_obj_t *dir, char *buf, size_t size);

/** Opens an object by its identifier (DFS_RDONLY/O_RDWR flags), also when its names are gone
 *  but somebody still has it open. ENOENT when it is no more. */
int dfsx_open_oid(dfs_t *dfs, daos_obj_id_t oid, int flags, dfs_obj_t **obj);

/** Switches a mount to a snapshot, by \a epoch or (epoch 0) by \a name, and with 0 and NULL back to the live
 *  container. EBUSY while it has open objects, ENOENT when there is no such snapshot. Not beside other calls
 *  on \a dfs. A mount of a snapshot is read-only whatever its flags are. */
int dfsx_set_snapshot(dfs_t *dfs, daos_epoch_t epoch, const char *name);

/** True for .snapshot and the objects below it, in a mount of the live container: these
 *  never change, and goes when its snapshot is destroyed (ESTALE). \a obj NULL: the root. */
bool dfsx_in_snapshot(dfs_t *dfs, dfs_obj_t *obj);

/** 0 as long as no object of the container was given the attribute user.daos. In shared memory, mapped for reading only. */
const volatile uint64_t *dfsx_links(dfs_t *dfs);

/** A counter in shared memory that changes (in all processes at once) whenever a directory or
 *  symbolic link is renamed, removed or replaced, or a directory's mode, owner or attribute user.daos changes.
 *  While it stands still, a cached name -> directory pair is true. Mapped for reading only. */
const volatile uint64_t *dfsx_dir_generation(dfs_t *dfs);

/* What a check found, and its caller's function for each finding (NULL: none). */
struct dfsx_check {
	void (*say)(void *arg, const char *line);
	void *arg;
	uint64_t found, mended; /* out */
};

/**
 * dfs_cont_check(): finds what contradicts itself in a container, and mends it when \a flags has DFS_CHECK_REMOVE (what
 * has no name goes) or DFS_CHECK_RELINK (it gets one below /lost+found/NAME); not both. DFS_CHECK_VERIFY also reads all
 * bytes. Others may use the container meanwhile. What was found and not mended is wrong still.
 */
int dfsx_cont_check(daos_handle_t poh, const char *cont, uint64_t flags, const char *name, struct dfsx_check *result);

/** True when \a fd is one of the provider's own descriptors. Async-signal-safe, lock-free. */
bool dfsx_owns_fd(int fd);

/** Fork handlers for a caller that has its own: with \a stage -1, before any other call, it takes over from the
 *  provider's; then 0 before each fork, 1 after it in the parent, 2 in the child. */
void dfsx_fork(int stage);

#ifdef __cplusplus
}
#endif
#endif
