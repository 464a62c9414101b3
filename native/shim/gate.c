/*
 * gate.c - see gate.h.
 */
#include <limits.h>
#include <stddef.h>
#include "shim.h"

SHIM_HOT_DATA struct shim_gate shim_gate __attribute__((aligned(64))) = {.fd_floor = UINT_MAX, .parked = PARKED_NONE};

#define AT(member, offset) _Static_assert(offsetof(struct shim_gate, member) == (offset), "gate.h says where it is")
AT(fds, GATE_FDS);
AT(fd_low, GATE_FD_LOW);
AT(path_mask, GATE_PATH_MASK);
AT(path_bits, GATE_PATH_BITS);
AT(cwd, GATE_CWD);
AT(fd_floor, GATE_FD_FLOOR);
AT(parked, GATE_PARKED);
AT(paths_active, GATE_PATHS_ACTIVE);
AT(cwd_near, GATE_CWD_NEAR);
_Static_assert(sizeof(struct shim_gate) <= 64, "one line of the cache");
