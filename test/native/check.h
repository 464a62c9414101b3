/*
 * check.h - what every test in C ends with when something does not hold.
 */
#ifndef TEST_NATIVE_CHECK_H
#define TEST_NATIVE_CHECK_H

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* _exit: a child of the test must not run the handlers of its parent. */
#define CHECK(cond)                                                                \
	do {                                                                       \
		if (!(cond)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
			_exit(1);                                                  \
		}                                                                  \
	} while (0)

/* For a child that runs until it is killed: a test that fails leaves it behind otherwise. */
#define DIE_WITH_PARENT() CHECK(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0)

/* The child has found nothing wrong either. */
static inline void check_child(pid_t pid)
{
	int status;

	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

#endif
