/*
 * memory.h - memory that a signal handler may ask for.
 *
 * A shim and the local provider run inside open(2), write(2) and the like, which POSIX lets a program call from a
 * signal handler, also from one that came in the middle of malloc(3). So what they need on the way comes from here:
 * nothing waits, and a handler may come between any two instructions.
 *
 * Caveats: what was once taken from the system stays in the process. A block that is being given back or taken when a
 * process forks may be lost in the child.
 */
#ifndef DFSKIT_MEMORY_H
#define DFSKIT_MEMORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** At least \a size bytes, aligned to 16; malloc(3) when there is no other way. NULL: no memory. */
void *memory_take(size_t size);
/** The same, all zero. */
void *memory_zeroed(size_t size);
/** realloc(3). */
void *memory_resize(void *block, size_t size);
/** Gives back a block of these functions, or one of malloc(3). NULL is nothing. */
void memory_give(void *block);

/* Offset of a line of the first cache of data in a page. That cache has eight places or a few more for lines of the same
 * number, and the pages of a tree, the files that processes share and the tables of libraries all begin with what each call
 * looks at: with fourteen lines of number 0, an open and its close missed each of them. So what has pages of its own
 * and is looked at by each call begins elsewhere. */
#define MEMORY_LINE(number) ((number)*64u)

/* Free objects of one kind, in lanes. Whoever finds a lane busy, be it by another thread or by the one that the handler
 * interrupted, goes on to the next: nobody waits. */
#define MEMORY_LANES 8
struct memory_lane {
	_Atomic bool busy;
	void *top; /* busy: the first object, which begins with the address of the next */
} __attribute__((aligned(64)));
struct memory_lanes {
	struct memory_lane lane[MEMORY_LANES];
};

/** An object, or NULL when none was found. */
void *memory_lanes_pop(struct memory_lanes *lanes);
/** False when all lanes were busy, which as good as never is so: the object is lost. */
bool memory_lanes_push(struct memory_lanes *lanes, void *object);

#endif
