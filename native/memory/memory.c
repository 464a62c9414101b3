/*
 * memory.c - see memory.h.
 *
 * Blocks of powers of two lie in chunks of the system's, each for one size, and move between the free lists of their
 * size. A chunk is found by the address of a block: those of malloc(3), which libc's own functions return (asprintf),
 * are told from ours that way.
 */
#include "memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The library that links this may redirect its own malloc(3) to here: these are libc's. */
#ifdef MEMORY_WRAPPED
void *__real_malloc(size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);
#define malloc  __real_malloc
#define realloc __real_realloc
#define free    __real_free
#endif

#define SMALLEST   4  /* 16 bytes, what malloc(3) aligns to */
#define LARGEST    16 /* 64 KiB; what is larger is made once, when a store is opened, and comes from malloc(3) */
#define CHUNK_SIZE (1ul << 20)
#define MAX_CHUNKS 16384u /* a table of 128 KiB, of which only what is used is there; 16 GiB of memory */

/* A chunk begins with this; its address is a multiple of its size. */
struct chunk {
	_Atomic uint32_t used; /* bytes handed out so far; beyond the end when full */
};
#define CHUNK_HEAD 64u

static struct memory_lanes spare[LARGEST + 1];
static _Atomic(struct chunk *) filling[LARGEST + 1];
/* Where the chunks are, by a hash of their address, each with the shift of its blocks (they have 1 << shift bytes) in the
 * bits that are 0; none is ever taken out. */
static _Atomic uintptr_t chunks[MAX_CHUNKS];
static _Atomic unsigned int nr_chunks;

/* ---- lanes ---- */

/* Threads begin with different lanes. */
static unsigned int own_lane(void)
{
	return (unsigned int)((uintptr_t)__builtin_frame_address(0) >> 20);
}

static bool enter(struct memory_lane *lane)
{
	return !atomic_load_explicit(&lane->busy, memory_order_relaxed) &&
	       !atomic_exchange_explicit(&lane->busy, true, memory_order_acquire);
}

static void leave(struct memory_lane *lane)
{
	atomic_store_explicit(&lane->busy, false, memory_order_release);
}

void *memory_lanes_pop(struct memory_lanes *lanes)
{
	unsigned int first = own_lane();

	for (unsigned int i = 0; i < MEMORY_LANES; i++) {
		struct memory_lane *lane = &lanes->lane[(first + i) % MEMORY_LANES];
		if (!enter(lane))
			continue;
		void **object = lane->top;
		if (object)
			lane->top = *object;
		leave(lane);
		if (object)
			return object;
	}
	return NULL;
}

bool memory_lanes_push(struct memory_lanes *lanes, void *object)
{
	unsigned int first = own_lane();

	for (unsigned int i = 0; i < 4 * MEMORY_LANES; i++) {
		struct memory_lane *lane = &lanes->lane[(first + i) % MEMORY_LANES];
		if (!enter(lane))
			continue;
		*(void **)object = lane->top;
		lane->top = object;
		leave(lane);
		return true;
	}
	return false;
}

/* ---- chunks ---- */

static unsigned int place_of(uintptr_t address)
{
	return (unsigned int)((address / CHUNK_SIZE * 0x9E3779B97F4A7C15ull) >> 40);
}

/* The shift of the chunk that \a block is in, 0 when it is in none. */
static unsigned int shift_of(const void *block)
{
	uintptr_t address = (uintptr_t)block & -CHUNK_SIZE;

	for (unsigned int i = place_of(address);; i++) {
		uintptr_t found = atomic_load_explicit(&chunks[i % MAX_CHUNKS], memory_order_acquire);
		if ((found & -CHUNK_SIZE) == address)
			return found & (CHUNK_SIZE - 1);
		if (!found)
			return 0;
	}
}

/* Without libc: nothing that it keeps locks for, and no routed call. */
static void *map(size_t size)
{
	void *at = (void *)syscall(SYS_mmap, NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return at == MAP_FAILED ? NULL : at;
}

/* Where in a chunk its blocks begin. Those of whole pages begin in the middle of one, of each size at another place: the
 * first lines of pages are those that everybody looks at (memory.h). */
static uint32_t first_block(unsigned int shift)
{
	return shift >= 12 ? MEMORY_LINE(8 + 7 * (shift - 12)) : CHUNK_HEAD > 1u << shift ? CHUNK_HEAD : 1u << shift;
}

static struct chunk *new_chunk(unsigned int shift)
{
	if (atomic_fetch_add(&nr_chunks, 1) >= MAX_CHUNKS / 2) {
		atomic_fetch_sub(&nr_chunks, 1);
		return NULL;
	}
	char *room = map(2 * CHUNK_SIZE);
	if (!room) {
		atomic_fetch_sub(&nr_chunks, 1);
		return NULL;
	}
	char *at = (char *)(((uintptr_t)room + CHUNK_SIZE - 1) & -CHUNK_SIZE); /* NOLINT(performance-no-int-to-ptr) */
	if (at > room)
		syscall(SYS_munmap, room, at - room);
	syscall(SYS_munmap, at + CHUNK_SIZE, room + CHUNK_SIZE - at);
	struct chunk *chunk = (struct chunk *)at;
	atomic_init(&chunk->used, first_block(shift));
	for (unsigned int i = place_of((uintptr_t)at);; i++) {
		uintptr_t none = 0;
		if (atomic_compare_exchange_strong(&chunks[i % MAX_CHUNKS], &none, (uintptr_t)at | shift))
			return chunk;
	}
}

/* A block that was never used. */
static void *carve(unsigned int shift)
{
	for (;;) {
		struct chunk *chunk = atomic_load_explicit(&filling[shift], memory_order_acquire);
		if (chunk) {
			uint32_t at = atomic_fetch_add(&chunk->used, 1u << shift);
			if (at + (1u << shift) <= CHUNK_SIZE)
				return (char *)chunk + at;
			atomic_store(&chunk->used, CHUNK_SIZE); /* it must not wrap around */
		}
		struct chunk *more = new_chunk(shift);
		if (!more)
			return NULL;
		/* Two at once: the loser's chunk is for the next time, as what is left of it goes to the free list. */
		if (!atomic_compare_exchange_strong(&filling[shift], &chunk, more))
			for (uint32_t at = atomic_load(&more->used); at + (1u << shift) <= CHUNK_SIZE;
			     at += 1u << shift)
				memory_lanes_push(&spare[shift], (char *)more + at);
	}
}

static unsigned int shift_for(size_t size)
{
	return size <= 1u << SMALLEST ? SMALLEST : 64 - (unsigned int)__builtin_clzl(size - 1);
}

/* ---- what others call ---- */

void *memory_take(size_t size)
{
	void *block = NULL;

	if (size <= 1ul << LARGEST) {
		unsigned int shift = shift_for(size);
		block = memory_lanes_pop(&spare[shift]);
		if (!block)
			block = carve(shift);
	}
	return block ? block : malloc(size);
}

void *memory_zeroed(size_t size)
{
	void *block = memory_take(size);
	return block ? memset(block, 0, size) : NULL;
}

void memory_give(void *block)
{
	unsigned int shift = block ? shift_of(block) : 0;

	if (shift)
		memory_lanes_push(&spare[shift], block);
	else
		free(block);
}

void *memory_resize(void *block, size_t size)
{
	unsigned int shift = block ? shift_of(block) : 0;

	if (!shift)
		return block ? realloc(block, size) : memory_take(size);
	size_t room = 1ul << shift;
	if (size && size <= room)
		return block;
	void *larger = size ? memory_take(size) : NULL;
	if (larger)
		memcpy(larger, block, room < size ? room : size);
	if (larger || !size)
		memory_give(block);
	return larger;
}
