/*
 * snapshot_worker.c - changes a container and takes snapshots of it, one request an argument:
 *
 *   snapshot_worker POOL/CONT fill:PATH:OFFSET:LENGTH:BYTE cut:PATH:SIZE remove:PATH snap:NAME destroy:NAME
 *
 * Says "begin", and after each request the number of its errno (0: done). These are its only calls of write(2) to
 * descriptor 1, so that who traces it knows where it stands.
 */
#include <daos.h>
#include <daos_fs.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static daos_handle_t poh, coh;
static dfs_t *dfs;

static void say(const char *text)
{
	if (write(1, text, strlen(text)) < 0)
		_exit(3);
}

static int fill(const char *path, unsigned long offset, unsigned long length, char byte)
{
	char *bytes = malloc(length);
	d_iov_t iov = {.iov_buf = bytes, .iov_buf_len = length, .iov_len = length};
	d_sg_list_t sgl = {.sg_nr = 1, .sg_iovs = &iov};
	dfs_obj_t *obj;

	memset(bytes, byte, length);
	int rc = dfs_open(dfs, NULL, path + 1, S_IFREG | 0644, O_RDWR | O_CREAT, 0, 0, NULL, &obj);
	if (rc == 0) {
		rc = dfs_write(dfs, obj, &sgl, offset, NULL);
		dfs_release(obj);
	}
	free(bytes);
	return rc;
}

static int cut(const char *path, unsigned long size)
{
	dfs_obj_t *obj;
	int rc = dfs_lookup(dfs, path, O_RDWR, &obj, NULL, NULL);

	if (rc == 0) {
		rc = dfs_punch(dfs, obj, size, DFS_MAX_FSIZE);
		dfs_release(obj);
	}
	return rc;
}

/* errno of what a call of daos_* gave back. */
static int number(int rc)
{
	return rc == -DER_NOSPACE ? ENOSPC : rc == -DER_EXIST ? EEXIST : -rc;
}

static int destroy(const char *name)
{
	daos_epoch_t epochs[64];
	char room[64][DAOS_SNAPSHOT_MAX_LEN], *names[64];
	daos_anchor_t anchor = {0};
	int nr = 64;

	for (int i = 0; i < 64; i++)
		names[i] = room[i];
	int rc = daos_cont_list_snap(coh, &nr, epochs, names, &anchor, NULL);
	for (int i = 0; rc == 0 && i < nr; i++)
		if (strcmp(names[i], name) == 0)
			return number(daos_cont_destroy_snap(coh, (daos_epoch_range_t){epochs[i], epochs[i]}, NULL));
	return rc ? number(rc) : ENOENT;
}

static int obey(char *request)
{
	char *verb = strtok(request, ":"), *a = strtok(NULL, ":");
	char *b = strtok(NULL, ":"), *c = strtok(NULL, ":"), *d = strtok(NULL, ":");
	daos_epoch_t epoch;

	if (strcmp(verb, "fill") == 0)
		return fill(a, strtoul(b, NULL, 10), strtoul(c, NULL, 10), d[0]);
	if (strcmp(verb, "cut") == 0)
		return cut(a, strtoul(b, NULL, 10));
	if (strcmp(verb, "remove") == 0)
		return dfs_remove(dfs, NULL, a + 1, false, NULL);
	if (strcmp(verb, "snap") == 0)
		return number(daos_cont_create_snap(coh, &epoch, a, NULL));
	return destroy(a);
}

int main(int argc, char **argv)
{
	char pool[128], cont[128], answer[32];

	if (argc < 2 || sscanf(argv[1], "%127[^/]/%127s", pool, cont) != 2)
		return 2;
	int rc = daos_init();
	rc = rc ? -rc : dfs_init();
	rc = rc ? rc : dfs_connect(pool, NULL, cont, O_RDWR | O_CREAT, NULL, &dfs);
	rc = rc ? rc : -daos_pool_connect(pool, NULL, DAOS_PC_RW, &poh, NULL, NULL);
	rc = rc ? rc : -daos_cont_open(poh, cont, DAOS_COO_RW, &coh, NULL, NULL);
	say(rc ? "failed\n" : "begin\n");
	for (int i = 2; rc == 0 && i < argc; i++) {
		snprintf(answer, sizeof(answer), "%d\n", obey(argv[i]));
		say(answer);
	}
	/* No end but this one: a store that is left without a word must be as good as one that was closed. */
	_exit(rc != 0);
}
