/* directories.c - reading directories, and the working directory. See fuzz.h. */
#include "fuzz.h"

#include <ftw.h>
#include <glob.h>
#include <sys/syscall.h>

/* Names as they come, printed in order: a directory promises none. */
static char *names[512];
static int nr_names;

static void add(const char *name, int type)
{
	if (nr_names < 512 && asprintf(&names[nr_names], "%s:%d", name, type) > 0)
		nr_names++;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void say_names(void)
{
	qsort(names, (size_t)nr_names, sizeof(names[0]), by_name);
	say(" %d:", nr_names);
	for (int i = 0; i < nr_names; i++) {
		say(" %s", names[i]);
		free(names[i]);
	}
	nr_names = 0;
}

static void forget_names(void)
{
	while (nr_names)
		free(names[--nr_names]);
}

static void say_cwd(int r)
{
	if (say_result(r) == 0 && !inside(".")) {
		say(" left");
		chdir(me.base);
	}
}

static void do_chdir(void)
{
	say_cwd(chdir(path_of(0)));
}

static void do_fchdir(void)
{
	say_cwd(fchdir(fd_of(0)));
}

/* getcwd SIZE */
static void do_getcwd(void)
{
	char path[PATH_MAX];
	long size = num(0) && num(0) < PATH_MAX ? num(0) : PATH_MAX;
	getcwd(path, (size_t)size) ? say_path(path) : (void)say_result(-1);
}

/* ls PATH */
static void do_ls(void)
{
	struct dirent **list;
	const char *path = path_of(0);
	int n = inside(path) ? scandir(path, &list, NULL, alphasort) : -1;

	if (n < 0) {
		say_result(n);
		return;
	}
	for (int i = 0; i < n; i++) {
		add(list[i]->d_name, list[i]->d_type);
		free(list[i]);
	}
	free(list);
	say_names();
}

struct linux_dirent64 {
	uint64_t d_ino;
	int64_t d_off;
	unsigned short d_reclen;
	unsigned char d_type;
	char d_name[];
};

/* Reads on from where the descriptor stands. -1 or the number of bytes; *last is where the last entry ends. */
static long some_entries(int fd, size_t size, int64_t *last)
{
	char room[8192] __attribute__((aligned(8)));
	long n = syscall(SYS_getdents64, fd, room, size < sizeof(room) ? size : sizeof(room));
	for (long at = 0; at < n;) {
		struct linux_dirent64 *d = (void *)(room + at);
		add(d->d_name, d->d_type);
		*last = d->d_off;
		at += d->d_reclen;
	}
	return n;
}

/* getdents FD SIZE: from where it stands to the end */
static void do_getdents(void)
{
	int64_t last;
	long n;

	while ((n = some_entries(fd_of(0), (size_t)num(1), &last)) > 0)
		;
	if (say_result(n) == 0)
		say_names();
	else
		forget_names();
}

/* getdents_seek FD SIZE: stops on the way, goes back to the start, goes on from where it stopped */
static void do_getdents_seek(void)
{
	int fd = fd_of(0);
	int64_t stop = 0, ignored;
	long n = lseek(fd, 0, SEEK_SET);

	if (n == 0)
		n = some_entries(fd, 100, &stop);
	if (n < 0) {
		say_result(n);
		return;
	}
	int kept = nr_names;
	lseek(fd, 0, SEEK_SET);
	some_entries(fd, (size_t)num(1), &ignored);
	while (nr_names > kept)
		free(names[--nr_names]);
	lseek(fd, stop, SEEK_SET);
	while ((n = some_entries(fd, (size_t)num(1), &ignored)) > 0)
		;
	say_result(n);
	say_names();
}

/* empty PATH: removes all files while reading, which finds each of them once */
static void do_empty(void)
{
	const char *path = path_of(0);
	DIR *dir = inside(path) ? opendir(path) : NULL;
	struct dirent *d;

	if (!dir) {
		say_result(-1);
		return;
	}
	while ((d = readdir(dir)))
		if (d->d_type != DT_DIR) {
			add(d->d_name, d->d_type);
			unlinkat(dirfd(dir), d->d_name, 0);
		}
	closedir(dir);
	say_names();
}

/* ---- streams ---- */

static void keep(int where, DIR *dir)
{
	say(dir ? " open" : " %s", strerrorname_np(errno) ?: "left");
	if (!dir)
		return;
	if (me.dirs[where])
		closedir(me.dirs[where]);
	me.dirs[where] = dir;
}

static void do_opendir(void)
{
	const char *path = path_of(1);
	keep(place(0), inside(path) ? opendir(path) : NULL);
}

/* fdopendir DIR FD: the descriptor belongs to the stream from then on */
static void do_fdopendir(void)
{
	keep(place(0), fdopendir(dup(fd_of(1))));
}

/* readdir DIR NR: at most so many; all when 0 */
static void do_readdir(void)
{
	DIR *dir = me.dirs[place(0)];
	struct dirent *d;
	long most = num(1), n = 0;

	if (!dir)
		return;
	errno = 0;
	while ((!most || n < most) && (d = readdir(dir)))
		n++, most ? (void)0 : add(d->d_name, d->d_type);
	say(" %ld %s", n, strerrorname_np(errno) ?: "0");
	say_names();
}

static void do_rewinddir(void)
{
	if (me.dirs[place(0)])
		rewinddir(me.dirs[place(0)]);
}

/* seekdir DIR NR: entry NR found again where telldir(3) said */
static void do_seekdir(void)
{
	DIR *dir = me.dirs[place(0)];
	struct dirent *d = NULL;
	char name[256] = "";

	if (!dir)
		return;
	rewinddir(dir);
	for (long i = num(1) % 8; i > 0 && (d = readdir(dir)); i--)
		;
	long at = telldir(dir);
	if ((d = readdir(dir)))
		strcpy(name, d->d_name);
	while (readdir(dir))
		;
	seekdir(dir, at);
	d = readdir(dir);
	say(" %s", strcmp(name, d ? d->d_name : "") == 0 ? "same" : "another");
}

static void do_closedir(void)
{
	DIR **dir = &me.dirs[place(0)];
	if (*dir)
		say_result(closedir(*dir));
	*dir = NULL;
}

static void do_glob(void)
{
	glob_t g;
	char pattern_[PATH_MAX];

	if (!inside(path_of(0)))
		return;
	snprintf(pattern_, sizeof(pattern_), "%s/*", path_of(0));
	int r = glob(pattern_, GLOB_MARK, NULL, &g);
	say(" %d", r);
	for (size_t i = 0; r == 0 && i < g.gl_pathc; i++)
		say_path(g.gl_pathv[i]);
	globfree(&g);
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)at;
	if (nr_names < 300)
		add(strrchr(path, '/') ?: path, type);
	return 0;
}

static void do_nftw(void)
{
	const char *path = path_of(0);
	if (!inside(path))
		return;
	say_result(nftw(path, visit, 8, FTW_PHYS | (num(1) ? FTW_DEPTH : 0)));
	say_names();
}

/* ---- the whole of it ---- */

static void say_file(int dir, const char *name)
{
	struct stat st;
	char value[PATH_MAX];
	static char bytes[1 << 20];

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		say_result(-1);
		return;
	}
	say_stat(&st);
	if (S_ISLNK(st.st_mode)) {
		ssize_t n = readlinkat(dir, name, value, sizeof(value) - 1);
		value[n < 0 ? 0 : n] = 0;
		say_path(value);
	}
	if (S_ISREG(st.st_mode)) {
		int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
		say_bytes(bytes, read(fd, bytes, sizeof(bytes)));
		close(fd);
	}
}

static void tree(int at, const char *prefix)
{
	struct dirent **list;
	int n = scandirat(at, ".", &list, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;
		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
			say(" / %s%s", prefix, strlen(name) > 40 ? "(long)" : name);
			say_file(at, name);
			int sub = list[i]->d_type == DT_DIR ? openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
			if (sub >= 0) {
				char longer[256];
				snprintf(longer, sizeof(longer), "%.150s%.40s/", prefix, name);
				tree(sub, longer);
				close(sub);
			}
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

/* tree: all names of the program with their attributes and content */
static void do_tree(void)
{
	int fd = open(me.base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	tree(fd, "");
	close(fd);
}

const struct call directory_calls[] = {
    {"chdir", do_chdir}, {"fchdir", do_fchdir}, {"getcwd", do_getcwd}, {"ls", do_ls}, {"getdents", do_getdents},
    {"getdents_seek", do_getdents_seek}, {"empty", do_empty}, {"opendir", do_opendir}, {"fdopendir", do_fdopendir},
    {"readdir", do_readdir}, {"rewinddir", do_rewinddir}, {"seekdir", do_seekdir}, {"closedir", do_closedir},
    {"glob", do_glob}, {"nftw", do_nftw}, {"tree", do_tree}, {NULL, NULL},
};
