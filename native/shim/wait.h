/*
 * wait.h - calls of the kernel that may take as long as they like (wait.c).
 */
#ifndef DFSKIT_SHIM_WAIT_H
#define DFSKIT_SHIM_WAIT_H

/* The state of cancellation that the thread has for its program, while a routed call is answered; at other times: */
#define NOT_ROUTED -1
extern __thread int shim_cancel_state __attribute__((tls_model("initial-exec")));

/** A system call inside an operation, in which the thread can be cancelled as in libc's own. Nothing may be held that others
 *  wait for. -errno. */
long shim_wait(long nr, long a1, long a2, long a3, long a4, long a5, long a6);

#endif
