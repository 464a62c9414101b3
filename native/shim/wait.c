/*
 * wait.c - calls of the kernel that may take as long as they like: a lock that another process has, the open of a FIFO.
 *
 * A thread that is cancelled in the middle of one ends there; libc makes it cancellable at any instruction around such a
 * call. An operation undoes that for as long as it runs (attach_ours()), because it may hold a lock. Here it is done again.
 */
#include <pthread.h>
#include "shim.h"
#include "solo.h"
#include "wait.h"

__thread int shim_cancel_state = NOT_ROUTED;

extern void pthread_testcancel(void) __attribute__((weak)); /* of libpthread.so.0 before 2.34 */

/* Is the call a point at which a thread is cancelled? Around a routed one libc says so; by a symbol it is. The type is
 * deferred then, *type what it was. */
static bool begin(int state, int *type)
{
	int ignored;

	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, type);
	if (state != NOT_ROUTED && *type != PTHREAD_CANCEL_ASYNCHRONOUS)
		return false;
	if (state != NOT_ROUTED)
		pthread_setcancelstate(state, &ignored);
	/* What is pending acts here: pthread_setcancelstate() of glibc 2.36 would end the thread with a null result. */
	if (pthread_testcancel)
		pthread_testcancel();
	return true;
}

SHIM_HOT long shim_wait(long nr, long a1, long a2, long a3, long a4, long a5, long a6)
{
	int state = shim_cancel_state, type, ignored;

	if (!libc_threads() || !begin(state, &type))
		return shim_syscall(nr, a1, a2, a3, a4, a5, a6);
	shim_cancel_state = NOT_ROUTED;
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &ignored);
	long r = shim_syscall(nr, a1, a2, a3, a4, a5, a6);
	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &ignored);
	if (state != NOT_ROUTED)
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &ignored);
	pthread_setcanceltype(type, &ignored);
	shim_cancel_state = state;
	return r;
}
