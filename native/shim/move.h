/*
 * move.h - bytes that go from one file to another (op_move.c).
 */
#ifndef DFSKIT_SHIM_MOVE_H
#define DFSKIT_SHIM_MOVE_H

/** Why the bytes of \a in can't become those of \a out without being copied: ioctl_ficlone(2). -errno. */
long can_clone(int in, int out);

#endif
