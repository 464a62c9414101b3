/*
 * restrict.c - becomes a program that may not do something:
 *   restrict text|memfd|mdwe COMMAND ARG…
 *
 *   text    mprotect(2) that makes pages writable and executable, or executable at all, is refused with EACCES, as
 *           SELinux does without execmod and execmem: by a filter of system calls
 *   memfd   memfd_create(2) is refused with EPERM
 *   mdwe    prctl(2), PR_SET_MDWE: the kernel's own refusal. Where it does not know that, exit status 77
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FIELD(name)          BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, name))
#define UNLESS(value, skip)  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip)
#define UNLESS_BITS(v, skip) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, v, 0, skip)
#define GIVE(what)           BPF_STMT(BPF_RET | BPF_K, what)

static int install(struct sock_filter *filter, unsigned short len)
{
	struct sock_fprog program = {len, filter};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char **argv)
{
	struct sock_filter text[] = {
	    FIELD(nr),
	    UNLESS(SYS_mprotect, 4),
	    FIELD(args[2]),
	    UNLESS_BITS(PROT_EXEC, 2),
	    UNLESS_BITS(PROT_EXEC, 1),
	    GIVE(SECCOMP_RET_ERRNO | EACCES),
	    GIVE(SECCOMP_RET_ALLOW),
	};
	struct sock_filter memfd[] = {
	    FIELD(nr),
	    UNLESS(SYS_memfd_create, 1),
	    GIVE(SECCOMP_RET_ERRNO | EPERM),
	    GIVE(SECCOMP_RET_ALLOW),
	};
	int rc = -1;

	if (argc < 3)
		return 2;
	if (strcmp(argv[1], "text") == 0)
		rc = install(text, sizeof(text) / sizeof(text[0]));
	else if (strcmp(argv[1], "memfd") == 0)
		rc = install(memfd, sizeof(memfd) / sizeof(memfd[0]));
	else if (prctl(65 /* PR_SET_MDWE */, 1 /* REFUSE_EXEC_GAIN */, 0, 0, 0) == 0)
		rc = 0;
	else
		return 77;
	if (rc == 0)
		execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 127;
}
