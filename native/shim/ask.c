/*
 * ask.c - what dfuse says about a mount and about open files.
 *
 * Ours says it in one answer. DAOS's own, and ours to users that are not its own, say it in parts (daos_dfuse_ioctl.h).
 * Who gets no handles of pool and container opens these himself; the mount and its files come from dfuse in any case,
 * so that a snapshot stays one, and a container of the same name in another store is noticed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <daos_dfuse_ioctl.h>
#include "ask.h"
#include "mounts.h"
#include "runtime.h"

/* How often a handle may change while it is read. */
#define TRIES 4

static _Atomic bool any_in_parts; /* a mount is there that does not answer what ours does */

static int ask(int fd, unsigned int request, void *out)
{
	long r = SHIM_RAW(SYS_ioctl, fd, request, out);
	return r < 0 ? (int)-r : 0;
}

/* ---- our own protocol ---- */

/* A blob that an answer has no room for. Freed by the caller. */
static int read_parts(int fd, uint32_t of, d_iov_t *blob)
{
	struct dfskit_ioctl_part part;
	uint64_t at = 0, total = 0, sum = 0;
	char *buf = NULL;
	int rc = 0;

	for (int tries = 0; tries < TRIES && rc == 0;) {
		memset(&part, 0, offsetof(struct dfskit_ioctl_part, data));
		part.of = of;
		part.offset = at;
		rc = ask(fd, DFSKIT_IOCTL_PART, &part);
		if (rc || part.len == 0 || part.len > sizeof(part.data))
			break;
		if (!buf || part.total != total || part.sum != sum) { /* another one than was begun */
			tries++;
			free(buf);
			total = part.total;
			sum = part.sum;
			buf = total <= (64u << 20) ? malloc(total) : NULL;
			if (!buf)
				return ENOMEM;
			if (at) {
				at = 0;
				continue;
			}
		}
		if (at + part.len > total)
			break;
		memcpy(buf + at, part.data, part.len);
		at += part.len;
		if (at == total) {
			*blob = (d_iov_t){.iov_buf = buf, .iov_buf_len = total, .iov_len = total};
			return 0;
		}
	}
	free(buf);
	return rc ? rc : EPROTO;
}

/* Of an answer. The caller frees it. */
static int take_blob(int fd, uint32_t of, const void *bytes, size_t len, size_t room, d_iov_t *blob)
{
	if (len > room)
		return read_parts(fd, of, blob);
	*blob = (d_iov_t){.iov_buf = malloc(len), .iov_buf_len = len, .iov_len = len};
	if (!blob->iov_buf)
		return ENOMEM;
	memcpy(blob->iov_buf, bytes, len);
	return 0;
}

static int ask_ours(int fd, struct route *route)
{
	struct dfskit_ioctl_mount *info = &route->info;
	int rc = ask(fd, DFSKIT_IOCTL_MOUNT, info);

	if (rc)
		return rc;
	if (info->version != DFSKIT_IOCTL_VERSION)
		return EPROTO;
	memcpy(route->provider, info->provider, sizeof(route->provider));
	route->ours = true;
	return take_blob(fd, DFSKIT_PART_MOUNT, info->blob, info->blob_len, sizeof(info->blob), &route->all);
}

/* ---- in parts ---- */

static int read_handle(int fd, unsigned int nr, size_t size, d_iov_t *out)
{
	*out = (d_iov_t){.iov_buf = malloc(size), .iov_buf_len = size, .iov_len = size};
	if (!out->iov_buf)
		return ENOMEM;
	int rc = ask(fd, DAOS_DFUSE_HANDLE(nr, size), out->iov_buf);
	if (rc) {
		free(out->iov_buf);
		out->iov_buf = NULL;
	}
	return rc;
}

/* The handle of a pool that is too large for an ioctl: the answer names a file that has it. */
static int read_pool_file(int fd, size_t size, d_iov_t *out)
{
	char name[sizeof(DAOS_DFUSE_FILE_NAME) + 105] = "";
	int rc = ask(fd, DAOS_DFUSE_HANDLE(DAOS_DFUSE_NR_POOL_FILE, sizeof(name)), name);

	if (rc)
		return rc;
	name[sizeof(name) - 1] = 0;
	long file = SHIM_RAW(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (file < 0)
		return (int)-file;
	SHIM_RAW(SYS_unlinkat, AT_FDCWD, name, 0);
	char *buf = malloc(size);
	size_t got = 0;
	while (buf && got < size) {
		long n = SHIM_RAW(SYS_read, file, buf + got, size - got);
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	SHIM_RAW(SYS_close, file);
	if (!buf || got != size) {
		free(buf);
		return buf ? EAGAIN : ENOMEM;
	}
	*out = (d_iov_t){.iov_buf = buf, .iov_buf_len = size, .iov_len = size};
	return 0;
}

static void free_parts(struct route *route)
{
	free(route->all.iov_buf);
	free(route->pool.iov_buf);
	free(route->cont.iov_buf);
	free(route->dfs.iov_buf);
	route->all = route->pool = route->cont = route->dfs = (d_iov_t){.iov_buf = NULL};
}

static int read_handles(int fd, struct route *route)
{
	struct daos_dfuse_sizes sizes;
	int rc = ask(fd, DAOS_DFUSE_SIZES, &sizes);

	if (rc)
		return rc;
	if (sizes.version != DAOS_DFUSE_VERSION)
		return EPROTO;
	rc = sizes.pool > DAOS_DFUSE_MAX_HANDLE ? read_pool_file(fd, sizes.pool, &route->pool)
	                                        : read_handle(fd, DAOS_DFUSE_NR_POOL, sizes.pool, &route->pool);
	if (!rc)
		rc = read_handle(fd, DAOS_DFUSE_NR_CONT, sizes.cont, &route->cont);
	return rc ? rc : read_handle(fd, DAOS_DFUSE_NR_DFS, sizes.dfs, &route->dfs);
}

/* The handle of the mount alone. DAOS's gives it to everybody, but says to nobody else how large it is: that is found by
 * trying. */
static int read_mount_handle(int fd, size_t size, d_iov_t *out)
{
	int rc = EAGAIN;

	if (size)
		return read_handle(fd, DAOS_DFUSE_NR_DFS, size, out);
	for (size = 32; rc && rc != EPERM && rc != ENOTTY && size <= 1024; size += 4)
		rc = read_handle(fd, DAOS_DFUSE_NR_DFS, size, out);
	return rc;
}

static void uuid_text(const uint8_t *u, char out[37])
{
	snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1], u[2],
	         u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
}

/* Names of pool and container: what ours says to everybody, or else identifiers. */
static int read_names(int fd, const struct daos_dfuse_identity *id, struct route *route, size_t *mount_len)
{
	struct dfskit_ioctl_identity ours;

	if (ask(fd, DFSKIT_IOCTL_IDENTITY, &ours) == 0 && ours.version == DFSKIT_IOCTL_VERSION) {
		memcpy(route->provider, ours.provider, sizeof(route->provider));
		memcpy(route->pool_name, ours.pool, sizeof(ours.pool));
		memcpy(route->cont_name, ours.cont, sizeof(ours.cont));
		*mount_len = ours.mount_len;
		return 0;
	}
	memcpy(route->provider, "daos", 5);
	uuid_text(id->pool, route->pool_name);
	uuid_text(id->cont, route->cont_name);
	return 0;
}

static int ask_in_parts(int fd, struct route *route)
{
	struct daos_dfuse_identity id;
	size_t mount_len = 0;
	int rc = ask(fd, DAOS_DFUSE_IDENTITY, &id);

	if (rc)
		return rc;
	if (id.version != DAOS_DFUSE_VERSION)
		return EPROTO;
	rc = read_names(fd, &id, route, &mount_len);
	for (int tries = 0; !rc && tries < TRIES; tries++) {
		rc = read_handles(fd, route);
		if (rc == 0)
			return 0;
		free_parts(route);
		rc = rc == EAGAIN && tries < TRIES - 1 ? 0 : rc;
	}
	if (rc == EPERM || rc == EOVERFLOW)
		rc = read_mount_handle(fd, mount_len, &route->dfs);
	return rc;
}

int route_ask(const struct mount *mnt, struct route *route)
{
	long fd = mnt->linked ? atomic_load(&mnt->via)
	                      : SHIM_RAW(SYS_openat, AT_FDCWD, mnt->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	route->ours = false;
	free_parts(route);
	if (fd < 0)
		return (int)-fd;
	int rc = ask_ours((int)fd, route);
	if (rc && rc != EPROTO)
		rc = ask_in_parts((int)fd, route);
	if (!mnt->linked)
		SHIM_RAW(SYS_close, fd);
	return rc;
}

/* ---- connecting ---- */

static int from_der(int rc)
{
	return rc ? EIO : 0; /* nobody looks closer: the kernel has to do */
}

static int open_names(const struct provider *p, const struct route *route, int flags, daos_handle_t *pool,
                      daos_handle_t *cont)
{
	int rc = p->daos_pool_connect(route->pool_name, NULL, DAOS_PC_RO, pool, NULL, NULL);

	if (rc)
		return from_der(rc);
	rc =
	    p->daos_cont_open(*pool, route->cont_name, flags == O_RDONLY ? DAOS_COO_RO : DAOS_COO_RW, cont, NULL, NULL);
	if (rc && flags != O_RDONLY)
		rc = p->daos_cont_open(*pool, route->cont_name, DAOS_COO_RO, cont, NULL, NULL);
	if (rc)
		p->daos_pool_disconnect(*pool, NULL);
	return from_der(rc);
}

/* The handles stay open as long as the process lives: the mount uses them. */
static int connect_in_parts(struct mount *mnt, const struct provider *p, const struct route *route, int flags)
{
	daos_handle_t pool, cont;
	int rc;

	if (!p->dfs_global2local || !p->daos_pool_global2local || !p->daos_cont_global2local)
		return ENOTSUP;
	if (route->pool.iov_buf) {
		rc = from_der(p->daos_pool_global2local(route->pool, &pool));
		if (!rc)
			rc = from_der(p->daos_cont_global2local(pool, route->cont, &cont));
	} else
		rc = open_names(p, route, flags, &pool, &cont);
	if (!rc)
		rc = p->dfs_global2local(pool, cont, flags, route->dfs, &mnt->dfs);
	if (!rc) {
		mnt->in_parts = true;
		mnt->parts[0] = pool;
		mnt->parts[1] = cont;
		atomic_store(&any_in_parts, true);
	}
	return rc;
}

int route_take(struct mount *mnt, const struct provider *p, struct route *route, int flags)
{
	int rc;

	mnt->by_oid = p->dfsx_open_oid || route->ours;
	rc = route->ours ? p->dfs_global2local_all(flags, route->all, &mnt->dfs)
	                 : connect_in_parts(mnt, p, route, flags);
	free_parts(route);
	return rc;
}

/* ---- open files ---- */

static int object_in_parts(const struct mount *mnt, int fd, int acc, dfs_obj_t **obj)
{
	struct daos_dfuse_identity id;
	struct daos_dfuse_object_size size;
	d_iov_t bytes;
	int rc = ask(fd, DAOS_DFUSE_IDENTITY, &id); /* DAOS's drops what the kernel has cached of the file */

	if (!rc)
		rc = ask(fd, DAOS_DFUSE_OBJECT_SIZE, &size);
	if (!rc && (size.version != DAOS_DFUSE_VERSION || size.size > DAOS_DFUSE_MAX_HANDLE))
		rc = EPROTO;
	if (!rc)
		rc = read_handle(fd, DAOS_DFUSE_NR_OBJECT, size.size, &bytes);
	if (rc)
		return rc;
	rc = mnt->p->dfs_obj_global2local(mnt->dfs, acc, bytes, obj);
	free(bytes.iov_buf);
	return rc;
}

static int object_of_info(const struct mount *mnt, int fd, int acc, struct dfskit_ioctl_file *info, dfs_obj_t **obj)
{
	d_iov_t blob = {.iov_buf = info->blob, .iov_buf_len = info->blob_len, .iov_len = info->blob_len};

	if (info->blob_len <= sizeof(info->blob))
		return mnt->p->dfs_obj_global2local(mnt->dfs, acc, blob, obj);
	int rc = read_parts(fd, DFSKIT_PART_FILE, &blob);
	if (rc)
		return rc;
	rc = mnt->p->dfs_obj_global2local(mnt->dfs, acc, blob, obj);
	free(blob.iov_buf);
	return rc;
}

int ask_object(const struct mount *mnt, int fd, int acc, dfs_obj_t **obj)
{
	struct dfskit_ioctl_file info;

	if (mnt->in_parts)
		return object_in_parts(mnt, fd, acc, obj);
	int rc = ask(fd, DFSKIT_IOCTL_FILE, &info);
	if (!rc && info.version != DFSKIT_IOCTL_VERSION)
		rc = EPROTO;
	return rc ? rc : object_of_info(mnt, fd, acc, &info, obj);
}

/* By the device: what is cached of the file is enough to see it, without a request to the daemon. */
struct mount *ask_device(int fd)
{
	struct statx stx;

	if (SHIM_RAW(SYS_statx, fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &stx))
		return NULL;
	dev_t dev = makedev(stx.stx_dev_major, stx.stx_dev_minor);
	for (int i = 0; i < shim_nr_mounts; i++)
		if (shim_mounts[i].dfuse && shim_mounts[i].dev == dev)
			return S_ISREG(stx.stx_mode) ? &shim_mounts[i] : NULL;
	return NULL;
}

struct mount *ask_identity(int fd, daos_obj_id_t *oid)
{
	struct mount *mnt = ask_device(fd);
	struct dfskit_ioctl_file info;
	int rc = mnt ? ask(fd, DFSKIT_IOCTL_FILE, &info) : ENODEV;

	*oid = (daos_obj_id_t){0};
	if (rc == 0 && info.version == DFSKIT_IOCTL_VERSION) {
		*oid = (daos_obj_id_t){.lo = info.oid_lo, .hi = info.oid_hi};
		if (info.linked)
			mnt = linked_mount(fd, info.mount_id);
	}
	return rc == 0 || rc == ENOTTY || rc == EPERM ? mnt : NULL;
}

static struct mount *mount_of_id(int fd, uint64_t id)
{
	for (int i = 0; i < shim_nr_mounts; i++)
		if (atomic_load_explicit(&shim_mounts[i].id, memory_order_relaxed) == id)
			return &shim_mounts[i];
	struct mount *mnt = ask_device(fd);
	if (mnt)
		atomic_store_explicit(&mnt->id, id, memory_order_relaxed);
	return mnt;
}

struct mount *ask_opened(int fd, int acc, dfs_obj_t **obj)
{
	struct dfskit_ioctl_file info;
	struct mount *mnt;

	if (!atomic_load_explicit(&any_in_parts, memory_order_relaxed)) {
		int rc = ask(fd, DFSKIT_IOCTL_FILE, &info);
		if (rc == ENOTTY || rc == EISDIR || rc == EINVAL)
			return NULL; /* another file system, or nothing for us on ours */
		if (rc == 0 && info.version == DFSKIT_IOCTL_VERSION) {
			mnt = info.linked ? linked_mount(fd, info.mount_id) : mount_of_id(fd, info.mount_id);
			return mnt && mount_connect(mnt) && !object_of_info(mnt, fd, acc, &info, obj) ? mnt : NULL;
		}
	}
	mnt = ask_device(fd);
	return mnt && mount_connect(mnt) && !ask_object(mnt, fd, acc, obj) ? mnt : NULL;
}
