/* names.c - creating, removing, renaming and linking names; walking paths. */
#include "check.h"

#include <limits.h>

static void rmdir_and_unlink(void)
{
	put("f", "x");
	mkdir("d", 0755);
	put("d/x", "");
	symlink("d", "l");
	TRY(rmdir("f"));
	TRY(unlink("d"));
	TRY(unlinkat(AT_FDCWD, "f", AT_REMOVEDIR));
	TRY(unlinkat(AT_FDCWD, "d", 0));
	TRY(rmdir("d"));
	TRY(rmdir("l"));
	TRY(rmdir("none"));
	TRY(unlink("none"));
	TRY(rmdir("d/."));
	TRY(remove("d/x"));
	TRY(remove("d"));
	TRY(unlink("l"));
	show_names(".");
}

static void unlinked_open(void)
{
	put("f", "hello");
	int fd = must_open("f", O_RDWR);
	struct stat st;

	TRY(unlink("f"));
	TRY(access("f", F_OK));
	show_fd("after unlink", fd);
	TRY(write(fd, " world", 6));
	TRY(fstat(fd, &st));
	say("links %lu size %ld", (unsigned long)st.st_nlink, (long)st.st_size);
	put("f", "new");
	TRY(lseek(fd, 0, SEEK_SET));
	show_fd("old", fd);
	TRY(ftruncate(fd, 2));
	TRY(close(fd));
	show("f");
}

static void rename_onto_open(void)
{
	put("old", "old");
	put("new", "new");
	int a = must_open("old", O_RDONLY), b = must_open("new", O_RDONLY);

	TRY(rename("new", "old"));
	show_fd("replaced", a);
	show_fd("renamed", b);
	show("old");
	show("new");
	put("old", "newer");
	TRY(lseek(b, 0, SEEK_SET));
	show_fd("renamed", b);
}

static void rename_kinds(void)
{
	put("f", "f");
	put("g", "g");
	mkdir("empty", 0755);
	mkdir("full", 0755);
	mkdir("full/sub", 0755);
	put("full/x", "x");
	link("f", "f2");
	TRY(rename("f", "empty"));
	TRY(rename("empty", "f"));
	TRY(rename("empty", "full"));
	TRY(rename("full", "full/sub/in"));
	TRY(rename("full", "full"));
	TRY(rename("f", "f2"));
	TRY(rename("none", "f"));
	TRY(rename("f", "none/f"));
	TRY(rename("f", "g/f"));
	TRY(rename("full", "empty"));
	show_names(".");
	show_names("empty");
	TRY(rename("empty/x", "x"));
	TRY(rename("x", "empty/sub/y"));
	show("empty/sub/y");
	symlink("g", "l");
	TRY(rename("l", "l2"));
	TRY(rename("g", "l2"));
	show_stat("l2");
	TRY(rename(".", "x"));
	TRY(rename("empty/..", "x"));
}

static void rename_flags(void)
{
	put("a", "a");
	put("b", "b");
	mkdir("d", 0755);
	put("d/x", "x");
	TRY(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE));
	TRY(renameat2(AT_FDCWD, "a", AT_FDCWD, "c", RENAME_NOREPLACE));
	TRY(renameat2(AT_FDCWD, "b", AT_FDCWD, "c", RENAME_EXCHANGE));
	show("b");
	show("c");
	TRY(renameat2(AT_FDCWD, "b", AT_FDCWD, "d", RENAME_EXCHANGE));
	show("b/x");
	show("d");
	TRY(renameat2(AT_FDCWD, "b", AT_FDCWD, "none", RENAME_EXCHANGE));
	TRY(renameat2(AT_FDCWD, "b", AT_FDCWD, "c", RENAME_EXCHANGE | RENAME_NOREPLACE));
}

static void exclusive_create(void)
{
	put("f", "keep");
	symlink("nowhere", "dangling");
	mkdir("d", 0755);
	TRY(open("f", O_CREAT | O_EXCL | O_WRONLY, 0600));
	TRY(open("dangling", O_CREAT | O_EXCL | O_WRONLY, 0600));
	TRY(open("d", O_CREAT | O_EXCL | O_WRONLY, 0600));
	TRY(open("d", O_CREAT | O_WRONLY, 0600));
	TRY(open("d", O_WRONLY));
	TRY(open("none", O_RDONLY));
	TRY(open("none/x", O_CREAT | O_WRONLY, 0600));
	TRY(open("f/x", O_CREAT | O_WRONLY, 0600));
	TRY(open("", O_CREAT | O_WRONLY, 0600));
	TRY(open("e", O_CREAT | O_EXCL | O_WRONLY, 0600));
	TRY(open("dangling", O_CREAT | O_WRONLY, 0600));
	show("f");
	show_names(".");
	TRY(mkdir("f", 0755));
	TRY(mkdir("dangling", 0755));
	TRY(mkdir("d", 0755));
	TRY(symlink("x", "f"));
}

static void symlink_loops(void)
{
	char name[16], next[16];

	symlink("b", "a");
	symlink("a", "b");
	symlink("self", "self");
	TRY(open("a", O_RDONLY));
	TRY(open("a", O_CREAT | O_WRONLY, 0600));
	TRY(access("self", F_OK));
	TRY(chdir("a"));
	TRY(truncate("a/x", 0));
	TRY(mkdir("self/x", 0755));
	put("end", "end");
	symlink("end", "l0");
	for (int i = 1; i <= 42; i++) {
		snprintf(name, sizeof(name), "l%d", i);
		snprintf(next, sizeof(next), "l%d", i - 1);
		symlink(next, name);
	}
	TRY(access("l38", F_OK));
	TRY(access("l39", F_OK));
	TRY(access("l40", F_OK));
	TRY(access("l41", F_OK));
	show("l30");
}

static void dotdot_after_symlink(void)
{
	mkdir("one", 0755);
	mkdir("one/two", 0755);
	put("one/here", "in one");
	put("here", "at the top");
	symlink("one/two", "l");
	show("l/../here");
	show("l/../../here");
	show("one/two/../here");
	show("./l/.././here");
	show("here/..");
	show("none/../here");
	TRY(chdir("l"));
	show("../here");
	TRY(chdir(".."));
	show("here");
}

static void symlinks_in_and_out(void)
{
	char here[PATH_MAX], value[2 * PATH_MAX];

	put(outside("f"), "outside");
	mkdir(outside("d"), 0755);
	put(outside("d/g"), "deep outside");
	put("f", "inside");
	mkdir("d", 0755);
	put("d/g", "deep inside");
	if (!getcwd(here, sizeof(here)))
		return;
	symlink(outside("f"), "out");
	symlink(outside("d"), "outdir");
	snprintf(value, sizeof(value), "%s/f", here);
	symlink(value, outside("in"));
	snprintf(value, sizeof(value), "%s/d", here);
	symlink(value, outside("indir"));
	show("out");
	show("outdir/g");
	show("outdir/../f");
	show(outside("in"));
	show(outside("indir/g"));
	show(outside("indir/../f"));
	symlink(outside("indir/g"), "out-and-in");
	show("out-and-in");
	put("outdir/new", "made outside");
	show(outside("d/new"));
	put(outside("indir/new"), "made inside");
	show("d/new");
	TRY(chdir(outside("indir")));
	show("g");
	show("../f");
	TRY(chdir(here));
	struct stat in, out;
	if (stat("f", &in) == 0 && stat(outside(""), &out) == 0 && in.st_dev == out.st_dev) {
		/* The kernel's directory of the comparison may lie on the same device. */
		say("rename(\"f\", outside(\"moved\")): EXDEV");
		say("link(\"f\", outside(\"linked\")): EXDEV");
	} else {
		TRY(rename("f", outside("moved")));
		TRY(link("f", outside("linked")));
	}
	show("f");
}

static void long_names(void)
{
	char n255[256], n256[257], path[PATH_MAX + 300];

	memset(n255, 'n', 255);
	n255[255] = 0;
	memset(n256, 'm', 256);
	n256[256] = 0;
	put("f", "f");
	TRY(open(n255, O_CREAT | O_WRONLY, 0644));
	TRY(open(n256, O_CREAT | O_WRONLY, 0644));
	TRY(access(n256, F_OK));
	TRY(mkdir(n256, 0755));
	TRY(symlink("f", n256));
	TRY(link("f", n256));
	TRY(rename("f", n256));
	TRY(unlink(n256));
	TRY(unlink(n255));
	TRY(mkdir(n255, 0755));
	snprintf(path, sizeof(path), "%s/%s", n255, n255);
	put(path, "deep");
	show_names(n255);
	memset(path, '/', sizeof(path));
	memcpy(path + PATH_MAX - 2, "f", 2);
	path[0] = '.';
	TRY(access(path, F_OK));
	memset(path + PATH_MAX - 2, '/', 2);
	memcpy(path + PATH_MAX, "f", 2);
	TRY(access(path, F_OK));
}

static void deep_paths(void)
{
	char n[201], cwd[2 * PATH_MAX];

	memset(n, 'd', 200);
	n[200] = 0;
	int made = 0;
	for (; made < 30 && mkdir(n, 0755) == 0 && chdir(n) == 0; made++)
		;
	say("depth %d", made);
	put("f", "at the bottom");
	show("f");
	/* Longer than PATH_MAX: the kernel says so, libc finds the way by itself. */
	TRY(getcwd(cwd, PATH_MAX) != NULL);
	show("../../../f");
	show("f");
	for (; made > 0; made--) {
		unlink("f");
		if (chdir("..") != 0 || rmdir(n) != 0) {
			say("at %d: %s", made, strerrorname_np(errno));
			return;
		}
	}
	show_names(".");
}

static void trailing_slashes(void)
{
	put("f", "f");
	mkdir("d", 0755);
	symlink("d", "l");
	symlink("f", "lf");
	TRY(open("f/", O_RDONLY));
	TRY(open("new/", O_CREAT | O_WRONLY, 0644));
	TRY(access("f/", F_OK));
	TRY(access("d/", F_OK));
	TRY(access("lf/", F_OK));
	show_stat("l/");
	show_stat("l");
	TRY(mkdir("e/", 0755));
	TRY(mkdir("e//x//", 0755));
	TRY(unlink("f/"));
	TRY(rmdir("l/"));
	TRY(rename("e/", "e2/"));
	TRY(rename("f", "g/"));
	TRY(rename("f/", "g"));
	TRY(rmdir("e2/x/"));
	TRY(link("f/", "f3"));
	TRY(symlink("x", "s/"));
	TRY(readlink("l/", (char[8]){0}, 8));
	TRY(access("", F_OK));
	TRY(access(".//d/./../f", F_OK));
	show_names(".");
}

static void odd_names(void)
{
	static const char *const names[] = {"a b", "new\nline", "back\\slash", "\xe4\xf6\xfc", "\xc3\xa4", "-x", "...", "*", "'\"", "\x01\x7f",
					    " ", "%s%n", "#", "dfskit-oid.0.0"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put(names[i], names[i]);
	show_names(".");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		show(names[i]);
		TRY(unlink(names[i]));
	}
	show_names(".");
}

static void hard_links(void)
{
	struct stat a, b;

	put("a", "one");
	mkdir("d", 0755);
	symlink("a", "l");
	TRY(link("a", "b"));
	TRY(link("a", "d/c"));
	TRY(link("a", "b"));
	TRY(link("d", "d2"));
	TRY(link("none", "x"));
	show_stat("a");
	stat("a", &a);
	stat("d/c", &b);
	say("same inode %d", a.st_ino == b.st_ino && a.st_dev == b.st_dev);
	int fd = must_open("b", O_WRONLY | O_TRUNC);
	TRY(write(fd, "two!", 4));
	close(fd);
	show("d/c");
	TRY(chmod("b", 0600));
	show_stat("a");
	TRY(unlink("a"));
	show_stat("b");
	TRY(linkat(AT_FDCWD, "l", AT_FDCWD, "l2", 0));
	show_stat("l2");
	TRY(linkat(AT_FDCWD, "l", AT_FDCWD, "l3", AT_SYMLINK_FOLLOW));
	put("a", "three");
	TRY(linkat(AT_FDCWD, "l", AT_FDCWD, "l3", AT_SYMLINK_FOLLOW));
	show_stat("l3");
	TRY(rename("b", "d/c"));
	show_stat("b");
	TRY(unlink("b"));
	show_stat("d/c");
}

static void symlink_values(void)
{
	char value[PATH_MAX + 1], buf[PATH_MAX + 1];

	memset(value, 'v', PATH_MAX);
	value[PATH_MAX] = 0;
	TRY(symlink(value, "long"));
	value[PATH_MAX - 1] = 0;
	TRY(symlink(value, "long"));
	TRY(symlink("", "empty"));
	TRY(symlink("short value", "s"));
	TRY(readlink("long", buf, sizeof(buf)));
	memset(buf, 0, sizeof(buf));
	TRY(readlink("s", buf, 5));
	say("\"%s\"", buf);
	TRY(readlink("s", buf, sizeof(buf)));
	say("\"%s\"", buf);
	TRY(readlink(".", buf, sizeof(buf)));
	TRY(readlink("none", buf, sizeof(buf)));
	TRY(readlink("s", buf, 0));
	show_stat("s");
	int fd = (int)TRY(open("s", O_PATH | O_NOFOLLOW));
	memset(buf, 0, sizeof(buf));
	TRY(readlinkat(fd, "", buf, sizeof(buf)));
	say("\"%s\"", buf);
}

static void not_a_directory(void)
{
	char buf[16];
	struct stat st;

	put("f", "f");
	TRY(access("f/x", F_OK));
	TRY(stat("f/.", &st));
	TRY(stat("f/..", &st));
	TRY(mkdir("f/x", 0755));
	TRY(unlink("f/x"));
	TRY(rmdir("f/x"));
	TRY(rename("f/x", "y"));
	TRY(symlink("x", "f/x"));
	TRY(readlink("f/x", buf, sizeof(buf)));
	TRY(chdir("f"));
	TRY(open("f", O_RDONLY | O_DIRECTORY));
	TRY(truncate("f/x", 0));
	TRY(chmod("f/x", 0600));
}

static void real_paths(void)
{
	char here[PATH_MAX], *real;

	mkdir("d", 0755);
	mkdir("d/e", 0755);
	put("d/e/f", "f");
	symlink("d/e", "l");
	symlink("../e/f", "d/e/k");
	if (!realpath(".", here))
		return;
	static const char *const paths[] = {"l/f", "l/../e/k", ".//d/./e/", "none", "l/f/x"};
	for (size_t i = 0; i < 5; i++) {
		real = realpath(paths[i], NULL);
		if (!real)
			say("%s: %s", paths[i], strerrorname_np(errno));
		else
			say("%s is %s", paths[i], strncmp(real, here, strlen(here)) == 0 ? real + strlen(here) : real);
		free(real);
	}
}

const struct check name_checks[] = {
    {"rmdir of a file is ENOTDIR, unlink of a directory EISDIR", rmdir_and_unlink},
    {"an unlinked file lives on while it is open", unlinked_open},
    {"rename onto an open file leaves its content to who has it open", rename_onto_open},
    {"rename of and onto each kind of file", rename_kinds},
    {"renameat2 does not replace, and exchanges", rename_flags},
    {"O_CREAT and O_EXCL", exclusive_create},
    {"symbolic links in a loop are ELOOP", symlink_loops},
    {"dot-dot after a symbolic link is the parent of its target", dotdot_after_symlink},
    {"symbolic links lead in and out of the mount", symlinks_in_and_out},
    {"names have up to 255 bytes, paths up to 4095", long_names},
    {"directories deeper than PATH_MAX", deep_paths},
    {"slashes at the end of a path", trailing_slashes},
    {"names of any bytes", odd_names},
    {"hard links are names of one file", hard_links},
    {"values of symbolic links", symlink_values},
    {"a file is no directory", not_a_directory},
    {"realpath", real_paths},
    {NULL, NULL},
};
