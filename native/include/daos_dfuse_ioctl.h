/*
 * daos_dfuse_ioctl.h - what the dfuse of DAOS 2.6 and 2.8 answers to its interception libraries.
 *
 * On any descriptor of the mount. Handles are asked for in two steps: how large they are, then the bytes, with a
 * request whose size is exactly that (EAGAIN when it has changed). Those of the pool and the container are given to
 * the user and group of the daemon only (EPERM); the others, useless without these, to everybody.
 */
#ifndef DAOS_DFUSE_IOCTL_H
#define DAOS_DFUSE_IOCTL_H

#include <stddef.h>
#include <stdint.h>
#include <linux/ioctl.h>
#include <daos_types.h>

#define DAOS_DFUSE_VERSION 7
#define DAOS_DFUSE_TYPE    0xA3

/* Set where fstat(2) is better left to the kernel: attributes are cached there. */
#define DAOS_DFUSE_CACHES_ATTRIBUTES 1u

struct daos_dfuse_identity {
	int version;
	daos_obj_id_t oid;
	uuid_t pool, cont;
	uint64_t flags;
};

struct daos_dfuse_sizes {
	int version;
	size_t pool, cont, dfs;
};

struct daos_dfuse_object_size {
	int version;
	size_t size;
};

struct daos_dfuse_user {
	uint32_t uid, gid;
};

#define DAOS_DFUSE_IDENTITY    _IOR(DAOS_DFUSE_TYPE, 0xC1, struct daos_dfuse_identity)
#define DAOS_DFUSE_SIZES       _IOR(DAOS_DFUSE_TYPE, 0xC7, struct daos_dfuse_sizes)
#define DAOS_DFUSE_OBJECT_SIZE _IOR(DAOS_DFUSE_TYPE, 0xC8, struct daos_dfuse_object_size)
#define DAOS_DFUSE_USER        _IOR(DAOS_DFUSE_TYPE, 0xCA, struct daos_dfuse_user)

/* Numbers of the requests for handles; the size of the request is that of the handle. */
#define DAOS_DFUSE_NR_POOL      0xC3
#define DAOS_DFUSE_NR_CONT      0xC4
#define DAOS_DFUSE_NR_DFS       0xC5
#define DAOS_DFUSE_NR_OBJECT    0xC6
#define DAOS_DFUSE_NR_POOL_FILE 0xC9 /* the name of a file with a pool's handle that is too large for an ioctl */

#define DAOS_DFUSE_HANDLE(nr, size) _IOC(_IOC_READ, DAOS_DFUSE_TYPE, nr, size)
#define DAOS_DFUSE_MAX_HANDLE       ((1u << _IOC_SIZEBITS) - 1) /* larger ones are no ioctl's */
#define DAOS_DFUSE_FILE_NAME        "/tmp/dfuse_ilh_XXXXXX"

#endif
