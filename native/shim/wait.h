/*
 * wait.h - calls of the kernel that may take as long as they like (wait.c).
 */
#ifndef DFSKIT_SHIM_WAIT_H
#define DFSKIT_SHIM_WAIT_H

#include "shim.h"

/* The state of cancellation that the thread has for its program, while a routed call is answered; at other times: */
#define NOT_ROUTED -1
extern __thread int shim_cancel_state __attribute__((tls_model("initial-exec")));

/** A system call inside an operation, in which the thread can be cancelled as in libc's own. Nothing may be held that others
 *  wait for. -errno. */
long shim_wait(long nr, long a1, long a2, long a3, long a4, long a5, long a6);

/** The same where a call of libc was routed. Not for syscall(2) of the program, which is no cancellation point. */
static inline long shim_wait_routed(long nr, long a1, long a2, long a3, long a4, long a5, long a6)
{
	return shim_cancel_state != NOT_ROUTED ? shim_wait(nr, a1, a2, a3, a4, a5, a6)
	                                       : shim_syscall(nr, a1, a2, a3, a4, a5, a6);
}

#endif
