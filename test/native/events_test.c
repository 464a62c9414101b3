/*
 * events_test.c - a program as one writes it for DAOS, linked with its library names: calls with events run beside
 * their caller, complete through queues, parents and callbacks, and a child of a fork is not left waiting.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <daos.h>
#include <daos_fs.h>
#include "check.h"

enum {
	CALLS = 64,
	SIZE = 65536
};

struct call {
	daos_event_t ev;
	d_iov_t iov;
	d_sg_list_t sgl;
	daos_size_t size;
	char *buf;
};

static struct call calls[CALLS];

static void prepare(struct call *c, daos_handle_t eq, daos_event_t *parent)
{
	CHECK(daos_event_init(&c->ev, eq, parent) == 0);
	d_iov_set(&c->iov, c->buf, SIZE);
	c->sgl = (d_sg_list_t){.sg_nr = 1, .sg_iovs = &c->iov};
	c->size = 0;
}

static void drain(daos_handle_t eq, int expected)
{
	daos_event_t *done[CALLS];

	while (expected > 0) {
		int n = daos_eq_poll(eq, 1, DAOS_EQ_WAIT, CALLS, done);

		CHECK(n > 0 && n <= expected);
		for (int i = 0; i < n; i++) {
			CHECK(done[i]->ev_error == 0);
			CHECK(daos_event_fini(done[i]) == 0);
		}
		expected -= n;
	}
}

static void through_a_queue(dfs_t *dfs, dfs_obj_t *file)
{
	daos_event_t *done[1];
	daos_handle_t eq;

	CHECK(daos_eq_create(&eq) == 0);
	CHECK(daos_eq_poll(eq, 0, DAOS_EQ_NOWAIT, 1, done) == 0);
	CHECK(daos_eq_poll(eq, 0, 1000, 1, done) == 0);
	CHECK(daos_eq_poll(eq, 1, DAOS_EQ_WAIT, 1, done) == 0); /* nothing runs: nothing to wait for */
	for (int i = 0; i < CALLS; i++) {
		memset(calls[i].buf, 'a' + i % 26, SIZE);
		prepare(&calls[i], eq, NULL);
		CHECK(dfs_write(dfs, file, &calls[i].sgl, (daos_off_t)i * SIZE, &calls[i].ev) == 0);
	}
	CHECK(daos_eq_query(eq, DAOS_EQR_ALL, 0, NULL) == CALLS);
	CHECK(daos_eq_destroy(eq, 0) == -DER_BUSY);
	drain(eq, CALLS);
	CHECK(daos_eq_query(eq, DAOS_EQR_ALL, 0, NULL) == 0);
	for (int i = 0; i < CALLS; i++) {
		memset(calls[i].buf, 0, SIZE);
		prepare(&calls[i], eq, NULL);
		CHECK(dfs_read(dfs, file, &calls[i].sgl, (daos_off_t)i * SIZE, &calls[i].size, &calls[i].ev) == 0);
	}
	drain(eq, CALLS);
	for (int i = 0; i < CALLS; i++) {
		CHECK(calls[i].size == SIZE);
		CHECK(calls[i].buf[0] == 'a' + i % 26 && calls[i].buf[SIZE - 1] == 'a' + i % 26);
	}
	/* A failure is in the event. */
	prepare(&calls[0], eq, NULL);
	CHECK(dfs_read(dfs, NULL, &calls[0].sgl, 0, &calls[0].size, &calls[0].ev) == 0);
	CHECK(daos_eq_poll(eq, 1, DAOS_EQ_WAIT, 1, done) == 1);
	CHECK(done[0] == &calls[0].ev && done[0]->ev_error == EINVAL);
	CHECK(daos_event_fini(done[0]) == 0);
	CHECK(daos_eq_destroy(eq, 0) == 0);
	CHECK(daos_eq_poll(eq, 0, DAOS_EQ_NOWAIT, 1, done) == -DER_NO_HDL);
}

static int count_call(void *arg, daos_event_t *ev, int rc)
{
	(void)ev;
	if (rc == 0)
		__atomic_fetch_add((int *)arg, 1, __ATOMIC_SEQ_CST);
	return 0;
}

static void without_a_queue(dfs_t *dfs, dfs_obj_t *file)
{
	int called = 0;
	bool flag = false;

	prepare(&calls[0], DAOS_HDL_INVAL, NULL);
	CHECK(daos_event_register_comp_cb(&calls[0].ev, count_call, &called) == 0);
	CHECK(dfs_read(dfs, file, &calls[0].sgl, 0, &calls[0].size, &calls[0].ev) == 0);
	CHECK(daos_event_test(&calls[0].ev, DAOS_EQ_WAIT, &flag) == 0 && flag);
	CHECK(calls[0].size == SIZE && __atomic_load_n(&called, __ATOMIC_SEQ_CST) == 1);
	CHECK(daos_event_fini(&calls[0].ev) == 0);
}

/* Callbacks may use events themselves: this one looks at its own, and starts the next call. */
struct chain {
	dfs_t *dfs;
	dfs_obj_t *file;
	daos_handle_t eq;
	int next;
};

static int chained(void *arg, daos_event_t *ev, int rc)
{
	struct chain *chain = arg;
	daos_event_t *seen[CALLS];
	struct call *c;
	bool flag = true;

	CHECK(rc == 0);
	CHECK(daos_event_test(ev, DAOS_EQ_NOWAIT, &flag) == 0 && !flag); /* it is not complete yet */
	CHECK(daos_event_fini(ev) == -DER_BUSY);
	CHECK(daos_eq_query(chain->eq, DAOS_EQR_WAITING, CALLS, seen) >= 1);
	if (chain->next == 3)
		return 0;
	c = &calls[chain->next++];
	prepare(c, chain->eq, NULL);
	CHECK(daos_event_register_comp_cb(&c->ev, chained, chain) == 0);
	CHECK(dfs_read(chain->dfs, chain->file, &c->sgl, 0, &c->size, &c->ev) == 0);
	return 0;
}

static int fail_with(void *arg, daos_event_t *ev, int rc)
{
	(void)ev, (void)rc;
	return *(int *)arg;
}

static void with_callbacks(dfs_t *dfs, dfs_obj_t *file)
{
	struct chain chain = {dfs, file, DAOS_HDL_INVAL, 1};
	int called = 0, errors[2] = {EDOM, ERANGE};
	daos_event_t *done[1];

	CHECK(daos_eq_create(&chain.eq) == 0);
	prepare(&calls[0], chain.eq, NULL);
	CHECK(daos_event_register_comp_cb(&calls[0].ev, chained, &chain) == 0);
	CHECK(dfs_read(dfs, file, &calls[0].sgl, 0, &calls[0].size, &calls[0].ev) == 0);
	drain(chain.eq, 3);

	/* In order, each once; the first error is the event's. Also where the call is done before it returns. */
	prepare(&calls[0], chain.eq, NULL);
	CHECK(daos_event_register_comp_cb(&calls[0].ev, count_call, &called) == 0);
	CHECK(daos_event_register_comp_cb(&calls[0].ev, fail_with, &errors[0]) == 0);
	CHECK(daos_event_register_comp_cb(&calls[0].ev, fail_with, &errors[1]) == 0);
	CHECK(dfs_destroy("p", NULL, "none", 0, &calls[0].ev) == 0);
	CHECK(daos_eq_poll(chain.eq, 1, DAOS_EQ_WAIT, 1, done) == 1 && done[0]->ev_error == ENOENT && called == 0);
	CHECK(dfs_read(dfs, file, &calls[0].sgl, 0, &calls[0].size, &calls[0].ev) == 0);
	CHECK(daos_eq_poll(chain.eq, 1, DAOS_EQ_WAIT, 1, done) == 1 && done[0]->ev_error == 0);
	CHECK(daos_event_register_comp_cb(&calls[0].ev, fail_with, &errors[0]) == 0);
	CHECK(daos_event_register_comp_cb(&calls[0].ev, fail_with, &errors[1]) == 0);
	CHECK(dfs_read(dfs, file, &calls[0].sgl, 0, &calls[0].size, &calls[0].ev) == 0);
	CHECK(daos_eq_poll(chain.eq, 1, DAOS_EQ_WAIT, 1, done) == 1 && done[0]->ev_error == EDOM);
	CHECK(daos_event_register_comp_cb(&calls[0].ev, count_call, &called) == 0);
	CHECK(daos_event_fini(&calls[0].ev) == 0); /* with a callback that was never called */
	CHECK(daos_eq_destroy(chain.eq, 0) == 0);
}

static void below_a_parent(dfs_t *dfs, dfs_obj_t *file)
{
	daos_event_t parent, *done[2];
	daos_handle_t eq;
	bool flag;

	CHECK(daos_eq_create(&eq) == 0);
	CHECK(daos_event_init(&parent, eq, NULL) == 0);
	for (int i = 0; i < 8; i++) {
		prepare(&calls[i], eq, &parent);
		CHECK(dfs_read(dfs, file, &calls[i].sgl, 0, &calls[i].size, &calls[i].ev) == 0);
	}
	CHECK(daos_event_test(&calls[0].ev, DAOS_EQ_NOWAIT, &flag) == -DER_NO_PERM);
	CHECK(daos_event_parent_barrier(&parent) == 0);
	CHECK(daos_eq_poll(eq, 1, DAOS_EQ_WAIT, 2, done) == 1 && done[0] == &parent);
	for (int i = 0; i < 8; i++)
		CHECK(calls[i].size == SIZE && daos_event_fini(&calls[i].ev) == 0);
	CHECK(daos_event_next(&parent, NULL) == NULL);
	CHECK(daos_event_fini(&parent) == 0);
	CHECK(daos_eq_destroy(eq, 0) == 0);
}

/* The child has threads of its own, and what its parent had under way is cancelled there. */
static void over_a_fork(dfs_t *dfs, dfs_obj_t *file)
{
	daos_event_t *done[CALLS];
	daos_handle_t eq;
	int status, n;
	pid_t child;

	CHECK(daos_eq_create(&eq) == 0);
	for (int i = 0; i < CALLS; i++) {
		prepare(&calls[i], eq, NULL);
		CHECK(dfs_read(dfs, file, &calls[i].sgl, 0, &calls[i].size, &calls[i].ev) == 0);
	}
	child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		for (n = 0; n < CALLS;) {
			int got = daos_eq_poll(eq, 1, DAOS_EQ_WAIT, CALLS, done);

			CHECK(got > 0);
			for (int i = 0; i < got; i++)
				CHECK(done[i]->ev_error == 0 || done[i]->ev_error == ECANCELED);
			n += got;
		}
		prepare(&calls[0], eq, NULL);
		CHECK(dfs_read(dfs, file, &calls[0].sgl, 0, &calls[0].size, &calls[0].ev) == 0);
		drain(eq, 1);
		_exit(0);
	}
	drain(eq, CALLS);
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	CHECK(daos_eq_destroy(eq, DAOS_EQ_DESTROY_FORCE) == 0);
}

int main(void)
{
	char store[] = "/tmp/dfskit-events-test-XXXXXX", command[128];
	dfs_obj_t *file;
	dfs_t *dfs;

	CHECK(mkdtemp(store) != NULL);
	setenv("DFSKIT_STORE", store, 1);
	for (int i = 0; i < CALLS; i++)
		CHECK((calls[i].buf = malloc(SIZE)) != NULL);
	CHECK(daos_init() == 0);
	CHECK(dfs_init() == 0);
	CHECK(dfs_connect("pool", NULL, "cont", O_RDWR | O_CREAT, NULL, &dfs) == 0);
	CHECK(dfs_open(dfs, NULL, "file", S_IFREG | 0644, O_RDWR | O_CREAT, 0, 0, NULL, &file) == 0);
	through_a_queue(dfs, file);
	without_a_queue(dfs, file);
	with_callbacks(dfs, file);
	below_a_parent(dfs, file);
	over_a_fork(dfs, file);
	CHECK(dfs_release(file) == 0);
	CHECK(dfs_disconnect(dfs) == 0);
	CHECK(dfs_fini() == 0);
	CHECK(daos_fini() == 0);
	snprintf(command, sizeof(command), "rm -rf %s", store);
	return system(command) == 0 ? 0 : 1;
}
