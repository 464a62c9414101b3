/*
 * global_test.c - pools, containers, mounts and open objects as bytes: for a child, for a process that only gets the
 * bytes and has another store in its environment, and for the wrong reader.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <daos.h>
#include <daos_fs.h>
#include "check.h"

enum {
	POOL,
	CONT,
	MOUNT,
	MOUNT_ALL,
	READER,
	WRITER,
	KINDS
};

static d_iov_t blobs[KINDS];

static void receive(int fd)
{
	size_t len;
	int i;

	for (i = 0; i < KINDS; i++) {
		CHECK(read(fd, &len, sizeof(len)) == sizeof(len));
		d_iov_set(&blobs[i], malloc(len), len);
		CHECK(read(fd, blobs[i].iov_buf, len) == (ssize_t)len);
	}
}

static void send_all(int fd)
{
	int i;

	for (i = 0; i < KINDS; i++) {
		CHECK(write(fd, &blobs[i].iov_len, sizeof(size_t)) == sizeof(size_t));
		CHECK(write(fd, blobs[i].iov_buf, blobs[i].iov_len) == (ssize_t)blobs[i].iov_len);
	}
}

static void expect(dfs_t *dfs, dfs_obj_t *obj, const char *text)
{
	char in[16] = "";
	d_iov_t iov = {in, sizeof(in), sizeof(in)};
	d_sg_list_t sgl = {.sg_nr = 1, .sg_iovs = &iov};
	daos_size_t size = 0;

	CHECK(dfs_read(dfs, obj, &sgl, 0, &size, NULL) == 0);
	CHECK(size == strlen(text) && memcmp(in, text, size) == 0);
}

static int store(dfs_t *dfs, dfs_obj_t *obj, const char *text)
{
	d_iov_t iov = {(char *)(uintptr_t)text, strlen(text), strlen(text)};
	d_sg_list_t sgl = {.sg_nr = 1, .sg_iovs = &iov};

	return dfs_write(dfs, obj, &sgl, 0, NULL);
}

/* What the reader of the bytes does; he writes `text`. */
static void use(const char *before, const char *text)
{
	daos_handle_t poh, coh;
	dfs_t *dfs, *all;
	dfs_obj_t *obj;

	CHECK(daos_init() == 0 && dfs_init() == 0);
	CHECK(daos_pool_global2local(blobs[POOL], &poh) == 0);
	CHECK(daos_cont_global2local(poh, blobs[CONT], &coh) == 0);
	CHECK(dfs_global2local(poh, coh, 0, blobs[MOUNT], &dfs) == 0);
	CHECK(dfs_global2local_all(O_RDWR, blobs[MOUNT_ALL], &all) == 0);

	/* The flags are those of the writer, unless others are asked for. */
	CHECK(dfs_obj_global2local(dfs, 0, blobs[READER], &obj) == 0);
	expect(dfs, obj, before);
	CHECK(store(dfs, obj, text) == EPERM);
	CHECK(dfs_release(obj) == 0);
	CHECK(dfs_obj_global2local(dfs, O_RDWR, blobs[READER], &obj) == 0);
	CHECK(store(dfs, obj, before) == 0);
	CHECK(dfs_release(obj) == 0);
	CHECK(dfs_obj_global2local(all, 0, blobs[WRITER], &obj) == 0);
	CHECK(store(all, obj, text) == 0);
	expect(all, obj, text);
	CHECK(dfs_release(obj) == 0);

	CHECK(dfs_umount(all) == 0);
	CHECK(dfs_umount(dfs) == 0);
	CHECK(daos_cont_close(coh, NULL) == 0);
	CHECK(daos_pool_disconnect(poh, NULL) == 0);
}

/* This program again, which has nothing but what comes through the pipe. */
static void use_elsewhere(const char *self)
{
	int fds[2];
	pid_t pid;

	CHECK(pipe(fds) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		CHECK(dup2(fds[0], 0) == 0);
		setenv("DFSKIT_STORE", "/nonexistent", 1);
		execl(self, self, "reader", (char *)NULL);
		_exit(127);
	}
	send_all(fds[1]);
	check_child(pid);
	close(fds[0]);
	close(fds[1]);
}

static void use_in_child(void)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		use("hello", "child");
		_exit(0);
	}
	check_child(pid);
}

/* Asks for the size, tries with too little, and fills. */
#define TAKE(kind, too_small, call)                                       \
	do {                                                              \
		d_iov_t glob = {NULL, 0, 0};                              \
		size_t need;                                              \
		CHECK((call) == 0 && glob.iov_buf_len > 0);               \
		need = glob.iov_buf_len;                                  \
		glob.iov_buf = malloc(need);                              \
		glob.iov_buf_len = need - 1;                              \
		CHECK((call) == (too_small) && glob.iov_buf_len == need); \
		CHECK((call) == 0 && glob.iov_len == need);               \
		blobs[kind] = glob;                                       \
	} while (0)

static void wrong_readers(daos_handle_t poh, daos_handle_t coh, dfs_t *dfs)
{
	d_iov_t cut = blobs[MOUNT], none = {NULL, 0, 0};
	daos_handle_t other, hdl;
	dfs_obj_t *obj;
	uuid_t uuid;
	dfs_t *out;

	CHECK(daos_pool_global2local(blobs[CONT], &hdl) == -DER_INVAL);
	CHECK(daos_pool_global2local(none, &hdl) == -DER_INVAL);
	CHECK(daos_cont_global2local(poh, blobs[POOL], &hdl) == -DER_INVAL);
	CHECK(daos_cont_global2local(DAOS_HDL_INVAL, blobs[CONT], &hdl) == -DER_NO_HDL);
	cut.iov_len--;
	CHECK(dfs_global2local(poh, coh, O_RDWR, cut, &out) == EINVAL);
	CHECK(dfs_global2local(poh, coh, O_RDWR, blobs[MOUNT_ALL], &out) == EINVAL);
	CHECK(dfs_obj_global2local(dfs, O_RDWR, blobs[MOUNT], &obj) == EINVAL);

	/* Another container, and another pool. */
	CHECK(dfs_cont_create_with_label(poh, "second", NULL, &uuid, &other, &out) == 0);
	CHECK(dfs_obj_global2local(out, O_RDWR, blobs[READER], &obj) == EINVAL);
	CHECK(dfs_umount(out) == 0);
	CHECK(dfs_global2local(poh, other, O_RDWR, blobs[MOUNT], &out) == EINVAL);
	CHECK(daos_cont_close(other, NULL) == 0);
	CHECK(daos_pool_connect("elsewhere", NULL, DAOS_PC_RW, &other, NULL, NULL) == 0);
	CHECK(daos_cont_global2local(other, blobs[CONT], &hdl) == -DER_INVAL);
	CHECK(daos_pool_disconnect(other, NULL) == 0);
}

int main(int argc, char **argv)
{
	char dir[] = "/tmp/global-test-XXXXXX", remove[64];
	daos_handle_t poh, coh;
	dfs_obj_t *reader, *writer;
	uuid_t uuid;
	dfs_t *dfs;

	if (argc > 1) {
		receive(0);
		use("child", "other");
		return 0;
	}
	CHECK(mkdtemp(dir) != NULL);
	setenv("DFSKIT_STORE", dir, 1);
	CHECK(daos_init() == 0 && dfs_init() == 0);
	CHECK(daos_pool_connect("p", NULL, DAOS_PC_RW, &poh, NULL, NULL) == 0);
	CHECK(dfs_cont_create_with_label(poh, "c", NULL, &uuid, &coh, &dfs) == 0);
	CHECK(dfs_open(dfs, NULL, "file", S_IFREG | 0644, O_RDWR | O_CREAT | O_EXCL, 0, 0, NULL, &writer) == 0);
	CHECK(store(dfs, writer, "hello") == 0);
	CHECK(dfs_dup(dfs, writer, O_RDONLY, &reader) == 0);

	TAKE(POOL, -DER_TRUNC, daos_pool_local2global(poh, &glob));
	TAKE(CONT, -DER_TRUNC, daos_cont_local2global(coh, &glob));
	TAKE(MOUNT, ENOBUFS, dfs_local2global(dfs, &glob));
	TAKE(MOUNT_ALL, ENOBUFS, dfs_local2global_all(dfs, &glob));
	TAKE(READER, ENOBUFS, dfs_obj_local2global(dfs, reader, &glob));
	TAKE(WRITER, ENOBUFS, dfs_obj_local2global(dfs, writer, &glob));

	use_in_child();
	expect(dfs, reader, "child");
	use_elsewhere(argv[0]);
	expect(dfs, reader, "other");
	wrong_readers(poh, coh, dfs);

	CHECK(dfs_release(reader) == 0);
	CHECK(dfs_release(writer) == 0);
	CHECK(dfs_umount(dfs) == 0);
	CHECK(daos_cont_close(coh, NULL) == 0);

	/* The name now stands for another container. */
	CHECK(daos_cont_destroy(poh, "c", 0, NULL) == 0);
	CHECK(dfs_cont_create_with_label(poh, "c", NULL, &uuid, NULL, NULL) == 0);
	CHECK(daos_cont_global2local(poh, blobs[CONT], &coh) == -DER_NONEXIST);
	CHECK(dfs_global2local_all(O_RDWR, blobs[MOUNT_ALL], &dfs) == ENOENT);
	CHECK(daos_pool_disconnect(poh, NULL) == 0);
	CHECK(dfs_fini() == 0 && daos_fini() == 0);
	snprintf(remove, sizeof(remove), "rm -rf %s", dir);
	return system(remove);
}
