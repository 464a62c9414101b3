/*
 * dfskit_ioctl.h - how a shim learns from our dfuse what a descriptor is.
 * Answered for the user of the daemon only (EPERM otherwise), but DFSKIT_IOCTL_IDENTITY; ENOTTY from any other file
 * system. Our dfuse also answers what daos_dfuse_ioctl.h has.
 */
#ifndef DFSKIT_IOCTL_H
#define DFSKIT_IOCTL_H

#include <stdint.h>
#include <linux/ioctl.h>

#define DFSKIT_IOCTL_VERSION 4

/* Says how to reach the container that a descriptor lies in. */
struct dfskit_ioctl_mount {
	uint32_t version;
	uint32_t blob_len; /* of dfs_local2global_all(); where it is more than fits here, DFSKIT_IOCTL_PART has it */
	char provider[16]; /* "local" or "daos" */
	char label[512];   /* "POOL/CONT" */
	uint8_t blob[4096];
};

/* Says which object of its container a descriptor is. On a descriptor of a regular file (EISDIR otherwise). */
struct dfskit_ioctl_file {
	uint32_t version;
	uint32_t blob_len; /* of dfs_obj_local2global(), as above */
	uint64_t oid_lo, oid_hi;
	uint64_t mount_id; /* unique on this node, the same for each file of the mount or of a container linked below */
	uint32_t linked;   /* it is of such a container: DFSKIT_IOCTL_MOUNT on this descriptor says which */
	uint32_t reserved;
	uint8_t blob[512];
};

/* A part of a blob. All parts of one reading have the same total and sum; else it changed meanwhile. */
struct dfskit_ioctl_part {
	uint32_t version;
	uint32_t of;     /* in: DFSKIT_PART_MOUNT or DFSKIT_PART_FILE */
	uint64_t offset; /* in */
	uint64_t total;
	uint64_t sum;
	uint32_t len; /* bytes used of data */
	uint32_t reserved;
	uint8_t data[8192];
};
#define DFSKIT_PART_MOUNT 0
#define DFSKIT_PART_FILE  1

/* Says what is mounted, to everybody: who gets no handles connects for himself. */
struct dfskit_ioctl_identity {
	uint32_t version;
	uint32_t mount_len; /* of the handle DAOS_DFUSE_NR_DFS */
	char provider[16];
	char pool[128], cont[128];
};

/* Requests that arrived since the mount, indexed by the opcode of <linux/fuse.h>. */
struct dfskit_ioctl_stats {
	uint32_t version;
	uint32_t opens; /* FUSE_OPEN and FUSE_CREATE together, modulo 2^32 */
	uint64_t requests[64];
};

#define DFSKIT_IOCTL_MOUNT    _IOR(0xA3, 0xE0, struct dfskit_ioctl_mount)
#define DFSKIT_IOCTL_FILE     _IOR(0xA3, 0xE1, struct dfskit_ioctl_file)
#define DFSKIT_IOCTL_STATS    _IOR(0xA3, 0xE2, struct dfskit_ioctl_stats)
#define DFSKIT_IOCTL_PART     _IOWR(0xA3, 0xE3, struct dfskit_ioctl_part)
#define DFSKIT_IOCTL_IDENTITY _IOR(0xA3, 0xE4, struct dfskit_ioctl_identity)

/* The same page while the daemon counts in it, for who maps it; the daemon holds its flock(2) while it lives. printf
 * arguments: major and minor number of the device that the mount is. */
#define DFSKIT_REQUESTS_PREFIX "dfskit-requests-"
#define DFSKIT_REQUESTS_NAME   "/dev/shm/" DFSKIT_REQUESTS_PREFIX "%u:%u"

/* open(MOUNT "/" DFSKIT_OID_NAME of an object) reaches it by identifier, whatever its names are.
 * Hidden: listed by no readdir. printf arguments: oid.hi, oid.lo. */
#define DFSKIT_OID_NAME \
	"\x01"          \
	"dfskit-oid.%016lx.%016lx"

/* A flag of such an open: who opens has the object open already and wants a descriptor of the kernel for it.
 * Permissions are not asked again: they may have changed, or may never have allowed a second open. The kernel
 * itself makes nothing of the flag. Without effect on mounts where the kernel checks permissions. */
#define DFSKIT_OPEN_HELD O_ASYNC

#endif
