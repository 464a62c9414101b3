/*
 * attach.c - routes the system calls that libc makes without going through its own symbols.
 *
 * stdio, opendir(), glob(), posix_spawn() and the rest of libc contain their own `syscall` instructions, nearly all
 * directly behind `mov $number, %eax`. That 5-byte instruction becomes a jump to a trampoline for the site, which
 * goes on in attach_x86_64.S; the `syscall` itself stays, and calls that aren't ours are made there. Leaving it in
 * place means that code which jumps straight to the `syscall`, a loop that tries again for one, stays right, and
 * that whoever looks at the program counter during the call sees libc. The shapes:
 *
 *   mov $number, %eax; syscall                     most
 *   mov $number, %eax; moves; syscall              the moves are repeated in the trampoline
 *   mov %r11, 8(%rsp); syscall                     the one instruction of all cancellable calls since glibc 2.41,
 *                                                  any number in rax
 *   xor %eax, %eax; syscall; cmp $-4096, %rax      read(2). Too short for a jump: all three are made elsewhere.
 *
 * Runs in the constructor of the library. Nothing is undone: the library is never unloaded.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <cpuid.h>
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "shim.h"
#include "attach.h"
#include "libc_sites.h"
#include "solo.h"
#include "wait.h"

SHIM_HOT_DATA bool shim_symbols_only = true;
SHIM_HOT_DATA uintptr_t shim_seen_from;
SHIM_HOT_DATA size_t shim_seen_size;
const char *shim_attach_note;
int shim_attach_other;

/* Code of one site, with what its instructions refer to. */
struct trampoline {
	uint8_t code[48];
	uintptr_t back; /* the `syscall` to make when the call isn't ours; of read(2): where libc goes on */
	uintptr_t enter;
};

#ifndef MADV_POPULATE_WRITE /* glibc before 2.35 */
#define MADV_POPULATE_WRITE 23
#endif

void attach_enter(void);
void attach_enter_fd(void);
void attach_enter_path(void);
void attach_enter_at(void);
void attach_enter_close(void);
void attach_enter_read(void);
void attach_enter_open(void); /* libioil's alone */
long attach_ours(const long regs[7]);

/* How attach_x86_64.S saves vector state; mask 0: nothing but SSE. */
size_t attach_state_size;
uint32_t attach_state_mask; /* of XCR0 */
bool attach_state_probe;    /* xgetbv knows what is in use */

extern void pthread_testcancel(void) __attribute__((weak)); /* of libpthread.so.0 before 2.34 */

long attach_undisturbed(long (*answer)(const long regs[7]), const long regs[7])
{
	bool threads = libc_threads();
	int outer = shim_cancel_state; /* of a call that a signal handler has interrupted */
	int error = errno, state = 0, type = 0;
	long r;

	/* libc makes a thread cancellable at any instruction around a blocking system call. That must not happen
	 * while an operation holds a lock. */
	if (threads) {
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
		shim_cancel_state = state;
	}
	r = answer(regs);
	errno = error; /* a system call has no errno */
	if (!threads)
		return r;
	shim_cancel_state = outer;
	/* A cancellation that came meanwhile acts in pthread_testcancel(): pthread_setcancelstate() of glibc 2.36
	 * would end the thread with a null result. */
	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type);
	pthread_setcancelstate(state, NULL);
	if (type == PTHREAD_CANCEL_ASYNCHRONOUS) {
		if (pthread_testcancel)
			pthread_testcancel();
		pthread_setcanceltype(type, NULL);
	}
	return r;
}

static long dispatch(const long regs[7])
{
	return shim_dispatch(regs[0], regs[1], regs[2], regs[3], regs[4], regs[5], regs[6]);
}

/** Answers a call that may be ours. Called with vector state saved. */
SHIM_HOT long attach_ours(const long regs[7])
{
	return attach_undisturbed(dispatch, regs);
}

/* What libc's own code may keep in registers around a system call: SSE, and AVX or AVX-512 if it was built for those.
 * x87 is empty and AMX tiles (8 KiB) are no compiler's idea of a temporary. */
static void find_state(bool avx512)
{
	const uint32_t wanted = avx512 ? 0xe6 : 0x06; /* XCR0: SSE 1, AVX 2, AVX-512 5..7 */
	uint32_t eax, ebx, ecx, edx, low, high;

	/* Under a hypervisor each cpuid takes some 5 us. */
	__cpuid(1, eax, ebx, ecx, edx);
	if (!(ecx & bit_OSXSAVE))
		return;
	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	if ((low & 0x6) != 0x6)
		return;
	attach_state_mask = low & wanted;
	attach_state_size = 512 + 64 + 256; /* the place of AVX is the same in all processors */
	for (int i = 5; avx512 && i < 8; i++) {
		__cpuid_count(0xd, i, eax, ebx, ecx, edx); /* eax: size, ebx: offset */
		if (attach_state_mask & 1u << i && attach_state_size < ebx + eax)
			attach_state_size = ebx + eax;
	}
	__cpuid_count(0xd, 1, eax, ebx, ecx, edx);
	attach_state_probe = eax & 4;
}

/** mprotect() of all pages of \a text. */
static int protect(const struct text *text, int how)
{
	uintptr_t start = (uintptr_t)text->start & ~4095UL, end = ((uintptr_t)text->end + 4095) & ~4095UL;

	return (int)shim_syscall(SYS_mprotect, (long)start, (long)(end - start), how, 0, 0, 0);
}

static bool routed(uint32_t number)
{
	return number == ANY_NUMBER || attach_class[number] & ATTACH_ROUTED;
}

/** Makes the pages of the sites the process's own, neighbours at once: in a fault for each they cost more. Older kernels
 *  (before 5.14) say EINVAL. */
static void make_private(const struct site *sites, int nr)
{
	for (int i = 0; i < nr;) {
		uintptr_t start = (uintptr_t)(sites[i].call - JMP_LENGTH) & ~4095UL, end = start;

		for (; i < nr && ((uintptr_t)(sites[i].call - JMP_LENGTH) & ~4095UL) <= end; i++)
			end = ((uintptr_t)(sites[i].call + 1) & ~4095UL) + 4096;
		shim_syscall(SYS_madvise, (long)start, (long)(end - start), MADV_POPULATE_WRITE, 0, 0, 0);
	}
}

/** Memory for code that a 32-bit displacement reaches from all of \a texts, or NULL. */
static void *map_near(const struct libc_texts *found, size_t size)
{
	uint8_t *low = found->texts[0].start, *high = found->texts[0].end;

	for (int i = 1; i < found->nr; i++) {
		low = found->texts[i].start < low ? found->texts[i].start : low;
		high = found->texts[i].end > high ? found->texts[i].end : high;
	}
	/* The kernel maps top down, right below what is there: its own choice is nearly always near. */
	for (size_t distance = 0; distance < (1UL << 30); distance = distance ? distance * 2 : 1UL << 20) {
		void *hint = distance ? (void *)(((uintptr_t)low - distance) & ~4095UL) : NULL;
		long r = shim_syscall(SYS_mmap, (long)hint, (long)size, PROT_READ | PROT_WRITE,
		                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		uint8_t *p = (uint8_t *)r;

		if ((unsigned long)r > -4096UL)
			return NULL;
		if ((p < high ? high - p : p - low) < (1L << 31) - (1L << 24))
			return p;
		shim_syscall(SYS_munmap, r, (long)size, 0, 0, 0, 0);
	}
	return NULL;
}

static uintptr_t entry_for(uint32_t number)
{
	unsigned int class = number == ANY_NUMBER ? 0 : attach_class[number] & ~ATTACH_ROUTED;

	if (class == ATTACH_FD(0))
		return (uintptr_t)attach_enter_fd;
	if (class == ATTACH_PATH(0))
		return (uintptr_t)attach_enter_path;
	if ((class & ~ATTACH_UNPARK) == ATTACH_AT(1))
		return (uintptr_t)attach_enter_at;
	if (class == (ATTACH_FD(0) | ATTACH_CLOSES))
		return (uintptr_t)attach_enter_close;
#ifdef SHIM_IOIL
	if (number == SYS_openat)
		return (uintptr_t)attach_enter_open;
#endif
	return (uintptr_t)attach_enter;
}

static uint8_t *put(uint8_t *p, const void *bytes, size_t size)
{
	memcpy(p, bytes, size);
	return p + size;
}

/** An instruction whose last operand is the distance from its end to \a target. */
static uint8_t *put_relative(uint8_t *p, const char *opcode, size_t size, const void *target)
{
	int32_t distance;

	p = put(p, opcode, size);
	distance = (int32_t)((const uint8_t *)target - (p + sizeof(distance)));
	return put(p, &distance, sizeof(distance));
}

static void fill(struct trampoline *t, const struct site *site)
{
	bool read = site->call - site->from < JMP_LENGTH; /* no room for a jump: attach_enter_read makes it all */
	uint8_t *p = put(t->code, site->from, (size_t)(site->call - site->from));

	p = put(p, "\x48\x8d\x64\x24\x80", 5);         /* lea -128(%rsp), %rsp: the red zone of the function */
	p = put_relative(p, "\xff\x35", 2, &t->back);  /* push back(%rip) */
	p = put_relative(p, "\xff\x25", 2, &t->enter); /* jmp *enter(%rip) */
	t->back = (uintptr_t)(read ? site->call + sizeof(LIBC_READ_TAIL) - 1 : site->call);
	t->enter = read ? (uintptr_t)attach_enter_read : entry_for(site->number);
}

/* Who unwinds through a routed call finds one frame more there than the shadow stack has entries: a jump led to us. */
static bool has_shadow_stack(void)
{
	unsigned long top = 0;

	__asm__("rdsspq %0" : "+r"(top)); /* leaves it alone where there is none */
	return top != 0;
}

/** Leaves out what is of another shape after all: somebody else has changed libc before us. */
static int check(const struct libc_texts *found, struct site *sites, int nr)
{
	int good = 0;

	for (int i = 0; i < nr; i++) {
		const struct text *text = found->texts;

		while (sites[i].call < text->start || sites[i].call >= text->end)
			text++;
		if (libc_site_check(text, &sites[i]))
			sites[good++] = sites[i];
		else
			shim_attach_other++;
	}
	return good;
}

/* Those of the libc whose opens are routed. One of another shape, if there is any, is missed: its data goes through the
 * kernel. */
static void sees_opens(const struct libc_texts *found, const struct site *sites, int nr)
{
	for (int i = 0; i < nr; i++) {
		const struct text *text = found->texts;

		if (sites[i].number != SYS_openat && sites[i].number != ANY_NUMBER)
			continue;
		while (sites[i].call < text->start || sites[i].call >= text->end)
			text++;
		shim_seen_from = (uintptr_t)text->start;
		shim_seen_size = (size_t)(text->end - text->start);
		return;
	}
}

static int refuse(int error, const char *note)
{
	shim_attach_note = note;
	return error;
}

int shim_attach(void)
{
	struct libc_texts found;
	struct site sites[MAX_SITES];
	struct trampoline *code;
	size_t size;
	int nr = 0, r = 0;

	if (!shim_symbols_only)
		return refuse(-EALREADY, shim_attach_note);
	if (has_shadow_stack())
		return refuse(-ENOTSUP, "the program has a shadow stack");
	libc_texts_find(&found);
	for (int i = 0; i < found.nr; i++)
		nr = libc_sites_find(&found.texts[i], routed, sites, nr, &shim_attach_other);
	if (nr == 0)
		return refuse(-ENOENT, "no system-call instruction of a known shape in libc");
	size = (size_t)nr * sizeof(*code);
	code = map_near(&found, size);
	if (code == NULL)
		return refuse(-ENOMEM, "no memory for code near libc");
	find_state(found.avx512);
	for (int i = 0; i < found.nr && r == 0; i++)
		r = protect(&found.texts[i], PROT_READ | PROT_WRITE | PROT_EXEC);
	if (r == 0) {
		make_private(sites, nr);
		nr = check(&found, sites, nr);
		for (int i = 0; i < nr; i++)
			fill(&code[i], &sites[i]);
		r = (int)shim_syscall(SYS_mprotect, (long)code, (long)size, PROT_READ | PROT_EXEC, 0, 0, 0);
	}
	if (r == 0)
		for (int i = 0; i < nr; i++)
			put_relative(sites[i].from, "\xe9", 1, code[i].code);
	for (int i = 0; i < found.nr; i++)
		protect(&found.texts[i], PROT_READ | PROT_EXEC);
	if (r != 0) {
		shim_syscall(SYS_munmap, (long)code, (long)size, 0, 0, 0, 0);
		return refuse(r, "the text of libc can't be made writable");
	}
	shim_symbols_only = false;
	shim_attach_note = NULL;
	sees_opens(&found, sites, nr);
	return nr;
}
