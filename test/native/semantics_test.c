/*
 * semantics_test.c - what several processes and users may rely on: who may set times, sizes while several write, and the
 * space of files that were removed while a process had them open that was then killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <daos.h>
#include <daos_fs.h>
#include <dfskit_ext.h>
#include "check.h"

enum {
	WRITERS = 4,
	BLOCKS = 200,
	BLOCK = 5000
};

static char store[] = "/tmp/semantics-test-XXXXXX";

static dfs_t *mount_it(void)
{
	dfs_t *dfs;

	CHECK(dfs_connect("p", NULL, "c", O_RDWR | O_CREAT, NULL, &dfs) == 0);
	return dfs;
}

static dfs_obj_t *open_file(dfs_t *dfs, const char *name, mode_t mode)
{
	dfs_obj_t *obj;

	CHECK(dfs_open(dfs, NULL, name, S_IFREG | mode, O_RDWR | O_CREAT, 0, 0, NULL, &obj) == 0);
	return obj;
}

static void write_at(dfs_t *dfs, dfs_obj_t *obj, daos_off_t off, size_t size)
{
	static char buf[1 << 20];
	d_iov_t iov = {buf, size, size};
	d_sg_list_t sgl = {.sg_nr = 1, .sg_iovs = &iov};

	CHECK(size <= sizeof(buf) && dfs_write(dfs, obj, &sgl, off, NULL) == 0);
}

static pid_t child(void (*run)(int), int arg)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		run(arg);
		_exit(0);
	}
	return pid;
}

/* ---- times -------------------------------------------------------------------------------------------------------- */
static int set_times(dfs_t *dfs, dfs_obj_t *obj, long atime, long mtime, int what)
{
	struct stat st = {.st_atim = {1000, atime}, .st_mtim = {2000, mtime}};

	return dfs_osetattr(dfs, obj, &st, what);
}

static void as_another_user(int unused)
{
	const int both = DFS_SET_ATTR_ATIME | DFS_SET_ATTR_MTIME;
	dfs_t *dfs = mount_it();
	dfs_obj_t *all = open_file(dfs, "all", 0666), *own = open_file(dfs, "own", 0644);
	struct stat st;

	(void)unused;
	CHECK(dfs_chmod(dfs, NULL, "all", 0666) == 0 && dfs_chmod(dfs, NULL, "own", 0644) == 0);
	CHECK(set_times(dfs, all, 5, 6, both) == 0);
	CHECK(dfs_ostat(dfs, all, &st) == 0 && st.st_atim.tv_sec == 1000 && st.st_mtim.tv_nsec == 6);
	CHECK(seteuid(4711) == 0);
	CHECK(set_times(dfs, all, 5, 6, both) == EPERM);
	CHECK(set_times(dfs, all, UTIME_NOW, 6, both) == EPERM);
	CHECK(set_times(dfs, all, UTIME_NOW, 6, DFS_SET_ATTR_ATIME) == EPERM);
	CHECK(set_times(dfs, own, 5, 6, both) == EPERM);
	CHECK(set_times(dfs, own, UTIME_NOW, UTIME_NOW, both) == EACCES);
	CHECK(set_times(dfs, all, UTIME_NOW, UTIME_NOW, both) == 0);
	CHECK(dfs_ostat(dfs, all, &st) == 0 && st.st_atim.tv_sec > 2000 && st.st_mtim.tv_sec > 2000);
	CHECK(seteuid(0) == 0);
	CHECK(dfs_chown(dfs, NULL, "own", 4711, (gid_t)-1, 0) == 0 && dfs_chmod(dfs, NULL, "own", 0) == 0);
	CHECK(seteuid(4711) == 0);
	CHECK(set_times(dfs, own, 5, 6, both) == 0); /* its owner, who may not even write */
	CHECK(seteuid(0) == 0);
	CHECK(dfs_release(all) == 0 && dfs_release(own) == 0 && dfs_disconnect(dfs) == 0);
}

/* ---- sizes -------------------------------------------------------------------------------------------------------- */
static void write_blocks(int id)
{
	dfs_t *dfs = mount_it();
	dfs_obj_t *obj = open_file(dfs, "shared", 0644);
	daos_size_t size, last = 0;
	struct stat st;

	for (int i = 0; i < BLOCKS; i++) {
		daos_off_t off = (daos_off_t)(i * WRITERS + id) * BLOCK;

		write_at(dfs, obj, off, BLOCK);
		CHECK(dfs_get_size(dfs, obj, &size) == 0);
		CHECK(size >= off + BLOCK && size >= last && size <= (daos_size_t)WRITERS * BLOCKS * BLOCK);
		CHECK(dfs_stat(dfs, NULL, "shared", &st) == 0 && (daos_size_t)st.st_size >= size);
		last = size;
	}
	CHECK(dfs_release(obj) == 0 && dfs_disconnect(dfs) == 0);
}

static void sizes(void)
{
	pid_t pids[WRITERS];
	struct stat st;
	dfs_obj_t *obj;
	dfs_t *dfs;

	for (int i = 0; i < WRITERS; i++)
		pids[i] = child(write_blocks, i);
	for (int i = 0; i < WRITERS; i++)
		check_child(pids[i]);
	dfs = mount_it();
	CHECK(dfs_stat(dfs, NULL, "shared", &st) == 0 && st.st_size == (off_t)WRITERS * BLOCKS * BLOCK);
	obj = open_file(dfs, "shared", 0644);
	CHECK(dfs_punch(dfs, obj, 10, DFS_MAX_FSIZE) == 0);
	CHECK(dfs_stat(dfs, NULL, "shared", &st) == 0 && st.st_size == 10);
	CHECK(dfs_release(obj) == 0 && dfs_disconnect(dfs) == 0);
}

/* ---- space -------------------------------------------------------------------------------------------------------- */
static off_t space;

static int add_space(const char *path, const struct stat *st, int flag, struct FTW *where)
{
	(void)where;
	if (flag == FTW_F && strstr(path, "/objects/") != NULL)
		space += st->st_blocks * 512;
	return 0;
}

static off_t space_used(void)
{
	space = 0;
	CHECK(nftw(store, add_space, 16, FTW_PHYS) == 0);
	return space;
}

/* Has a file of 4 MiB open without a name, says so, and is never asked for more. */
static void hold(int ready)
{
	dfs_t *dfs;
	dfs_obj_t *obj;

	DIE_WITH_PARENT();
	dfs = mount_it();
	obj = open_file(dfs, "held", 0644);
	for (int i = 0; i < 4; i++)
		write_at(dfs, obj, (daos_off_t)i << 20, 1 << 20);
	CHECK(dfs_remove(dfs, NULL, "held", false, NULL) == 0);
	CHECK(dfs_sync(dfs) == 0);
	CHECK(write(ready, "x", 1) == 1);
	for (;;)
		pause();
}

static void come_and_go(int unused)
{
	dfs_t *dfs = mount_it();

	(void)unused;
	CHECK(dfs_sync(dfs) == 0); /* where there is a journal, host files go when their removal is durable */
	CHECK(dfs_disconnect(dfs) == 0);
}

/* After the holder was killed, the next one to open the container gives the space back, or to sync it. The children
 * have it open from their parent on, when `others`. */
static void space_comes_back(bool others)
{
	dfs_t *dfs = others ? mount_it() : NULL;
	off_t before = space_used();
	int fds[2];
	pid_t pid;
	char c;

	CHECK(pipe(fds) == 0);
	pid = child(hold, fds[1]);
	CHECK(read(fds[0], &c, 1) == 1);
	CHECK(space_used() >= before + (4 << 20));
	check_child(child(come_and_go, 0));
	CHECK(space_used() >= before + (4 << 20)); /* it is still open */
	CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
	check_child(child(come_and_go, 0));
	CHECK(space_used() <= before);
	if (others)
		CHECK(dfs_disconnect(dfs) == 0);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	char command[64];

	CHECK(mkdtemp(store) != NULL);
	CHECK(chmod(store, 0755) == 0);
	setenv("DFSKIT_STORE", store, 1);
	CHECK(daos_init() == 0 && dfs_init() == 0);
	check_child(child(come_and_go, 0));
	if (geteuid() == 0) /* only root can be several users */
		check_child(child(as_another_user, 0));
	sizes();
	space_comes_back(false);
	space_comes_back(true);
	snprintf(command, sizeof(command), "rm -rf %s", store);
	return system(command);
}
