/*
 * switch_test.c - a mount that is switched to a snapshot and back (dfsx_set_snapshot), beside processes that change the
 * container, take snapshots and destroy them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <daos.h>
#include <daos_fs.h>
#include <dfskit_ext.h>
#include "check.h"

static char store[] = "/tmp/dfskit-switch-XXXXXX";
static daos_handle_t poh, coh;
static dfs_t *dfs;

static void begin(int flags)
{
	CHECK(daos_init() == 0 && dfs_init() == 0);
	CHECK(dfs_connect("pool", NULL, "cont", O_RDWR | flags, NULL, &dfs) == 0);
	CHECK(daos_pool_connect("pool", NULL, DAOS_PC_RW, &poh, NULL, NULL) == 0);
	CHECK(daos_cont_open(poh, "cont", DAOS_COO_RW, &coh, NULL, NULL) == 0);
}

static void put(const char *name, const char *text)
{
	d_iov_t iov = {.iov_buf = (void *)text, .iov_buf_len = strlen(text), .iov_len = strlen(text)};
	d_sg_list_t sgl = {.sg_nr = 1, .sg_iovs = &iov};
	dfs_obj_t *obj;

	CHECK(dfs_open(dfs, NULL, name, S_IFREG | 0644, O_RDWR | O_CREAT, 0, 0, NULL, &obj) == 0);
	CHECK(dfs_write(dfs, obj, &sgl, 0, NULL) == 0);
	CHECK(dfs_release(obj) == 0);
}

/* Whether a file of the mount as it is begins with a text. */
static int holds(const char *path, const char *text)
{
	char bytes[64] = "";
	d_iov_t iov = {.iov_buf = bytes, .iov_buf_len = sizeof(bytes), .iov_len = sizeof(bytes)};
	d_sg_list_t sgl = {.sg_nr = 1, .sg_iovs = &iov};
	daos_size_t size = 0;
	dfs_obj_t *obj;

	if (dfs_lookup(dfs, path, O_RDONLY, &obj, NULL, NULL) != 0)
		return 0;
	CHECK(dfs_read(dfs, obj, &sgl, 0, &size, NULL) == 0);
	CHECK(dfs_release(obj) == 0);
	return size == strlen(text) && memcmp(bytes, text, size) == 0;
}

static void there_and_back(void)
{
	daos_epoch_t epoch;
	dfs_obj_t *obj;

	put("file", "old");
	CHECK(daos_cont_create_snap(coh, &epoch, (char[]){"s"}, NULL) == 0);
	put("file", "new");
	CHECK(dfsx_set_snapshot(dfs, 0, "none") == ENOENT);
	CHECK(dfsx_set_snapshot(dfs, epoch + 1, NULL) == ENOENT);
	CHECK(holds("/file", "new"));

	/* By name and by epoch, and from one to the other. */
	CHECK(dfsx_set_snapshot(dfs, 0, "s") == 0 && holds("/file", "old"));
	CHECK(dfs_open(dfs, NULL, "more", S_IFREG | 0644, O_RDWR | O_CREAT, 0, 0, NULL, &obj) == EROFS);
	CHECK(dfs_lookup(dfs, "/file", O_RDWR, &obj, NULL, NULL) == EROFS);
	CHECK(dfs_remove(dfs, NULL, "file", false, NULL) == EROFS);
	CHECK(dfsx_set_snapshot(dfs, 0, NULL) == 0 && holds("/file", "new"));
	CHECK(dfsx_set_snapshot(dfs, epoch, NULL) == 0 && holds("/file", "old"));

	/* Not with open objects: they would belong to two moments. */
	CHECK(dfs_lookup(dfs, "/file", O_RDONLY, &obj, NULL, NULL) == 0);
	CHECK(dfsx_set_snapshot(dfs, 0, NULL) == EBUSY);
	CHECK(holds("/file", "old"));
	CHECK(dfs_release(obj) == 0);
	CHECK(dfsx_set_snapshot(dfs, 0, NULL) == 0);
	CHECK(dfs_lookup(dfs, "/file", O_RDWR, &obj, NULL, NULL) == 0);
	CHECK(dfsx_set_snapshot(dfs, 0, "s") == EBUSY);
	CHECK(dfs_release(obj) == 0);
	put("file", "newer");

	/* Destroyed under the mount, and away from there. */
	CHECK(dfsx_set_snapshot(dfs, 0, "s") == 0);
	CHECK(daos_cont_destroy_snap(coh, (daos_epoch_range_t){epoch, epoch}, NULL) == 0);
	CHECK(dfs_lookup(dfs, "/file", O_RDONLY, &obj, NULL, NULL) == ESTALE);
	CHECK(dfsx_set_snapshot(dfs, 0, NULL) == 0 && holds("/file", "newer"));
}

enum {
	ROUNDS = 60,
	PROCESSES = 3
};

/*
 * Rounds of a file of its own, written, snapped, written again, and looked at through the snapshot; the snapshots of the
 * others come and go meanwhile.
 */
static void work(int me)
{
	char name[32], path[40], text[64], later[64], snap[32];
	daos_epoch_t epoch, last = 0;

	begin(0);
	snprintf(name, sizeof(name), "own%d", me);
	snprintf(path, sizeof(path), "/own%d", me);
	for (int i = 0; i < ROUNDS; i++) {
		snprintf(text, sizeof(text), "round %03d of %d", i, me);
		snprintf(later, sizeof(later), "later %03d of %d", i, me);
		snprintf(snap, sizeof(snap), "snap-%d-%d", me, i);
		put(name, text);
		CHECK(daos_cont_create_snap(coh, &epoch, snap, NULL) == 0);
		CHECK(epoch > last);
		last = epoch;
		put(name, later);
		CHECK(dfsx_set_snapshot(dfs, i % 2 ? epoch : 0, i % 2 ? NULL : snap) == 0);
		CHECK(holds(path, text));
		CHECK(dfsx_set_snapshot(dfs, 0, NULL) == 0);
		CHECK(holds(path, later));
		/* A name is one snapshot's. */
		CHECK(daos_cont_create_snap(coh, &epoch, snap, NULL) == -DER_EXIST);
		if (i % 3 != 0)
			CHECK(daos_cont_destroy_snap(coh, (daos_epoch_range_t){last, last}, NULL) == 0);
	}
	_exit(0);
}

static void together(void)
{
	daos_epoch_t epochs[PROCESSES * ROUNDS];
	char room[PROCESSES * ROUNDS][DAOS_SNAPSHOT_MAX_LEN], *names[PROCESSES * ROUNDS];
	daos_anchor_t anchor = {0};
	int nr = PROCESSES * ROUNDS, status;

	for (int i = 0; i < PROCESSES; i++) {
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0)
			work(i);
	}
	for (int i = 0; i < PROCESSES; i++)
		CHECK(wait(&status) > 0 && status == 0);
	for (int i = 0; i < nr; i++)
		names[i] = room[i];
	CHECK(daos_cont_list_snap(coh, &nr, epochs, names, &anchor, NULL) == 0);
	CHECK(nr == PROCESSES * ROUNDS / 3);
	for (int i = 0; i < nr; i++) {
		char path[40], text[64];
		int me, round;

		CHECK(sscanf(names[i], "snap-%d-%d", &me, &round) == 2);
		snprintf(path, sizeof(path), "/own%d", me);
		snprintf(text, sizeof(text), "round %03d of %d", round, me);
		CHECK(dfsx_set_snapshot(dfs, epochs[i], NULL) == 0);
		CHECK(holds(path, text));
		CHECK(dfsx_set_snapshot(dfs, 0, NULL) == 0);
		CHECK(daos_cont_destroy_snap(coh, (daos_epoch_range_t){epochs[i], epochs[i]}, NULL) == 0);
	}
}

int main(void)
{
	char command[64];

	CHECK(mkdtemp(store) != NULL && setenv("DFSKIT_STORE", store, 1) == 0);
	begin(O_CREAT);
	there_and_back();
	together();
	CHECK(dfs_disconnect(dfs) == 0);
	CHECK(daos_cont_close(coh, NULL) == 0 && daos_pool_disconnect(poh, NULL) == 0);
	snprintf(command, sizeof(command), "rm -rf %s", store);
	return system(command) != 0;
}
