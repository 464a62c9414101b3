/*
 * dfskit_ioctl.h - how a shim learns from our dfuse what a descriptor is.
 * Answered for the user of the daemon only (EPERM otherwise); ENOTTY from any other file system.
 */
#ifndef DFSKIT_IOCTL_H
#define DFSKIT_IOCTL_H

#include <stdint.h>
#include <linux/ioctl.h>

#define DFSKIT_IOCTL_VERSION 1

/* Says how to reach the container that a descriptor lies in. */
struct dfskit_ioctl_mount {
	uint32_t version;
	uint32_t blob_len;  /* bytes used of blob */
	char provider[16];  /* "local" or "daos" */
	char label[512];    /* "POOL/CONT" */
	uint8_t blob[4096]; /* dfs_local2global_all() */
};

/* Says which object of the container of the mount a descriptor is. On a descriptor of a regular file (EISDIR
 * otherwise); EXDEV for one of a container that is linked below. */
struct dfskit_ioctl_file {
	uint32_t version;
	uint32_t blob_len;
	uint64_t oid_lo, oid_hi;
	uint64_t mount_id; /* unique to the mount on this node: the same for each of its files */
	uint8_t blob[512]; /* dfs_obj_local2global() */
};

/* Requests answered since the mount, indexed by the opcode of <linux/fuse.h>. */
struct dfskit_ioctl_stats {
	uint32_t version;
	uint32_t reserved;
	uint64_t requests[64];
};

#define DFSKIT_IOCTL_MOUNT _IOR(0xA3, 0xE0, struct dfskit_ioctl_mount)
#define DFSKIT_IOCTL_FILE  _IOR(0xA3, 0xE1, struct dfskit_ioctl_file)
#define DFSKIT_IOCTL_STATS _IOR(0xA3, 0xE2, struct dfskit_ioctl_stats)

/* open(MOUNT "/" DFSKIT_OID_NAME of an object) reaches it by identifier, whatever its names are.
 * Hidden: listed by no readdir. printf arguments: oid.hi, oid.lo. */
#define DFSKIT_OID_NAME \
	"\x01"          \
	"dfskit-oid.%016lx.%016lx"

#endif
