/* peer_posix.c - the calls of peer.h as any program makes them. */
#include "peer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int held = -1;

#define CHECK(call) ((call) < 0 ? errno : 0)

int peer_start(const char *where)
{
	return CHECK(chdir(where));
}

/* "/" is the working directory. */
static const char *in(const char *path)
{
	return path[1] ? path + 1 : ".";
}

static int put(const char *path, int flags, const char *text)
{
	int fd = open(in(path), O_WRONLY | O_CREAT | flags, 0644);
	ssize_t size = (ssize_t)strlen(text);

	if (fd < 0)
		return errno;
	int rc = write(fd, text, (size_t)size) == size ? 0 : errno;
	return close(fd) < 0 && rc == 0 ? errno : rc;
}

int peer_write(const char *path, const char *text)
{
	return put(path, O_TRUNC, text);
}

int peer_append(const char *path, const char *text)
{
	return put(path, O_APPEND, text);
}

static int get(int fd, char *text, size_t size)
{
	ssize_t n = read(fd, text, size - 1);

	if (n < 0)
		return errno;
	text[n] = 0;
	return 0;
}

int peer_read(const char *path, char *text, size_t size)
{
	int fd = open(in(path), O_RDONLY);

	if (fd < 0)
		return errno;
	int rc = get(fd, text, size);
	close(fd);
	return rc;
}

int peer_hold(const char *path)
{
	if (held >= 0)
		close(held);
	held = open(in(path), O_RDONLY);
	return CHECK(held);
}

int peer_held(char *text, size_t size)
{
	if (lseek(held, 0, SEEK_SET) < 0)
		return errno;
	return get(held, text, size);
}

int peer_stat(const char *path, struct stat *st)
{
	return CHECK(lstat(in(path), st));
}

int peer_mkdir(const char *path)
{
	return CHECK(mkdir(in(path), 0755));
}

int peer_rmdir(const char *path)
{
	return CHECK(rmdir(in(path)));
}

int peer_unlink(const char *path)
{
	return CHECK(unlink(in(path)));
}

int peer_rename(const char *from, const char *to)
{
	return CHECK(rename(in(from), in(to)));
}

int peer_symlink(const char *value, const char *path)
{
	return CHECK(symlink(value, in(path)));
}

int peer_readlink(const char *path, char *value, size_t size)
{
	ssize_t n = readlink(in(path), value, size - 1);

	if (n < 0)
		return errno;
	value[n] = 0;
	return 0;
}

int peer_truncate(const char *path, off_t size)
{
	return CHECK(truncate(in(path), size));
}

int peer_chmod(const char *path, mode_t mode)
{
	return CHECK(chmod(in(path), mode));
}

int peer_list(const char *path, void (*each)(const char *name))
{
	DIR *d = opendir(in(path));
	struct dirent *e;

	if (!d)
		return errno;
	while ((e = readdir(d)) != NULL)
		each(e->d_name);
	closedir(d);
	return 0;
}
