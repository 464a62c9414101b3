/*
 * arena.h - what processes share: the offsets and flags of open-file descriptions (arena.c).
 */
#ifndef DFSKIT_SHIM_ARENA_H
#define DFSKIT_SHIM_ARENA_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Where the file offset of a description is kept. */
enum slot_where {
	SLOT_SHIM,  /* here, in slot.offset */
	SLOT_KERNEL /* in the kernel: some process holds it without a shim */
};

/* One open-file description's shared state; 32 bytes, two a cache line. */
struct slot {
	_Atomic uint32_t lock;    /* thread id of the holder, 0 when free */
	_Atomic uint32_t flags;   /* status flags, O_APPEND and such: F_SETFL changes them for all */
	_Atomic uint64_t offset;  /* file offset, or the cookie of a directory */
	_Atomic uint32_t where;   /* enum slot_where */
	_Atomic uint32_t shared;  /* inherited over a fork: never used again, others may hold it */
	_Atomic uint32_t waiting; /* the holder waits for another slot, in a signal handler */
	uint32_t pad;
};

struct slot *slot_new(uint32_t flags);
void slot_free(struct slot *slot);
/** As slot_new() leaves it. */
static inline void slot_reset(struct slot *slot, uint32_t flags)
{
	atomic_store_explicit(&slot->lock, 0, memory_order_relaxed);
	atomic_store_explicit(&slot->offset, 0, memory_order_relaxed);
	atomic_store_explicit(&slot->where, SLOT_SHIM, memory_order_relaxed);
	atomic_store_explicit(&slot->shared, 0, memory_order_relaxed);
	atomic_store_explicit(&slot->flags, flags, memory_order_relaxed);
}
uint32_t slot_index(const struct slot *slot);
struct slot *slot_at(uint32_t index);
/** Locks the offset; a dead holder is passed over, the same thread (a signal handler) gets through, and so does one of two
 *  handlers that would wait for each other. Returns whether slot_unlock() is due. */
bool slot_lock(struct slot *slot);
void slot_unlock(struct slot *slot, bool locked);
/** Descriptors that an exec hands over: the arena and the mailbox, -1 where not yet made. */
void arena_fds(int fds[3]);
/** Maps the arena that the program before exec left. */
bool arena_adopt(const int fds[3]);
void arena_prepare_fork(void);
void arena_child(void);
/** Puts a kernel descriptor of \a slot where other processes of this family find it, and fetches it. */
bool mailbox_put(const struct slot *slot, int fd);
int mailbox_get(const struct slot *slot);

#endif
