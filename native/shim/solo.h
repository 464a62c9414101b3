/*
 * solo.h - atomic operations that lock nothing while the process has one thread.
 *
 * A locked instruction costs as much as the look-up of a descriptor, and an open with its close would make a dozen. One
 * plain instruction is enough for one thread, also when a signal handler comes in between. Nothing here is for memory that
 * processes share. A swap is a compare-and-exchange, as xchg always locks.
 */
#ifndef DFSKIT_SHIM_SOLO_H
#define DFSKIT_SHIM_SOLO_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Absent before glibc 2.32. */
extern char __libc_single_threaded __attribute__((weak));

/** Whether there may be threads that libc made. */
static inline bool libc_threads(void)
{
	return &__libc_single_threaded == NULL || !__libc_single_threaded;
}

/* Where it is written whether the process has one thread (solo.c). */
extern const char *shim_single;

/** To be called before there are threads: until then each operation is a locked one. */
void solo_begin(void);
/** A thread was made that libc does not know of. */
void solo_end(void);

static inline bool solo(void)
{
#ifdef __SANITIZE_THREAD__
	return false;
#else
	return __builtin_expect(*shim_single, 1);
#endif
}

/** Adds \a n to *p and returns what it was. */
static inline int solo_add(_Atomic int *p, int n)
{
	if (!solo())
		return atomic_fetch_add_explicit(p, n, memory_order_acq_rel);
	__asm__ volatile("xaddl %0, %1" : "+r"(n), "+m"(*(int *)p) : : "cc", "memory");
	return n;
}

/** Stores \a desired in *p if that is *expected, and returns true; else sets *expected to what it is. */
#define solo_cas(p, expected, desired)                                                                                \
	({                                                                                                            \
		__typeof__(*(expected)) *at_ = (__typeof__(*(expected)) *)(p), was_ = *(expected);                    \
		__typeof__(*(expected)) new_ = (desired);                                                             \
		bool done_;                                                                                           \
		if (solo())                                                                                           \
			__asm__ volatile("cmpxchg %3, %1"                                                             \
			                 : "+a"(was_), "+m"(*at_), "=@ccz"(done_)                                     \
			                 : "r"(new_)                                                                  \
			                 : "memory");                                                                 \
		else                                                                                                  \
			done_ =                                                                                       \
			    __atomic_compare_exchange_n(at_, &was_, new_, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE); \
		*(expected) = was_;                                                                                   \
		done_;                                                                                                \
	})

/** Stores \a desired in *p and returns what it was, a value of the type of \a desired. */
#define solo_swap(p, desired)                                                              \
	({                                                                                 \
		__typeof__(desired) *into_ = (__typeof__(desired) *)(p), put_ = (desired), \
		                    left_ = __atomic_load_n(into_, __ATOMIC_RELAXED);      \
		while (!solo_cas(into_, &left_, put_))                                     \
			;                                                                  \
		left_;                                                                     \
	})

#endif
