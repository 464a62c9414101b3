/*
 * rank_test.c - locks taken in another order than that of their ranks end the program, and only those.
 */
#define DFSKIT_CHECK_LOCKS 1
#include <signal.h>
#include <sys/wait.h>
#include "../../native/memory/rank.h"
#include "check.h"

static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER, second = PTHREAD_MUTEX_INITIALIZER;

enum {
	FIRST = 1,
	SECOND = 2
};

static void ascending(void)
{
	for (int i = 0; i < 2; i++) {
		rank_lock(&first, FIRST);
		rank_lock(&second, SECOND);
		rank_unlock(&first, FIRST);
		rank_unlock(&second, SECOND);
	}
	CHECK(rank_trylock(&second, SECOND) == 0);
	rank_unlock(&second, SECOND);
}

static void around_fork(void)
{
	rank_lock(&first, FIRST);
	rank_lock_beside(&second, FIRST);
	rank_unlock(&second, FIRST);
	rank_unlock(&first, FIRST);
}

static void *other(void *arg)
{
	rank_lock(&first, FIRST);
	rank_unlock(&first, FIRST);
	return arg;
}

static void other_thread(void)
{
	pthread_t thread;

	rank_lock(&second, SECOND);
	CHECK(pthread_create(&thread, NULL, other, NULL) == 0);
	CHECK(pthread_join(thread, NULL) == 0);
	rank_unlock(&second, SECOND);
}

static void descending(void)
{
	rank_lock(&second, SECOND);
	rank_lock(&first, FIRST);
}

static void equal(void)
{
	rank_lock(&first, FIRST);
	rank_lock(&second, FIRST);
}

static void descending_try(void)
{
	rank_lock(&second, SECOND);
	rank_trylock(&first, FIRST);
}

static void descending_beside(void)
{
	rank_lock(&second, SECOND);
	rank_lock_beside(&first, FIRST);
}

static void never_taken(void)
{
	rank_give(FIRST);
}

/* The signal that ends a child which does it; 0 when it ends well. */
static int end_of(void (*what)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		signal(SIGABRT, SIG_DFL); /* not the sanitizer's */
		what();
		_exit(0);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

int main(void)
{
	CHECK(end_of(ascending) == 0);
	CHECK(end_of(around_fork) == 0);
	CHECK(end_of(other_thread) == 0);
	CHECK(end_of(descending) == SIGABRT);
	CHECK(end_of(equal) == SIGABRT);
	CHECK(end_of(descending_try) == SIGABRT);
	CHECK(end_of(descending_beside) == SIGABRT);
	CHECK(end_of(never_taken) == SIGABRT);
	return 0;
}
