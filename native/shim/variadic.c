/*
 * variadic.c - exported symbols with a variable number of arguments, which no row of the table can describe.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdio.h>

#include "entry.h"

/* Gathers the arguments of an execl() function up to the null pointer; the array ends with it. */
#define GATHER(argv, last, first)                              \
	va_list count_, copy_;                                 \
	size_t n_ = 1;                                         \
	va_start(count_, last);                                \
	va_copy(copy_, count_);                                \
	if ((first) != NULL)                                   \
		while (va_arg(count_, char *) != NULL)         \
			n_++;                                  \
	va_end(count_);                                        \
	char *argv[n_ + 1];                                    \
	argv[0] = (char *)(first);                             \
	argv[n_] = NULL;                                       \
	for (size_t i_ = 1; i_ <= n_ && (first) != NULL; i_++) \
	argv[i_] = va_arg(copy_, char *)

ENTRY_EXPORT int entry_sym_execl(const char *path, const char *arg, ...) __asm__("execl");
int entry_sym_execl(const char *path, const char *arg, ...)
{
	GATHER(argv, arg, arg);
	va_end(copy_);
	return (int)entry_errno(op_execveat(AT_FDCWD, path, argv, environ, 0));
}

ENTRY_EXPORT int entry_sym_execle(const char *path, const char *arg, ...) __asm__("execle");
int entry_sym_execle(const char *path, const char *arg, ...)
{
	GATHER(argv, arg, arg);
	char *const *envp = va_arg(copy_, char *const *);

	va_end(copy_);
	return (int)entry_errno(op_execveat(AT_FDCWD, path, argv, envp, 0));
}

ENTRY_EXPORT int entry_sym_execlp(const char *file, const char *arg, ...) __asm__("execlp");
int entry_sym_execlp(const char *file, const char *arg, ...)
{
	GATHER(argv, arg, arg);
	va_end(copy_);
	return (int)entry_errno(shim_execvpe(file, argv, environ));
}

/* The generated entry of vdprintf() hands a descriptor of ours to libc in the form that it needs. */
ENTRY_EXPORT int entry_sym_dprintf(int fd, const char *format, ...) __asm__("dprintf");
int entry_sym_dprintf(int fd, const char *format, ...)
{
	va_list list;
	int r;

	va_start(list, format);
	r = vdprintf(fd, format, list);
	va_end(list);
	return r;
}

int __vdprintf_chk(int fd, int flag, const char *format, va_list list);

ENTRY_EXPORT int entry_sym_dprintf_chk(int fd, int flag, const char *format, ...) __asm__("__dprintf_chk");
int entry_sym_dprintf_chk(int fd, int flag, const char *format, ...)
{
	va_list list;
	int r;

	va_start(list, format);
	r = __vdprintf_chk(fd, flag, format, list);
	va_end(list);
	return r;
}

/* Apart, so that the array is gone before syscall() leaves by a jump. */
static __attribute__((noinline)) bool may_be_ours(long nr, long a1, long a2, long a3, long a4, long a5, long a6)
{
	const long regs[7] = {nr, a1, a2, a3, a4, a5, a6};

	return (unsigned long)nr < ATTACH_NUMBERS && attach_class[nr] != 0 && attach_quick(regs);
}

/* syscall(2). What isn't in the table leaves by a jump: the child of a clone with a stack of its own has no
 * frame of ours to return to. */
typedef long fn_syscall(long nr, long a1, long a2, long a3, long a4, long a5, long a6);
static fn_syscall *real_syscall;

ENTRY_EXPORT long entry_sym_syscall(long nr, long a1, long a2, long a3, long a4, long a5, long a6) __asm__("syscall");
long entry_sym_syscall(long nr, long a1, long a2, long a3, long a4, long a5, long a6)
{
	fn_syscall *real;
	long made;

	if ((nr == SYS_fork || nr == SYS_vfork || nr == SYS_clone || nr == SYS_clone3) &&
	    shim_clone_call(nr, a1, a2, a3, a4, a5, &made))
		return entry_errno(made);
	if (may_be_ours(nr, a1, a2, a3, a4, a5, a6))
		return entry_errno(shim_dispatch(nr, a1, a2, a3, a4, a5, a6));
	real = ENTRY_REAL(real_syscall, "syscall");
	if (ENTRY_LIKELY(real != NULL))
		return real(nr, a1, a2, a3, a4, a5, a6);
	return entry_errno(shim_syscall(nr, a1, a2, a3, a4, a5, a6));
}
