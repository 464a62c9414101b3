/*
 * provider_test.c - the local provider from several threads and processes at once, for the sanitizers to look at.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "provider.h"
#include "check.h"

enum {
	THREADS = 4,
	FILES = 50,
	LARGEST = 300000
};

static const struct provider *p;

struct worker {
	dfs_t *dfs;
	int id;
};

static void transfer(dfs_t *dfs, dfs_obj_t *obj, char *buf, size_t len, daos_off_t off, bool write)
{
	d_iov_t iov;
	d_sg_list_t sgl = {.sg_nr = 1, .sg_iovs = &iov};
	daos_size_t done = 0;

	d_iov_set(&iov, buf, len);
	if (write) {
		CHECK(p->dfs_write(dfs, obj, &sgl, off, NULL) == 0);
		return;
	}
	CHECK(p->dfs_read(dfs, obj, &sgl, off, &done, NULL) == 0);
	CHECK(done == len);
}

static void one_file(dfs_t *dfs, dfs_obj_t *dir, const char *name, size_t size, char fill)
{
	/* Exactly as long as what goes through: a byte more would be found. */
	char *out = malloc(size), *in = malloc(size), value[3];
	daos_size_t value_size = sizeof(value);
	dfs_obj_t *obj;
	struct stat st;

	memset(out, fill, size);
	CHECK(p->dfs_open(dfs, dir, name, S_IFREG | 0644, O_RDWR | O_CREAT | O_EXCL, 0, 0, NULL, &obj) == 0);
	transfer(dfs, obj, out, size, 0, true);
	transfer(dfs, obj, in, size, 0, false);
	CHECK(memcmp(in, out, size) == 0);
	CHECK(p->dfs_setxattr(dfs, obj, "user.x", "abc", 3, 0) == 0);
	CHECK(p->dfs_getxattr(dfs, obj, "user.x", value, &value_size) == 0);
	CHECK(value_size == 3 && memcmp(value, "abc", 3) == 0);
	CHECK(p->dfs_punch(dfs, obj, size / 2, DFS_MAX_FSIZE) == 0);
	CHECK(p->dfs_ostat(dfs, obj, &st) == 0);
	CHECK(st.st_size == (off_t)(size / 2));
	CHECK(p->dfs_release(obj) == 0);
	free(in);
	free(out);
}

static unsigned count(dfs_t *dfs, dfs_obj_t *dir)
{
	struct dirent entries[7];
	daos_anchor_t anchor = {0};
	unsigned total = 0;

	while (!daos_anchor_is_eof(&anchor)) {
		uint32_t n = 7;

		CHECK(p->dfs_readdir(dfs, dir, &anchor, &n, entries) == 0);
		total += n;
	}
	return total;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	char dir_name[64], name[64], target[] = "some/where";
	dfs_obj_t *root, *dir, *link;

	CHECK(p->dfs_lookup(w->dfs, "/", O_RDWR, &root, NULL, NULL) == 0);
	snprintf(dir_name, sizeof(dir_name), "dir-%d-%d", (int)getpid(), w->id);
	CHECK(p->dfs_mkdir(w->dfs, root, dir_name, 0755, 0) == 0);
	CHECK(p->dfs_lookup_rel(w->dfs, root, dir_name, O_RDWR, &dir, NULL, NULL) == 0);
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "file-%d", i);
		one_file(w->dfs, dir, name, 1 + (size_t)i * LARGEST / FILES, (char)('a' + i));
	}
	CHECK(p->dfs_open(w->dfs, dir, "link", S_IFLNK | 0777, O_RDWR | O_CREAT | O_EXCL, 0, 0, target, &link) == 0);
	CHECK(p->dfs_release(link) == 0);
	CHECK(count(w->dfs, dir) == FILES + 1);
	CHECK(p->dfs_move(w->dfs, dir, "file-0", root, dir_name, NULL) != 0); /* a file over a directory */
	CHECK(p->dfs_move(w->dfs, dir, "file-0", dir, "file-1", NULL) == 0);
	CHECK(count(w->dfs, dir) == FILES);
	CHECK(p->dfs_remove(w->dfs, root, dir_name, false, NULL) == ENOTEMPTY);
	CHECK(p->dfs_release(dir) == 0);
	CHECK(p->dfs_remove(w->dfs, root, dir_name, true, NULL) == 0);
	CHECK(p->dfs_release(root) == 0);
	return NULL;
}

static void in_threads(void)
{
	pthread_t threads[THREADS];
	struct worker workers[THREADS];
	dfs_t *dfs;

	CHECK(p->dfs_connect("pool", NULL, "cont", O_RDWR, NULL, &dfs) == 0);
	for (int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){dfs, i};
		CHECK(pthread_create(&threads[i], NULL, work, &workers[i]) == 0);
	}
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	CHECK(p->dfs_disconnect(dfs) == 0);
}

int main(void)
{
	char store[] = "/tmp/dfskit-provider-test-XXXXXX", command[128], why[512] = "";
	daos_handle_t poh;
	pid_t children[2];
	int status;

	CHECK(mkdtemp(store) != NULL);
	setenv("DFSKIT_STORE", store, 1);
	p = provider_load("local", why, sizeof(why));
	if (p == NULL) {
		fprintf(stderr, "%s\n", why);
		return 1;
	}
	CHECK(p->dfs_init() == 0);
	CHECK(p->daos_pool_connect("pool", NULL, DAOS_PC_RW, &poh, NULL, NULL) == 0);
	CHECK(p->dfs_cont_create_with_label(poh, "cont", NULL, NULL, NULL, NULL) == 0);
	for (int i = 0; i < 2; i++) {
		children[i] = fork();
		CHECK(children[i] >= 0);
		if (children[i] == 0) {
			in_threads();
			_exit(0);
		}
	}
	in_threads();
	for (int i = 0; i < 2; i++)
		CHECK(waitpid(children[i], &status, 0) == children[i] && status == 0);
	CHECK(p->daos_cont_destroy(poh, "cont", 0, NULL) == 0);
	CHECK(p->daos_pool_disconnect(poh, NULL) == 0);
	CHECK(p->dfs_fini() == 0);
	snprintf(command, sizeof(command), "rm -rf %s", store);
	return system(command) == 0 ? 0 : 1;
}
