/*
 * gate.h - what a call is told by to be none of ours, in one line of the cache (gate.c).
 *
 * After a system call the first cache holds the kernel's lines, and each of ours that is looked at costs 5 ns, as much as
 * all else that a shim adds.
 */
#ifndef DFSKIT_SHIM_GATE_H
#define DFSKIT_SHIM_GATE_H

/* Offsets, for attach_x86_64.S. */
#define GATE_FDS          0
#define GATE_FD_LOW       8
#define GATE_PATH_MASK    16
#define GATE_PATH_BITS    24
#define GATE_CWD          32
#define GATE_FD_FLOOR     40
#define GATE_PARKED       44
#define GATE_PATHS_ACTIVE 48
#define GATE_CWD_NEAR     52

#ifndef __ASSEMBLER__
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct ofd;

struct shim_gate {
	/* Process-wide descriptor table: an open-file description for each descriptor that is ours. SHIM_FD_MAX entries, or NULL
	 * before the first one. */
	struct ofd **fds;
	/* Every descriptor below the number in its lower half is in use or parked, as far as we know; a close below it is noted:
	 * parking.c. */
	_Atomic uint64_t fd_low;
	/* What mount points begin with: as many bytes as the shortest has, eight at most (the mask), hashed to a bit each. */
	uint64_t path_mask, path_bits;
	/* The working directory when it is ours: cwd.c. */
	_Atomic(struct ofd *) cwd;
	/* Descriptors of the shim and of the provider lie at or above this number, once there are any. */
	unsigned int fd_floor;
	/* A placeholder that is closed for the program alone: its number twice, and one more when it is close-on-exec. */
	_Atomic int parked;
	/* 0 until a mount is known: then no path is ours. */
	int paths_active;
	/* The working directory is not ours but above a mount. */
	bool cwd_near;
};

extern struct shim_gate shim_gate;

#define PARKED_NONE -1

#define shim_fds          shim_gate.fds
#define shim_fd_low       shim_gate.fd_low
#define shim_path_mask    shim_gate.path_mask
#define shim_path_bits    shim_gate.path_bits
#define shim_cwd          shim_gate.cwd
#define shim_fd_floor     shim_gate.fd_floor
#define shim_parked       shim_gate.parked
#define shim_paths_active shim_gate.paths_active
#define shim_cwd_near     shim_gate.cwd_near

#endif
#endif
