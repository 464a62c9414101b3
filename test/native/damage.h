/*
 * damage.h - what may be wrong in the container of checked.h, and how it is made so.
 */
#ifndef TEST_NATIVE_DAMAGE_H
#define TEST_NATIVE_DAMAGE_H

#include <stdbool.h>
#include <stddef.h>

struct damage {
	const char *name, *word; /* word: of what is told */
	void (*damage)(void);
	unsigned relinked, removed; /* names below the root that are left; before: 7 */
	bool held;                  /* while somebody has the container open: who opens it first mends that */
};
extern const struct damage damages[];
extern const size_t damages_count;

/* Does it with LMDB itself, in a child that has nothing of the provider open. */
void damage_do(void (*how)(void));

/* A host file that no record is of, with the inode number 0x33. */
void leak_host_file(void);

#endif
