/*
 * rank.h - the order of locks, checked where DFSKIT_CHECK_LOCKS is defined (the cmake option of that name, and any build
 * with sanitizers).
 *
 * Each lock is taken with its rank, a constant of the enum that its component has. A thread takes ranks in ascending
 * order: a lock that is not above all that the thread holds ends the program with a line that names both. Two locks of
 * one rank are never held together, but around a fork, which takes all (rank_lock_beside). In any other build these are
 * the functions of pthread and no more.
 */
#ifndef DFSKIT_RANK_H
#define DFSKIT_RANK_H

#include <pthread.h>

#ifdef DFSKIT_CHECK_LOCKS

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define RANKS 16

/* How many of each rank the thread holds; one table a library: the linker keeps one of all these. */
struct ranks {
	unsigned short held[RANKS];
};
__attribute__((weak, visibility("hidden"))) _Thread_local struct ranks ranks;

static inline void rank_wrong(const char *what, int rank, int held)
{
	char line[96];
	int n = snprintf(line, sizeof(line), "lock ranks: %s %d while %d is held\n", what, rank, held);

	if (write(STDERR_FILENO, line, (size_t)n) != n)
		_exit(134);
	abort();
}

/* Before the lock is waited for: a wrong order is found whether or not it goes well this time. */
static inline void rank_take(int rank, int beside)
{
	for (int held = rank + beside; held < RANKS; held++)
		if (ranks.held[held])
			rank_wrong("took", rank, held);
	ranks.held[rank]++;
}

static inline void rank_give(int rank)
{
	if (ranks.held[rank]-- == 0)
		rank_wrong("gave", rank, 0);
}

/* A call that begins, perhaps in a signal handler while its thread is stopped in a locked part: its order is its own. */
#define RANKS_BEGIN()                \
	struct ranks ranks_ = ranks; \
	ranks = (struct ranks)       \
	{                            \
		{                    \
			0            \
		}                    \
	}
#define RANKS_END() ranks = ranks_

#else

#define RANKS_BEGIN()           ((void)0)
#define RANKS_END()             ((void)0)
#define rank_take(rank, beside) ((void)(rank))
#define rank_give(rank)         ((void)(rank))

#endif

static inline void rank_lock(pthread_mutex_t *lock, int rank)
{
	rank_take(rank, 0);
	pthread_mutex_lock(lock);
}

/** Also while one of the same rank is held. */
static inline void rank_lock_beside(pthread_mutex_t *lock, int rank)
{
	rank_take(rank, 1);
	pthread_mutex_lock(lock);
}

static inline int rank_trylock(pthread_mutex_t *lock, int rank)
{
	int rc = pthread_mutex_trylock(lock);

	if (rc == 0)
		rank_take(rank, 0);
	return rc;
}

static inline void rank_unlock(pthread_mutex_t *lock, int rank)
{
	rank_give(rank);
	pthread_mutex_unlock(lock);
}

#endif
