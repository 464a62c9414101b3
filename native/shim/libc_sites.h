/*
 * libc_sites.h - where libc makes system calls.
 */
#ifndef DFSKIT_SHIM_LIBC_SITES_H
#define DFSKIT_SHIM_LIBC_SITES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIBC_ID_SIZE 20 /* of a build id */

/* A `syscall` of a known shape. */
struct libc_call {
	uint32_t at; /* from where the object is loaded */
	uint32_t number;
};

/* All of one libc. */
struct libc_known {
	uint8_t id[LIBC_ID_SIZE]; /* its build id */
	uint32_t first, nr;       /* in libc_known_calls */
	uint32_t other;           /* instructions of no known shape */
};

/* Those of the machine where the library was built (know_libc.c); ends with nr 0. */
extern const struct libc_known libc_known[];
extern const struct libc_call libc_known_calls[];

/* An executable segment of libc or libpthread. */
struct text {
	uint8_t *base; /* where the object is loaded */
	uint8_t *start, *end;
	const uint8_t *id; /* NULL when it has none of LIBC_ID_SIZE bytes */
};

struct libc_texts {
	struct text texts[4];
	int nr;
	bool avx512; /* libc itself is built for it */
};

void libc_texts_find(struct libc_texts *found);

/* `from` is where the jump goes, `call` the `syscall`. */
struct site {
	uint8_t *from, *call;
	uint32_t number; /* ANY_NUMBER: in rax */
};

#define ANY_NUMBER ~0u

/* read(2) is too short for a jump in front of the `syscall`. */
#define LIBC_READ_HEAD "\x31\xc0"                         /* xor %eax, %eax */
#define LIBC_READ_TAIL "\x0f\x05\x48\x3d\x00\xf0\xff\xff" /* syscall; cmp $-4096, %rax */

#define JMP_LENGTH 5 /* e9 rel32 */

/* libc 2.36 has 119 sites of ours, libpthread of older ones about 40. What goes beyond is left alone.
 * All sites of libc 2.36 are about 460. */
#define MAX_SITES 1024

/** Appends the sites of \a text whose number \a wanted says yes to, in rising order, to the \a nr that there are, and
 *  returns how many there are then. \a other grows by what is of no known shape. Of a libc that was known at build time
 *  nothing but the build id is looked at. */
int libc_sites_find(const struct text *text, bool (*wanted)(uint32_t number), struct site *sites, int nr, int *other);

/** The same by reading all of the text. */
int libc_sites_scan(const struct text *text, bool (*wanted)(uint32_t number), struct site *sites, int nr, int *other);

/** Looks at the instructions: sets from, or returns false when they are of no known shape. */
bool libc_site_check(const struct text *text, struct site *site);

#endif
