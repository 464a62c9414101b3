/*
 * provided.c - the descriptors of a provider that knows nothing of the shim: libdaos, with the fabric below it.
 *
 * It takes the lowest numbers, as any library does. A program may have plans for these (`exec 6> file`), or close all that
 * it does not know, and the next call of libdaos would wait for ever on what has become of them. So the calls by which
 * these libraries make and close descriptors are led here, in their own tables of addresses: what they make gets a high
 * number and close-on-exec, and stays out of the program's reach as the shim's own do.
 */
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include "hidden.h"
#include "provided.h"
#include "runtime.h"

/* ---- what the libraries call instead of libc ---- */

static long keep(long fd)
{
	return fd < 0 ? fd : fd_hide_provided((int)fd);
}

static int result(long r)
{
	if (r >= 0)
		return (int)r;
	errno = (int)-r;
	return -1;
}

static int provided_socket(int domain, int type, int protocol)
{
	return result(keep(SHIM_RAW(SYS_socket, domain, type, protocol)));
}

static int provided_accept(int fd, struct sockaddr *address, socklen_t *len)
{
	return result(keep(SHIM_RAW(SYS_accept4, fd, address, len, 0)));
}

static int provided_socketpair(int domain, int type, int protocol, int pair[2])
{
	long r = SHIM_RAW(SYS_socketpair, domain, type, protocol, pair);

	for (int i = 0; r == 0 && i < 2; i++)
		pair[i] = (int)keep(pair[i]);
	return result(r);
}

static int provided_epoll_create(int size)
{
	return result(size <= 0 ? -EINVAL : keep(SHIM_RAW(SYS_epoll_create1, 0)));
}

static int provided_epoll_create1(int flags)
{
	return result(keep(SHIM_RAW(SYS_epoll_create1, flags)));
}

static int provided_eventfd(unsigned int value, int flags)
{
	return result(keep(SHIM_RAW(SYS_eventfd2, value, flags)));
}

/* The log goes to a duplicate. */
static int provided_fcntl(int fd, int cmd, ...)
{
	va_list args;

	va_start(args, cmd);
	long argument = va_arg(args, long);
	va_end(args);
	long r = SHIM_RAW(SYS_fcntl, fd, cmd, argument);
	return result(cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC ? keep(r) : r);
}

static int provided_close(int fd)
{
	fd_forget_provided(fd);
	return result(shim_close_counted(fd));
}

static const struct {
	const char *name;
	void *ours;
} led[] = {
    {"socket", provided_socket},
    {"accept", provided_accept},
    {"socketpair", provided_socketpair},
    {"epoll_create", provided_epoll_create},
    {"epoll_create1", provided_epoll_create1},
    {"eventfd", provided_eventfd},
    {"fcntl", provided_fcntl},
    {"fcntl64", provided_fcntl},
    {"close", provided_close},
};

/* ---- their tables ---- */

#if defined(__x86_64__)
#define IS_ADDRESS(type) ((type) == R_X86_64_JUMP_SLOT || (type) == R_X86_64_GLOB_DAT)
#elif defined(__aarch64__)
#define IS_ADDRESS(type) ((type) == R_AARCH64_JUMP_SLOT || (type) == R_AARCH64_GLOB_DAT)
#else
#define IS_ADDRESS(type) false
#endif

static void lead(ElfW(Addr) * slot, const char *name)
{
	for (size_t i = 0; i < sizeof(led) / sizeof(led[0]); i++) {
		if (strcmp(name, led[i].name) != 0)
			continue;
		/* Read-only once the library is loaded, with RELRO. */
		uintptr_t page = (uintptr_t)slot & ~(uintptr_t)4095;
		if (SHIM_RAW(SYS_mprotect, page, 4096, PROT_READ | PROT_WRITE) == 0)
			*slot = (ElfW(Addr))led[i].ours;
	}
}

static void lead_all(ElfW(Addr) base, const ElfW(Rela) * rela, size_t size, const ElfW(Sym) * symbols,
                     const char *names)
{
	for (size_t i = 0; rela && i < size / sizeof(*rela); i++)
		if (IS_ADDRESS(ELF64_R_TYPE(rela[i].r_info)))
			lead((ElfW(Addr) *)(base + rela[i].r_offset),
			     names + symbols[ELF64_R_SYM(rela[i].r_info)].st_name);
}

static void lead_library(ElfW(Addr) base, const ElfW(Dyn) * dynamic)
{
	const ElfW(Sym) *symbols = NULL;
	const ElfW(Rela) *rela = NULL, *jumps = NULL;
	const char *names = NULL;
	size_t size = 0, jumps_size = 0;
	bool with_addend = true;

	for (; dynamic->d_tag != DT_NULL; dynamic++) {
		/* ld.so has added the base. */
		ElfW(Addr) at = dynamic->d_un.d_ptr;
		switch (dynamic->d_tag) {
		case DT_SYMTAB:
			symbols = (const ElfW(Sym) *)at;
			break;
		case DT_STRTAB:
			names = (const char *)at;
			break;
		case DT_RELA:
			rela = (const ElfW(Rela) *)at;
			break;
		case DT_RELASZ:
			size = dynamic->d_un.d_val;
			break;
		case DT_JMPREL:
			jumps = (const ElfW(Rela) *)at;
			break;
		case DT_PLTRELSZ:
			jumps_size = dynamic->d_un.d_val;
			break;
		case DT_PLTREL:
			with_addend = dynamic->d_un.d_val == DT_RELA;
			break;
		}
	}
	if (!symbols || !names || !with_addend)
		return;
	lead_all(base, rela, size, symbols, names);
	lead_all(base, jumps, jumps_size, symbols, names);
}

/* ---- which libraries ---- */

#define MAX_BEFORE 1024
static ElfW(Addr) before[MAX_BEFORE];
static size_t nr_before;
static _Atomic bool looked, done;

static int note(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	if (nr_before < MAX_BEFORE)
		before[nr_before++] = info->dlpi_addr;
	return 0;
}

static int lead_new(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	for (size_t i = 0; i < nr_before; i++)
		if (before[i] == info->dlpi_addr)
			return 0;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			lead_library(info->dlpi_addr,
			             (const ElfW(Dyn) *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr));
	return 0;
}

void provided_before(void)
{
	if (!atomic_exchange(&looked, true))
		dl_iterate_phdr(note, NULL);
}

void provided_loaded(const struct provider *p, bool last)
{
	if (p->dfsx_owns_fd || atomic_load(&done) || nr_before == MAX_BEFORE)
		return;
	dl_iterate_phdr(lead_new, NULL);
	atomic_store(&done, last);
}
