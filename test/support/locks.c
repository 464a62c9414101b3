/*
 * locks.c - two programs that lock one file, each with its own library preloaded.
 *
 *   locks FILE HOLDER-LIBRARY REQUESTER-LIBRARY     runs the two ("-": none) and prints what the locks did
 *   locks peer FILE                                 one of them: a word on standard input, an answer on standard output
 *
 * Every kind of lock meets every other: a request that does not wait, one that waits until the holder lets go, one that
 * waits until the holder is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the peer ---- */

static int fd;

static int lock_of(const char *kind, int command, int type)
{
	struct flock range = {.l_type = (short)type, .l_whence = SEEK_SET, .l_start = 2, .l_len = 3};

	(void)kind;
	return fcntl(fd, command, &range);
}

/* KIND MODE WAIT: x or s or u, then n or w */
static int take(const char *kind, char mode, char wait)
{
	int type = mode == 'x' ? F_WRLCK : mode == 's' ? F_RDLCK : F_UNLCK;

	if (strcmp(kind, "flock") == 0)
		return flock(fd, (mode == 'x' ? LOCK_EX : mode == 's' ? LOCK_SH : LOCK_UN) | (wait == 'n' ? LOCK_NB : 0));
	if (strcmp(kind, "posix") == 0)
		return lock_of(kind, wait == 'n' ? F_SETLK : F_SETLKW, type);
	if (strcmp(kind, "ofd") == 0)
		return lock_of(kind, wait == 'n' ? F_OFD_SETLK : F_OFD_SETLKW, type);
	lseek(fd, 2, SEEK_SET);
	return lockf(fd, mode == 'u' ? F_ULOCK : wait == 'n' ? F_TLOCK : F_LOCK, 3);
}

static int peer(const char *file)
{
	char kind[16], mode, wait, text[8];

	fd = open(file, O_RDWR);
	if (fd < 0)
		return 1;
	while (scanf("%15s %c %c", kind, &mode, &wait) == 3) {
		int r = take(kind, mode, wait);
		/* What is locked is read and written on the way that the locks are taken. */
		if (r == 0 && mode != 'u' && (pread(fd, text, 5, 1) != 5 || (mode == 'x' && pwrite(fd, text, 5, 1) != 5)))
			puts("no data");
		puts(r == 0 ? "ok" : strerrorname_np(errno));
		fflush(stdout);
	}
	return 0;
}

/* ---- who runs them ---- */

struct side {
	pid_t pid;
	FILE *to;
	int from;
};

static struct side start(const char *self, const char *file, const char *library)
{
	int in[2], out[2];
	struct side s;

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		exit(2);
	s.pid = fork();
	if (s.pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		if (*library != '-')
			setenv("LD_PRELOAD", library, 1);
		execl(self, self, "peer", file, NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	s.to = fdopen(in[1], "w");
	s.from = out[0];
	return s;
}

static void tell(struct side *s, const char *kind, const char *how)
{
	fprintf(s->to, "%s %s\n", kind, how);
	fflush(s->to);
}

/* The answer, or "waits" when there is none for so long. */
static const char *answer(struct side *s, int milliseconds)
{
	static char text[64];
	struct pollfd ask = {s->from, POLLIN, 0};
	ssize_t n = poll(&ask, 1, milliseconds) == 1 ? read(s->from, text, sizeof(text) - 1) : 0;

	if (n <= 0)
		return ask.revents ? "gone" : "waits";
	text[n] = 0;
	text[strcspn(text, "\n")] = 0;
	return text;
}

static const char *ask(struct side *s, const char *kind, const char *how)
{
	tell(s, kind, how);
	return answer(s, 10000);
}

static void end(struct side *s)
{
	fclose(s->to);
	close(s->from);
	waitpid(s->pid, NULL, 0);
}

static const char *const kinds[] = {"flock", "posix", "ofd", "lockf"};
#define NR_KINDS 4

static void pair(const char *self, const char *file, const char *one, const char *other, const char *held,
                 const char *wanted)
{
	struct side holder = start(self, file, one), asker = start(self, file, other);

	for (const char *modes = "xxxssxss"; *modes; modes += 2) {
		char h[4] = {modes[0], ' ', 'n'}, a[4] = {modes[1], ' ', 'n'};
		printf("%s %c held, %s %c: %s", held, *modes, wanted, modes[1], ask(&holder, held, h));
		printf(" %s", ask(&asker, wanted, a));
		ask(&asker, wanted, "u n");
		a[2] = 'w';
		tell(&asker, wanted, a);
		const char *first = answer(&asker, 30);
		printf(", waiting: %s", first);
		int waits = strcmp(first, "waits") == 0;
		printf(", let go: %s", ask(&holder, held, "u n"));
		if (waits)
			printf(", then: %s", answer(&asker, 10000));
		printf(", and back: %s", ask(&holder, held, h));
		ask(&asker, wanted, "u n");
		printf("\n");
		ask(&holder, held, "u n");
	}
	ask(&holder, held, "x n");
	tell(&asker, wanted, "x w");
	const char *before = answer(&asker, 30);
	printf("%s held by one that is killed, %s: %s", held, wanted, before);
	int waits = strcmp(before, "waits") == 0;
	kill(holder.pid, SIGKILL);
	if (waits)
		printf(" %s", answer(&asker, 10000));
	printf("\n");
	end(&holder);
	end(&asker);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "peer") == 0)
		return peer(argv[2]);
	if (argc != 4)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int h = 0; h < NR_KINDS; h++)
		for (int a = 0; a < NR_KINDS; a++)
			pair(argv[0], argv[1], argv[2], argv[3], kinds[h], kinds[a]);
	return 0;
}
