/*
 * attach.c - routes the system calls that libc makes without going through its own symbols.
 *
 * stdio, opendir(), glob(), posix_spawn() and the rest of libc contain their own `syscall` instructions, nearly all
 * directly behind `mov $number, %eax`. That 5-byte instruction becomes a jump to a trampoline for the site, which
 * goes on in attach_x86_64.S; the `syscall` itself stays, and calls that aren't ours are made there. Leaving it in
 * place means that code which jumps straight to the `syscall`, a loop that tries again for one, stays right, and
 * that whoever looks at the program counter during the call sees libc.
 *
 * Runs in the constructor of the library. Nothing is undone: the library is never unloaded.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <cpuid.h>
#include <errno.h>
#include <immintrin.h>
#include <link.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "shim.h"
#include "attach.h"

bool shim_symbols_only = true;
const char *shim_attach_note;
int shim_attach_other;

/* libc 2.36 has 119 sites, libpthread of older ones about 40. What goes beyond is left alone. */
#define MAX_SITES 512

#define MOV_LENGTH 5 /* b8 imm32 */
#define JMP_LENGTH 5 /* e9 rel32 */

/* Code of one site. Both operands of 6 bytes are relative to the end of their instruction. */
struct trampoline {
	uint8_t   step[5]; /* lea -128(%rsp), %rsp: the red zone of the function that makes the call */
	uint8_t   push[6]; /* push site(%rip) */
	uint8_t   mov[5];  /* mov $number, %eax */
	uint8_t   jmp[6];  /* jmp *enter(%rip) */
	uint8_t   pad[2];
	uintptr_t site;    /* address of the `syscall` */
	uintptr_t enter;
} __attribute__((packed));

_Static_assert(sizeof(struct trampoline) == 40, "trampolines are packed");

struct text {
	uint8_t *start, *end; /* executable segment */
};

struct found {
	struct text texts[4];
	int         nr;
};

void attach_enter(void);
void attach_enter_fd(void);
void attach_enter_path(void);
long attach_ours(const long regs[7]);

/* How attach_x86_64.S saves vector state; mask 0 is fxsave. */
size_t   attach_state_size = 512;
uint32_t attach_state_mask;
bool     attach_state_compact;

/* Absent before glibc 2.32. */
extern char __libc_single_threaded __attribute__((weak));

/** Answers a call that may be ours. Called with vector state saved. */
long attach_ours(const long regs[7])
{
	bool threads = &__libc_single_threaded == NULL || !__libc_single_threaded;
	int error = errno, state = 0;
	long r;

	/* libc makes a thread cancellable at any instruction around a blocking system call. That must not happen
	 * while an operation holds a lock. */
	if (threads)
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	r = shim_dispatch(regs[0], regs[1], regs[2], regs[3], regs[4], regs[5], regs[6]);
	errno = error; /* a system call has no errno */
	if (threads)
		pthread_setcancelstate(state, &state);
	return r;
}

/* SSE, AVX and AVX-512 are what compilers and string functions use. x87 is empty at a call of a C function and
 * AMX tiles (8 KiB) are no compiler's idea of a temporary. */
static void find_state(void)
{
	const uint32_t wanted = 0xe6; /* XCR0: SSE 1, AVX 2, AVX-512 5..7 */
	uint32_t eax, ebx, ecx, edx, low, high;

	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & bit_OSXSAVE))
		return;
	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	attach_state_mask = low & wanted;
	attach_state_size = 512 + 64;
	for (int i = 2; i < 8; i++) {
		if (!(attach_state_mask & 1u << i))
			continue;
		__cpuid_count(0xd, i, eax, ebx, ecx, edx); /* eax: size, ebx: offset in the plain format */
		if (attach_state_size < ebx + eax)
			attach_state_size = ebx + eax;
	}
	__cpuid_count(0xd, 1, eax, ebx, ecx, edx);
	attach_state_compact = eax & 2;
}

static int find_text(struct dl_phdr_info *info, size_t size, void *data)
{
	const char *name = strrchr(info->dlpi_name, '/');
	struct found *found = data;

	(void)size;
	if (name == NULL || (strncmp(name, "/libc.so", 8) != 0 && strncmp(name, "/libc-2.", 8) != 0 &&
			     strncmp(name, "/libpthread", 11) != 0))
		return 0;
	for (int i = 0; i < info->dlpi_phnum && found->nr < 4; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		uint8_t *start = (uint8_t *)info->dlpi_addr + ph->p_vaddr;

		if (ph->p_type == PT_LOAD && (ph->p_flags & PF_X))
			found->texts[found->nr++] = (struct text){ start, start + ph->p_filesz };
	}
	return 0;
}

static uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/** Collects the `syscall` instructions of \a text that are to be routed. */
static int find_sites(struct text text, uint8_t **sites, int nr)
{
	const __m128i first = _mm_set1_epi8(0x0f), second = _mm_set1_epi8(0x05);

	for (uint8_t *p = text.start + MOV_LENGTH; p + 17 <= text.end; p += 16) {
		__m128i a = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)p), first);
		__m128i b = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(p + 1)), second);

		for (unsigned int m = (unsigned int)_mm_movemask_epi8(_mm_and_si128(a, b)); m != 0; m &= m - 1) {
			uint8_t *site = p + __builtin_ctz(m);
			uint32_t number = load32(site - 4);

			if (site[-MOV_LENGTH] != 0xb8 || number >= ATTACH_NUMBERS)
				shim_attach_other++;
			else if ((attach_class[number] & ATTACH_ROUTED) && nr < MAX_SITES)
				sites[nr++] = site;
		}
	}
	return nr;
}

/** Memory for code that a 32-bit displacement reaches from all of \a texts, or NULL. */
static void *map_near(const struct found *found, size_t size)
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
	unsigned int class = attach_class[number] & ~ATTACH_ROUTED;

	if (class == ATTACH_FD(0))
		return (uintptr_t)attach_enter_fd;
	if (class == ATTACH_PATH)
		return (uintptr_t)attach_enter_path;
	return (uintptr_t)attach_enter;
}

static void fill(struct trampoline *t, const uint8_t *site)
{
	*t = (struct trampoline){
		.step = { 0x48, 0x8d, 0x64, 0x24, 0x80 },
		.push = { 0xff, 0x35, offsetof(struct trampoline, site) - offsetof(struct trampoline, mov) },
		.jmp = { 0xff, 0x25, offsetof(struct trampoline, enter) - offsetof(struct trampoline, pad) },
		.pad = { 0xcc, 0xcc },
		.site = (uintptr_t)site,
		.enter = entry_for(load32(site - 4)),
	};
	memcpy(t->mov, site - MOV_LENGTH, MOV_LENGTH);
}

static int protect(struct text text, int prot)
{
	uintptr_t start = (uintptr_t)text.start & ~4095UL, end = ((uintptr_t)text.end + 4095) & ~4095UL;

	return (int)shim_syscall(SYS_mprotect, (long)start, (long)(end - start), prot, 0, 0, 0);
}

static void redirect(uint8_t *site, const struct trampoline *t)
{
	uint8_t *mov = site - MOV_LENGTH;
	int32_t distance = (int32_t)((const uint8_t *)t - (mov + JMP_LENGTH));

	mov[0] = 0xe9;
	memcpy(mov + 1, &distance, sizeof(distance));
}

static int refuse(int error, const char *note)
{
	shim_attach_note = note;
	return error;
}

int shim_attach(void)
{
	struct found found = { .nr = 0 };
	uint8_t *sites[MAX_SITES];
	struct trampoline *code;
	size_t size;
	int nr = 0, r;

	if (!shim_symbols_only)
		return refuse(-EALREADY, shim_attach_note);
	dl_iterate_phdr(find_text, &found);
	for (int i = 0; i < found.nr; i++)
		nr = find_sites(found.texts[i], sites, nr);
	if (nr == 0)
		return refuse(-ENOENT, "no system-call instruction of a known shape in libc");
	size = (size_t)nr * sizeof(*code);
	code = map_near(&found, size);
	if (code == NULL)
		return refuse(-ENOMEM, "no memory for code near libc");
	find_state();
	for (int i = 0; i < nr; i++)
		fill(&code[i], sites[i]);
	r = (int)shim_syscall(SYS_mprotect, (long)code, (long)size, PROT_READ | PROT_EXEC, 0, 0, 0);
	for (int i = 0; i < found.nr && r == 0; i++)
		r = protect(found.texts[i], PROT_READ | PROT_WRITE | PROT_EXEC);
	if (r == 0)
		for (int i = 0; i < nr; i++)
			redirect(sites[i], &code[i]);
	for (int i = 0; i < found.nr; i++)
		protect(found.texts[i], PROT_READ | PROT_EXEC);
	if (r != 0) {
		shim_syscall(SYS_munmap, (long)code, (long)size, 0, 0, 0, 0);
		return refuse(r, "the text of libc can't be made writable");
	}
	shim_symbols_only = false;
	shim_attach_note = NULL;
	return nr;
}
