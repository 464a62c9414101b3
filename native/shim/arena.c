/*
 * arena.c - state of open-file descriptions that processes share.
 *
 * POSIX gives the file offset and the status flags to the open-file description, and fork and exec
 * hand descriptions on. So they live in a memfd that fork inherits as a shared mapping and exec as a
 * descriptor. A family of processes has one arena; it is made at the first open of a DFS file.
 *
 * The mailbox is a socket pair beside it. When a description has to become a kernel one for a program
 * without a shim, its descriptor is also put in there, where the others that share it find it.
 */
#include <assert.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include "arena.h"
#include "hidden.h"
#include "memfile.h"
#include "ranks.h"
#include "runtime.h"
#include "solo.h"

/* 2^19 slots of 32 bytes: 16 MiB of address space, touched page by page. A slot that was inherited
 * over a fork is not used again, so this bounds such opens in the life of a family of processes;
 * beyond it offsets are private to a process. */
#define NR_SLOTS (1u << 19)

struct arena {
	_Atomic uint32_t next; /* slots below it were handed out */
	_Alignas(MEMORY_LINE(32)) struct slot slots[NR_SLOTS];
};

static_assert(sizeof(struct slot) == 32, "two slots a cache line, and every build of the shim agrees");

static _Atomic(struct arena *) arena;
static int fds[3] = {-1, -1, -1}; /* memfd, mailbox in, mailbox out */

/* Slots that this process alone used and gave back. Entries are indices + 1. */
static _Atomic uint32_t free_slots[256];

static __thread uint32_t tid __attribute__((tls_model("initial-exec")));

static struct arena *map_arena(int fd)
{
	long at = SHIM_RAW(SYS_mmap, NULL, sizeof(struct arena), PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	return at < 0 ? NULL : (struct arena *)at;
}

static struct arena *arena_get(void)
{
	struct arena *a = atomic_load_explicit(&arena, memory_order_acquire);
	if (a)
		return a;
	long fd = memory_file("dfskit-arena");
	if (fd >= 0) {
		fd = fd_hide((int)fd);
		struct rlimit was;
		if (limit_lift(&was, sizeof(struct arena)) && SHIM_RAW(SYS_ftruncate, fd, sizeof(struct arena)) == 0)
			a = map_arena((int)fd);
		limit_restore(&was);
	}
	if (!a) { /* offsets are then private to this process */
		long at = SHIM_RAW(SYS_mmap, NULL, sizeof(struct arena), PROT_READ | PROT_WRITE,
		                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
		if (at < 0)
			return NULL;
		a = (struct arena *)at;
	}
	struct arena *none = NULL;
	if (!atomic_compare_exchange_strong(&arena, &none, a)) {
		SHIM_RAW(SYS_munmap, a, sizeof(struct arena));
		if (fd >= 0)
			fd_unhide((int)fd);
		return none;
	}
	fds[0] = (int)fd;
	return a;
}

struct slot *slot_new(uint32_t flags)
{
	struct arena *a = arena_get();
	uint32_t index = 0;

	if (!a)
		return NULL;
	for (unsigned int i = 0; i < 256 && !index; i++)
		if (atomic_load_explicit(&free_slots[i], memory_order_relaxed))
			index = atomic_exchange(&free_slots[i], 0);
	if (index)
		index--;
	else {
		index = atomic_fetch_add_explicit(&a->next, 1, memory_order_relaxed);
		if (index >= NR_SLOTS) { /* full: let the last ones be shared rather than fail an open */
			atomic_store(&a->next, NR_SLOTS);
			struct slot *own = memory_zeroed(sizeof(*own));
			if (own)
				atomic_init(&own->flags, flags);
			return own;
		}
	}
	struct slot *slot = &a->slots[index];
	slot_reset(slot, flags);
	return slot;
}

static bool in_arena(const struct slot *slot)
{
	struct arena *a = atomic_load(&arena);
	return a && slot >= a->slots && slot < a->slots + NR_SLOTS;
}

void slot_free(struct slot *slot)
{
	if (!in_arena(slot)) {
		memory_give(slot);
		return;
	}
	if (atomic_load(&slot->shared))
		return;
	for (unsigned int i = 0; i < 256; i++) {
		uint32_t none = 0;
		if (!atomic_load_explicit(&free_slots[i], memory_order_relaxed) &&
		    atomic_compare_exchange_strong(&free_slots[i], &none, slot_index(slot) + 1))
			return;
	}
}

uint32_t slot_index(const struct slot *slot)
{
	return in_arena(slot) ? (uint32_t)(slot - atomic_load(&arena)->slots) : UINT32_MAX;
}

struct slot *slot_at(uint32_t index)
{
	struct arena *a = atomic_load(&arena);
	return a && index < NR_SLOTS ? &a->slots[index] : NULL;
}

/* Slots that this thread holds or is about to: more than one where a signal handler came in between. */
#define MINE 4
static __thread struct slot *mine[MINE] __attribute__((tls_model("initial-exec")));
static __thread unsigned int nr_mine __attribute__((tls_model("initial-exec")));

/* Marks the first \a nr of them; false when none is held. */
static bool set_waiting(unsigned int nr, uint32_t waiting)
{
	bool held = false;

	for (unsigned int i = 0; i < nr && i < MINE; i++)
		if (atomic_load(&mine[i]->lock) == tid) {
			atomic_store(&mine[i]->waiting, waiting);
			held = true;
		}
	return held;
}

/* \a nr: of those of this thread that come before it. False: to go on unlocked. */
SHIM_HOT static bool wait_for(struct slot *slot, unsigned int nr)
{
	bool in_handler = false;
	uint32_t nobody = 0;

	if (!atomic_load_explicit(&slot->shared, memory_order_relaxed) && solo_cas(&slot->lock, &nobody, tid))
		return true;
	for (unsigned int tries = 1;; tries++) {
		uint32_t holder = 0;
		if (atomic_compare_exchange_weak_explicit(&slot->lock, &holder, tid, memory_order_acquire,
		                                          memory_order_relaxed))
			return true;
		if (holder == tid)
			return false; /* a signal handler inside the locked part */
		if (tries == 64)
			in_handler = set_waiting(nr, 1);
		if (in_handler && atomic_load(&slot->waiting))
			return false; /* its holder waits in a handler too, perhaps for us */
		if (tries % 1024 == 0 && holder && SHIM_RAW(SYS_tkill, holder, 0) == -ESRCH)
			atomic_compare_exchange_strong(&slot->lock, &holder, 0); /* killed while it held it */
		else if (tries > 64)
			SHIM_RAW(SYS_sched_yield, 0);
	}
}

SHIM_HOT bool slot_lock(struct slot *slot)
{
	unsigned int nr = nr_mine;

	if (!tid)
		tid = (uint32_t)SHIM_RAW(SYS_gettid, 0);
	if (nr < MINE)
		mine[nr] = slot;
	nr_mine = nr + 1;
	atomic_signal_fence(memory_order_seq_cst); /* before it is taken: a handler may come right after */
	bool locked = wait_for(slot, nr);
	if (nr)
		set_waiting(nr, 0);
	if (!locked) {
		nr_mine = nr;
		return false;
	}
	rank_take(RANK_SLOT, 0);
	atomic_store_explicit(&slot->waiting, 0, memory_order_relaxed); /* of a holder that was killed */
	return true;
}

SHIM_HOT void slot_unlock(struct slot *slot, bool locked)
{
	if (!locked)
		return;
	rank_give(RANK_SLOT);
	atomic_store_explicit(&slot->lock, 0, memory_order_release);
	atomic_signal_fence(memory_order_seq_cst);
	nr_mine--;
}

void arena_fds(int out[3])
{
	memcpy(out, fds, sizeof(fds));
}

bool arena_adopt(const int in[3])
{
	struct arena *a = map_arena(in[0]);
	if (!a)
		return false;
	atomic_store(&arena, a);
	for (int i = 0; i < 3; i++)
		fds[i] = in[i] < 0 ? -1 : fd_hide(in[i]);
	return true;
}

void arena_child(void)
{
	tid = 0;
	memset(free_slots, 0, sizeof(free_slots)); /* the parent may hand those out too */
}

void arena_prepare_fork(void)
{
	if (!atomic_load(&arena) || fds[1] >= 0)
		return;
	int pair[2];
	if (SHIM_RAW(SYS_socketpair, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0) {
		fds[1] = fd_hide(pair[0]);
		fds[2] = fd_hide(pair[1]);
	}
}

/* ---- mailbox ---- */

struct letter {
	struct msghdr hdr;
	struct iovec iov;
	uint32_t slot;
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
};

static void letter_init(struct letter *l)
{
	memset(l, 0, sizeof(*l));
	l->iov = (struct iovec){&l->slot, sizeof(l->slot)};
	l->hdr = (struct msghdr){.msg_iov = &l->iov,
	                         .msg_iovlen = 1,
	                         .msg_control = l->control.room,
	                         .msg_controllen = sizeof(l->control.room)};
}

bool mailbox_put(const struct slot *slot, int fd)
{
	struct letter l;
	if (fds[1] < 0 || !in_arena(slot))
		return false;
	letter_init(&l);
	l.slot = slot_index(slot);
	struct cmsghdr *c = CMSG_FIRSTHDR(&l.hdr);
	*c = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return SHIM_RAW(SYS_sendmsg, fds[1], &l.hdr, MSG_DONTWAIT) >= 0;
}

int mailbox_get(const struct slot *slot)
{
	/* Every letter goes back to the end of the queue: others may wait for it too. */
	for (int seen = 0; seen < 512 && fds[2] >= 0; seen++) {
		struct letter l;
		int fd;
		letter_init(&l);
		if (SHIM_RAW(SYS_recvmsg, fds[2], &l.hdr, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
			break;
		struct cmsghdr *c = CMSG_FIRSTHDR(&l.hdr);
		if (!c)
			continue;
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
		struct slot *of = slot_at(l.slot);
		if (of && atomic_load(&of->where) == SLOT_KERNEL)
			mailbox_put(of, fd);
		if (l.slot == slot_index(slot))
			return fd;
		SHIM_RAW(SYS_close, fd);
	}
	return -1;
}
