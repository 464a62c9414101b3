/* model.c - see model.h. */
#include "model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static char answer[1 << 16];
static char data[1 << 20];

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
	size_t n = strlen(answer);
	__builtin_va_list ap;

	__builtin_va_start(ap, format);
	vsnprintf(answer + n, sizeof(answer) - n, format, ap);
	__builtin_va_end(ap);
}

/* Bytes that tell where they came from. */
static void fill(size_t len, uint64_t seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		data[i] = (char)(seed >> 56);
	}
}

static uint64_t digest(size_t len)
{
	uint64_t h = 1469598103934665603u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)data[i]) * 1099511628211u;
	return h;
}

/* Times are told when utimes set them: those are before 2001. Sizes of directories differ between file systems. */
static int say_stat(int rc, const struct stat *st)
{
	if (rc != 0)
		return rc;
	say("%o links %lu owner %u:%u", st->st_mode, (unsigned long)st->st_nlink, st->st_uid, st->st_gid);
	if (!S_ISDIR(st->st_mode))
		say(" size %lld", (long long)st->st_size);
	if (st->st_mtim.tv_sec < 1000000000)
		say(" mtime %lld.%09ld", (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	return 0;
}

static struct {
	char *name;
	unsigned char type;
	uint64_t ino;
} entries[1024];
static size_t nr_entries;

static void add_entry(const char *name, unsigned char type, uint64_t ino)
{
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || nr_entries == 1024)
		return;
	entries[nr_entries].name = strdup(name);
	entries[nr_entries].type = type;
	entries[nr_entries++].ino = ino;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The number in the directory must be that of stat(2). */
static int list(const char *path)
{
	int rc = model_list(path, add_entry);

	qsort(entries, nr_entries, sizeof(entries[0]), by_name);
	for (size_t i = 0; i < nr_entries; i++) {
		char full[8192];
		struct stat st;

		snprintf(full, sizeof(full), "%s%s%s", path, strcmp(path, ".") == 0 ? "\0" : "/", entries[i].name);
		if (strcmp(path, ".") == 0)
			snprintf(full, sizeof(full), "%s", entries[i].name);
		say("%s%s:%d", i ? " " : "", entries[i].name, entries[i].type);
		if (model_stat(full, &st) == 0 && st.st_ino != entries[i].ino)
			say(" (numbers differ)");
		free(entries[i].name);
	}
	nr_entries = 0;
	return rc;
}

static int list_attributes(const char *path)
{
	size_t len = sizeof(data);
	int rc = model_listxattr(path, data, &len);

	if (rc != 0)
		return rc;
	for (char *at = data; at < data + len; at += strlen(at) + 1)
		if (strncmp(at, "user.", 5) == 0)
			add_entry(at, 0, 0);
	qsort(entries, nr_entries, sizeof(entries[0]), by_name);
	for (size_t i = 0; i < nr_entries; i++) {
		say("%s%s", i ? " " : "", entries[i].name);
		free(entries[i].name);
	}
	nr_entries = 0;
	return 0;
}

static int become(uid_t uid)
{
	/* Of the process: DFS calls are made in it, and so are the kernel's. */
	if (seteuid(0) != 0 || setegid(uid) != 0 || seteuid(uid) != 0)
		return errno;
	return 0;
}

static uint64_t number(const char *word)
{
	return strtoull(word, NULL, 0);
}

#define IS(word) (strcmp(w[0], word) == 0)

static int obey(char **w)
{
	int slot = (int)number(w[1]) % SLOTS, rc;
	uint64_t at = 0;
	struct stat st;
	size_t len;

	if (IS("open"))
		return model_open(slot, w[2], (int)number(w[3]), (mode_t)number(w[4]));
	if (IS("close"))
		return model_close(slot);
	if (IS("read")) {
		rc = model_read(slot, number(w[2]), data, number(w[3]) % sizeof(data), &len);
		if (rc == 0)
			say("%zu %016llx", len, (unsigned long long)digest(len));
		return rc;
	}
	if (IS("write")) {
		len = number(w[3]) % sizeof(data);
		fill(len, number(w[4]));
		return model_write(slot, number(w[2]), data, len);
	}
	if (IS("append")) {
		len = number(w[2]) % sizeof(data);
		fill(len, number(w[3]));
		rc = model_append(slot, data, len, &at);
		if (rc == 0 && len != 0)
			say("%llu", (unsigned long long)at);
		return rc;
	}
	if (IS("truncate"))
		return model_truncate(slot, number(w[2]));
	if (IS("fallocate"))
		return model_fallocate(slot, (int)number(w[2]), number(w[3]), number(w[4]));
	if (IS("seek")) {
		rc = model_seek(slot, number(w[2]), (int)number(w[3]), &at);
		if (rc == 0)
			say("%llu", (unsigned long long)at);
		return rc;
	}
	if (IS("fstat"))
		return say_stat(model_fstat(slot, &st), &st);
	if (IS("fsync"))
		return model_fsync(slot);
	if (IS("sync"))
		return model_sync();
	if (IS("stat"))
		return say_stat(model_stat(w[1], &st), &st);
	if (IS("follow"))
		return say_stat(model_follow(w[1], &st), &st);
	if (IS("mkdir"))
		return model_mkdir(w[1], (mode_t)number(w[2]));
	if (IS("unlink"))
		return model_unlink(w[1]);
	if (IS("rmdir"))
		return model_rmdir(w[1]);
	if (IS("rename"))
		return model_rename(w[1], w[2], (unsigned)number(w[3]));
	if (IS("link"))
		return model_link(w[1], w[2]);
	if (IS("symlink"))
		return model_symlink(w[1], w[2]);
	if (IS("readlink")) {
		rc = model_readlink(w[1], data, 4097);
		if (rc == 0)
			say("%s", data);
		return rc;
	}
	if (IS("list"))
		return list(w[1]);
	if (IS("chmod"))
		return model_chmod(w[1], (mode_t)number(w[2]));
	if (IS("chown"))
		return model_chown(w[1], (uid_t)number(w[2]), (gid_t)number(w[3]));
	if (IS("utimes")) {
		struct timespec times[2] = {{(time_t)number(w[2]), 5}, {(time_t)number(w[2]), (long)number(w[3])}};

		return model_utimes(w[1], times);
	}
	if (IS("setxattr"))
		return model_setxattr(w[1], w[2], w[3], strlen(w[3]), (int)number(w[4]));
	if (IS("getxattr")) {
		len = sizeof(data) - 1;
		rc = model_getxattr(w[1], w[2], data, &len);
		if (rc == 0)
			say("%.*s", (int)len, data);
		return rc;
	}
	if (IS("removexattr"))
		return model_removexattr(w[1], w[2]);
	if (IS("listxattr"))
		return list_attributes(w[1]);
	if (IS("become"))
		return become((uid_t)number(w[1]));
	if (IS("exit"))
		_exit(0);
	return ENOSYS;
}

int main(int argc, char **argv)
{
	static char line[1 << 15];
	int rc = argc == 2 ? model_start(argv[1]) : EINVAL;

	umask(0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts(rc != 0 ? strerrorname_np(rc) : "ok");
	while (rc == 0 && fgets(line, sizeof(line), stdin) != NULL) {
		char *words[8], *save = NULL;
		int i, error;

		for (i = 0; i < 8; i++) {
			words[i] = strtok_r(i == 0 ? line : NULL, " \n", &save);
			if (words[i] == NULL)
				words[i] = "";
		}
		answer[0] = '\0';
		error = obey(words);
		if (error != 0)
			printf("%s\n", strerrorname_np(error) != NULL ? strerrorname_np(error) : "unknown error");
		else
			printf("ok%s%s\n", answer[0] != '\0' ? " " : "", answer);
	}
	return rc != 0;
}
