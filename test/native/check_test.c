/*
 * check_test.c - dfs_cont_check: a container is damaged in each way that it knows, seen to be found, not touched without
 * a flag, and mended in both manners. Stores that are only in use, or were left by a killed process, are clean.
 *
 * The damage is done with LMDB itself, in a child that has nothing of the provider open.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <lmdb.h>
#include <daos.h>
#include <daos_fs.h>
#include <dfskit_ext.h>
#include "check.h"
#include "layout.h"

static char store[64];
static uint64_t inode_dir, inode_sub, inode_small, inode_big;
static char said[8192];

/* ---- what is damaged ---------------------------------------------------------------------------------------------- */
static dfs_t *mount_it(void)
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

/* /dir with small, big, their link, a symbolic link, and a directory sub with a file x. */
static void fill(bool snapshot)
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
	inode_dir = number_of(dfs, "/dir");
	inode_sub = number_of(dfs, "/dir/sub");
	inode_small = number_of(dfs, "/dir/small");
	inode_big = number_of(dfs, "/dir/big");
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

static unsigned walk_all(void)
{
	dfs_t *dfs = mount_it();
	dfs_obj_t *root;
	unsigned n;

	CHECK(dfs_lookup(dfs, "/", O_RDONLY, &root, NULL, NULL) == 0);
	n = walk(dfs, root);
	CHECK(dfs_release(root) == 0);
	CHECK(dfs_disconnect(dfs) == 0);
	return n;
}

/* ---- checking ----------------------------------------------------------------------------------------------------- */
static void hear(void *arg, const char *line)
{
	(void)arg;
	snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s\n", line);
}

static struct dfsx_check check_it(uint64_t flags)
{
	struct dfsx_check result = {.say = hear};
	daos_handle_t poh;

	said[0] = '\0';
	CHECK(daos_pool_connect("p", NULL, DAOS_PC_RW, &poh, NULL, NULL) == 0);
	CHECK(dfsx_cont_check(poh, "c", flags, "found", &result) == 0);
	CHECK(daos_pool_disconnect(poh, NULL) == 0);
	return result;
}

static void expect_clean(const char *when)
{
	struct dfsx_check result = check_it(DFS_CHECK_VERIFY);

	if (result.found != 0)
		fprintf(stderr, "%s:\n%s", when, said);
	CHECK(result.found == 0 && result.mended == 0 && said[0] == '\0');
}

static void destroy(void)
{
	CHECK(dfs_destroy("p", NULL, "c", 0, NULL) == 0);
}

/* ---- damaging ----------------------------------------------------------------------------------------------------- */
static MDB_txn *txn;

static int get(uint64_t hi, uint64_t lo, MDB_val *v)
{
	struct key key = make_key(hi, lo);
	MDB_val k = {sizeof(key), &key};

	return mdb_get(txn, DBI, &k, v);
}

static void put(uint64_t hi, uint64_t lo, const void *data, size_t size)
{
	struct key key = make_key(hi, lo);
	MDB_val k = {sizeof(key), &key}, v = {size, (void *)(uintptr_t)data};

	CHECK(mdb_put(txn, DBI, &k, &v, 0) == 0);
}

static void del(uint64_t hi, uint64_t lo)
{
	struct key key = make_key(hi, lo);
	MDB_val k = {sizeof(key), &key};

	CHECK(mdb_del(txn, DBI, &k, NULL) == 0);
}

static struct inode_rec inode_of(uint64_t ino)
{
	struct inode_rec rec;
	MDB_val v;

	CHECK(get(SPACE_INODE | ino, 0, &v) == 0 && v.mv_size >= sizeof(rec));
	memcpy(&rec, v.mv_data, sizeof(rec));
	return rec;
}

static void put_inode(uint64_t ino, const struct inode_rec *rec)
{
	put(SPACE_INODE | ino, 0, rec, sizeof(*rec));
}

/* The slot of a name, with a copy of its entry. */
static uint64_t slot_of(uint64_t dir, const char *name, char *entry, size_t *size)
{
	struct key key = make_key(dir, 0), at;
	MDB_val k = {sizeof(key), &key}, v;
	MDB_cursor *cur;
	uint64_t slot = 0;

	CHECK(mdb_cursor_open(txn, DBI, &cur) == 0);
	for (int rc = mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE); rc == 0; rc = mdb_cursor_get(cur, &k, &v, MDB_NEXT)) {
		memcpy(&at, k.mv_data, sizeof(at));
		CHECK(at.hi == key.hi);
		if (v.mv_size == DIRENT_HEAD + strlen(name) &&
		    memcmp((char *)v.mv_data + DIRENT_HEAD, name, strlen(name)) == 0) {
			memcpy(entry, v.mv_data, v.mv_size);
			*size = v.mv_size;
			slot = __builtin_bswap64(at.lo);
			break;
		}
	}
	mdb_cursor_close(cur);
	CHECK(slot != 0);
	return slot;
}

static void change_entry(uint64_t dir, const char *name, uint64_t ino, uint8_t type)
{
	char entry[DIRENT_HEAD + DFS_MAX_NAME];
	size_t size;
	uint64_t slot = slot_of(dir, name, entry, &size);

	memcpy(entry, &ino, sizeof(ino));
	entry[offsetof(struct dirent_rec, type)] = (char)type;
	put(dir, slot, entry, size);
}

static void remove_entry(uint64_t dir, const char *name)
{
	char entry[DIRENT_HEAD + DFS_MAX_NAME];
	size_t size;

	del(dir, slot_of(dir, name, entry, &size));
}

static void host_name(char out[200], uint64_t ino)
{
	snprintf(out, 200, "%s/p/c/objects/%02x/%016llx", store, (unsigned)(ino & 255), (unsigned long long)ino);
}

static void lose_inode_of_file(void)
{
	del(SPACE_INODE | inode_small, 0);
}
static void lose_inode_of_directory(void)
{
	del(SPACE_INODE | inode_dir, 0);
}
static void lose_name_of_file(void)
{
	remove_entry(inode_dir, "small");
}
static void lose_name_of_directory(void)
{
	remove_entry(inode_dir, "sub");
}
static void change_type(void)
{
	change_entry(inode_dir, "small", inode_small, DT_LNK);
}
static void name_directory_twice(void)
{
	change_entry(inode_dir, "small", inode_sub, DT_DIR);
}
static void name_the_root(void)
{
	change_entry(inode_dir, "small", ROOT_INO, DT_DIR);
}
static void name_number_of_nobody(void)
{
	change_entry(inode_dir, "small", 0, DT_REG);
}
static void cut_inode(void)
{
	put(SPACE_INODE | inode_small, 0, "short", 5);
}
static void lose_data(void)
{
	del(SPACE_INODE | inode_small, DATA_SLOT);
}
static void cut_data(void)
{
	put(SPACE_INODE | inode_small, DATA_SLOT, "short", 5);
}
static void note_orphan_of_nobody(void)
{
	put(SPACE_ORPHAN, 999, "", 0);
}
static void note_orphan_with_name(void)
{
	put(SPACE_ORPHAN, inode_big, "", 0);
}
static void put_attribute_of_nobody(void)
{
	put(SPACE_INODE | 5000, 4096, "\1\0aX", 4);
}

static void count_links_wrong(void)
{
	struct inode_rec file = inode_of(inode_big), dir = inode_of(inode_dir);

	file.nlink = 7;
	dir.nlink = 2;
	put_inode(inode_big, &file);
	put_inode(inode_dir, &dir);
}

static void leave_parent_wrong(void)
{
	struct inode_rec sub = inode_of(inode_sub);

	sub.parent = ROOT_INO;
	put_inode(inode_sub, &sub);
}

/* dir, taken out of the root, becomes what x in sub was. */
static void close_a_ring(void)
{
	char entry[DIRENT_HEAD + DFS_MAX_NAME];
	struct inode_rec dir = inode_of(inode_dir);
	size_t size;

	remove_entry(ROOT_INO, "dir");
	dir.parent = inode_sub;
	dir.slot = slot_of(inode_sub, "x", entry, &size);
	put_inode(inode_dir, &dir);
	change_entry(inode_sub, "x", inode_dir, DT_DIR);
}

static void move_entry(void)
{
	char entry[DIRENT_HEAD + DFS_MAX_NAME];
	size_t size;
	uint64_t slot = slot_of(inode_dir, "small", entry, &size);

	del(inode_dir, slot);
	put(inode_dir, slot ^ 1 << 20, entry, size);
}

static void put_slash_into_name(void)
{
	char entry[DIRENT_HEAD + DFS_MAX_NAME];
	size_t size;
	uint64_t slot = slot_of(inode_dir, "small", entry, &size);

	entry[DIRENT_HEAD + 2] = '/';
	put(inode_dir, slot, entry, size);
}

static void clear_flags(void)
{
	struct inode_rec rec = inode_of(inode_big);

	rec.flags &= ~INODE_HAS_XATTR;
	put_inode(inode_big, &rec);
	rec = inode_of(inode_small);
	rec.flags &= ~INODE_HAS_DATA;
	put_inode(inode_small, &rec);
}

static void count_space_wrong(void)
{
	struct inode_rec rec = inode_of(inode_big);

	rec.size += 5;
	rec.blocks = 1 << 20;
	put_inode(inode_big, &rec);
}

static void lose_bytes(void)
{
	char path[200];

	host_name(path, inode_big);
	CHECK(unlink(path) == 0);
}

static void make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);

	CHECK(fd >= 0 && write(fd, "found again", 11) == 11 && close(fd) == 0);
}

static void leak_host_file(void)
{
	char path[200];

	host_name(path, 0x33);
	path[strlen(path) - 17] = '\0';
	mkdir(path, 0755);
	path[strlen(path)] = '/';
	make_file(path);
}

static void leak_preserved_file(void)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/p/c/preserved", store);
	mkdir(path, 0755);
	strcat(path, "/33");
	mkdir(path, 0755);
	strcat(path, "/0000000000000033-0000000000000777.map");
	make_file(path);
}

static void lower_next_number(void)
{
	uint64_t next = 2;

	put(0, KEY_INO, &next, sizeof(next));
}

static void count_snapshots_wrong(void)
{
	struct snapshots_rec all = {.newest = 12345, .last_epoch = 12345, .change = 8, .count = 3};

	put(0, KEY_SNAPSHOTS, &all, sizeof(all));
}

static void leave_history(void)
{
	uint64_t key[4] = {__builtin_bswap64(SPACE_HISTORY), __builtin_bswap64(inode_dir), __builtin_bswap64(77),
	                   __builtin_bswap64(1234)};
	MDB_val k = {sizeof(key), key}, v = {3, "old"};

	CHECK(mdb_put(txn, DBI, &k, &v, 0) == 0);
}

static const struct {
	const char *name, *word; /* word: of what is told */
	void (*damage)(void);
	unsigned relinked, removed; /* names below the root that are left; before: 7 */
	bool held;                  /* while somebody has the container open: who opens it first mends that */
} damages[] = {
    {"a file's inode is lost", "an object that is gone", lose_inode_of_file, 6, 6, false},
    {"a directory's inode is lost", "no directory", lose_inode_of_directory, 7, 0, false},
    {"a file's name is lost", "without a name", lose_name_of_file, 9, 6, false},
    {"a directory's name is lost", "without a name", lose_name_of_directory, 9, 5, false},
    {"the wrong type", "wrong type", change_type, 7, 7, false},
    {"a second name of a directory", "another place", name_directory_twice, 9, 6, false},
    {"a name of the root", "another place", name_the_root, 9, 6, false},
    {"an entry of number 0", "an object that is gone", name_number_of_nobody, 9, 6, false},
    {"a record too short", "belongs to no object", cut_inode, 6, 6, false},
    {"bytes in the tree are lost", "wrong note", lose_data, 7, 7, false},
    {"bytes in the tree are cut off", "wrong note", cut_data, 7, 7, false},
    {"an orphan that does not exist", "nobody has open", note_orphan_of_nobody, 7, 7, true},
    {"an orphan that has a name", "nobody has open", note_orphan_with_name, 7, 7, false},
    {"an attribute of no object", "belongs to no object", put_attribute_of_nobody, 7, 7, false},
    {"wrong numbers of links", "number of links", count_links_wrong, 7, 7, false},
    {"a directory with the wrong parent", "another place", leave_parent_wrong, 7, 7, false},
    {"a ring of directories", "below itself", close_a_ring, 9, 0, false},
    {"an entry at the wrong place", "no lookup finds", move_entry, 7, 7, false},
    {"a name that is none", "no lookup finds", put_slash_into_name, 9, 6, false},
    {"flags that say too little", "wrong note", clear_flags, 7, 7, false},
    {"a wrong size", "size or space", count_space_wrong, 7, 7, false},
    {"the host file is lost", "bytes are gone", lose_bytes, 7, 7, false},
    {"a host file of nobody", "leaked file of the host", leak_host_file, 10, 7, false},
    {"a preserved file of nobody", "no snapshot", leak_preserved_file, 7, 7, false},
    {"a used number comes again", "in use", lower_next_number, 7, 7, false},
    {"snapshots that do not exist", "count of snapshots", count_snapshots_wrong, 7, 7, false},
    {"old records without a snapshot", "destroyed snapshots", leave_history, 7, 7, false},
};

static void wait_for(pid_t pid)
{
	int status;

	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void damage(void (*how)(void))
{
	char path[200];
	pid_t pid = fork();
	MDB_env *env;
	MDB_dbi dbi;

	CHECK(pid >= 0);
	if (pid != 0) {
		wait_for(pid);
		return;
	}
	snprintf(path, sizeof(path), "%s/p/c/meta", store);
	CHECK(mdb_env_create(&env) == 0 && mdb_env_set_mapsize(env, 1 << 28) == 0);
	CHECK(mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOTLS, 0644) == 0);
	CHECK(mdb_txn_begin(env, NULL, 0, &txn) == 0 && mdb_dbi_open(txn, NULL, 0, &dbi) == 0);
	how();
	CHECK(mdb_txn_commit(txn) == 0);
	mdb_env_close(env);
	_exit(0);
}

static void one_damage(size_t i, uint64_t how)
{
	struct dfsx_check seen, mended;
	dfs_t *held = NULL;
	unsigned left;

	fill(false);
	expect_clean("before");
	if (damages[i].held)
		held = mount_it();
	damage(damages[i].damage);
	seen = check_it(0);
	if (seen.found == 0 || strstr(said, damages[i].word) == NULL)
		fprintf(stderr, "%s: told is\n%s", damages[i].name, said);
	CHECK(seen.found != 0 && seen.mended == 0 && strstr(said, damages[i].word) != NULL);
	CHECK(check_it(0).found == seen.found); /* nothing was touched */
	mended = check_it(how);
	if (mended.mended != mended.found)
		fprintf(stderr, "%s:\n%s", damages[i].name, said);
	CHECK(mended.mended >= seen.found && mended.mended == mended.found);
	expect_clean(damages[i].name);
	if (held != NULL)
		CHECK(dfs_disconnect(held) == 0);
	left = walk_all();
	if (left != (how == DFS_CHECK_REMOVE ? damages[i].removed : damages[i].relinked))
		fprintf(stderr, "%s: %u names are left\n%s", damages[i].name, left, said);
	CHECK(left == (how == DFS_CHECK_REMOVE ? damages[i].removed : damages[i].relinked));
	destroy();
}

static void bytes_come_back(void)
{
	char in[16] = "", path[64];
	d_iov_t iov = {in, sizeof(in), sizeof(in)};
	d_sg_list_t sgl = {.sg_nr = 1, .sg_iovs = &iov};
	daos_size_t size;
	dfs_obj_t *obj;
	dfs_t *dfs;

	fill(false);
	damage(leak_host_file);
	CHECK(check_it(DFS_CHECK_RELINK).mended != 0);
	snprintf(path, sizeof(path), "/lost+found/found/%d", 0x33);
	dfs = mount_it();
	CHECK(dfs_lookup(dfs, path, O_RDONLY, &obj, NULL, NULL) == 0);
	CHECK(dfs_read(dfs, obj, &sgl, 0, &size, NULL) == 0 && size == 11 && memcmp(in, "found again", 11) == 0);
	CHECK(dfs_release(obj) == 0 && dfs_disconnect(dfs) == 0);
	destroy();
}

/* ---- what is no damage -------------------------------------------------------------------------------------------- */
static void write_and_remove(unsigned seed)
{
	dfs_t *dfs = mount_it();
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

	fill(snapshot);
	expect_clean(snapshot ? "with a snapshot" : "without one");
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
		result = check_it(i % 2 != 0 ? DFS_CHECK_REMOVE : 0);
		if (result.found != 0)
			fprintf(stderr, "in use:\n%s", said);
		CHECK(result.found == 0);
	}
	for (i = 0; i < 2; i++) {
		CHECK(kill(pids[i], SIGKILL) == 0);
		CHECK(waitpid(pids[i], NULL, 0) == pids[i]);
	}
	expect_clean("after the crash");
	destroy();
}

static void held_open(void)
{
	dfs_obj_t *obj, *unnamed;
	dfs_t *dfs;

	fill(false);
	dfs = mount_it();
	CHECK(dfs_lookup(dfs, "/dir/big", O_RDWR, &obj, NULL, NULL) == 0);
	CHECK(dfsx_open_unnamed(dfs, NULL, 0600, O_RDWR, &unnamed) == 0);
	CHECK(dfs_remove(dfs, NULL, "dir", true, NULL) == 0);
	expect_clean("with open files that have no name");
	CHECK(dfs_release(obj) == 0 && dfs_release(unnamed) == 0);
	expect_clean("after they were closed");
	CHECK(dfs_disconnect(dfs) == 0);
	destroy();
}

static void wrong_calls(void)
{
	struct dfsx_check result = {0};
	daos_handle_t poh;

	fill(false);
	CHECK(daos_pool_connect("p", NULL, DAOS_PC_RW, &poh, NULL, NULL) == 0);
	CHECK(dfsx_cont_check(poh, "none", 0, NULL, &result) == ENOENT);
	CHECK(dfsx_cont_check(poh, "c", DFS_CHECK_REMOVE | DFS_CHECK_RELINK, NULL, &result) == EINVAL);
	CHECK(dfs_cont_check(DAOS_HDL_INVAL, "c", 0, NULL) == EINVAL);
	CHECK(dfs_cont_check(poh, "c", DFS_CHECK_PRINT | DFS_CHECK_EVICT_ALL, NULL) == 0);
	CHECK(daos_pool_disconnect(poh, NULL) == 0);
	destroy();
}

static void store_in(const char *directory)
{
	snprintf(store, sizeof(store), "%s/check-test-XXXXXX", directory);
	CHECK(mkdtemp(store) != NULL);
	setenv("DFSKIT_STORE", store, 1);
}

static void remove_store(void)
{
	char command[80];

	snprintf(command, sizeof(command), "rm -rf %s", store);
	CHECK(system(command) == 0);
}

int main(void)
{
	size_t i;

	CHECK(daos_init() == 0 && dfs_init() == 0);
	store_in("/dev/shm"); /* in memory there is no journal that our damage would not fit */
	for (i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		one_damage(i, DFS_CHECK_REMOVE);
		one_damage(i, DFS_CHECK_RELINK);
	}
	bytes_come_back();
	in_use(true);
	held_open();
	wrong_calls();
	remove_store();
	store_in("/tmp");
	in_use(false);
	in_use(true);
	held_open();
	remove_store();
	return 0;
}
