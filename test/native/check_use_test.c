/*
 * check_use_test.c - dfs_cont_check: containers that are only in use, or were left by a killed process, are clean.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include "check.h"
#include "checked.h"

static void write_and_remove(unsigned seed)
{
	dfs_t *dfs = checked_mount();
	char name[16];
	unsigned i;

	for (i = 0;; i++) {
		snprintf(name, sizeof(name), "%u-%u", seed, i % 5);
		if (i % 3 == 0)
			dfs_remove(dfs, NULL, name, true, NULL);
		else if (i % 7 == 0)
			dfs_mkdir(dfs, NULL, name, 0755, 0);
		else {
			dfs_obj_t *obj;
			char buf[9000] = "x";
			d_iov_t iov = {buf, sizeof(buf), i % 2 != 0 ? sizeof(buf) : 100};
			d_sg_list_t sgl = {.sg_nr = 1, .sg_iovs = &iov};

			iov.iov_buf_len = iov.iov_len;
			if (dfs_open(dfs, NULL, name, S_IFREG | 0644, O_RDWR | O_CREAT, 0, 0, NULL, &obj) != 0)
				continue;
			CHECK(dfs_write(dfs, obj, &sgl, 0, NULL) == 0);
			if (i % 4 == 0)
				dfs_remove(dfs, NULL, name, false, NULL); /* while it is open */
			CHECK(dfs_release(obj) == 0);
		}
	}
}

/* With and without a snapshot; while two processes change it, and after they were killed. */
static void in_use(bool snapshot)
{
	struct timespec pause = {0, 20000000};
	pid_t pids[2];
	unsigned i;

	checked_make(snapshot);
	checked_expect_clean(snapshot ? "with a snapshot" : "without one");
	for (i = 0; i < 2; i++) {
		pids[i] = fork();
		CHECK(pids[i] >= 0);
		if (pids[i] == 0) {
			DIE_WITH_PARENT();
			write_and_remove(i);
		}
	}
	for (i = 0; i < 15; i++) {
		struct dfsx_check result;

		nanosleep(&pause, NULL);
		result = checked_check(i % 2 != 0 ? DFS_CHECK_REMOVE : 0);
		if (result.found != 0)
			fprintf(stderr, "in use:\n%s", checked.said);
		CHECK(result.found == 0);
	}
	for (i = 0; i < 2; i++) {
		CHECK(kill(pids[i], SIGKILL) == 0);
		CHECK(waitpid(pids[i], NULL, 0) == pids[i]);
	}
	checked_expect_clean("after the crash");
	checked_destroy();
}

static void held_open(void)
{
	dfs_obj_t *obj, *unnamed;
	dfs_t *dfs;

	checked_make(false);
	dfs = checked_mount();
	CHECK(dfs_lookup(dfs, "/dir/big", O_RDWR, &obj, NULL, NULL) == 0);
	CHECK(dfsx_open_unnamed(dfs, NULL, 0600, O_RDWR, &unnamed) == 0);
	CHECK(dfs_remove(dfs, NULL, "dir", true, NULL) == 0);
	checked_expect_clean("with open files that have no name");
	CHECK(dfs_release(obj) == 0 && dfs_release(unnamed) == 0);
	checked_expect_clean("after they were closed");
	CHECK(dfs_disconnect(dfs) == 0);
	checked_destroy();
}

static void wrong_calls(void)
{
	struct dfsx_check result = {0};
	daos_handle_t poh;

	checked_make(false);
	CHECK(daos_pool_connect("p", NULL, DAOS_PC_RW, &poh, NULL, NULL) == 0);
	CHECK(dfsx_cont_check(poh, "none", 0, NULL, &result) == ENOENT);
	CHECK(dfsx_cont_check(poh, "c", DFS_CHECK_REMOVE | DFS_CHECK_RELINK, NULL, &result) == EINVAL);
	CHECK(dfs_cont_check(DAOS_HDL_INVAL, "c", 0, NULL) == EINVAL);
	CHECK(dfs_cont_check(poh, "c", DFS_CHECK_PRINT | DFS_CHECK_EVICT_ALL, NULL) == 0);
	CHECK(daos_pool_disconnect(poh, NULL) == 0);
	checked_destroy();
}

int main(void)
{
	CHECK(daos_init() == 0 && dfs_init() == 0);
	checked_store_in("/dev/shm"); /* without a journal */
	in_use(true);
	held_open();
	wrong_calls();
	checked_store_remove();
	checked_store_in("/tmp");
	in_use(false);
	in_use(true);
	held_open();
	checked_store_remove();
	return 0;
}
