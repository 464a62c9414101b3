/* streams.c - stdio. See fuzz.h. */
#include "fuzz.h"

static void keep(int where, FILE *file)
{
	say(file ? " open" : " %s", strerrorname_np(errno));
	if (!file)
		return;
	if (me.files[where])
		fclose(me.files[where]);
	me.files[where] = file;
	static char buffers[PLACES][4096];
	setvbuf(file, buffers[where], _IOFBF, sizeof(buffers[0])); /* otherwise it is st_blksize, which is anybody's */
}

/* The modes of fopen(3) have a letter that a word may not begin with. */
static void do_fopen(void)
{
	keep(place(0), fopen(path_of(1), nr_args > 2 ? args[2] : "r"));
}

static void do_fdopen(void)
{
	int fd = dup(fd_of(1));
	FILE *file = fdopen(fd, nr_args > 2 ? args[2] : "r");
	int error = errno;
	if (!file && fd >= 0)
		close(fd);
	errno = error;
	keep(place(0), file);
}

static void do_freopen(void)
{
	FILE **file = &me.files[place(0)];
	if (!*file)
		return;
	*file = freopen(path_of(1), nr_args > 2 ? args[2] : "r", *file);
	say(*file ? " open" : " %s", strerrorname_np(errno));
}

static FILE *file_of(int i)
{
	return me.files[place(i)];
}

static void say_state(FILE *file)
{
	if (feof(file))
		say(" eof");
	if (ferror(file))
		say(" error %s", strerrorname_np(errno));
	clearerr(file);
}

static void do_fread(void)
{
	static char bytes[1 << 16];
	FILE *file = file_of(0);
	if (!file)
		return;
	say_bytes(bytes, (long)fread(bytes, 1, (size_t)num(1) < sizeof(bytes) ? (size_t)num(1) : sizeof(bytes), file));
	say_state(file);
}

static void do_fwrite(void)
{
	FILE *file = file_of(0);
	size_t n = (size_t)num(1) < (1 << 16) ? (size_t)num(1) : 1 << 16;
	if (!file)
		return;
	say(" %zu", fwrite(pattern(n, num(2)), 1, n, file));
	say_state(file);
}

static void do_fgets(void)
{
	char line[200];
	FILE *file = file_of(0);
	if (!file)
		return;
	if (fgets(line, sizeof(line), file))
		say_bytes(line, (long)strlen(line));
	say_state(file);
}

static void do_fprintf(void)
{
	if (file_of(0))
		say_result(fprintf(file_of(0), "line %ld\n", num(1)));
}

static void do_fseek(void)
{
	if (file_of(0))
		say_result(fseek(file_of(0), num(1), (int)num(2)));
}

static void do_ftell(void)
{
	if (file_of(0))
		say_result(ftell(file_of(0)));
}

static void do_fflush(void)
{
	if (file_of(0))
		say_result(fflush(file_of(0)));
}

static void do_fclose(void)
{
	FILE **file = &me.files[place(0)];
	if (*file)
		say_result(fclose(*file));
	*file = NULL;
}

const struct call stream_calls[] = {
    {"fopen", do_fopen}, {"fdopen", do_fdopen}, {"freopen", do_freopen}, {"fread", do_fread}, {"fwrite", do_fwrite},
    {"fgets", do_fgets}, {"fprintf", do_fprintf}, {"fseek", do_fseek}, {"ftell", do_ftell}, {"fflush", do_fflush},
    {"fclose", do_fclose}, {NULL, NULL},
};
