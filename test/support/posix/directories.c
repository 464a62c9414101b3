/* directories.c - reading directories, working directories, descriptors of directories. */
#include "check.h"

#include <dirent.h>
#include <ftw.h>
#include <fts.h>
#include <glob.h>
#include <limits.h>

#define MANY 3000

static void make_many(void)
{
	char name[64];

	mkdir("many", 0755);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "many/file-%04d", i);
		close(open(name, O_CREAT | O_WRONLY, 0644));
	}
}

static void many_entries(void)
{
	char seen[MANY] = {0}, name[300];
	int twice = 0, missed = 0, removed = 0, n, count = 0;
	struct dirent *e;

	make_many();
	DIR *d = opendir("many");
	while ((e = readdir(d)) != NULL) {
		if (sscanf(e->d_name, "file-%d", &n) != 1)
			continue;
		twice += seen[n]++;
		/* Remove while reading: the one just seen, and one that may be still to come. */
		if (++count % 3 == 0) {
			snprintf(name, sizeof(name), "many/%s", e->d_name);
			removed += unlink(name) == 0;
		}
	}
	for (int i = 0; i < MANY; i++)
		missed += !seen[i];
	say("twice %d missed %d removed %d", twice, missed, removed);
	rewinddir(d);
	count = 0;
	while ((e = readdir(d)) != NULL)
		count++;
	say("left %d with . and ..", count);
	closedir(d);
	TRY(rmdir("many"));
}

static void concurrent_removes(void)
{
	char seen[MANY] = {0}, name[64];
	int twice = 0, missed = 0, n;
	struct dirent *e;

	make_many();
	pid_t pid = fork();
	if (pid == 0) {
		for (int i = 1; i < MANY; i += 2) {
			snprintf(name, sizeof(name), "many/file-%04d", i);
			if (unlink(name) != 0)
				_exit(1);
		}
		_exit(0);
	}
	DIR *d = opendir("many");
	while ((e = readdir(d)) != NULL)
		if (sscanf(e->d_name, "file-%d", &n) == 1)
			twice += seen[n]++;
	closedir(d);
	show_end(pid);
	for (int i = 0; i < MANY; i += 2)
		missed += !seen[i];
	say("twice %d missed of those that stay %d", twice, missed);
}

static void positions(void)
{
	char name[16];
	struct dirent *e;
	long at[32];
	char names[32][256];
	int n = 0, wrong = 0;

	mkdir("d", 0755);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "d/%d", i);
		put(name, "");
	}
	DIR *d = opendir("d");
	for (at[0] = telldir(d); (e = readdir(d)) != NULL; at[++n] = telldir(d))
		strcpy(names[n], e->d_name);
	say("entries %d", n);
	for (int i = n - 1; i >= 0; i--) {
		seekdir(d, at[i]);
		e = readdir(d);
		wrong += !e || strcmp(e->d_name, names[i]) != 0;
	}
	say("wrong after seekdir %d", wrong);
	seekdir(d, at[n]);
	say("at the end %d", readdir(d) == NULL);
	put("d/late", "");
	rewinddir(d);
	for (n = 0; readdir(d) != NULL; n++)
		;
	say("after rewinddir %d", n);
	closedir(d);
}

static void entries_and_stat(void)
{
	struct stat st;
	struct dirent *e;
	int wrong = 0;

	put("f", "");
	mkdir("d", 0755);
	symlink("f", "l");
	DIR *d = opendir(".");
	while ((e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, "..") == 0)
			continue;
		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || st.st_ino != e->d_ino) {
			wrong++;
			say("%s: another inode number", e->d_name);
		}
	}
	say("wrong inode numbers %d", wrong);
	closedir(d);
	show_names(".");
	TRY(opendir("f") != NULL);
	TRY(opendir("none") != NULL);
}

static void descriptors_of_directories(void)
{
	char text[16];

	mkdir("d", 0755);
	put("d/f", "in d");
	int fd = must_open("d", O_RDONLY | O_DIRECTORY);
	TRY(read(fd, text, sizeof(text)));
	TRY(write(fd, text, 1));
	TRY(ftruncate(fd, 0));
	TRY(openat(fd, "f", O_RDONLY));
	TRY(openat(fd, "new", O_CREAT | O_WRONLY, 0644));
	TRY(mkdirat(fd, "sub", 0755));
	TRY(symlinkat("f", fd, "l"));
	TRY(linkat(fd, "f", fd, "f2", 0));
	TRY(renameat(fd, "f2", AT_FDCWD, "moved"));
	TRY(unlinkat(fd, "new", 0));
	TRY(faccessat(fd, "l", R_OK, 0));
	TRY(fchmodat(fd, "f", 0600, 0));
	TRY(rename("d", "e"));
	TRY(openat(fd, "f", O_RDONLY));
	TRY(openat(fd, "../moved", O_RDONLY));
	show_names("e");
	DIR *d = fdopendir(fd);
	TRY(d != NULL);
	say("dirfd is the same %d", dirfd(d) == fd);
	TRY(closedir(d));
	TRY(fcntl(fd, F_GETFD));
	TRY(openat(fd, "f", O_RDONLY));
	int file = must_open("moved", O_RDONLY);
	TRY(openat(file, "x", O_RDONLY));
	TRY(fdopendir(file) != NULL);
	TRY(openat(-1, "moved", O_RDONLY));
	TRY(openat(AT_FDCWD, "moved", O_RDONLY));
}

static void say_cwd(const char *top)
{
	char cwd[PATH_MAX];

	if (!getcwd(cwd, sizeof(cwd)))
		say("getcwd: %s", strerrorname_np(errno));
	else
		say("cwd is top%s", strncmp(cwd, top, strlen(top)) == 0 ? cwd + strlen(top) : " of another tree");
}

static void working_directories(void)
{
	char top[PATH_MAX], small[4];

	if (!getcwd(top, sizeof(top)))
		return;
	mkdir("a", 0755);
	mkdir("a/b", 0755);
	symlink("a/b", "l");
	put("a/b/f", "f");
	TRY(chdir("a/b"));
	say_cwd(top);
	TRY(rename("../../a", "../../c"));
	say_cwd(top);
	show("f");
	TRY(chdir(".."));
	say_cwd(top);
	TRY(chdir(top));
	unlink("l");
	symlink("c/b", "l");
	TRY(chdir("l"));
	say_cwd(top);
	TRY(getcwd(small, sizeof(small)) != NULL);
	int fd = must_open(top, O_RDONLY | O_DIRECTORY);
	TRY(fchdir(fd));
	say_cwd(top);
	TRY(chdir("c/b"));
	TRY(unlink("f"));
	TRY(rmdir("../b"));
	say_cwd(top);
	TRY(open("x", O_CREAT | O_WRONLY, 0644));
	TRY(access(".", F_OK));
	TRY(fchdir(fd));
	int file = must_open("file", O_CREAT | O_RDWR);
	TRY(fchdir(file));
	TRY(chdir("/"));
	TRY(chdir(outside("")));
	put("made", "outside");
	TRY(fchdir(fd));
	show("made");
	show(outside("made"));
	show_names(".");
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	say("%*s%s type %d", at->level, "", path + at->base, type);
	return 0;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void walks(void)
{
	glob_t found;
	char *roots[] = {(char *)"one", NULL};
	FTSENT *e;

	mkdir("one", 0755);
	mkdir("one/two", 0755);
	put("one/two/f", "f");
	symlink("two", "one/zlink");
	TRY(nftw("one/two", visit, 8, FTW_PHYS));
	TRY(nftw("one/zlink", visit, 8, FTW_DEPTH));
	FTS *fts = fts_open(roots, FTS_PHYSICAL, by_name);
	while ((e = fts_read(fts)) != NULL)
		say("fts %s %d", e->fts_path, e->fts_info);
	fts_close(fts);
	TRY(glob("one/*/f", 0, NULL, &found));
	for (size_t i = 0; i < found.gl_pathc; i++)
		say("glob %s", found.gl_pathv[i]);
	globfree(&found);
	TRY(glob("none*", 0, NULL, &found));
}

static void shared_position(void)
{
	struct dirent *e;
	char name[16];
	int n = 0;

	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "%d", i);
		put(name, "");
	}
	int fd = must_open(".", O_RDONLY | O_DIRECTORY);
	DIR *d = fdopendir(dup(fd));
	while ((e = readdir(d)) != NULL)
		n++;
	closedir(d);
	say("entries %d", n);
	/* The position belongs to the description: the duplicate has read to the end. */
	d = fdopendir(dup(fd));
	say("at the end %d", readdir(d) == NULL);
	closedir(d);
	TRY(lseek(fd, 0, SEEK_SET));
	d = fdopendir(fd);
	for (n = 0; readdir(d) != NULL; n++)
		;
	say("again %d", n);
	closedir(d);
}

static void streams(void)
{
	struct dirent *e, room;
	int n = 0;

	mkdir("d", 0755);
	put("d/a", "");
	put("d/b", "");
	DIR *one = opendir("d"), *two = opendir("d");
	while ((e = readdir(one)) != NULL && readdir(two) != NULL)
		n++;
	say("two at once %d, the second at its end %d", n, readdir(two) == NULL);
	rewinddir(one);
	for (n = 0; readdir_r(one, &room, &e) == 0 && e == &room; n++)
		;
	say("readdir_r %d", n);
	rewinddir(one);
	errno = 0;
	put("d/c", "");
	unlink("d/a");
	for (n = 0; readdir(one) != NULL; n++)
		;
	say("after a change %d errno %d", n, errno);
	/* A second stream on the same description shares its position. */
	rewinddir(one);
	closedir(two);
	two = fdopendir(dup(dirfd(one)));
	for (n = 0; readdir(two) != NULL; n++)
		;
	say("over a duplicate %d", n);
	closedir(two);
	unlink("d/b");
	unlink("d/c");
	rewinddir(one);
	rmdir("d");
	errno = 0;
	say("removed: end %d errno %d", readdir(one) == NULL, errno);
	TRY(closedir(one));
	pid_t pid = fork();
	if (pid == 0) {
		DIR *here = opendir(".");
		for (n = 0; readdir(here) != NULL; n++)
			;
		_exit(n);
	}
	show_end(pid);
}

/* Programs should not; a DIR is on whatever its descriptor is, all the same. */
static void descriptors_behind_streams(void)
{
	int n;

	mkdir("a", 0755);
	mkdir("b", 0755);
	close(must_open("b/1", O_CREAT | O_WRONLY));
	close(must_open("b/2", O_CREAT | O_WRONLY));
	DIR *d = opendir("a");
	for (n = 0; readdir(d) != NULL; n++)
		;
	int kept = dup(dirfd(d)), other = must_open("b", O_RDONLY | O_DIRECTORY);
	dup2(other, dirfd(d));
	rewinddir(d);
	say("of a %d", n);
	for (n = 0; readdir(d) != NULL; n++)
		;
	say("of b %d", n);
	close(dirfd(d));
	TRY(closedir(d));

	d = opendir("b");
	readdir(d);
	int again = dup(dirfd(d));
	close(dirfd(d));
	TRY(closedir(d));
	close(again);
	close(kept);
	close(other);
}

static void thousand_streams(void)
{
	static DIR *dirs[1000];
	char name[16];
	int opened = 0, right = 0;

	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "f%02d", i);
		put(name, "x");
	}
	for (int i = 0; i < 1000; i++)
		opened += (dirs[i] = opendir(".")) != NULL;
	TRY(opened);
	/* All at once, each from where it is. */
	int names[1000] = {0};
	for (int again = 1; again;) {
		again = 0;
		for (int i = 0; i < 1000; i++)
			if (dirs[i] && readdir(dirs[i])) {
				names[i]++;
				again = 1;
			}
	}
	for (int i = 0; i < 1000; i++)
		right += names[i] == 22;
	TRY(right);
	for (int i = 0; i < 1000; i++)
		right -= dirs[i] && closedir(dirs[i]) == 0;
	TRY(right);
	TRY(must_open(".", O_RDONLY));
}

const struct check directory_checks[] = {
    {"3000 entries are each seen once while some are removed", many_entries},
    {"3000 entries are each seen once while another process removes", concurrent_removes},
    {"telldir, seekdir and rewinddir", positions},
    {"entries have the inode numbers and types of their files", entries_and_stat},
    {"paths relative to a descriptor of a directory", descriptors_of_directories},
    {"the working directory stays true over renames and removal", working_directories},
    {"nftw, fts and glob walk a tree", walks},
    {"duplicates of a directory descriptor share the position", shared_position},
    {"streams on one directory stay apart", streams},
    {"descriptors that are closed or replaced behind their streams", descriptors_behind_streams},
    {"a thousand DIR streams at once", thousand_streams},
    {NULL, NULL},
};
