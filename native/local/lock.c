/*
 * lock.c - waiting for a lock: for a moment without the kernel.
 *
 * What we do under a lock, LMDB's between processes included, takes a few microseconds, less than it takes to fall
 * asleep and be woken. So who finds a lock taken looks again for about that long before it sleeps. The linker directs
 * all calls of pthread_mutex_lock(3) here, also those of LMDB (--wrap).
 */
#include "local.h"

#define LOOKS 400 /* 5 to 15 µs */

static inline void pause_a_moment(void)
{
#ifdef __x86_64__
	__builtin_ia32_pause();
#else
	__asm__ volatile("yield" ::: "memory");
#endif
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *lock);
int __real_pthread_mutex_lock(pthread_mutex_t *lock);

int __wrap_pthread_mutex_lock(pthread_mutex_t *lock)
{
	unsigned i;
	int rc = pthread_mutex_trylock(lock);

	for (i = 0; unlikely(rc == EBUSY) && i < LOOKS; i++) {
		pause_a_moment();
		/* A try takes the line of memory from the owner, a look does not. */
		if (__atomic_load_n(&lock->__data.__lock, __ATOMIC_RELAXED) == 0)
			rc = pthread_mutex_trylock(lock);
	}
	return unlikely(rc == EBUSY) ? __real_pthread_mutex_lock(lock) : rc;
}
