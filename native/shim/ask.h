/*
 * ask.h - what a dfuse is asked: how to reach its container, and what a descriptor has open (ask.c).
 */
#ifndef DFSKIT_SHIM_ASK_H
#define DFSKIT_SHIM_ASK_H

#include <stdbool.h>
#include <daos.h>
#include <daos_fs.h>
#include <dfskit_ioctl.h>

struct mount;
struct provider;

/* What reaches a mount, learned before any lock is taken. */
struct route {
	char err[256];
	char provider[16];
	bool ours; /* our own dfuse, of the same user: `all` has everything */
	d_iov_t all;
	d_iov_t pool, cont, dfs; /* else these; pool and cont are empty when we have to open them by name */
	char pool_name[128], cont_name[128];
	struct dfskit_ioctl_mount info;
};

/** Asks the dfuse of \a mnt. 0 or an errno. */
int route_ask(const struct mount *mnt, struct route *route);
/** Connects \a mnt as \a route says, and lets go of what that holds. 0 or an errno. */
int route_take(struct mount *mnt, const struct provider *p, struct route *route, int flags);
/** Opens the object behind a real descriptor on \a mnt. 0 or an errno. */
int ask_object(const struct mount *mnt, int fd, int acc, dfs_obj_t **obj);
/** The mount and the object of a descriptor that the kernel has opened; NULL when it is no file of ours. */
struct mount *ask_opened(int fd, int acc, dfs_obj_t **obj);
/** The mount that \a fd is on: of a regular file on a dfuse. */
struct mount *ask_device(int fd);
/** Like ask_opened() without connecting: the mount of a regular file, and its identifier, 0 when that takes a connection. */
struct mount *ask_identity(int fd, daos_obj_id_t *oid);

#endif
