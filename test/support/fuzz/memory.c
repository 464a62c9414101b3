/* memory.c - mappings. See fuzz.h. */
#include "fuzz.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

#define LONGEST (1L << 18) /* bytes of a mapping */

static __thread sigjmp_buf out;

static void caught(int signal)
{
	siglongjmp(out, signal);
}

/* Runs copy() where the page may not be there. */
static bool copied(char *to, const char *from, size_t n)
{
	struct sigaction a = {.sa_handler = caught}, bus, segv;
	sigaction(SIGBUS, &a, &bus);
	sigaction(SIGSEGV, &a, &segv);
	int signal = sigsetjmp(out, 1);
	if (!signal)
		memcpy(to, from, n);
	sigaction(SIGBUS, &bus, NULL);
	sigaction(SIGSEGV, &segv, NULL);
	if (signal)
		say(" %s", sigabbrev_np(signal));
	return !signal;
}

/* mmap MAPPING FD OFFSET LENGTH PROT FLAGS */
static void do_mmap(void)
{
	struct mapping *m = &me.maps[place(0)];
	size_t len = (size_t)(num(3) > LONGEST ? LONGEST : num(3));
	char *at = mmap(NULL, len, (int)num(4), (int)num(5), fd_of(1), num(2));

	if (at == MAP_FAILED) {
		say_result(-1);
		return;
	}
	if (m->at)
		munmap(m->at, m->len);
	*m = (struct mapping){at, len};
	say(" mapped");
}

/* Bytes of a mapping that arguments 1 and 2 say. */
static struct mapping part(void)
{
	struct mapping m = me.maps[place(0)];
	size_t at = (size_t)num(1), n = (size_t)num(2);

	if (!m.at || at >= m.len)
		return (struct mapping){0};
	return (struct mapping){m.at + at, n < m.len - at ? n : m.len - at};
}

/* mget MAPPING AT COUNT */
static void do_mget(void)
{
	static char bytes[LONGEST];
	struct mapping m = part();
	if (m.at && copied(bytes, m.at, m.len))
		say_bytes(bytes, (long)m.len);
}

/* mput MAPPING AT COUNT SEED */
static void do_mput(void)
{
	struct mapping m = part();
	if (m.at && copied(m.at, pattern(m.len, num(3)), m.len))
		say(" put");
}

static void do_msync(void)
{
	struct mapping m = me.maps[place(0)];
	if (m.at)
		say_result(msync(m.at, m.len, MS_SYNC));
}

static void do_munmap(void)
{
	struct mapping *m = &me.maps[place(0)];
	if (m->at)
		say_result(munmap(m->at, m->len));
	m->at = NULL;
}

const struct call memory_calls[] = {
    {"mmap", do_mmap}, {"mget", do_mget}, {"mput", do_mput}, {"msync", do_msync}, {"munmap", do_munmap}, {NULL, NULL},
};
