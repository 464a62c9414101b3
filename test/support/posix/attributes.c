/* attributes.c - stat and what changes it. */
#include "check.h"

#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <time.h>
#include <utime.h>

static void compare(const char *what, const struct stat *st, const struct statx *stx)
{
	say("%s: mode %d ino %d links %d size %d uid %d gid %d mtime %d ctime %d blocks %d dev %d", what,
	    st->st_mode == stx->stx_mode, st->st_ino == stx->stx_ino, st->st_nlink == stx->stx_nlink,
	    st->st_size == (off_t)stx->stx_size, st->st_uid == stx->stx_uid, st->st_gid == stx->stx_gid,
	    st->st_mtim.tv_sec == stx->stx_mtime.tv_sec && st->st_mtim.tv_nsec == stx->stx_mtime.tv_nsec,
	    st->st_ctim.tv_sec == stx->stx_ctime.tv_sec && st->st_ctim.tv_nsec == stx->stx_ctime.tv_nsec,
	    st->st_blocks == (blkcnt_t)stx->stx_blocks,
	    st->st_dev == (dev_t)((stx->stx_dev_minor & 0xff) | (stx->stx_dev_major << 8) | ((stx->stx_dev_minor & ~0xffu) << 12)));
}

static void stat_and_statx(void)
{
	struct stat st, by_fd, dir;
	struct statx stx;

	put("f", "hello");
	mkdir("d", 0750);
	symlink("f", "l");
	TRY(stat("f", &st));
	TRY(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS, &stx));
	say("mask %x", stx.stx_mask & STATX_BASIC_STATS);
	compare("file", &st, &stx);
	int fd = must_open("f", O_RDONLY);
	TRY(fstat(fd, &by_fd));
	say("the same by descriptor %d", st.st_ino == by_fd.st_ino && st.st_dev == by_fd.st_dev && st.st_size == by_fd.st_size);
	TRY(statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx));
	compare("descriptor", &by_fd, &stx);
	TRY(fstatat(fd, "", &by_fd, AT_EMPTY_PATH));
	TRY(fstatat(fd, "", &by_fd, 0));
	TRY(stat("d", &dir));
	TRY(statx(AT_FDCWD, "d", 0, STATX_BASIC_STATS, &stx));
	compare("directory", &dir, &stx);
	say("one device %d, other inodes %d", dir.st_dev == st.st_dev, dir.st_ino != st.st_ino);
	TRY(lstat("l", &st));
	TRY(statx(AT_FDCWD, "l", AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &stx));
	compare("link", &st, &stx);
	TRY(fstatat(AT_FDCWD, "l", &st, 0));
	say("mode %o size %ld block size is set %d", st.st_mode, (long)st.st_size, st.st_blksize >= 512);
	TRY(stat("none", &st));
	TRY(statx(AT_FDCWD, "none", 0, STATX_BASIC_STATS, &stx));
}

static void inode_numbers(void)
{
	struct stat before, after, other;

	put("f", "f");
	put("g", "g");
	stat("f", &before);
	stat("g", &other);
	say("two files, two numbers %d", before.st_ino != other.st_ino);
	mkdir("d", 0755);
	TRY(rename("f", "d/h"));
	stat("d/h", &after);
	say("kept over rename %d", before.st_ino == after.st_ino);
	put("d/h", "other content");
	stat("d/h", &after);
	say("kept over truncate %d", before.st_ino == after.st_ino);
	int fd = must_open("d/h", O_RDONLY);
	fstat(fd, &after);
	say("the same open %d", before.st_ino == after.st_ino);
}

static void say_times(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		say("%s: %s", path, strerrorname_np(errno));
	else
		say("%s: accessed %ld.%09ld modified %ld.%09ld", path, st.st_atim.tv_sec, st.st_atim.tv_nsec, st.st_mtim.tv_sec,
		    st.st_mtim.tv_nsec);
}

static bool recent(struct timespec t)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return t.tv_sec >= now.tv_sec - 30 && t.tv_sec <= now.tv_sec + 1;
}

static void set_times(void)
{
	struct timespec t[2] = {{.tv_sec = 1000000000, .tv_nsec = 123456789}, {.tv_sec = 1100000000, .tv_nsec = 987654321}};
	struct stat st;

	put("f", "f");
	symlink("f", "l");
	TRY(utimensat(AT_FDCWD, "f", t, 0));
	say_times("f");
	t[0] = (struct timespec){.tv_nsec = UTIME_OMIT};
	t[1] = (struct timespec){.tv_sec = 5, .tv_nsec = 6};
	TRY(utimensat(AT_FDCWD, "f", t, 0));
	say_times("f");
	t[0] = (struct timespec){.tv_nsec = UTIME_NOW};
	t[1] = (struct timespec){.tv_nsec = UTIME_OMIT};
	TRY(utimensat(AT_FDCWD, "f", t, 0));
	stat("f", &st);
	say("now %d, kept %ld.%ld", recent(st.st_atim), st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	TRY(utimensat(AT_FDCWD, "f", NULL, 0));
	stat("f", &st);
	say("now %d %d", recent(st.st_atim), recent(st.st_mtim));
	t[0] = t[1] = (struct timespec){.tv_sec = 77, .tv_nsec = 88};
	TRY(utimensat(AT_FDCWD, "l", t, AT_SYMLINK_NOFOLLOW));
	lstat("l", &st);
	say("link %ld.%ld", st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	stat("f", &st);
	say("its target is left alone %d", recent(st.st_mtim));
	int fd = must_open("f", O_RDWR);
	TRY(futimens(fd, t));
	say_times("f");
	TRY(utimes("f", (struct timeval[]){{.tv_sec = 1, .tv_usec = 2}, {.tv_sec = 3, .tv_usec = 4}}));
	say_times("f");
	TRY(utime("f", &(struct utimbuf){.actime = 9, .modtime = 10}));
	say_times("f");
	TRY(futimes(fd, (struct timeval[]){{.tv_sec = 11}, {.tv_sec = 12}}));
	say_times("f");
	t[1].tv_nsec = 1000000000;
	TRY(utimensat(AT_FDCWD, "f", t, 0));
	TRY(utimensat(AT_FDCWD, "none", NULL, 0));
	t[0] = t[1] = (struct timespec){.tv_sec = 4102444800, .tv_nsec = 1};
	TRY(utimensat(AT_FDCWD, "f", t, 0));
	say_times("f");
}

/* Sets a time long past, so that a change shows whatever the grain of the clock. */
static void age(const char *path)
{
	utimensat(AT_FDCWD, path, (struct timespec[]){{.tv_sec = 100}, {.tv_sec = 100}}, AT_SYMLINK_NOFOLLOW);
}

static void say_age(const char *what, const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0)
		say("%s: modified now %d, changed now %d", what, recent(st.st_mtim), recent(st.st_ctim));
}

static void changed_times(void)
{
	mkdir("d", 0755);
	put("f", "f");
	age("f");
	say_age("aged", "f");
	chmod("f", 0600);
	say_age("chmod", "f");
	int fd = must_open("f", O_RDWR);
	say_age("open", "f");
	TRY(write(fd, "x", 1));
	say_age("write", "f");
	age("f");
	TRY(ftruncate(fd, 0));
	say_age("ftruncate", "f");
	age("f");
	close(must_open("f", O_WRONLY | O_TRUNC));
	say_age("O_TRUNC", "f");
	close(fd);
	age("d");
	put("d/x", "");
	say_age("create", "d");
	age("d");
	rename("d/x", "d/y");
	say_age("rename", "d");
	age("d");
	unlink("d/y");
	say_age("unlink", "d");
	age("d");
	mkdir("d/z", 0755);
	say_age("mkdir", "d");
	age("d");
	rmdir("d/z");
	say_age("rmdir", "d");
}

static void file_mode_masks(void)
{
	static const mode_t masks[] = {0, 022, 027, 077, 0777};
	char name[16];

	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		say("umask was %o", umask(masks[i]));
		snprintf(name, sizeof(name), "f%zu", i);
		close(open(name, O_CREAT | O_WRONLY, 0666));
		show_stat(name);
		snprintf(name, sizeof(name), "x%zu", i);
		close(open(name, O_CREAT | O_WRONLY, 04777));
		show_stat(name);
		snprintf(name, sizeof(name), "d%zu", i);
		mkdir(name, 01777);
		show_stat(name);
	}
	umask(0);
	pid_t pid = fork();
	if (pid == 0) {
		umask(0137);
		close(open("child", O_CREAT | O_WRONLY, 0777));
		_exit(0);
	}
	show_end(pid);
	close(open("parent", O_CREAT | O_WRONLY, 0777));
	show_stat("child");
	show_stat("parent");
	close(open("none", O_CREAT | O_RDWR, 0));
	show_stat("none");
}

static void change_modes(void)
{
	put("f", "f");
	mkdir("d", 0755);
	symlink("f", "l");
	int fd = must_open("f", O_RDONLY);

	TRY(chmod("f", 0640));
	show_stat("f");
	TRY(fchmod(fd, 04711));
	show_stat("f");
	TRY(chmod("l", 0604));
	show_stat("f");
	show_stat("l");
	TRY(chmod("d", 01700));
	show_stat("d");
	TRY(fchmodat(AT_FDCWD, "d", 02775, 0));
	show_stat("d");
	TRY(chmod("none", 0600));
}

static void say_owner(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0)
		say("%s belongs to %u:%u", path, st.st_uid == geteuid() ? 0 : st.st_uid, st.st_gid == getegid() ? 0 : st.st_gid);
}

static void change_owners(void)
{
	uid_t uid = geteuid() ? geteuid() : 1234;
	gid_t gid = geteuid() ? getegid() : 5678;

	put("f", "f");
	symlink("f", "l");
	say_owner("f");
	int fd = must_open("f", O_RDONLY);
	TRY(chown("f", uid, (gid_t)-1));
	say_owner("f");
	TRY(fchown(fd, (uid_t)-1, gid));
	say_owner("f");
	TRY(lchown("l", uid, gid));
	say_owner("l");
	TRY(fchownat(AT_FDCWD, "l", geteuid(), getegid(), 0));
	say_owner("f");
	say_owner("l");
	TRY(chown("none", uid, gid));
	TRY(chown("f", (uid_t)-1, (gid_t)-1));
	say_owner("f");
}

static void access_checks(void)
{
	put("f", "f");
	TRY(chmod("f", 0444));
	TRY(access("f", R_OK));
	TRY(access("f", X_OK));
	TRY(chmod("f", 0755));
	TRY(access("f", R_OK | W_OK | X_OK));
	TRY(access("none", F_OK));
	TRY(access("f", 8));
	TRY(faccessat(AT_FDCWD, "f", X_OK, AT_EACCESS));
	TRY(eaccess("f", W_OK));
	symlink("none", "dangling");
	TRY(access("dangling", F_OK));
	TRY(faccessat(AT_FDCWD, "dangling", F_OK, AT_SYMLINK_NOFOLLOW));
}

static void file_systems(void)
{
	struct statfs a, b;
	struct statvfs v, w;

	put("f", "f");
	int fd = must_open("f", O_RDONLY);
	TRY(statfs("f", &a));
	TRY(fstatfs(fd, &b));
	say("the same type %d block size %d names %ld", a.f_type == b.f_type, a.f_bsize == b.f_bsize && a.f_bsize > 0, (long)a.f_namelen);
	TRY(statvfs(".", &v));
	TRY(fstatvfs(fd, &w));
	say("names %lu, blocks %d, free below all %d", v.f_namemax, v.f_blocks > 0 && v.f_blocks == w.f_blocks, v.f_bfree <= v.f_blocks);
	TRY(statfs("none", &a));
	TRY(pathconf("f", _PC_NAME_MAX));
	TRY(fpathconf(fd, _PC_PATH_MAX));
}

static void sizes(void)
{
	struct stat st;

	put("f", "0123456789");
	int fd = must_open("f", O_RDWR), reader = must_open("f", O_RDONLY);
	TRY(truncate("f", 4));
	show("f");
	TRY(ftruncate(fd, 8));
	show("f");
	TRY(ftruncate(reader, 1));
	TRY(ftruncate(fd, -1));
	TRY(truncate("f", -1));
	TRY(truncate(".", 0));
	TRY(truncate("none", 0));
	TRY(lseek(fd, 0, SEEK_CUR));
	TRY(truncate("f", 3L << 30));
	stat("f", &st);
	say("size %ld", (long)st.st_size);
	TRY(truncate("f", 2));
	TRY(pwrite(fd, "x", 1, 6));
	show("f");
	put("f", "");
	show_stat("f");
}

static void extended(void)
{
	char value[64], list[256];

	put("f", "f");
	int fd = must_open("f", O_RDWR);
	if (TRY(setxattr("f", "user.one", "1", 1, 0)) != 0)
		return;
	TRY(setxattr("f", "user.one", "2", 1, XATTR_CREATE));
	TRY(setxattr("f", "user.none", "2", 1, XATTR_REPLACE));
	TRY(fsetxattr(fd, "user.two", "second", 6, 0));
	memset(value, 0, sizeof(value));
	TRY(getxattr("f", "user.two", value, sizeof(value)));
	say("\"%s\"", value);
	TRY(fgetxattr(fd, "user.one", NULL, 0));
	TRY(getxattr("f", "user.two", value, 2));
	TRY(getxattr("f", "user.none", value, sizeof(value)));
	TRY(listxattr("f", NULL, 0));
	TRY(flistxattr(fd, list, sizeof(list)));
	TRY(listxattr("f", list, 3));
	TRY(rename("f", "g"));
	TRY(removexattr("g", "user.one"));
	TRY(fremovexattr(fd, "user.one"));
	TRY(listxattr("g", list, sizeof(list)));
	say("\"%s\"", list);
	mkdir("d", 0755);
	TRY(setxattr("d", "user.dir", "", 0, 0));
	TRY(getxattr("d", "user.dir", value, sizeof(value)));
}

const struct check attribute_checks[] = {
    {"stat, fstat, fstatat and statx agree", stat_and_statx},
    {"inode numbers are a file's own and stay", inode_numbers},
    {"utimensat with times, UTIME_NOW and UTIME_OMIT", set_times},
    {"times change with content, attributes and entries", changed_times},
    {"umask is honoured when it changes", file_mode_masks},
    {"chmod", change_modes},
    {"chown", change_owners},
    {"access", access_checks},
    {"statfs and statvfs", file_systems},
    {"truncate and ftruncate", sizes},
    {"extended attributes", extended},
    {NULL, NULL},
};
