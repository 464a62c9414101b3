/*
 * published.c - the counters of requests, in memory that shims map.
 *
 * Every open of a file on the mount is a request, counted before it is answered. So an open during which the counters
 * of all mounts stood still was one of another file, and libioil need not ask (native/ioil/opens.c). The page is a file
 * in /dev/shm, named after the device of the mount. The lock on it says that its daemon lives: without one it was left
 * behind by a daemon that was killed, and the next one removes it.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>
#include "dfuse.h"

static int page_fd = -1;
static char name[64];

static void remove_dead(void)
{
	DIR *dir = opendir("/dev/shm");
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL) {
		if (strncmp(entry->d_name, DFSKIT_REQUESTS_PREFIX, sizeof(DFSKIT_REQUESTS_PREFIX) - 1) != 0)
			continue;
		int fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			unlinkat(dirfd(dir), entry->d_name, 0);
		if (fd >= 0)
			close(fd);
	}
	if (dir)
		closedir(dir);
}

/* A page that is locked before it has a name. -1: there is no memory for one. */
static int make_page(struct dfskit_ioctl_stats **page)
{
	int fd = open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);

	/* Its space beforehand: a store through the map can't fail. */
	if (fd >= 0 && fchmod(fd, 0644) == 0 && posix_fallocate(fd, 0, sizeof(**page)) == 0 &&
	    flock(fd, LOCK_EX | LOCK_NB) == 0) {
		*page = mmap(NULL, sizeof(**page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (*page != MAP_FAILED)
			return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

void requests_publish(void)
{
	struct dfskit_ioctl_stats *page;
	unsigned int major, minor;
	char link[64];

	if (!start_mounted(dfuse.opts.dir, &major, &minor))
		return;
	remove_dead();
	int fd = make_page(&page);
	if (fd < 0)
		return;
	page->version = DFSKIT_IOCTL_VERSION;
	snprintf(name, sizeof(name), DFSKIT_REQUESTS_NAME, major, minor);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, link, AT_FDCWD, name, AT_SYMLINK_FOLLOW) != 0) {
		munmap(page, sizeof(*page));
		close(fd);
		return;
	}
	page_fd = fd;
	dfuse.stats = page;
}

void requests_withdraw(void)
{
	struct stat own, there;

	/* The number of the device may belong to the next mount by now. */
	if (page_fd >= 0 && fstat(page_fd, &own) == 0 && lstat(name, &there) == 0 && own.st_ino == there.st_ino)
		unlink(name);
}
