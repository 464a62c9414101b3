/* worker.c - a process of a program: takes calls, makes them, answers. See fuzz.h. */
#include "fuzz.h"

#include <pthread.h>
#include <stdarg.h>
#include <sys/socket.h>

struct worker me;
int nr_args;
char *args[MAX_ARGS];

static char text[MAX_ANSWER];
static size_t used;

static const struct call *const families[] = {data_calls,   descriptor_calls, name_calls,    directory_calls,
					      memory_calls, stream_calls,     process_calls, async_calls};

/* ---- arguments ---- */

long num(int i)
{
	long value = 0;
	char *end;

	if (i >= nr_args)
		return 0;
	for (const char *word = args[i];; word++) {
		size_t n = strcspn(word, "|");
		long one;
		if (!constant(word, n, &one))
			one = strtol(word, &end, 0);
		value |= one;
		word += n;
		if (!*word)
			return value;
	}
}

int place(int i)
{
	return (int)((unsigned long)num(i) % PLACES);
}

int fd_of(int i)
{
	return i < nr_args && strcmp(args[i], "cwd") == 0 ? AT_FDCWD : me.fds[place(i)];
}

const char *path_of(int i)
{
	static char paths[4][2 * PATH_MAX];
	static int next;
	char *out = paths[next++ % 4];
	const char *word = i < nr_args ? args[i] : "";

	if (strcmp(word, "''") == 0)
		word = "";
	if (word[0] == '%' || word[0] == '@')
		snprintf(out, sizeof(paths[0]), "%s%s", word[0] == '%' ? me.base : me.outside, word + 1);
	else if (word[0] == '*') /* a name as long as it says */
		snprintf(out, sizeof(paths[0]), "%0*d%s", atoi(word + 1), 0, word + 1 + strspn(word + 1, "0123456789"));
	else
		snprintf(out, sizeof(paths[0]), "%s", word);
	return out;
}

/* ---- the answer ---- */

void say(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	int n = vsnprintf(text + used, sizeof(text) - used, format, list);
	va_end(list);
	used += (size_t)n < sizeof(text) - used ? (size_t)n : sizeof(text) - used - 1;
}

long say_result(long result)
{
	if (result == -1)
		say(" %s", strerrorname_np(errno) ? strerrorname_np(errno) : "E?");
	else
		say(" %ld", result);
	return result;
}

bool inside(const char *path)
{
	char real[PATH_MAX];
	size_t top = strlen(me.top), out = strlen(me.outside);

	if (!realpath(path, real))
		return true; /* what is not there does no harm */
	return (strncmp(real, me.top, top) == 0 && (real[top] == '/' || !real[top])) ||
	       (strncmp(real, me.outside, out) == 0 && (real[out] == '/' || !real[out]));
}

void say_fd(int where, int fd)
{
	char path[64];
	struct stat st;

	say_result(fd);
	me.fds[where] = fd;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && !inside(path)) {
		say(" left");
		close(fd);
		me.fds[where] = -1;
	}
}

void say_bytes(const char *bytes, long n)
{
	uint32_t hash = 2166136261u;

	if (say_result(n) < 0)
		return;
	for (long i = 0; i < n; i++)
		hash = (hash ^ (uint8_t)bytes[i]) * 16777619u;
	say(" \"");
	for (long i = 0; i < n && i < 24; i++)
		say("%c", bytes[i] > ' ' && bytes[i] < 127 ? bytes[i] : bytes[i] ? '?' : '.');
	say(n > 24 ? "\"… %08x" : "\"", hash);
}

void say_path(const char *path)
{
	size_t base = strlen(me.base), out = strlen(me.outside), top = strlen(me.top);

	if (strncmp(path, me.base, base) == 0 && (path[base] == '/' || path[base] == 0 || path[base] == ' '))
		say(" %%%s", path + base);
	else if (strncmp(path, me.outside, out) == 0)
		say(" @%s", path + out);
	else if (strncmp(path, me.top, top) == 0)
		say(" ^%s", path + top);
	else
		say(" %s", path[0] == '/' ? "elsewhere" : path);
}

char *pattern(size_t n, long seed)
{
	static char buf[1 << 20];

	if (n > sizeof(buf))
		n = sizeof(buf);
	for (size_t i = 0; i < n; i++)
		buf[i] = (char)("abcdefghijklmnopqrstuvwxyz"[(seed + (long)i + (long)(i / 26)) % 26] - 32 * (seed % 2));
	return buf;
}

/* Times that a program set are told from those of now by being old. */
void say_stat(const struct stat *st)
{
	say(" %o", st->st_mode);
	if (!S_ISDIR(st->st_mode))
		say(" size %ld links %lu", (long)st->st_size, (unsigned long)st->st_nlink);
	say(" of %u:%u", st->st_uid, st->st_gid);
	if (!S_ISDIR(st->st_mode) && st->st_mtim.tv_sec < 1000000000)
		say(" mtime %ld.%09ld", (long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
}

void answer(void)
{
	if (send(CONTROL_FD + me.number, text, used, 0) < 0)
		_exit(97);
	used = 0;
}

/* ---- the loop ---- */

static const struct call *find(const char *name)
{
	for (size_t f = 0; f < sizeof(families) / sizeof(families[0]); f++)
		for (const struct call *c = families[f]; c->name; c++)
			if (strcmp(c->name, name) == 0)
				return c;
	return NULL;
}

static void *on_thread(void *call)
{
	((const struct call *)call)->make();
	return NULL;
}

static void make(char *line)
{
	char *save, *word = strtok_r(line, " ", &save);
	bool thread = word && strchr(word, 't');
	const struct call *call = find(strtok_r(NULL, " ", &save) ?: "");

	nr_args = 0;
	while (nr_args < MAX_ARGS && (word = strtok_r(NULL, " ", &save)))
		args[nr_args++] = word;
	errno = 0;
	if (!call)
		say(" ?");
	else if (thread) {
		pthread_t t;
		if (pthread_create(&t, NULL, on_thread, (void *)call) == 0)
			pthread_join(t, NULL);
	} else
		call->make();
}

void work(bool answer_first)
{
	/* Until this call ends: a child that `fork` made continues here with its own calls. */
	char lines[16384];

	if (answer_first)
		answer();
	for (;;) {
		ssize_t n = recv(CONTROL_FD + me.number, lines, sizeof(lines) - 1, 0);
		if (n <= 0)
			_exit(0);
		lines[n] = 0;
		for (char *line = lines, *end; (end = strchr(line, '\n')); line = end + 1) {
			*end = 0;
			make(line);
			answer();
		}
	}
}
