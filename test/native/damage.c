/*
 * damage.c - what may be wrong in the container of checked.h. It knows the layout on disk.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <lmdb.h>
#include "check.h"
#include "checked.h"
#include "damage.h"
#include "layout.h"

static MDB_txn *txn; /* of damage_do() */

/* ---- records by hand ---------------------------------------------------------------------------------------------- */
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
	snprintf(out, 200, "%s/p/c/objects/%02x/%016llx", checked.store, (unsigned)(ino & 255),
	         (unsigned long long)ino);
}

/* ---- the kinds ---------------------------------------------------------------------------------------------------- */
static void lose_inode_of_file(void)
{
	del(SPACE_INODE | checked.small, 0);
}
static void lose_inode_of_directory(void)
{
	del(SPACE_INODE | checked.dir, 0);
}
static void lose_name_of_file(void)
{
	remove_entry(checked.dir, "small");
}
static void lose_name_of_directory(void)
{
	remove_entry(checked.dir, "sub");
}
static void change_type(void)
{
	change_entry(checked.dir, "small", checked.small, DT_LNK);
}
static void name_directory_twice(void)
{
	change_entry(checked.dir, "small", checked.sub, DT_DIR);
}
static void name_the_root(void)
{
	change_entry(checked.dir, "small", ROOT_INO, DT_DIR);
}
static void name_number_of_nobody(void)
{
	change_entry(checked.dir, "small", 0, DT_REG);
}
static void cut_inode(void)
{
	put(SPACE_INODE | checked.small, 0, "short", 5);
}
static void lose_data(void)
{
	del(SPACE_INODE | checked.small, DATA_SLOT);
}
static void cut_data(void)
{
	put(SPACE_INODE | checked.small, DATA_SLOT, "short", 5);
}
static void note_orphan_of_nobody(void)
{
	put(SPACE_ORPHAN, 999, "", 0);
}
static void note_orphan_with_name(void)
{
	put(SPACE_ORPHAN, checked.big, "", 0);
}
static void put_attribute_of_nobody(void)
{
	put(SPACE_INODE | 5000, 4096, "\1\0aX", 4);
}

static void count_links_wrong(void)
{
	struct inode_rec file = inode_of(checked.big), dir = inode_of(checked.dir);

	file.nlink = 7;
	dir.nlink = 2;
	put_inode(checked.big, &file);
	put_inode(checked.dir, &dir);
}

static void leave_parent_wrong(void)
{
	struct inode_rec sub = inode_of(checked.sub);

	sub.parent = ROOT_INO;
	put_inode(checked.sub, &sub);
}

/* dir, taken out of the root, becomes what x in sub was. */
static void close_a_ring(void)
{
	char entry[DIRENT_HEAD + DFS_MAX_NAME];
	struct inode_rec dir = inode_of(checked.dir);
	size_t size;

	remove_entry(ROOT_INO, "dir");
	dir.parent = checked.sub;
	dir.slot = slot_of(checked.sub, "x", entry, &size);
	put_inode(checked.dir, &dir);
	change_entry(checked.sub, "x", checked.dir, DT_DIR);
}

static void move_entry(void)
{
	char entry[DIRENT_HEAD + DFS_MAX_NAME];
	size_t size;
	uint64_t slot = slot_of(checked.dir, "small", entry, &size);

	del(checked.dir, slot);
	put(checked.dir, slot ^ 1 << 20, entry, size);
}

static void put_slash_into_name(void)
{
	char entry[DIRENT_HEAD + DFS_MAX_NAME];
	size_t size;
	uint64_t slot = slot_of(checked.dir, "small", entry, &size);

	entry[DIRENT_HEAD + 2] = '/';
	put(checked.dir, slot, entry, size);
}

static void clear_flags(void)
{
	struct inode_rec rec = inode_of(checked.big);

	rec.flags &= ~INODE_HAS_XATTR;
	put_inode(checked.big, &rec);
	rec = inode_of(checked.small);
	rec.flags &= ~INODE_HAS_DATA;
	put_inode(checked.small, &rec);
}

static void count_space_wrong(void)
{
	struct inode_rec rec = inode_of(checked.big);

	rec.size += 5;
	rec.blocks = 1 << 20;
	put_inode(checked.big, &rec);
}

static void lose_bytes(void)
{
	char path[200];

	host_name(path, checked.big);
	CHECK(unlink(path) == 0);
}

static void make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);

	CHECK(fd >= 0 && write(fd, "found again", 11) == 11 && close(fd) == 0);
}

void leak_host_file(void)
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

	snprintf(path, sizeof(path), "%s/p/c/preserved", checked.store);
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
	uint64_t key[4] = {__builtin_bswap64(SPACE_HISTORY), __builtin_bswap64(checked.dir), __builtin_bswap64(77),
	                   __builtin_bswap64(1234)};
	MDB_val k = {sizeof(key), key}, v = {3, "old"};

	CHECK(mdb_put(txn, DBI, &k, &v, 0) == 0);
}

const struct damage damages[] = {
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
const size_t damages_count = sizeof(damages) / sizeof(damages[0]);

void damage_do(void (*how)(void))
{
	char path[200];
	pid_t pid = fork();
	MDB_env *env;
	MDB_dbi dbi;

	CHECK(pid >= 0);
	if (pid != 0) {
		check_child(pid);
		return;
	}
	snprintf(path, sizeof(path), "%s/p/c/meta", checked.store);
	CHECK(mdb_env_create(&env) == 0 && mdb_env_set_mapsize(env, 1 << 28) == 0);
	CHECK(mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOTLS, 0644) == 0);
	CHECK(mdb_txn_begin(env, NULL, 0, &txn) == 0 && mdb_dbi_open(txn, NULL, 0, &dbi) == 0);
	how();
	CHECK(mdb_txn_commit(txn) == 0);
	mdb_env_close(env);
	_exit(0);
}
