/*
 * hostfd.h - descriptors of our own, and those of host files (hostfd.c).
 */
#ifndef LOCAL_HOSTFD_H
#define LOCAL_HOSTFD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct cont;
struct dfs_obj;

int fd_adopt(int fd);  /* moves fd up and notes it as ours; -errno and fd closed on failure */
void fd_close(int fd); /* closes one of ours */
void fd_reserve(int like);
int fd_open(int dir, const char *path, int flags, mode_t mode); /* sys_openat and fd_adopt */

int hostfd_pin(struct dfs_obj *o, bool write, int *fd);   /* ENOENT: no host file yet */
int host_create(struct cont *c, uint64_t ino, int flags); /* a descriptor of the kernel's choice or -errno */
int host_sync_name(struct cont *c, uint64_t ino);         /* makes the name of a host file durable */
void hostfd_unpin(struct dfs_obj *o);
void hostfd_drop(struct dfs_obj *o);           /* closes it, when nobody uses the handle any more */
void hostfd_forget(struct dfs_obj *o, int fd); /* fd was closed under us */
void hostfd_fork(int stage);

#endif
