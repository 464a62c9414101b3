/*
 * real.c - finds the next definition of a symbol.
 *
 * What dlsym(RTLD_NEXT) does, without its locks and allocations: the first call of a function may come from a signal
 * handler, or from an allocator in the middle of its own work.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>

#include "entry.h"

struct module {
	uintptr_t base;
	const uint32_t *hash; /* DT_GNU_HASH */
	const ElfW(Sym) * symbols;
	const char *strings;
	const uint16_t *versions; /* DT_VERSYM, may be NULL */
};

/* Modules behind this one in the order of the search. A program with more has its libc among the first. */
#define MAX_MODULES 256

static struct module modules[MAX_MODULES];
static int nr_modules;
static int modules_state; /* 0 none, 1 being found, 2 there */

struct walk {
	bool behind; /* this library has been passed */
};

static const void *address(const struct dl_phdr_info *info, ElfW(Addr) value)
{
	/* glibc relocates most entries of the dynamic section in place, but not those of the vDSO. */
	return (const void *)(value < info->dlpi_addr ? value + info->dlpi_addr : value);
}

static int add_module(struct dl_phdr_info *info, size_t size, void *data)
{
	struct module m = {.base = info->dlpi_addr};
	const ElfW(Dyn) *dyn = NULL;
	struct walk *walk = data;
	bool self = false;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + ph->p_vaddr;

		if (ph->p_type == PT_DYNAMIC)
			dyn = (const ElfW(Dyn) *)start;
		if (ph->p_type == PT_LOAD && (uintptr_t)modules - start < ph->p_memsz)
			self = true;
	}
	if (self || !walk->behind) {
		walk->behind = walk->behind || self;
		return 0;
	}
	for (; dyn != NULL && dyn->d_tag != DT_NULL; dyn++) {
		switch (dyn->d_tag) {
		case DT_GNU_HASH:
			m.hash = address(info, dyn->d_un.d_ptr);
			break;
		case DT_SYMTAB:
			m.symbols = address(info, dyn->d_un.d_ptr);
			break;
		case DT_STRTAB:
			m.strings = address(info, dyn->d_un.d_ptr);
			break;
		case DT_VERSYM:
			m.versions = address(info, dyn->d_un.d_ptr);
			break;
		}
	}
	if (m.hash != NULL && m.symbols != NULL && m.strings != NULL && nr_modules < MAX_MODULES)
		modules[nr_modules++] = m;
	return 0;
}

static uint32_t gnu_hash(const char *name)
{
	uint32_t h = 5381;

	for (; *name != '\0'; name++)
		h = h * 33 + (unsigned char)*name;
	return h;
}

/** The default version of \a name in \a m, or NULL. Layout of DT_GNU_HASH: the System V gABI has none of it; see
 *  binutils' bfd/elflink.c. */
static const ElfW(Sym) * find_symbol(const struct module *m, const char *name, uint32_t h)
{
	uint32_t buckets = m->hash[0], offset = m->hash[1], bloom = m->hash[2], shift = m->hash[3];
	const ElfW(Addr) *filter = (const ElfW(Addr) *)&m->hash[4];
	const uint32_t *bucket = (const uint32_t *)&filter[bloom], *chain = &bucket[buckets];
	ElfW(Addr) word = filter[h / 64 % bloom];

	if (!(word >> h % 64 & 1) || !(word >> (h >> shift) % 64 & 1) || bucket[h % buckets] < offset)
		return NULL;
	for (uint32_t i = bucket[h % buckets];; i++) {
		const ElfW(Sym) *sym = &m->symbols[i];

		if ((chain[i - offset] | 1) == (h | 1) && strcmp(m->strings + sym->st_name, name) == 0 &&
		    sym->st_shndx != SHN_UNDEF && (m->versions == NULL || !(m->versions[i] & 0x8000)))
			return sym;
		if (chain[i - offset] & 1)
			return NULL;
	}
}

void *entry_next(const char *name)
{
	uint32_t h = gnu_hash(name);
	int none = 0;

	if (__atomic_load_n(&modules_state, __ATOMIC_ACQUIRE) != 2) {
		struct walk walk = {.behind = false};

		/* Another thread, or the one that this signal interrupted, is at it: the system call will do. */
		if (!__atomic_compare_exchange_n(&modules_state, &none, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return NULL;
		dl_iterate_phdr(add_module, &walk);
		__atomic_store_n(&modules_state, 2, __ATOMIC_RELEASE);
	}
	for (int i = 0; i < nr_modules; i++) {
		const ElfW(Sym) *sym = find_symbol(&modules[i], name, h);

		if (sym == NULL)
			continue;
		if (ELF64_ST_TYPE(sym->st_info) == STT_GNU_IFUNC)
			break;
		return (void *)(modules[i].base + sym->st_value);
	}
	int error = errno;
	void *p = dlsym(RTLD_NEXT, name);

	errno = error;
	return p;
}

/* Before any thread or handler can be in the way. */
__attribute__((constructor(101))) static void find_modules(void)
{
	entry_next("close");
}
