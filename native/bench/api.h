/*
 * api.h - the few file calls that the workloads need, over POSIX or over DFS.
 *
 * Every function returns 0 or a positive errno. A path is what path() made of a name: for POSIX the
 * absolute path, for DFS the name, to be used with the directory that was looked up once.
 */
#ifndef BENCH_API_H
#define BENCH_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct dfs_obj;

struct bench_file {
	int fd;              /* POSIX */
	struct dfs_obj *obj; /* DFS */
};

struct bench_dir {
	char *path;          /* absolute, in the way's own terms */
	struct dfs_obj *obj; /* DFS: looked up once, as a program written for DFS does */
};

struct bench_api {
	const char *name;
	/** Makes \a cont ("POOL/CONT", DFS only) usable; with \a create a missing container is created. */
	int (*start)(const char *cont, bool create);
	void (*stop)(void);
	/** Destroys container \a cont, before start(). ENOTSUP where there are none. */
	int (*destroy)(const char *cont);
	/** Opens the directory \a path and creates what is missing of it. */
	int (*dir_open)(const char *path, struct bench_dir *dir);
	void (*dir_close)(struct bench_dir *dir);
	/** Removes an empty directory. */
	int (*dir_remove)(const char *path);
	/** The string to pass for \a name of \a dir; NULL without memory. The caller frees it. */
	char *(*path)(const struct bench_dir *dir, const char *name);
	/** \a flags as open(2). */
	int (*open)(const struct bench_dir *dir, const char *path, int flags, struct bench_file *file);
	int (*close)(struct bench_file *file);
	/** Reads or writes exactly \a len bytes: EIO for fewer. */
	int (*pread)(const struct bench_file *file, void *buf, size_t len, off_t off);
	int (*pwrite)(const struct bench_file *file, const void *buf, size_t len, off_t off);
	/** Reads the file from its start to its end with fread(3) of \a len bytes. \param pieces out: how many it were.
	 *  NULL where there is no stdio. */
	int (*stream)(const char *path, void *buf, size_t len, uint64_t *pieces);
	/** \param size out: bytes */
	int (*stat)(const struct bench_dir *dir, const char *path, off_t *size);
	/** Opens the directory anew, reads it to its end and closes it. \param entries out: without "." and ".." */
	int (*readdir)(const struct bench_dir *dir, uint64_t *entries);
	int (*rename)(const struct bench_dir *dir, const char *from, const char *to);
	int (*unlink)(const struct bench_dir *dir, const char *path);
};

extern const struct bench_api bench_api_posix;
extern const struct bench_api bench_api_dfs;

#endif
