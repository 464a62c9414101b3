/*
 * checked.c - the container that dfs_cont_check is tried on: made, walked through, checked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "check.h"
#include "checked.h"

struct checked checked;

void checked_store_in(const char *directory)
{
	snprintf(checked.store, sizeof(checked.store), "%s/check-test-XXXXXX", directory);
	CHECK(mkdtemp(checked.store) != NULL);
	setenv("DFSKIT_STORE", checked.store, 1);
}

void checked_store_remove(void)
{
	char command[80];

	snprintf(command, sizeof(command), "rm -rf %s", checked.store);
	CHECK(system(command) == 0);
}

dfs_t *checked_mount(void)
{
	dfs_t *dfs;

	CHECK(dfs_connect("p", NULL, "c", O_RDWR, NULL, &dfs) == 0);
	return dfs;
}

static void write_file(dfs_t *dfs, dfs_obj_t *dir, const char *name, size_t size, char fill)
{
	char *buf = malloc(size);
	d_iov_t iov = {buf, size, size};
	d_sg_list_t sgl = {.sg_nr = 1, .sg_iovs = &iov};
	dfs_obj_t *obj;

	memset(buf, fill, size);
	CHECK(dfs_open(dfs, dir, name, S_IFREG | 0644, O_RDWR | O_CREAT, 0, 0, NULL, &obj) == 0);
	CHECK(dfs_write(dfs, obj, &sgl, 0, NULL) == 0);
	CHECK(dfs_release(obj) == 0);
	free(buf);
}

static uint64_t number_of(dfs_t *dfs, const char *path)
{
	struct stat st;
	dfs_obj_t *obj;

	CHECK(dfs_lookup(dfs, path, O_RDONLY | O_NOFOLLOW, &obj, NULL, &st) == 0);
	CHECK(dfs_release(obj) == 0);
	return st.st_ino;
}

void checked_make(bool snapshot)
{
	dfs_t *dfs;
	dfs_obj_t *dir, *sub, *obj;

	CHECK(dfs_connect("p", NULL, "c", O_RDWR | O_CREAT, NULL, &dfs) == 0);
	CHECK(dfs_mkdir(dfs, NULL, "dir", 0755, 0) == 0);
	CHECK(dfs_lookup(dfs, "/dir", O_RDWR, &dir, NULL, NULL) == 0);
	CHECK(dfs_mkdir(dfs, dir, "sub", 0755, 0) == 0);
	CHECK(dfs_lookup(dfs, "/dir/sub", O_RDWR, &sub, NULL, NULL) == 0);
	write_file(dfs, dir, "small", 500, 's');
	write_file(dfs, dir, "big", 200000, 'b');
	write_file(dfs, sub, "x", 100, 'x');
	CHECK(dfs_lookup(dfs, "/dir/big", O_RDWR, &obj, NULL, NULL) == 0);
	CHECK(dfsx_link(dfs, obj, dir, "link") == 0);
	CHECK(dfs_setxattr(dfs, obj, "user.a", "value", 5, 0) == 0);
	CHECK(dfs_release(obj) == 0);
	CHECK(dfs_open(dfs, dir, "symlink", S_IFLNK | 0777, O_CREAT | O_EXCL, 0, 0, "big", &obj) == 0);
	CHECK(dfs_release(obj) == 0);
	if (snapshot) {
		daos_handle_t coh;
		daos_epoch_t epoch;

		CHECK(dfs_cont_get(dfs, &coh) == 0);
		CHECK(daos_cont_create_snap(coh, &epoch, NULL, NULL) == 0);
		CHECK(dfs_cont_put(dfs, coh) == 0);
		write_file(dfs, dir, "big", 100000, 'n');
		write_file(dfs, dir, "small", 600, 'n');
		CHECK(dfs_remove(dfs, sub, "x", false, NULL) == 0);
		write_file(dfs, sub, "x", 50, 'y');
	}
	CHECK(dfs_release(sub) == 0 && dfs_release(dir) == 0);
	checked.dir = number_of(dfs, "/dir");
	checked.sub = number_of(dfs, "/dir/sub");
	checked.small = number_of(dfs, "/dir/small");
	checked.big = number_of(dfs, "/dir/big");
	CHECK(dfs_disconnect(dfs) == 0);
}

/* Every name can be looked at, and every byte read. */
static unsigned walk(dfs_t *dfs, dfs_obj_t *dir)
{
	daos_anchor_t anchor = DAOS_ANCHOR_INIT;
	static char buf[300000];
	d_iov_t iov = {buf, sizeof(buf), sizeof(buf)};
	d_sg_list_t sgl = {.sg_nr = 1, .sg_iovs = &iov};
	struct dirent entry;
	unsigned n = 0;

	while (!daos_anchor_is_eof(&anchor)) {
		uint32_t nr = 1;
		daos_size_t size;
		dfs_obj_t *obj;
		mode_t mode;

		CHECK(dfs_readdir(dfs, dir, &anchor, &nr, &entry) == 0);
		if (nr == 0)
			break;
		CHECK(dfs_lookup_rel(dfs, dir, entry.d_name, O_RDWR | O_NOFOLLOW, &obj, &mode, NULL) == 0);
		if (S_ISREG(mode))
			CHECK(dfs_read(dfs, obj, &sgl, 0, &size, NULL) == 0);
		if (S_ISDIR(mode))
			n += walk(dfs, obj);
		CHECK(dfs_release(obj) == 0);
		n++;
	}
	return n;
}

unsigned checked_walk(void)
{
	dfs_t *dfs = checked_mount();
	dfs_obj_t *root;
	unsigned n;

	CHECK(dfs_lookup(dfs, "/", O_RDONLY, &root, NULL, NULL) == 0);
	n = walk(dfs, root);
	CHECK(dfs_release(root) == 0);
	CHECK(dfs_disconnect(dfs) == 0);
	return n;
}

static void hear(void *arg, const char *line)
{
	(void)arg;
	snprintf(checked.said + strlen(checked.said), sizeof(checked.said) - strlen(checked.said), "%s\n", line);
}

struct dfsx_check checked_check(uint64_t flags)
{
	struct dfsx_check result = {.say = hear};
	daos_handle_t poh;

	checked.said[0] = '\0';
	CHECK(daos_pool_connect("p", NULL, DAOS_PC_RW, &poh, NULL, NULL) == 0);
	CHECK(dfsx_cont_check(poh, "c", flags, "found", &result) == 0);
	CHECK(daos_pool_disconnect(poh, NULL) == 0);
	return result;
}

void checked_expect_clean(const char *when)
{
	struct dfsx_check result = checked_check(DFS_CHECK_VERIFY);

	if (result.found != 0)
		fprintf(stderr, "%s:\n%s", when, checked.said);
	CHECK(result.found == 0 && result.mended == 0 && checked.said[0] == '\0');
}

void checked_destroy(void)
{
	CHECK(dfs_destroy("p", NULL, "c", 0, NULL) == 0);
}
