/*
 * check_host.c - the files of the host below objects/ and preserved/: does each belong to something?
 */
#include <stdlib.h>
#include "check.h"
#include "hostdir.h"
#include "inode.h"
#include "layout.h"
#include "local.h"
#include "preserved.h"
#include "record.h"
#include "transaction.h"

/* Between what was counted at the last close and now, a file system may move blocks. */
bool check_blocks_differ(const struct inode_rec *a, const struct inode_rec *b)
{
	uint64_t more = a->blocks > b->blocks ? a->blocks : b->blocks,
	         less = a->blocks > b->blocks ? b->blocks : a->blocks;

	return more - less > 128 + more / 8;
}

static bool has_key(struct txn *txn, void *key, size_t size)
{
	MDB_val k = {size, key}, v;

	return tree_get(txn, &k, &v) == 0;
}

bool check_wants_copy(struct txn *txn, uint64_t ino, uint64_t epoch)
{
	uint64_t key[3] = {__builtin_bswap64(SPACE_KEPT), __builtin_bswap64(ino), __builtin_bswap64(epoch)};

	return has_key(txn, key, sizeof(key));
}

/* A directory or a link has none, whatever its flags say. */
bool check_wants_host(struct txn *txn, uint64_t ino)
{
	struct key purge = make_key(SPACE_PURGE, ino);
	struct inode_rec rec;

	if (inode_get(txn, ino, &rec) == 0)
		return S_ISREG(rec.mode) && rec.flags & INODE_HAS_HOST;
	return has_key(txn, &purge, sizeof(purge)) || check_wants_copy(txn, ino, KEPT_WHOLE);
}

struct walk {
	struct check *k;
	struct rtx r;
	const char *above; /* "ab" */
	bool preserved;
	int rc;
};

static int one_file(int fd, struct hostdir_entry *d, void *arg)
{
	struct walk *w = arg;
	unsigned long long ino = 0, epoch = 0;
	bool wanted = false;
	char path[64];
	char *end;

	(void)fd;
	ino = strtoull(d->name, &end, 16);
	if (w->preserved && *end == '-') {
		epoch = strtoull(end + 1, &end, 16);
		preserved_path(path, ino, epoch, strcmp(end, ".map") == 0);
		wanted = strcmp(path + strlen("preserved/ab/"), d->name) == 0 && check_wants_copy(w->r.txn, ino, epoch);
	} else if (!w->preserved) {
		host_path(path, ino);
		wanted = strncmp(path, w->above, 2) == 0 && strcmp(path + 3, d->name) == 0 &&
		         check_wants_host(w->r.txn, ino);
	}
	if (!wanted)
		w->rc = check_suspect(w->k, w->preserved ? LEAKED_COPY : LEAKED_HOST, ino, epoch, 0);
	if (!wanted && w->rc == 0)
		snprintf(w->k->list[w->k->nr - 1].name, DFS_MAX_NAME, "%s/%.3s/%.200s",
		         w->preserved ? "preserved" : "objects", w->above, d->name);
	return w->rc;
}

static int one_directory(int fd, struct hostdir_entry *d, void *arg)
{
	struct walk *w = arg;
	int sub;

	sub = sys_openat(fd, d->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (sub < 0)
		return 0;
	w->above = d->name;
	w->rc = rtx_begin(w->k->c, &w->r);
	if (w->rc == 0) {
		hostdir_walk(sub, one_file, w);
		rtx_end(&w->r);
	}
	sys_close(sub);
	return w->rc;
}

int check_host(struct check *k)
{
	struct walk w = {.k = k};
	int fd = sys_openat(k->c->dir_fd, "objects", O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		return -fd;
	hostdir_walk(fd, one_directory, &w);
	sys_close(fd);
	w.preserved = true;
	fd = sys_openat(k->c->dir_fd, "preserved", O_RDONLY | O_DIRECTORY, 0);
	if (fd >= 0 && w.rc == 0)
		hostdir_walk(fd, one_directory, &w);
	if (fd >= 0)
		sys_close(fd);
	return w.rc;
}
