/*
 * hostdir.h - directories of the host: walking through one, removing a tree.
 */
#ifndef LOCAL_HOSTDIR_H
#define LOCAL_HOSTDIR_H

#include <stdint.h>

struct hostdir_entry { /* as the kernel lays it out */
	uint64_t ino;
	int64_t off;
	unsigned short len;
	unsigned char type;
	char name[];
};
int hostdir_walk(int fd, int (*cb)(int fd, struct hostdir_entry *d, void *arg), void *arg); /* until non-zero */
int hostdir_remove(const char *path);                                                       /* with all that is in it */

#endif
