/*
 * target.c - see target.h. elf(5), execve(2) for scripts, ld.so(8) for what LD_PRELOAD needs.
 */
#include <elf.h>
#include <stddef.h>
#include <string.h>
#include "runtime.h"
#include "target.h"

#define MAX_SCRIPTS 5 /* as the kernel: BINPRM nesting */

static bool privileged(int fd)
{
	struct stat st;
	char caps[64];

	if (SHIM_RAW(SYS_fstat, fd, &st))
		return false;
	if ((st.st_mode & S_ISUID) && st.st_uid != (uid_t)SHIM_RAW(SYS_geteuid, 0))
		return true;
	if ((st.st_mode & S_ISGID) && st.st_mode & S_IXGRP && st.st_gid != (gid_t)SHIM_RAW(SYS_getegid, 0))
		return true;
	return SHIM_RAW(SYS_geteuid, 0) != 0 &&
	       SHIM_RAW(SYS_fgetxattr, fd, "security.capability", caps, sizeof(caps)) > 0;
}

static enum target elf_target(int fd, const char *head, size_t n)
{
	const Elf64_Ehdr *eh = (const Elf64_Ehdr *)head;
	char loader[128] = "";

	if (n < sizeof(*eh) || eh->e_ident[EI_CLASS] != ELFCLASS64 || eh->e_machine != EM_X86_64)
		return TARGET_MACHINE;
	if (eh->e_phentsize != sizeof(Elf64_Phdr) || eh->e_phoff > n)
		return TARGET_PRELOADS;
	for (int i = 0; i < eh->e_phnum && eh->e_phoff + (size_t)(i + 1) * sizeof(Elf64_Phdr) <= n; i++) {
		Elf64_Phdr ph;
		memcpy(&ph, head + eh->e_phoff + (size_t)i * sizeof(ph), sizeof(ph));
		if (ph.p_type == PT_INTERP && ph.p_filesz < sizeof(loader))
			SHIM_RAW(SYS_pread64, fd, loader, ph.p_filesz, ph.p_offset);
	}
	if (!loader[0])
		return TARGET_STATIC;
	return strstr(loader, "ld-linux-x86-64") ? TARGET_PRELOADS : TARGET_OTHER_LIBC;
}

static enum target look(int dirfd, const char *path, int flags, int depth)
{
	char head[2048];
	long fd = flags & AT_EMPTY_PATH && !path[0]
	              ? SHIM_RAW(SYS_fcntl, dirfd, F_DUPFD_CLOEXEC, 0)
	              : SHIM_RAW(SYS_openat, dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return TARGET_PRELOADS;
	long n = SHIM_RAW(SYS_pread64, fd, head, sizeof(head) - 1, 0);
	enum target kind = TARGET_PRELOADS;
	if (n >= 4 && memcmp(head, ELFMAG, SELFMAG) == 0)
		kind = privileged((int)fd) ? TARGET_PRIVILEGED : elf_target((int)fd, head, (size_t)n);
	if (kind == TARGET_STATIC && strstr(path, "/ld-linux-x86-64"))
		kind = TARGET_PRELOADS; /* ld.so, given as a program */
	SHIM_RAW(SYS_close, fd);
	if (n > 3 && head[0] == '#' && head[1] == '!' && depth < MAX_SCRIPTS) {
		head[n] = 0;
		char *name = head + 2 + strspn(head + 2, " \t");
		name[strcspn(name, " \t\n")] = 0;
		return name[0] ? look(AT_FDCWD, name, 0, depth + 1) : kind;
	}
	return kind;
}

enum target target_of(int dirfd, const char *path, int flags)
{
	return look(dirfd, path, flags, 0);
}
