/* names.c - names, attributes of what they name. See fuzz.h. */
#include "fuzz.h"

#include <sys/xattr.h>

static void do_mkdir(void)
{
	say_result(mkdir(path_of(0), (mode_t)num(1)));
}

static void do_mkdirat(void)
{
	say_result(mkdirat(fd_of(0), path_of(1), (mode_t)num(2)));
}

static void do_mknod(void)
{
	say_result(mknod(path_of(0), S_IFREG | ((mode_t)num(1) & 07777), 0));
}

static void do_rmdir(void)
{
	say_result(rmdir(path_of(0)));
}

static void do_unlink(void)
{
	say_result(unlink(path_of(0)));
}

static void do_unlinkat(void)
{
	say_result(unlinkat(fd_of(0), path_of(1), (int)num(2)));
}

static void do_remove(void)
{
	say_result(remove(path_of(0)));
}

static void do_rename(void)
{
	say_result(rename(path_of(0), path_of(1)));
}

/* renameat2 DIR PATH DIR PATH FLAGS */
static void do_renameat2(void)
{
	say_result(renameat2(fd_of(0), path_of(1), fd_of(2), path_of(3), (unsigned int)num(4)));
}

static void do_link(void)
{
	say_result(link(path_of(0), path_of(1)));
}

/* linkat DIR PATH DIR PATH FLAGS */
static void do_linkat(void)
{
	say_result(linkat(fd_of(0), path_of(1), fd_of(2), path_of(3), (int)num(4)));
}

/* link_fd FD PATH WAY: gives what is open a (another) name */
static void do_link_fd(void)
{
	char own[64];
	snprintf(own, sizeof(own), "/proc/self/fd/%d", fd_of(0));
	say_result(num(2) ? linkat(fd_of(0), "", AT_FDCWD, path_of(1), AT_EMPTY_PATH)
			  : linkat(AT_FDCWD, own, AT_FDCWD, path_of(1), AT_SYMLINK_FOLLOW));
}

static void do_symlink(void)
{
	say_result(symlink(path_of(0), path_of(1)));
}

static void do_symlinkat(void)
{
	say_result(symlinkat(path_of(0), fd_of(1), path_of(2)));
}

static void say_value(ssize_t n, char *value)
{
	if (n < 0)
		say_result(n);
	else {
		value[n] = 0;
		say_path(value);
	}
}

static void do_readlink(void)
{
	char value[PATH_MAX + 1];
	ssize_t n = readlink(path_of(0), value, PATH_MAX);
	say_value(n, value);
}

static void do_readlinkat(void)
{
	char value[PATH_MAX + 1];
	ssize_t n = readlinkat(fd_of(0), path_of(1), value, PATH_MAX);
	say_value(n, value);
}

static void do_realpath(void)
{
	char *path = realpath(path_of(0), NULL);
	path ? say_path(path) : (void)say_result(-1);
	free(path);
}

/* ---- attributes ---- */

static void say_if(int r, const struct stat *st)
{
	if (say_result(r) == 0)
		say_stat(st);
}

static void do_stat(void)
{
	struct stat st;
	int r = stat(path_of(0), &st);
	say_if(r, &st);
}

static void do_lstat(void)
{
	struct stat st;
	int r = lstat(path_of(0), &st);
	say_if(r, &st);
}

static void do_fstat(void)
{
	struct stat st;
	int r = fstat(fd_of(0), &st);
	say_if(r, &st);
}

static void do_fstatat(void)
{
	struct stat st;
	int r = fstatat(fd_of(0), path_of(1), &st, (int)num(2));
	say_if(r, &st);
}

/* statx DIR PATH FLAGS MASK */
static void do_statx(void)
{
	struct statx x;
	int r = statx(fd_of(0), path_of(1), (int)num(2), (unsigned int)num(3), &x);
	if (say_result(r) == 0)
		say(" %o size %llu", x.stx_mode, S_ISDIR(x.stx_mode) ? 0 : x.stx_size);
}

/* same PATH PATH: whether both name one file */
static void do_same(void)
{
	struct stat a, b;
	int r = lstat(path_of(0), &a) | lstat(path_of(1), &b);
	if (say_result(r) == 0)
		say(" %d", a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

/* same_fd FD PATH */
static void do_same_fd(void)
{
	struct stat a, b;
	int r = fstat(fd_of(0), &a) | stat(path_of(1), &b);
	if (say_result(r) == 0)
		say(" %d", a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

static void do_access(void)
{
	say_result(access(path_of(0), (int)num(1)));
}

static void do_faccessat(void)
{
	say_result(faccessat(fd_of(0), path_of(1), (int)num(2), (int)num(3)));
}

static void do_chmod(void)
{
	say_result(chmod(path_of(0), (mode_t)num(1)));
}

static void do_fchmod(void)
{
	say_result(fchmod(fd_of(0), (mode_t)num(1)));
}

static void do_fchmodat(void)
{
	say_result(fchmodat(fd_of(0), path_of(1), (mode_t)num(2), (int)num(3)));
}

static void do_lchown(void)
{
	say_result(lchown(path_of(0), (uid_t)num(1), (gid_t)num(2)));
}

static void do_fchown(void)
{
	say_result(fchown(fd_of(0), (uid_t)num(1), (gid_t)num(2)));
}

static void do_umask(void)
{
	say(" %o", umask((mode_t)num(0)));
}

/* utimensat DIR PATH SECONDS NANOSECONDS FLAGS */
static void do_utimensat(void)
{
	struct timespec t[2] = {{num(2), num(3)}, {num(2), num(3)}};
	say_result(utimensat(fd_of(0), path_of(1), t, (int)num(4)));
}

static void do_futimens(void)
{
	struct timespec t[2] = {{num(1), num(2)}, {num(1), num(2)}};
	say_result(futimens(fd_of(0), t));
}

/* ---- extended attributes: NAME is one of user.* ---- */

static const char *attribute(int i)
{
	static char name[64];
	snprintf(name, sizeof(name), "user.%s", i < nr_args ? args[i] : "");
	return name;
}

static void do_setxattr(void)
{
	say_result(lsetxattr(path_of(0), attribute(1), pattern((size_t)num(2), num(3)), (size_t)num(2), (int)num(4)));
}

static void do_fsetxattr(void)
{
	say_result(fsetxattr(fd_of(0), attribute(1), pattern((size_t)num(2), num(3)), (size_t)num(2), (int)num(4)));
}

static void do_getxattr(void)
{
	char value[4096];
	size_t room = (size_t)num(2) < sizeof(value) ? (size_t)num(2) : sizeof(value);
	ssize_t n = getxattr(path_of(0), attribute(1), value, room);
	room ? say_bytes(value, n) : (void)say_result(n);
}

static void do_fgetxattr(void)
{
	char value[4096];
	say_bytes(value, fgetxattr(fd_of(0), attribute(1), value, sizeof(value)));
}

static void do_removexattr(void)
{
	say_result(removexattr(path_of(0), attribute(1)));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The order is the file system's own; only what begins with "user." is the program's. */
static void say_list(ssize_t n, char *list)
{
	char *names[64];
	int nr = 0;

	if (n < 0) {
		say_result(n);
		return;
	}
	for (char *at = list; at < list + n && nr < 64; at += strlen(at) + 1)
		if (strncmp(at, "user.", 5) == 0)
			names[nr++] = at;
	qsort(names, (size_t)nr, sizeof(names[0]), by_name);
	say(" %d", nr);
	for (int i = 0; i < nr; i++)
		say(" %s", names[i]);
}

static void do_listxattr(void)
{
	char list[4096];
	say_list(listxattr(path_of(0), list, sizeof(list)), list);
}

static void do_flistxattr(void)
{
	char list[4096];
	say_list(flistxattr(fd_of(0), list, sizeof(list)), list);
}

const struct call name_calls[] = {
    {"mkdir", do_mkdir}, {"mkdirat", do_mkdirat}, {"mknod", do_mknod}, {"rmdir", do_rmdir}, {"unlink", do_unlink},
    {"unlinkat", do_unlinkat}, {"remove", do_remove}, {"rename", do_rename}, {"renameat2", do_renameat2},
    {"link", do_link}, {"linkat", do_linkat}, {"link_fd", do_link_fd}, {"symlink", do_symlink},
    {"symlinkat", do_symlinkat}, {"readlink", do_readlink}, {"readlinkat", do_readlinkat}, {"realpath", do_realpath},
    {"stat", do_stat}, {"lstat", do_lstat}, {"fstat", do_fstat}, {"fstatat", do_fstatat}, {"statx", do_statx},
    {"same", do_same}, {"same_fd", do_same_fd}, {"access", do_access}, {"faccessat", do_faccessat},
    {"chmod", do_chmod}, {"fchmod", do_fchmod}, {"fchmodat", do_fchmodat}, {"lchown", do_lchown},
    {"fchown", do_fchown}, {"umask", do_umask}, {"utimensat", do_utimensat}, {"futimens", do_futimens},
    {"setxattr", do_setxattr}, {"fsetxattr", do_fsetxattr}, {"getxattr", do_getxattr}, {"fgetxattr", do_fgetxattr},
    {"removexattr", do_removexattr}, {"listxattr", do_listxattr}, {"flistxattr", do_flistxattr}, {NULL, NULL},
};
