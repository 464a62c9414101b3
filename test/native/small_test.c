/*
 * small_test.c - small files and pending changes: where they are, and that everybody sees them.
 *
 * The test looks into the container's directory: a small file has no host file, and a small change does not touch the
 * tree (`meta`).
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "provider.h"
#include "check.h"

enum {
	SMALL = 4096,
	MANY = 3000
};

static const struct provider *p;
static dfs_t *dfs;
static char container[256];

static dfs_obj_t *open_file(const char *name, int flags)
{
	dfs_obj_t *obj = NULL;

	CHECK(p->dfs_open(dfs, NULL, name, S_IFREG | 0644, flags, 0, 0, NULL, &obj) == 0);
	return obj;
}

static dfs_obj_t *make(const char *name)
{
	return open_file(name, O_RDWR | O_CREAT | O_EXCL);
}

static void put(dfs_obj_t *obj, const void *bytes, size_t len, daos_off_t off)
{
	d_iov_t iov;
	d_sg_list_t sgl = {.sg_nr = 1, .sg_iovs = &iov};

	d_iov_set(&iov, (void *)(uintptr_t)bytes, len);
	CHECK(p->dfs_write(dfs, obj, &sgl, off, NULL) == 0);
}

/* The file is exactly these bytes. */
static void expect(dfs_obj_t *obj, const void *bytes, size_t len)
{
	char *got = malloc(len + 100);
	d_iov_t iov;
	d_sg_list_t sgl = {.sg_nr = 1, .sg_iovs = &iov};
	daos_size_t done = 0, size = 0;

	d_iov_set(&iov, got, len + 100);
	CHECK(p->dfs_read(dfs, obj, &sgl, 0, &done, NULL) == 0);
	CHECK(done == len && memcmp(got, bytes, len) == 0);
	CHECK(p->dfs_get_size(dfs, obj, &size) == 0 && size == len);
	free(got);
}

static unsigned host_files(void)
{
	unsigned n = 0;
	char path[320];
	DIR *dir;

	snprintf(path, sizeof(path), "%s/objects", container);
	dir = opendir(path);
	CHECK(dir != NULL);
	for (struct dirent *d; (d = readdir(dir)) != NULL;) {
		char below[600];
		DIR *sub;

		if (d->d_name[0] == '.')
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, d->d_name);
		sub = opendir(below);
		for (struct dirent *e; sub != NULL && (e = readdir(sub)) != NULL;)
			n += e->d_name[0] != '.';
		closedir(sub);
	}
	closedir(dir);
	return n;
}

/* LMDB writes one of the first two pages with every transaction. */
static void tree_roots(char roots[8192])
{
	char path[320];
	int fd;

	snprintf(path, sizeof(path), "%s/meta", container);
	fd = open(path, O_RDONLY);
	CHECK(fd >= 0 && pread(fd, roots, 8192, 0) == 8192);
	close(fd);
}

static void stays_small(void)
{
	dfs_obj_t *obj = make("small");
	char bytes[SMALL], want[SMALL] = {0};
	daos_off_t at, end;
	d_iov_t iov;
	d_sg_list_t sgl = {.sg_nr = 1, .sg_iovs = &iov};

	for (int i = 0; i < SMALL; i++)
		bytes[i] = (char)(i * 7 + i / 256);
	expect(obj, "", 0);
	put(obj, bytes, 10, 5);
	memcpy(want + 5, bytes, 10);
	expect(obj, want, 15);
	d_iov_set(&iov, bytes, 20);
	CHECK(p->dfsx_append(dfs, obj, &sgl, &end) == 0 && end == 35);
	memcpy(want + 15, bytes, 20);
	expect(obj, want, 35);
	d_iov_set(&iov, bytes, 0);
	CHECK(p->dfsx_append(dfs, obj, &sgl, &end) == 0 && end == 35);

	CHECK(p->dfsx_seek(dfs, obj, 3, SEEK_DATA, &at) == 0 && at == 3);
	CHECK(p->dfsx_seek(dfs, obj, 3, SEEK_HOLE, &at) == 0 && at == 35);
	CHECK(p->dfsx_seek(dfs, obj, 35, SEEK_DATA, &at) == ENXIO);

	/* What was cut off does not come back. */
	CHECK(p->dfs_punch(dfs, obj, 20, DFS_MAX_FSIZE) == 0);
	expect(obj, want, 20);
	put(obj, "", 1, 30);
	memset(want + 20, 0, 11);
	expect(obj, want, 31);

	put(obj, bytes, SMALL, 0); /* all of the record, and the end in the inode */
	expect(obj, bytes, SMALL);
	put(obj, "xyz", 3, 4079); /* on both sides of where it ends */
	memcpy(bytes + 4079, "xyz", 3);
	expect(obj, bytes, SMALL);
	p->dfs_release(obj);
	obj = open_file("small", O_RDONLY);
	expect(obj, bytes, SMALL);
	p->dfs_release(obj);
	CHECK(host_files() == 0);
	CHECK(p->dfs_remove(dfs, NULL, "small", false, NULL) == 0);
}

static void moves_out(void)
{
	char bytes[SMALL + 100];
	dfs_obj_t *obj = make("grows"), *other;

	memset(bytes, 'a', sizeof(bytes));
	put(obj, bytes, SMALL, 0);
	other = open_file("grows", O_RDWR);
	expect(other, bytes, SMALL);
	memset(bytes + SMALL, 'b', 100);
	put(obj, bytes + SMALL, 100, SMALL);
	expect(obj, bytes, sizeof(bytes));
	expect(other, bytes, sizeof(bytes)); /* it did not know */
	put(other, "c", 1, 7);
	bytes[7] = 'c';
	expect(obj, bytes, sizeof(bytes));
	p->dfs_release(other);
	p->dfs_release(obj);
	CHECK(host_files() == 1);
	CHECK(p->dfs_remove(dfs, NULL, "grows", false, NULL) == 0);

	obj = make("busy");
	for (int i = 0; i < 100; i++)
		put(obj, &bytes[i], 1, (daos_off_t)i);
	expect(obj, bytes, 100);
	p->dfs_release(obj);
	CHECK(p->dfs_sync(dfs) == 0); /* the first host file goes with it */
	CHECK(host_files() == 1);
	CHECK(p->dfs_remove(dfs, NULL, "busy", false, NULL) == 0);
	CHECK(p->dfs_sync(dfs) == 0);
	CHECK(host_files() == 0);

	obj = make("gone");
	put(obj, "still here", 10, 0);
	CHECK(p->dfs_remove(dfs, NULL, "gone", false, NULL) == 0);
	expect(obj, "still here", 10);
	p->dfs_release(obj);
}

/* In a process of its own: its name and bytes are there, and its number is nobody else's. */
static void child_sees(const char *name, const char *bytes)
{
	pid_t child = fork();
	int status;

	CHECK(child >= 0);
	if (child == 0) {
		dfs_obj_t *obj = open_file(name, O_RDONLY);

		expect(obj, bytes, strlen(bytes));
		p->dfs_release(obj);
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static unsigned names(void)
{
	static struct dfsx_dirent ents[64];
	uint64_t cookie = 0;
	unsigned n = 0;

	for (;;) {
		uint32_t nr = 64;

		CHECK(p->dfsx_readdir(dfs, NULL, &cookie, &nr, ents, NULL) == 0);
		if (nr == 0)
			return n;
		n += nr;
	}
}

static void pending(void)
{
	static char before[8192], after[8192];
	char name[32];

	CHECK(names() == 0);
	tree_roots(before);
	for (int i = 0; i < 20; i++) {
		dfs_obj_t *obj;

		snprintf(name, sizeof(name), "p%d", i);
		obj = make(name);
		put(obj, name, strlen(name), 0);
		p->dfs_release(obj);
		if (i % 2 != 0)
			CHECK(p->dfs_remove(dfs, NULL, name, false, NULL) == 0);
	}
	tree_roots(after);
	CHECK(memcmp(before, after, sizeof(before)) == 0);
	child_sees("p8", "p8");
	CHECK(names() == 10);
	tree_roots(after);
	CHECK(memcmp(before, after, sizeof(before)) != 0);
	child_sees("p8", "p8");
	for (int i = 0; i < 20; i += 2) {
		snprintf(name, sizeof(name), "p%d", i);
		CHECK(p->dfs_remove(dfs, NULL, name, false, NULL) == 0);
	}
	CHECK(names() == 0);
}

/* A record that is not whole counts for nothing: here the last one again, at the end of the log, with other keys. */
static void torn(void)
{
	enum {
		START = 4096,
		TAG = 8,
		LEN = 12,
		CHANGES = 24
	}; /* pending.c: struct log_record, log_change */
	static char log[65536];
	uint32_t tag, other, len = 0, at = START, last = 0;
	char path[320];
	int fd;

	p->dfs_release(make("whole"));
	snprintf(path, sizeof(path), "%s/pending", container);
	fd = open(path, O_RDWR);
	CHECK(fd >= 0 && pread(fd, log, sizeof(log), 0) == sizeof(log));
	memcpy(&tag, log + at + TAG, 4);
	for (;; at += len) {
		memcpy(&other, log + at + TAG, 4);
		if (other != tag)
			break;
		memcpy(&len, log + at + LEN, 4);
		last = at;
	}
	CHECK(last != 0);
	memmove(log + at, log + last, len);
	for (uint32_t change = at + CHANGES, bytes; change < at + len; change += 24 + ((bytes + 7) & ~7U)) {
		memcpy(&bytes, log + change + 16, 4);
		log[change + 15] ^= 0x10;
	}
	CHECK(pwrite(fd, log + at, len, at) == (ssize_t)len);
	close(fd);
	CHECK(names() == 1);
	p->dfs_release(make("next"));
	CHECK(names() == 2);
	CHECK(p->dfs_remove(dfs, NULL, "whole", false, NULL) == 0 &&
	      p->dfs_remove(dfs, NULL, "next", false, NULL) == 0);
}

/* Through several merges, by two processes at once. */
static void many(void)
{
	pid_t child = fork();
	int status;
	char name[32];
	struct stat st;

	CHECK(child >= 0);
	for (int i = 0; i < MANY; i++) {
		dfs_obj_t *obj;

		snprintf(name, sizeof(name), "%s%d", child == 0 ? "c" : "m", i);
		obj = make(name);
		put(obj, name, strlen(name), 0);
		expect(obj, name, strlen(name));
		p->dfs_release(obj);
		if (i % 3 == 0)
			CHECK(p->dfs_remove(dfs, NULL, name, false, NULL) == 0);
	}
	if (child == 0) {
		kill(getpid(), SIGKILL); /* and nothing is lost */
		_exit(1);
	}
	CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
	for (int i = 0; i < 2 * MANY; i++) {
		snprintf(name, sizeof(name), "%s%d", i < MANY ? "c" : "m", i % MANY);
		CHECK(p->dfs_stat(dfs, NULL, name, &st) == (i % MANY % 3 == 0 ? ENOENT : 0));
		CHECK(i % MANY % 3 == 0 || st.st_size == (off_t)strlen(name));
	}
	CHECK(names() == 2 * (MANY - MANY / 3));
}

static long address_space(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long pages = 0;

	CHECK(f != NULL && fscanf(f, "%ld", &pages) == 1);
	fclose(f);
	return pages * sysconf(_SC_PAGESIZE);
}

/* Through a hundred merges, which leave nothing behind in the process. */
static void piles_up_nothing(void)
{
	long before = address_space();

	for (int i = 0; i < 100; i++) {
		p->dfs_release(make("passing"));
		CHECK(p->dfs_remove(dfs, NULL, "passing", false, NULL) == 0);
		CHECK(names() != 0); /* merges */
	}
	CHECK(address_space() - before < 16L << 20);
}

int main(void)
{
	char store[] = "/tmp/dfskit-small-test-XXXXXX", command[128], why[512] = "";

	CHECK(mkdtemp(store) != NULL);
	setenv("DFSKIT_STORE", store, 1);
	snprintf(container, sizeof(container), "%s/pool/cont", store);
	p = provider_load("local", why, sizeof(why));
	if (p == NULL) {
		fprintf(stderr, "%s\n", why);
		return 1;
	}
	CHECK(p->dfs_init() == 0);
	CHECK(p->dfs_connect("pool", NULL, "cont", O_RDWR | O_CREAT, NULL, &dfs) == 0);
	stays_small();
	moves_out();
	pending();
	torn();
	many();
	piles_up_nothing();
	CHECK(p->dfs_disconnect(dfs) == 0);
	CHECK(p->dfs_fini() == 0);
	snprintf(command, sizeof(command), "rm -rf %s", store);
	return system(command) == 0 ? 0 : 1;
}
