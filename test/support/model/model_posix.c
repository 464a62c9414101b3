/* model_posix.c - the operations of model.h through the kernel. */
#include "model.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/xattr.h>
#include <unistd.h>

static int fds[SLOTS] = {-1, -1, -1, -1, -1, -1, -1, -1};

#define CHECK(call) ((call) < 0 ? errno : 0)

int model_start(const char *where)
{
	if (chdir(where) < 0)
		return errno;
	/* "..", at the top, stays there; without the right to that, nobody asks. */
	return geteuid() == 0 ? CHECK(chroot(".")) : 0;
}

int model_open(int slot, const char *path, int flags, mode_t mode)
{
	int fd;

	if (fds[slot] >= 0)
		return EBUSY;
	fd = open(path, flags | O_NOFOLLOW, mode);
	if (fd < 0)
		return errno;
	fds[slot] = fd;
	return 0;
}

int model_close(int slot)
{
	int fd = fds[slot];

	fds[slot] = -1;
	return CHECK(close(fd));
}

int model_read(int slot, uint64_t off, char *buf, size_t len, size_t *got)
{
	ssize_t n = pread(fds[slot], buf, len, (off_t)off);

	*got = (size_t)n;
	return CHECK(n);
}

int model_write(int slot, uint64_t off, const char *buf, size_t len)
{
	ssize_t n = pwrite(fds[slot], buf, len, (off_t)off);

	return n < 0 ? errno : n < (ssize_t)len ? EFBIG : 0;
}

int model_append(int slot, const char *buf, size_t len, uint64_t *end)
{
	int fd = fds[slot], rc = CHECK(fcntl(fd, F_SETFL, O_APPEND));

	if (rc == 0)
		rc = CHECK(write(fd, buf, len));
	*end = (uint64_t)lseek(fd, 0, SEEK_CUR);
	if (fd >= 0)
		fcntl(fd, F_SETFL, 0);
	return rc;
}

int model_truncate(int slot, uint64_t size)
{
	return CHECK(ftruncate(fds[slot], (off_t)size));
}

int model_fallocate(int slot, int mode, uint64_t off, uint64_t len)
{
	return CHECK(fallocate(fds[slot], mode, (off_t)off, (off_t)len));
}

int model_seek(int slot, uint64_t off, int whence, uint64_t *at)
{
	struct stat st;
	off_t rc;

	if (fstat(fds[slot], &st) == 0 && S_ISDIR(st.st_mode))
		return EISDIR; /* the library has no such call for a directory */
	rc = lseek(fds[slot], (off_t)off, whence);
	*at = (uint64_t)rc;
	return CHECK(rc);
}

int model_fstat(int slot, struct stat *st)
{
	return CHECK(fstat(fds[slot], st));
}

int model_fsync(int slot)
{
	return CHECK(fsync(fds[slot]));
}

int model_sync(void)
{
	return 0;
}

int model_stat(const char *path, struct stat *st)
{
	return CHECK(lstat(path, st));
}

int model_follow(const char *path, struct stat *st)
{
	return CHECK(stat(path, st));
}

int model_mkdir(const char *path, mode_t mode)
{
	return CHECK(mkdir(path, mode));
}

int model_unlink(const char *path)
{
	return CHECK(unlink(path));
}

int model_rmdir(const char *path)
{
	return CHECK(rmdir(path));
}

int model_rename(const char *from, const char *to, unsigned flags)
{
	return CHECK(renameat2(AT_FDCWD, from, AT_FDCWD, to, flags));
}

int model_link(const char *from, const char *to)
{
	return CHECK(link(from, to));
}

int model_symlink(const char *target, const char *path)
{
	return CHECK(symlink(target, path));
}

int model_readlink(const char *path, char *buf, size_t size)
{
	ssize_t n = readlink(path, buf, size - 1);

	if (n >= 0)
		buf[n] = '\0';
	return CHECK(n);
}

int model_list(const char *path, void (*each)(const char *name, unsigned char type, uint64_t ino))
{
	struct dirent *e;
	DIR *d = opendir(path);

	if (d == NULL)
		return errno;
	while ((e = readdir(d)) != NULL)
		each(e->d_name, e->d_type, e->d_ino);
	closedir(d);
	return 0;
}

int model_chmod(const char *path, mode_t mode)
{
	struct stat st;
	int rc = model_stat(path, &st);

	return rc != 0 ? rc : S_ISLNK(st.st_mode) ? EOPNOTSUPP : CHECK(chmod(path, mode));
}

int model_chown(const char *path, uid_t uid, gid_t gid)
{
	return CHECK(lchown(path, uid, gid));
}

int model_utimes(const char *path, const struct timespec times[2])
{
	return CHECK(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW));
}

int model_setxattr(const char *path, const char *name, const char *value, size_t len, int flags)
{
	return CHECK(lsetxattr(path, name, value, len, flags));
}

int model_getxattr(const char *path, const char *name, char *value, size_t *len)
{
	ssize_t n = lgetxattr(path, name, value, *len);

	*len = (size_t)n;
	return CHECK(n);
}

int model_removexattr(const char *path, const char *name)
{
	return CHECK(lremovexattr(path, name));
}

int model_listxattr(const char *path, char *list, size_t *len)
{
	ssize_t n = llistxattr(path, list, *len);

	*len = (size_t)n;
	return CHECK(n);
}
