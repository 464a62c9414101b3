/*
 * api_posix.c - the workloads' calls as an ordinary program makes them: libc, absolute paths.
 */
#include "api.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int posix_start(const char *cont, bool create)
{
	(void)cont;
	(void)create;
	return 0;
}

static void posix_stop(void)
{
}

static int posix_destroy(const char *cont)
{
	(void)cont;
	return ENOTSUP;
}

static int posix_dir_open(const char *path, struct bench_dir *dir)
{
	char *copy = strdup(path);
	char *slash;
	int rc = 0;

	if (copy == NULL)
		return ENOMEM;
	for (slash = copy; slash != NULL && rc == 0;) {
		slash = strchr(slash + 1, '/');
		if (slash != NULL)
			*slash = '\0';
		if (mkdir(copy, 0755) != 0 && errno != EEXIST)
			rc = errno;
		if (slash != NULL)
			*slash = '/';
	}
	if (rc != 0) {
		free(copy);
		return rc;
	}
	dir->path = copy;
	dir->obj = NULL;
	return 0;
}

static void posix_dir_close(struct bench_dir *dir)
{
	free(dir->path);
	dir->path = NULL;
}

static int posix_dir_remove(const char *path)
{
	return rmdir(path) == 0 ? 0 : errno;
}

static char *posix_path(const struct bench_dir *dir, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", dir->path, name) < 0 ? NULL : path;
}

static int posix_open(const struct bench_dir *dir, const char *path, int flags, struct bench_file *file)
{
	(void)dir;
	file->fd = open(path, flags | O_CLOEXEC, 0644);
	return file->fd >= 0 ? 0 : errno;
}

static int posix_close(struct bench_file *file)
{
	return close(file->fd) == 0 ? 0 : errno;
}

static int posix_pread(const struct bench_file *file, void *buf, size_t len, off_t off)
{
	ssize_t got = pread(file->fd, buf, len, off);

	if (got < 0)
		return errno;
	return (size_t)got == len ? 0 : EIO;
}

static int posix_pwrite(const struct bench_file *file, const void *buf, size_t len, off_t off)
{
	ssize_t put = pwrite(file->fd, buf, len, off);

	if (put < 0)
		return errno;
	return (size_t)put == len ? 0 : EIO;
}

static int posix_stream(const char *path, void *buf, size_t len, uint64_t *pieces)
{
	FILE *stream = fopen(path, "re");
	uint64_t count = 0;
	int rc;

	if (stream == NULL)
		return errno;
	while (fread(buf, 1, len, stream) == len)
		count++;
	rc = ferror(stream) ? EIO : 0;
	fclose(stream);
	*pieces = count;
	return rc;
}

static int posix_stat(const struct bench_dir *dir, const char *path, off_t *size)
{
	struct stat st;

	(void)dir;
	if (stat(path, &st) != 0)
		return errno;
	*size = st.st_size;
	return 0;
}

static int posix_readdir(const struct bench_dir *dir, uint64_t *entries)
{
	DIR *stream = opendir(dir->path);
	struct dirent *ent;
	uint64_t count = 0;
	int rc;

	if (stream == NULL)
		return errno;
	errno = 0;
	while ((ent = readdir(stream)) != NULL) {
		if (ent->d_name[0] == '.' &&
		    (ent->d_name[1] == '\0' || (ent->d_name[1] == '.' && ent->d_name[2] == '\0')))
			continue;
		count++;
	}
	rc = errno;
	closedir(stream);
	*entries = count;
	return rc;
}

static int posix_rename(const struct bench_dir *dir, const char *from, const char *to)
{
	(void)dir;
	return rename(from, to) == 0 ? 0 : errno;
}

static int posix_unlink(const struct bench_dir *dir, const char *path)
{
	(void)dir;
	return unlink(path) == 0 ? 0 : errno;
}

const struct bench_api bench_api_posix = {
    .name = "posix",
    .start = posix_start,
    .stop = posix_stop,
    .destroy = posix_destroy,
    .dir_open = posix_dir_open,
    .dir_close = posix_dir_close,
    .dir_remove = posix_dir_remove,
    .path = posix_path,
    .open = posix_open,
    .close = posix_close,
    .pread = posix_pread,
    .pwrite = posix_pwrite,
    .stream = posix_stream,
    .stat = posix_stat,
    .readdir = posix_readdir,
    .rename = posix_rename,
    .unlink = posix_unlink,
};
