/*
 * container.h - a container that this process has open.
 */
#ifndef LOCAL_CONTAINER_H
#define LOCAL_CONTAINER_H

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <daos.h>
#include "journal.h"
#include "layout.h"
#include "pending.h"

#define READ_SLOTS 64

struct read_slot {
	_Alignas(64) _Atomic(MDB_txn *) txn; /* idle transaction, reset */
	atomic_uint busy;
};

struct shared_page;
struct mark_page;
struct peer;

struct cont {
	struct cont *next; /* registry */
	int refs;          /* registry */
	char pool[DAOS_PROP_LABEL_MAX_LEN + 1];
	char label[DAOS_PROP_LABEL_MAX_LEN + 1];
	char *store; /* directory of the store */
	char *path;  /* of the container */

	atomic_uint fork_generation; /* of the process that opened env */
	MDB_env *env;
	atomic_bool gate; /* readers wait: the map is being moved */
	struct read_slot slots[READ_SLOTS];
	int env_fds[8]; /* LMDB's, to close in a child */
	int env_nfds;

	pthread_mutex_t writer;
	int dir_fd, obj_fd, shared_fd, mark_fd;
	volatile struct shared_page *shared;
	struct mark_page *marks;
	char mark_name[48];
	uint32_t *fork_counts; /* open counts between prepare and child */
	bool fork_pinned;
	uint64_t seen_nonce; /* writer */
	unsigned writes;     /* writer */
	struct peer *peers;  /* writer */
	unsigned npeers;
	uint64_t ino_next, ino_end; /* writer */
	bool ino_taken;             /* writer: by the transaction under way */
	pid_t pid;                  /* of the process that opened env */
	mode_t share;               /* permission bits for what we create on the host */
	uint64_t next_sweep;
	uint64_t saving;         /* writer: in a transaction, the epoch under which old records are kept, 0: none */
	bool sweep_due;          /* at the attach */
	atomic_bool no_clone;    /* the host file system can't clone files */
	char scratch[SMALL_MAX]; /* writer: a small file */
	struct super_rec super;
	struct journal journal;
	struct pending pending;
};

struct cont *cont_alloc(const char *store, const char *pool, const char *label);
void cont_free(struct cont *c);
int cont_open_parts(struct cont *c, bool create); /* the directories and the shared page */

#endif
