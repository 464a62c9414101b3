/*
 * fs_sys_test.c - the dfs_sys_* calls, linked with DAOS's library names: paths, links, types, times, streams.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <daos_fs_sys.h>
#include "check.h"

static dfs_sys_t *sys;

static void files(void)
{
	char in[16] = "";
	daos_size_t size = 5;
	dfs_obj_t *obj;
	struct stat st;

	CHECK(dfs_sys_mkdir_p(sys, "/a/b/c", 0755, 0) == 0);
	CHECK(dfs_sys_mkdir_p(sys, "/a/b/c", 0755, 0) == 0);
	CHECK(dfs_sys_mkdir(sys, "/a/b", 0755, 0) == EEXIST);
	CHECK(dfs_sys_open(sys, "/a/file", S_IFREG | 0644, O_RDWR | O_CREAT | O_EXCL, 0, 0, NULL, &obj) == 0);
	CHECK(dfs_sys_write(sys, obj, "hello", 0, &size, NULL) == 0 && size == 5);
	size = sizeof(in);
	CHECK(dfs_sys_read(sys, obj, in, 1, &size, NULL) == 0 && size == 4 && memcmp(in, "ello", 4) == 0);
	CHECK(dfs_sys_close(obj) == 0);
	CHECK(dfs_sys_open(sys, "/a/file", S_IFREG, O_CREAT | O_EXCL | O_RDWR, 0, 0, NULL, &obj) == EEXIST);
	CHECK(dfs_sys_open(sys, "/a/b", S_IFREG, O_RDONLY, 0, 0, NULL, &obj) == EISDIR);
	CHECK(dfs_sys_open(sys, "/a/file", S_IFREG, O_RDWR | O_APPEND, 0, 0, NULL, &obj) == ENOTSUP);
	CHECK(dfs_sys_mkdir_p(sys, "/a/file/x", 0755, 0) == ENOTDIR);
	CHECK(dfs_sys_punch(sys, "/a/file", 2, DFS_MAX_FSIZE) == 0);
	CHECK(dfs_sys_stat(sys, "/a//file", 0, &st) == 0 && st.st_size == 2);
	CHECK(dfs_sys_stat(sys, "relative", 0, &st) == EINVAL);
	CHECK(dfs_sys_mknod(sys, "/a/node", S_IFREG | 0600, 0, 0) == 0);
	CHECK(dfs_sys_mknod(sys, "/a/fifo", S_IFIFO | 0600, 0, 0) == ENOTSUP);
}

static void links(void)
{
	char target[64];
	daos_size_t size = sizeof(target);
	dfs_obj_t *obj;
	struct stat st;

	CHECK(dfs_sys_symlink(sys, "file", "/a/link") == 0);
	CHECK(dfs_sys_readlink(sys, "/a/link", target, &size) == 0 && strcmp(target, "file") == 0);
	CHECK(dfs_sys_stat(sys, "/a/link", 0, &st) == 0 && S_ISREG(st.st_mode));
	CHECK(dfs_sys_stat(sys, "/a/link", O_NOFOLLOW, &st) == 0 && S_ISLNK(st.st_mode));
	CHECK(dfs_sys_open(sys, "/a/link", S_IFREG | 0644, O_RDWR | O_CREAT | O_TRUNC, 0, 0, NULL, &obj) == 0);
	CHECK(dfs_sys_close(obj) == 0);
	CHECK(dfs_sys_stat(sys, "/a/file", 0, &st) == 0 && st.st_size == 0);
	CHECK(dfs_sys_access(sys, "/a/link", R_OK, 0) == 0);
	CHECK(dfs_sys_symlink(sys, "nothing", "/a/dangling") == 0);
	CHECK(dfs_sys_access(sys, "/a/dangling", R_OK, 0) == ENOENT);
	CHECK(dfs_sys_access(sys, "/a/dangling", R_OK, O_NOFOLLOW) == 0);
}

static void attributes(void)
{
	struct timespec times[2] = {{.tv_sec = 1000, .tv_nsec = 7}, {.tv_nsec = UTIME_OMIT}};
	struct stat before, st;
	char value[8];
	daos_size_t size = sizeof(value);

	CHECK(dfs_sys_chmod(sys, "/a/file", 0600) == 0);
	CHECK(dfs_sys_stat(sys, "/a/file", 0, &before) == 0 && (before.st_mode & 07777) == 0600);
	CHECK(dfs_sys_utimens(sys, "/a/file", times, 0) == 0);
	CHECK(dfs_sys_stat(sys, "/a/file", 0, &st) == 0);
	CHECK(st.st_atim.tv_sec == 1000 && st.st_atim.tv_nsec == 7);
	CHECK(st.st_mtim.tv_sec == before.st_mtim.tv_sec && st.st_mtim.tv_nsec == before.st_mtim.tv_nsec);
	CHECK(dfs_sys_utimens(sys, "/a/file", NULL, 0) == 0);
	CHECK(dfs_sys_stat(sys, "/a/file", 0, &st) == 0 && st.st_atim.tv_sec > 1000);
	CHECK(dfs_sys_setxattr(sys, "/a/file", "user.k", "v", 1, 0, 0) == 0);
	CHECK(dfs_sys_getxattr(sys, "/a/file", "user.k", value, &size, 0) == 0 && size == 1 && value[0] == 'v');
	CHECK(dfs_sys_removexattr(sys, "/a/file", "user.k", 0) == 0);
	size = sizeof(value);
	CHECK(dfs_sys_getxattr(sys, "/a/file", "user.k", value, &size, 0) == ENODATA);
}

static void streams_and_removal(void)
{
	struct dirent *entry;
	char path[32];
	int seen = 0;
	DIR *dir;

	for (int i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "/a/b/c/%d", i);
		CHECK(dfs_sys_mknod(sys, path, S_IFREG | 0600, 0, 0) == 0);
	}
	CHECK(dfs_sys_opendir(sys, "/a/file", 0, &dir) == ENOTDIR);
	CHECK(dfs_sys_opendir(sys, "/a/b/c", 0, &dir) == 0);
	while (dfs_sys_readdir(sys, dir, &entry) == 0 && entry != NULL)
		seen++;
	CHECK(seen == 100);
	CHECK(dfs_sys_closedir(dir) == 0);
	CHECK(dfs_sys_remove_type(sys, "/a/file", false, S_IFDIR, NULL) == ENOTDIR);
	CHECK(dfs_sys_remove_type(sys, "/a/b", false, S_IFREG, NULL) == EISDIR);
	CHECK(dfs_sys_remove(sys, "/a", false, NULL) == ENOTEMPTY);
	CHECK(dfs_sys_remove(sys, "/", true, NULL) == EBUSY);
	CHECK(dfs_sys_remove(sys, "/a", true, NULL) == 0);
	CHECK(dfs_sys_remove(sys, "/a", true, NULL) == ENOENT);
}

static void handles_of_a_mount(dfs_t *dfs)
{
	daos_handle_t poh, coh;
	daos_oclass_id_t cid;
	struct stat st;

	CHECK(dfs_pool_get(dfs, &poh) == 0);
	CHECK(dfs_cont_get(dfs, &coh) == 0);
	CHECK(dfs_cont_set_owner(coh, NULL, getuid(), NULL, (gid_t)-1) == 0);
	CHECK(dfs_sys_stat(sys, "/", 0, &st) == 0 && st.st_uid == getuid());
	CHECK(dfs_cont_put(dfs, coh) == 0);
	CHECK(dfs_cont_put(dfs, coh) == EINVAL);
	CHECK(dfs_pool_put(dfs, poh) == 0);
	CHECK(dfs_suggest_oclass(dfs, "file:single", &cid) == 0 && cid == OC_S1);
	CHECK(daos_oclass_name2id("SX") == OC_SX && daos_oclass_name2id("none") == OC_UNKNOWN);
}

int main(void)
{
	char store[] = "/tmp/dfskit-fs-sys-test-XXXXXX", command[128];
	dfs_t *dfs;

	CHECK(mkdtemp(store) != NULL);
	setenv("DFSKIT_STORE", store, 1);
	CHECK(dfs_init() == 0);
	CHECK(dfs_sys_connect("pool", NULL, "cont", O_RDWR | O_CREAT, 0, NULL, &sys) == 0);
	CHECK(dfs_sys2base(sys, &dfs) == 0);
	handles_of_a_mount(dfs);
	files();
	links();
	attributes();
	streams_and_removal();
	CHECK(dfs_sys_disconnect(sys) == 0);
	CHECK(dfs_fini() == 0);
	snprintf(command, sizeof(command), "rm -rf %s", store);
	return system(command) == 0 ? 0 : 1;
}
