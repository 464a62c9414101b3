/* streams.c - stdio and libc's own calls below it. */
#include "check.h"

#include <dirent.h>

static void modes(void)
{
	FILE *f;
	char line[64] = "";

	TRY((f = fopen("f", "wx")) != NULL);
	TRY(fprintf(f, "line %d\nline %d\n", 1, 2));
	show("f");
	TRY(fflush(f));
	show("f");
	TRY(fclose(f));
	TRY(fopen("f", "wx") != NULL);
	TRY((f = fopen("f", "a+")) != NULL);
	TRY(fputs("line 3\n", f) >= 0);
	rewind(f);
	TRY(fgets(line, sizeof(line), f) != NULL);
	say("%s", line);
	TRY(fputs("line 4\n", f) >= 0);
	TRY(fclose(f));
	show("f");
	TRY((f = fopen("f", "r+")) != NULL);
	TRY(fseek(f, 5, SEEK_SET));
	TRY(fputc('X', f));
	TRY(fseek(f, -2, SEEK_END));
	TRY(fgetc(f));
	TRY(ftell(f));
	TRY(ungetc('u', f));
	TRY(fgetc(f));
	TRY(fclose(f));
	show("f");
	TRY((f = fopen("f", "re")) != NULL);
	TRY(fcntl(fileno(f), F_GETFD));
	TRY(fputc('x', f));
	TRY(ferror(f) != 0);
	fclose(f);
	TRY(fopen("none", "r") != NULL);
	TRY(fopen("f", "w+") != NULL);
	show("f");
}

static void descriptors(void)
{
	int fd = must_open("f", O_RDWR | O_CREAT | O_TRUNC);
	FILE *f = fdopen(fd, "r+");
	char *line = NULL;
	size_t size = 0;

	TRY(fputs("buffered ", f) >= 0);
	TRY(write(fd, "direct ", 7));
	fflush(f);
	show("f");
	TRY(lseek(fd, 0, SEEK_CUR));
	rewind(f);
	TRY(getline(&line, &size, f));
	say("%s", line ? line : "");
	TRY(fclose(f));
	TRY(fcntl(fd, F_GETFD));
	free(line);
	TRY((f = fopen("g", "w")) != NULL);
	setvbuf(f, NULL, _IONBF, 0);
	fputs("unbuffered", f);
	show("g");
	TRY((f = freopen("h", "w", f)) != NULL);
	fputs("reopened", f);
	TRY(fclose(f));
	show("h");
}

static void large(void)
{
	static char text[300000], back[300000];
	FILE *f = fopen("f", "w+");

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i * 7 % 26);
	TRY(fwrite(text, 1, sizeof(text), f));
	TRY(fseek(f, 0, SEEK_SET));
	TRY(fread(back, 1, sizeof(back), f));
	say("equal %d", memcmp(text, back, sizeof(text)) == 0);
	TRY(fseek(f, 100001, SEEK_SET));
	TRY(fread(back, 3, 5, f));
	say("equal %d", memcmp(text + 100001, back, 15) == 0);
	fclose(f);
	show_stat("f");
}

static void commands(void)
{
	char text[64] = "";
	FILE *p = popen("cat > f; echo done", "w");

	fputs("to a command", p);
	say("ended with %d", pclose(p));
	show("f");
	p = popen("cat f", "r");
	TRY(fgets(text, sizeof(text), p) != NULL);
	say("%s, ended with %d", text, pclose(p));
	TRY(system("echo by system >> f; exit 3") >> 8);
	show("f");
}

static void temporary(void)
{
	char name[] = "tXXXXXX", dir[] = "dXXXXXX", suffixed[] = "sXXXXXX.c";
	struct stat st;

	int fd = (int)TRY(mkstemp(name));
	fstat(fd, &st);
	say("mode %o", st.st_mode);
	TRY(mkdtemp(dir) != NULL);
	stat(dir, &st);
	say("mode %o", st.st_mode);
	TRY(mkstemps(suffixed, 2));
	TRY(access(name, F_OK));
	TRY(mkostemp((char[]){"oXXXXXX"}, O_APPEND | O_CLOEXEC));
}

const struct check stream_checks[] = {
    {"modes of fopen", modes},
    {"streams and descriptors of one file", descriptors},
    {"large reads and writes of a stream", large},
    {"popen and system", commands},
    {"mkstemp and mkdtemp", temporary},
    {NULL, NULL},
};
