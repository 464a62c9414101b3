/*
 * attach.h - routing of libc's own system calls.
 */
#ifndef DFSKIT_SHIM_ATTACH_H
#define DFSKIT_SHIM_ATTACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Routes the system-call instructions of libc whose numbers are in the table to shim_dispatch().
 *  Returns how many, or -errno when the text can't be changed: then only the exported symbols intercept. */
int shim_attach(void);

/* True until shim_attach() has succeeded. */
extern bool shim_symbols_only;
/* Why libc is not routed, or NULL. */
extern const char *shim_attach_note;
/* System-call instructions in libc of no known shape. */
extern int shim_attach_other;

/** Answers system call \a nr as the kernel would: in the process when it concerns us. */
long shim_dispatch(long nr, long a1, long a2, long a3, long a4, long a5, long a6);

/* What makes a system call with a number ours: the test before any state is saved. */
#define ATTACH_NUMBERS 512
#define ATTACH_FD(i)   (1u << (i)) /* argument i is a descriptor */
#define ATTACH_FDS     0x3fu
#define ATTACH_CLOSES  (1u << 6)          /* it closes one: those of the provider are protected */
#define ATTACH_ALWAYS  (1u << 7)          /* no quick test */
#define ATTACH_ROUTED  (1u << 8)          /* libc's instructions with this number are routed */
#define ATTACH_CWD     (1u << 9)          /* it concerns the working directory */
#define ATTACH_PATH(i) (1u << (10 + (i))) /* argument i is a path from the working directory */
#define ATTACH_AT(i)   (1u << (16 + (i))) /* argument i is a path from the directory that argument i - 1 is */
#define ATTACH_UNPARK  (1u << 22)         /* it makes a descriptor or looks at many: none may be parked */
#define ATTACH_OPENS   (1u << 23)         /* the kernel opens; then the descriptor is looked at */
#define ATTACH_PATHS   (0xfffu << 10 | ATTACH_CWD)

/** False when the system call regs[0] with the arguments regs[1..6] is certainly not ours. */
bool attach_quick(const long regs[7]);

/** answer(regs), in the middle of which the thread can't be cancelled; errno is as before. */
long attach_undisturbed(long (*answer)(const long regs[7]), const long regs[7]);

extern const uint32_t attach_class[ATTACH_NUMBERS];

/* Functions whose opens are seen without a symbol: libc's, whose system calls are routed. All, where there is nothing to
 * see. */
extern uintptr_t shim_seen_from;
extern size_t shim_seen_size;
static inline bool shim_sees_at(uintptr_t function)
{
	return function - shim_seen_from < shim_seen_size;
}
#define shim_sees(function) shim_sees_at((uintptr_t)(function))

#endif
