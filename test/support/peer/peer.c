/* peer.c - see peer.h. */
#include "peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char answer[8192];
static char *names[512];
static size_t nr_names;

static void add_name(const char *name)
{
	if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && nr_names < sizeof(names) / sizeof(names[0]))
		names[nr_names++] = strdup(name);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list(const char *path)
{
	int rc = peer_list(path, add_name);

	qsort(names, nr_names, sizeof(names[0]), by_name);
	for (size_t i = 0; i < nr_names; i++) {
		size_t n = strlen(answer);
		snprintf(answer + n, sizeof(answer) - n, "%s%s", i ? " " : "", names[i]);
		free(names[i]);
	}
	nr_names = 0;
	return rc;
}

static int say_stat(const char *path)
{
	struct stat st;
	int rc = peer_stat(path, &st);

	if (rc == 0)
		snprintf(answer, sizeof(answer), S_ISDIR(st.st_mode) ? "mode %o" : "mode %o size %ld", st.st_mode, (long)st.st_size);
	return rc;
}

static int obey(const char *verb, const char *a, const char *b)
{
	if (strcmp(verb, "write") == 0)
		return peer_write(a, b);
	if (strcmp(verb, "append") == 0)
		return peer_append(a, b);
	if (strcmp(verb, "read") == 0)
		return peer_read(a, answer, sizeof(answer));
	if (strcmp(verb, "stat") == 0)
		return say_stat(a);
	if (strcmp(verb, "mkdir") == 0)
		return peer_mkdir(a);
	if (strcmp(verb, "rmdir") == 0)
		return peer_rmdir(a);
	if (strcmp(verb, "unlink") == 0)
		return peer_unlink(a);
	if (strcmp(verb, "rename") == 0)
		return peer_rename(a, b);
	if (strcmp(verb, "symlink") == 0)
		return peer_symlink(a, b);
	if (strcmp(verb, "readlink") == 0)
		return peer_readlink(a, answer, sizeof(answer));
	if (strcmp(verb, "truncate") == 0)
		return peer_truncate(a, atol(b));
	if (strcmp(verb, "chmod") == 0)
		return peer_chmod(a, (mode_t)strtol(b, NULL, 8));
	if (strcmp(verb, "list") == 0)
		return list(a);
	if (strcmp(verb, "hold") == 0)
		return peer_hold(a);
	if (strcmp(verb, "held") == 0)
		return peer_held(answer, sizeof(answer));
	return ENOSYS;
}

int main(int argc, char **argv)
{
	char line[4096], verb[32], a[1024], b[1024];
	int rc = argc == 2 ? peer_start(argv[1]) : EINVAL;

	puts(rc ? strerrorname_np(rc) : "ok");
	fflush(stdout);
	while (rc == 0 && fgets(line, sizeof(line), stdin)) {
		a[0] = b[0] = answer[0] = 0;
		sscanf(line, "%31s %1023s %1023[^\n]", verb, a, b);
		int error = obey(verb, a, b);
		if (error)
			puts(strerrorname_np(error) ? strerrorname_np(error) : "unknown error");
		else
			printf("ok%s%s\n", answer[0] ? " " : "", answer);
		fflush(stdout);
	}
	return rc != 0;
}
