/* A provider whose disk fails while the file that FAULTS names is there: what it moves or changes ends with EIO. The
 * local one otherwise; linked with libdfs_local, whose functions it replaces. */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <daos_fs.h>
#include <dfskit_ext.h>

static int failing(void)
{
	const char *faults = getenv("FAULTS");

	return faults && faults[0] && access(faults, F_OK) == 0;
}

#define FAILS(name, parameters, arguments)                                \
	int name parameters                                               \
	{                                                                 \
		static __typeof__(name) *next;                            \
		if (failing())                                            \
			return EIO;                                       \
		if (!next)                                                \
			next = (__typeof__(next))dlsym(RTLD_NEXT, #name); \
		return next arguments;                                    \
	}

FAILS(dfs_read, (dfs_t * dfs, dfs_obj_t *obj, d_sg_list_t *sgl, daos_off_t off, daos_size_t *size, daos_event_t *ev),
      (dfs, obj, sgl, off, size, ev))
FAILS(dfs_write, (dfs_t * dfs, dfs_obj_t *obj, d_sg_list_t *sgl, daos_off_t off, daos_event_t *ev),
      (dfs, obj, sgl, off, ev))
FAILS(dfsx_append, (dfs_t * dfs, dfs_obj_t *obj, d_sg_list_t *sgl, daos_off_t *end), (dfs, obj, sgl, end))
FAILS(dfsx_fsync, (dfs_t * dfs, dfs_obj_t *obj, bool datasync), (dfs, obj, datasync))
FAILS(dfsx_fallocate, (dfs_t * dfs, dfs_obj_t *obj, int mode, daos_off_t off, daos_size_t len),
      (dfs, obj, mode, off, len))
FAILS(dfs_punch, (dfs_t * dfs, dfs_obj_t *obj, daos_off_t off, daos_size_t len), (dfs, obj, off, len))
FAILS(dfs_osetattr, (dfs_t * dfs, dfs_obj_t *obj, struct stat *st, int flags), (dfs, obj, st, flags))
FAILS(dfs_chmod, (dfs_t * dfs, dfs_obj_t *parent, const char *name, mode_t mode), (dfs, parent, name, mode))
FAILS(dfs_setxattr,
      (dfs_t * dfs, dfs_obj_t *obj, const char *name, const void *value, daos_size_t size, int flags),
      (dfs, obj, name, value, size, flags))
FAILS(dfs_open,
      (dfs_t * dfs, dfs_obj_t *parent, const char *name, mode_t mode, int flags, daos_oclass_id_t cid,
       daos_size_t chunk, const char *value, dfs_obj_t **obj),
      (dfs, parent, name, mode, flags, cid, chunk, value, obj))
FAILS(dfs_mkdir, (dfs_t * dfs, dfs_obj_t *parent, const char *name, mode_t mode, daos_oclass_id_t cid),
      (dfs, parent, name, mode, cid))
FAILS(dfsx_remove, (dfs_t * dfs, dfs_obj_t *parent, const char *name, bool is_dir), (dfs, parent, name, is_dir))
FAILS(dfsx_rename,
      (dfs_t * dfs, dfs_obj_t *parent, const char *name, dfs_obj_t *to, const char *new_name, unsigned int flags),
      (dfs, parent, name, to, new_name, flags))
FAILS(dfsx_link, (dfs_t * dfs, dfs_obj_t *obj, dfs_obj_t *parent, const char *name), (dfs, obj, parent, name))
FAILS(dfsx_readdir,
      (dfs_t * dfs, dfs_obj_t *dir, uint64_t *cookie, uint32_t *nr, struct dfsx_dirent *ents, struct stat *stats),
      (dfs, dir, cookie, nr, ents, stats))
FAILS(dfsx_getdents, (dfs_t * dfs, dfs_obj_t *dir, uint64_t *cookie, uint64_t base, void *buf, size_t *size),
      (dfs, dir, cookie, base, buf, size))
FAILS(dfsx_statfs, (dfs_t * dfs, struct statvfs *out), (dfs, out))
