/*
 * fork.c - what happens around a fork: every lock is taken before it and given back after it, on both sides. No signal
 * comes in between: its handler might want one of the locks, and what is written for the child may be more than
 * RLIMIT_FSIZE allows (limit.c).
 */
#include "container.h"
#include "env.h"
#include "event.h"
#include "fork.h"
#include "handle.h"
#include "hostfd.h"
#include "limit.h"
#include "local.h"
#include "marks.h"
#include "ranks.h"
#include "store.h"

atomic_uint fork_generation;

/* From before a fork until after it: */
static struct cont *held; /* the open containers */
static uint64_t mask;     /* the signals that the program has blocked */

static void before_fork(void)
{
	uint64_t blocked = signals_block();
	struct cont *c;

	held = store_hold_all();
	mask = blocked;
	handles_fork(0);
	for (c = held; c != NULL; c = c->next)
		rank_lock_beside(&c->journal.checkpoint, RANK_CHECKPOINT);
	for (c = held; c != NULL; c = c->next)
		rank_lock_beside(&c->writer, RANK_WRITER);
	hostfd_fork(0);
	env_fork(0);
	events_fork(0);
	for (c = held; c != NULL; c = c->next)
		marks_fork(c, 0);
	limit_fork(0);
}

static void after_fork(int stage)
{
	uint64_t blocked = mask;
	struct cont *c;

	limit_fork(stage);
	events_fork(stage);
	env_fork(stage);
	hostfd_fork(stage);
	for (c = held; c != NULL; c = c->next) {
		marks_fork(c, stage);
		rank_unlock(&c->writer, RANK_WRITER);
		rank_unlock(&c->journal.checkpoint, RANK_CHECKPOINT);
	}
	handles_fork(stage);
	store_let_all();
	signals_restore(blocked);
}

static void after_fork_parent(void)
{
	after_fork(1);
}

static void after_fork_child(void)
{
	atomic_fetch_add(&fork_generation, 1);
	after_fork(2);
}

static bool driven; /* a shim calls dfsx_fork() around each fork */

EXPORT void dfsx_fork(int stage)
{
	if (stage < 0)
		driven = true;
	else if (stage == 0)
		before_fork();
	else if (stage == 1)
		after_fork_parent();
	else
		after_fork_child();
}

static void init_once(void)
{
	if (driven)
		return;
	pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

int store_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	return pthread_once(&once, init_once);
}
