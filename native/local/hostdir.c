/*
 * hostdir.c - directories of the host: walking through one, removing a tree.
 */
#include "hostdir.h"
#include "local.h"

int hostdir_walk(int fd, int (*cb)(int fd, struct hostdir_entry *d, void *arg), void *arg)
{
	_Alignas(8) char buf[8192];
	long n, at;
	int rc = 0;

	while (rc == 0 && (n = SYS4(SYS_getdents64, fd, buf, sizeof(buf), 0)) > 0)
		for (at = 0; rc == 0 && at < n;) {
			struct hostdir_entry *d = (struct hostdir_entry *)(buf + at);

			if (strcmp(d->name, ".") != 0 && strcmp(d->name, "..") != 0)
				rc = cb(fd, d, arg);
			at += d->len;
		}
	return rc;
}

static int remove_entry(int fd, struct hostdir_entry *d, void *arg)
{
	int rc = sys_unlinkat(fd, d->name, 0);

	(void)arg;
	if (rc == -EISDIR || rc == -EPERM) {
		int sub = sys_openat(fd, d->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);

		if (sub < 0)
			return -sub;
		rc = -hostdir_walk(sub, remove_entry, NULL);
		sys_close(sub);
		if (rc == 0)
			rc = sys_unlinkat(fd, d->name, AT_REMOVEDIR);
	}
	return -rc;
}

int hostdir_remove(const char *path)
{
	int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0), rc;

	if (fd < 0)
		return -fd;
	rc = hostdir_walk(fd, remove_entry, NULL);
	sys_close(fd);
	return rc != 0 ? rc : -sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}
