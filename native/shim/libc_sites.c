/*
 * libc_sites.c - finds the system-call instructions in the text of libc.
 *
 * Reading 1.4 MB of text costs a page fault or a part of one for each of its 342 pages, in every program. So the libc of the
 * machine is read once, when the library is built, and known again by its build id; any other is read when it is met.
 */
#include <emmintrin.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "shim.h"
#include "attach.h"
#include "libc_sites.h"

#define MOVES_LENGTH 24

#ifndef MADV_POPULATE_READ /* glibc before 2.35 */
#define MADV_POPULATE_READ 22
#endif

/** The build id of an object, or NULL. */
static const uint8_t *build_id(const struct dl_phdr_info *info)
{
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		const uint8_t *p = (const uint8_t *)info->dlpi_addr + ph->p_vaddr, *end = p + ph->p_memsz;

		while (ph->p_type == PT_NOTE && ph->p_align <= 4 && p + sizeof(ElfW(Nhdr)) <= end) {
			const ElfW(Nhdr) *note = (const void *)p;
			const uint8_t *name = p + sizeof(*note), *id = name + ((note->n_namesz + 3) & ~3u);

			if (note->n_type == NT_GNU_BUILD_ID && note->n_descsz == LIBC_ID_SIZE && note->n_namesz == 4 &&
			    memcmp(name, "GNU", 4) == 0)
				return id;
			p = id + ((note->n_descsz + 3) & ~3u);
		}
	}
	return NULL;
}

static int find_text(struct dl_phdr_info *info, size_t size, void *data)
{
	const char *name = strrchr(info->dlpi_name, '/');
	struct libc_texts *found = data;

	(void)size;
	if (name == NULL || (strncmp(name, "/libc.so", 8) != 0 && strncmp(name, "/libc-2.", 8) != 0 &&
	                     strncmp(name, "/libpthread", 11) != 0))
		return 0;
	found->avx512 = found->avx512 || strstr(info->dlpi_name, "x86-64-v4") != NULL;
	for (int i = 0; i < info->dlpi_phnum && found->nr < 4; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		uint8_t *base = (uint8_t *)info->dlpi_addr, *start = base + ph->p_vaddr;

		if (ph->p_type == PT_LOAD && (ph->p_flags & PF_X))
			found->texts[found->nr++] = (struct text){base, start, start + ph->p_filesz, build_id(info)};
	}
	return 0;
}

void libc_texts_find(struct libc_texts *found)
{
	found->nr = 0;
	found->avx512 = false;
	dl_iterate_phdr(find_text, found);
}

static uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/** Length of the instruction at \a p if it only moves or changes registers in a way that works anywhere: no branch,
 *  nothing relative to the program counter. 0 for any other. */
static size_t move_length(const uint8_t *p)
{
	size_t rex = (*p & 0xf0) == 0x40, n = rex;
	uint8_t op = p[n], modrm = p[n + 1], mod = modrm >> 6;

	if ((op & 0xf8) == 0xb8) /* mov $imm32, reg; with REX.W it would be imm64 */
		return rex && (*p & 8) ? 0 : n + 5;
	if (op == 0x83 && mod == 3) /* and, add, or ... $imm8, reg */
		return n + 3;
	if (op != 0x89 && op != 0x8b && op != 0x31)
		return 0;
	if (mod == 3) /* mov, xor between registers */
		return n + 2;
	if (op == 0x8b && mod == 1) /* mov disp8(base), reg; rm 4: a SIB byte */
		return n + 3 + ((modrm & 7) == 4);
	return 0;
}

bool libc_site_check(const struct text *text, struct site *site)
{
	static const uint8_t cancel[] = {0x4c, 0x89, 0x5c, 0x24, 0x08};
	uint8_t *call = site->call;

	if (memcmp(call, "\x0f\x05", 2) != 0)
		return false;
	for (size_t back = JMP_LENGTH; back <= JMP_LENGTH + MOVES_LENGTH && call - back >= text->start; back++) {
		uint8_t *mov = call - back;
		size_t n = JMP_LENGTH, step;

		if (*mov != 0xb8 || load32(mov + 1) >= ATTACH_NUMBERS)
			continue;
		while (n < back && (step = move_length(mov + n)) != 0)
			n += step;
		if (n == back) {
			site->from = mov;
			site->number = load32(mov + 1);
			return true;
		}
	}
	site->number = ANY_NUMBER;
	site->from = call - sizeof(cancel);
	if (memcmp(site->from, cancel, sizeof(cancel)) == 0)
		return true;
	site->number = SYS_read;
	site->from = call - 2;
	return memcmp(site->from, LIBC_READ_HEAD, 2) == 0 &&
	       memcmp(call, LIBC_READ_TAIL, sizeof(LIBC_READ_TAIL) - 1) == 0;
}

/* Bit i: p[i] and p[i + 1] are a `syscall`; 16 bits. */
static inline unsigned int calls_at(const uint8_t *p)
{
	__m128i a = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)p), _mm_set1_epi8(0x0f));
	__m128i b = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(p + 1)), _mm_set1_epi8(0x05));

	return (unsigned int)_mm_movemask_epi8(_mm_and_si128(a, b));
}

int libc_sites_scan(const struct text *text, bool (*wanted)(uint32_t number), struct site *sites, int nr, int *other)
{
	uintptr_t start = (uintptr_t)text->start & ~4095UL, end = ((uintptr_t)text->end + 4095) & ~4095UL;

	/* All at once instead of a fault every 16 pages. Older kernels (before 5.14) say EINVAL. */
	shim_syscall(SYS_madvise, (long)start, (long)(end - start), MADV_POPULATE_READ, 0, 0, 0);
	/* The last 64 bytes of libc's text are no code. */
	for (uint8_t *p = text->start + JMP_LENGTH; p + 65 <= text->end; p += 64) {
		uint64_t calls = calls_at(p) | (uint64_t)calls_at(p + 16) << 16 | (uint64_t)calls_at(p + 32) << 32 |
		                 (uint64_t)calls_at(p + 48) << 48;

		for (; calls != 0; calls &= calls - 1) {
			struct site site = {.call = p + __builtin_ctzll(calls)};

			if (!libc_site_check(text, &site))
				++*other;
			else if (wanted(site.number) && nr < MAX_SITES)
				sites[nr++] = site;
		}
	}
	return nr;
}

int libc_sites_find(const struct text *text, bool (*wanted)(uint32_t number), struct site *sites, int nr, int *other)
{
	const struct libc_known *known = libc_known;

	if (text->id == NULL)
		return libc_sites_scan(text, wanted, sites, nr, other);
	while (known->nr != 0 && memcmp(known->id, text->id, LIBC_ID_SIZE) != 0)
		known++;
	if (known->nr == 0)
		return libc_sites_scan(text, wanted, sites, nr, other);
	*other += (int)known->other;
	for (uint32_t i = known->first; i < known->first + known->nr; i++)
		if (wanted(libc_known_calls[i].number) && nr < MAX_SITES)
			sites[nr++] = (struct site){.call = text->base + libc_known_calls[i].at,
			                            .number = libc_known_calls[i].number};
	return nr;
}
