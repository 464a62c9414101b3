/*
 * snapshot_test.c - random changes, snapshots and their destruction, against dumps of the tree.
 *
 *   snapshot_test [SEED [STEPS]]       numbers from a generator
 *   snapshot_test - N...               these numbers, for a property test that shrinks them
 *
 * A snapshot must for ever show what a dump of the live container showed when it was taken: names, inode numbers,
 * modes, link counts, sizes, times, targets, attributes and bytes; through a mount of it and below .snapshot.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "provider.h"
#include "check.h"

enum {
	NAMES = 6,
	HANDLES = 4,
	SNAPSHOTS = 6,
	LARGEST = 400000
};

static const struct provider *p;
static daos_handle_t poh, coh;
static dfs_t *dfs;
static dfs_obj_t *handles[HANDLES];

struct snapshot {
	daos_epoch_t epoch;
	char name[16];
	char *dump;
};
static struct snapshot snapshots[SNAPSHOTS];
static unsigned taken;

/* ---- numbers ---------------------------------------------------------------------------------------- */
static uint64_t state = 1;
static char **given;
static int nr_given;

static unsigned number(unsigned below)
{
	if (given != NULL) {
		if (nr_given == 0)
			return 0;
		nr_given--;
		return (unsigned)strtoul(*given++, NULL, 10) % below;
	}
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(state >> 33) % below;
}

static const char *any_name(void)
{
	static const char *const names[NAMES] = {"a", "b", "c", "d", "e", "f"};

	return names[number(NAMES)];
}

/* The root, or one of two directories that may be there. */
static dfs_obj_t *any_dir(void)
{
	static const char *const dirs[] = {"/x", "/y"};
	unsigned n = number(4);
	dfs_obj_t *dir = NULL;

	if (n >= 2 && p->dfs_lookup(dfs, dirs[n - 2], O_RDWR, &dir, NULL, NULL) != 0)
		return NULL;
	return dir;
}

static void put_dir(dfs_obj_t *dir)
{
	if (dir != NULL)
		p->dfs_release(dir);
}

/* ---- dumps ------------------------------------------------------------------------------------------- */
struct text {
	char *at;
	size_t len, room;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *t, const char *format, ...)
{
	va_list ap;
	int n;

	for (;;) {
		va_start(ap, format);
		n = vsnprintf(t->at + t->len, t->room - t->len, format, ap);
		va_end(ap);
		if (t->len + (size_t)n < t->room)
			break;
		t->room = t->room * 2 + (size_t)n + 1;
		t->at = realloc(t->at, t->room);
		CHECK(t->at != NULL);
	}
	t->len += (size_t)n;
}

static void dump_bytes(struct text *t, dfs_t *fs, dfs_obj_t *obj)
{
	static char buf[2 * LARGEST + 100000];
	uint64_t sum = 14695981039346656037u;
	daos_size_t got = 0, i;
	d_iov_t iov[2];
	d_sg_list_t sgl = {.sg_nr = 2, .sg_iovs = iov};

	d_iov_set(&iov[0], buf, 1000);
	d_iov_set(&iov[1], buf + 1000, sizeof(buf) - 1000);
	CHECK(p->dfs_read(fs, obj, &sgl, 0, &got, NULL) == 0);
	say(t, " bytes %lu", (unsigned long)got);
	for (i = 0; i < got; i++) {
		sum = (sum ^ (unsigned char)buf[i]) * 1099511628211u;
		if ((i + 1) % 65536 == 0 || i + 1 == got)
			say(t, " %08x", (unsigned)(sum >> 32));
		if ((i + 1) % 65536 == 0)
			sum = 14695981039346656037u;
	}
}

static void dump_xattrs(struct text *t, dfs_t *fs, dfs_obj_t *obj)
{
	char list[512], value[64], *at;
	daos_size_t size = sizeof(list), len;

	CHECK(p->dfs_listxattr(fs, obj, list, &size) == 0);
	for (at = list; at < list + size; at += strlen(at) + 1) {
		len = sizeof(value);
		CHECK(p->dfs_getxattr(fs, obj, at, value, &len) == 0);
		say(t, " %s=%.*s", at, (int)len, value);
	}
}

static void dump(struct text *t, dfs_t *fs, dfs_obj_t *dir, const char *path)
{
	struct dfsx_dirent ents[3];
	uint64_t cookie = 0;
	uint32_t nr = 3, i;

	while (p->dfsx_readdir(fs, dir, &cookie, &nr, ents, NULL) == 0 && nr != 0) {
		for (i = 0; i < nr; i++) {
			char name[256], target[256];
			daos_size_t size = sizeof(target);
			dfs_obj_t *obj;
			struct stat st;

			snprintf(name, sizeof(name), "%s/%.60s", path, ents[i].name);
			/* What it is may be seen always, what it holds is asked of who may read it. */
			CHECK(p->dfs_lookup_rel(fs, dir, ents[i].name, O_PATH | O_NOFOLLOW, &obj, NULL, &st) == 0);
			CHECK(ents[i].ino == st.st_ino);
			say(t, "%s %lx %o %lu size %ld %ld.%09ld %ld.%09ld", name,
			    (unsigned long)(st.st_ino & 0xfffffffffff), st.st_mode, (unsigned long)st.st_nlink,
			    (long)st.st_size, (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, (long)st.st_ctim.tv_sec,
			    st.st_ctim.tv_nsec);
			dump_xattrs(t, fs, obj);
			if (S_ISLNK(st.st_mode)) {
				CHECK(p->dfs_get_symlink_value(obj, target, &size) == 0);
				say(t, " -> %s", target);
			} else if (S_ISREG(st.st_mode)) {
				dump_bytes(t, fs, obj);
			}
			say(t, "\n");
			if (S_ISDIR(st.st_mode))
				dump(t, fs, obj, name);
			p->dfs_release(obj);
		}
		nr = 3;
	}
}

static char *dump_of(dfs_t *fs, dfs_obj_t *root)
{
	struct text t = {0};

	say(&t, "%s", "");
	dump(&t, fs, root, "");
	return t.at;
}

/* ---- changes: each may fail, as names come and go --------------------------------------------------------- */
static void fill(dfs_obj_t *obj, daos_off_t off, size_t len)
{
	static char buf[LARGEST];
	d_iov_t iov;
	d_sg_list_t sgl = {.sg_nr = 1, .sg_iovs = &iov};

	memset(buf, 'a' + (int)number(26), len);
	d_iov_set(&iov, buf, len);
	if (number(4) == 0)
		CHECK(p->dfsx_append(dfs, obj, &sgl, &off) == 0);
	else
		CHECK(p->dfs_write(dfs, obj, &sgl, off, NULL) == 0);
}

static unsigned any_offset(void)
{
	return number(3) == 0 ? number(6) * 65536 : number(LARGEST);
}

static void change_bytes(dfs_obj_t *obj)
{
	switch (number(4)) {
	case 0:
		CHECK(p->dfs_punch(dfs, obj, any_offset(), number(3) == 0 ? DFS_MAX_FSIZE : number(200000)) == 0);
		break;
	case 1:
		CHECK(p->dfsx_fallocate(dfs, obj, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, any_offset(),
		                        1 + number(150000)) == 0);
		break;
	default:
		fill(obj, any_offset(), 1 + number(number(3) == 0 ? LARGEST - 1 : 5000));
	}
}

static void change_file(dfs_obj_t *dir)
{
	int flags = O_RDWR | (number(2) ? O_CREAT : 0) | (number(4) == 0 ? O_TRUNC : 0);
	dfs_obj_t *obj;

	if (p->dfs_open(dfs, dir, any_name(), S_IFREG | 0640, flags, 0, 0, NULL, &obj) != 0)
		return;
	change_bytes(obj);
	if (number(3) == 0) { /* stays open, through snapshots and removal of its name */
		unsigned slot = number(HANDLES);

		put_dir(handles[slot]);
		handles[slot] = obj;
		return;
	}
	p->dfs_release(obj);
}

static void change_names(dfs_obj_t *dir)
{
	dfs_obj_t *other = any_dir(), *obj = NULL;

	switch (number(5)) {
	case 0:
		p->dfs_remove(dfs, dir, any_name(), false, NULL);
		break;
	case 1:
		p->dfsx_rename(dfs, dir, any_name(), other, any_name(), number(4) == 0 ? 2 /* exchange */ : 0);
		break;
	case 2:
		if (p->dfs_lookup_rel(dfs, dir, any_name(), O_RDONLY | O_NOFOLLOW, &obj, NULL, NULL) == 0)
			p->dfsx_link(dfs, obj, other, any_name());
		break;
	case 3:
		if (p->dfs_open(dfs, dir, any_name(), S_IFLNK | 0777, O_CREAT | O_EXCL | O_RDWR, 0, 0, any_name(),
		                &obj) != 0)
			obj = NULL;
		break;
	default:
		if (number(3) == 0)
			p->dfs_remove(dfs, NULL, number(2) ? "x" : "y", true, NULL);
		else
			p->dfs_mkdir(dfs, NULL, number(2) ? "x" : "y", 0700 + number(64), 0);
	}
	put_dir(obj);
	put_dir(other);
}

static void change_attributes(dfs_obj_t *dir)
{
	struct stat st = {.st_mtim = {(time_t)number(1000000), number(1000)}};
	char value[32];
	dfs_obj_t *obj;

	if (p->dfs_lookup_rel(dfs, dir, any_name(), O_RDWR | O_NOFOLLOW, &obj, NULL, NULL) != 0)
		return;
	switch (number(4)) {
	case 0:
		snprintf(value, sizeof(value), "%u", number(1000));
		CHECK(p->dfs_setxattr(dfs, obj, any_name(), value, strlen(value), 0) == 0);
		break;
	case 1:
		p->dfs_removexattr(dfs, obj, any_name());
		break;
	case 2:
		CHECK(p->dfs_osetattr(dfs, obj, &st, DFS_SET_ATTR_MTIME) == 0);
		break;
	default:
		st.st_mode = number(01000);
		CHECK(p->dfs_osetattr(dfs, obj, &st, DFS_SET_ATTR_MODE) == 0);
	}
	p->dfs_release(obj);
}

/* ---- snapshots ---------------------------------------------------------------------------------------------- */
static void take(void)
{
	struct snapshot *s = NULL;
	unsigned i;

	for (i = 0; i < SNAPSHOTS; i++)
		if (snapshots[i].dump == NULL)
			s = &snapshots[i];
	if (s == NULL)
		return;
	snprintf(s->name, sizeof(s->name), "s%u", ++taken);
	CHECK(p->daos_cont_create_snap(coh, &s->epoch, s->name, NULL) == 0);
	s->dump = dump_of(dfs, NULL);
}

static void compare(const struct snapshot *s, char *now)
{
	if (strcmp(s->dump, now) != 0) {
		fprintf(stderr, "snapshot %s was\n%sand is\n%s", s->name, s->dump, now);
		_exit(1);
	}
	free(now);
}

static void check(const struct snapshot *s)
{
	dfs_obj_t *root, *obj;
	char path[64];
	dfs_t *snap;

	if (s->dump == NULL)
		return;
	if (number(2))
		CHECK(p->dfs_mount_snap(poh, coh, O_RDONLY, s->epoch, NULL, &snap) == 0);
	else
		CHECK(p->dfs_connect_snap("pool", NULL, "cont", O_RDONLY, 0, s->name, &snap) == 0);
	compare(s, dump_of(snap, NULL));
	CHECK(p->dfs_umount(snap) == 0);
	snprintf(path, sizeof(path), "/.snapshot/%s", s->name);
	CHECK(p->dfs_lookup(dfs, path, O_RDONLY, &root, NULL, NULL) == 0);
	compare(s, dump_of(dfs, root));
	CHECK(p->dfs_open(dfs, root, "new", S_IFREG | 0644, O_CREAT | O_RDWR, 0, 0, NULL, &obj) == EROFS);
	CHECK(p->dfs_mkdir(dfs, root, "new", 0755, 0) == EROFS);
	p->dfs_release(root);
}

static void destroy(struct snapshot *s)
{
	daos_epoch_range_t range = {s->epoch, s->epoch};
	char path[64];
	dfs_obj_t *root;
	dfs_t *snap;
	struct stat st;

	if (s->dump == NULL)
		return;
	snprintf(path, sizeof(path), "/.snapshot/%s", s->name);
	CHECK(p->dfs_lookup(dfs, path, O_RDONLY, &root, NULL, NULL) == 0);
	CHECK(p->daos_cont_destroy_snap(coh, range, NULL) == 0);
	CHECK(p->dfs_ostat(dfs, root, &st) == ESTALE);
	p->dfs_release(root);
	CHECK(p->dfs_lookup(dfs, path, O_RDONLY, &root, NULL, NULL) == ENOENT);
	CHECK(p->dfs_mount_snap(poh, coh, O_RDONLY, s->epoch, NULL, &snap) == ENOENT);
	CHECK(p->daos_cont_destroy_snap(coh, range, NULL) == -DER_NONEXIST);
	free(s->dump);
	s->dump = NULL;
}

static void step(void)
{
	dfs_obj_t *dir = any_dir();
	unsigned what = number(20);
	dfs_obj_t *held = handles[number(HANDLES)];

	if (what < 6)
		change_file(dir);
	else if (what < 9 && held != NULL)
		change_bytes(held);
	else if (what < 13)
		change_names(dir);
	else if (what < 15)
		change_attributes(dir);
	else if (what < 17)
		take();
	else if (what < 18)
		destroy(&snapshots[number(SNAPSHOTS)]);
	else if (what < 19)
		check(&snapshots[number(SNAPSHOTS)]);
	put_dir(dir);
}

/* Blocks of the store's files: all must come back. */
static long blocks(void)
{
	FILE *f =
	    popen("du -s --block-size=512 \"$DFSKIT_STORE/pool/cont/objects\" \"$DFSKIT_STORE/pool/cont/preserved\""
	          " 2>/dev/null | awk '{n += $1} END {print n + 0}'",
	          "r");
	long n = -1;

	CHECK(f != NULL && fscanf(f, "%ld", &n) == 1);
	pclose(f);
	return n;
}

int main(int argc, char **argv)
{
	char store[] = "/tmp/dfskit-snapshot-XXXXXX", command[64];
	unsigned steps = argc > 2 ? (unsigned)atoi(argv[2]) : 600, i;
	daos_epoch_range_t all = {0, UINT64_MAX};
	char err[256];
	int nr = 0;

	if (argc > 1 && strcmp(argv[1], "-") == 0) {
		given = argv + 2;
		nr_given = argc - 2;
	} else if (argc > 1) {
		state = strtoull(argv[1], NULL, 10);
	}
	CHECK(mkdtemp(store) != NULL);
	setenv("DFSKIT_STORE", store, 1);
	p = provider_load("local", err, sizeof(err));
	CHECK(p != NULL && p->daos_init() == 0);
	CHECK(p->daos_pool_connect("pool", NULL, DAOS_PC_RW, &poh, NULL, NULL) == 0);
	CHECK(p->dfs_cont_create_with_label(poh, "cont", NULL, NULL, &coh, NULL) == 0);
	CHECK(p->dfs_mount(poh, coh, O_RDWR, &dfs) == 0);
	while (given != NULL ? nr_given > 0 : steps-- > 0)
		step();
	for (i = 0; i < SNAPSHOTS; i++)
		check(&snapshots[i]);
	for (i = 0; i < HANDLES; i++)
		put_dir(handles[i]);
	if (p->daos_cont_destroy_snap(coh, all, NULL) != 0)
		CHECK(taken == 0 || p->daos_cont_list_snap(coh, &nr, NULL, NULL, NULL, NULL) == 0);
	CHECK(p->daos_cont_list_snap(coh, &nr, NULL, NULL, NULL, NULL) == 0 && nr == 0);
	for (i = 0; i < SNAPSHOTS; i++)
		free(snapshots[i].dump);
	p->dfs_remove(dfs, NULL, "x", true, NULL);
	p->dfs_remove(dfs, NULL, "y", true, NULL);
	for (i = 0; i < NAMES; i++)
		p->dfs_remove(dfs, NULL, (char[]){(char)('a' + i), '\0'}, true, NULL);
	CHECK(p->dfs_sync(dfs) == 0);
	CHECK(blocks() < 1000); /* directories, no file */
	CHECK(p->dfs_umount(dfs) == 0 && p->daos_cont_close(coh, NULL) == 0);
	CHECK(p->daos_pool_disconnect(poh, NULL) == 0 && p->daos_fini() == 0);
	snprintf(command, sizeof(command), "rm -rf %s", store);
	return system(command) != 0;
}
