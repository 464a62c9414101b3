/*
 * shared_page.c - changes of the page that all processes of a container map: it is mapped for reading, and written with
 * pwrite.
 */
#include "container.h"
#include "local.h"
#include "marks.h"
#include "shared_page.h"

/* A limit on the size of files may be met even here (limit.c). */
ssize_t shared_put(struct cont *c, const void *value, size_t size, size_t offset)
{
	uint64_t before = signals_block();
	ssize_t n = own_pwrite(c->shared_fd, value, size, offset);

	signals_restore(before);
	return n;
}

void shared_bump_dirs(struct cont *c)
{
	uint64_t n = c->shared->dir_generation + 1;

	shared_put(c, &n, sizeof(n), offsetof(struct shared_page, dir_generation));
}

void shared_bump_set_id(struct cont *c)
{
	uint64_t n = c->shared->set_id_generation + 1;

	shared_put(c, &n, sizeof(n), offsetof(struct shared_page, set_id_generation));
}

#define ORPHAN_BITS (8 * sizeof(((struct shared_page *)0)->orphan_bits))

static unsigned orphan_bit(uint64_t ino)
{
	return mark_bucket(ino) % ORPHAN_BITS;
}

HOT bool shared_may_be_orphan(struct cont *c, uint64_t ino)
{
	unsigned bit = orphan_bit(ino);

	return c->shared->orphans != 0 && (c->shared->orphan_bits[bit / 8] >> bit % 8 & 1);
}

void shared_add_orphan(struct cont *c, uint64_t ino)
{
	unsigned bit = orphan_bit(ino);
	uint8_t byte = c->shared->orphan_bits[bit / 8] | (uint8_t)(1 << bit % 8);

	shared_put(c, &byte, 1, offsetof(struct shared_page, orphan_bits) + bit / 8);
	shared_set_orphans(c, c->shared->orphans + 1);
}

/* Durable before any such attribute is. */
int shared_set_links(struct cont *c)
{
	uint64_t yes = 1;

	if (c->shared->links != 0)
		return 0;
	if (shared_put(c, &yes, sizeof(yes), offsetof(struct shared_page, links)) != sizeof(yes))
		return EIO;
	return (int)-RETRY(SYS4(SYS_fsync, c->shared_fd, 0, 0, 0));
}

void shared_set_orphans(struct cont *c, uint64_t n)
{
	static const uint8_t none[sizeof(c->shared->orphan_bits)];

	if (n == 0)
		shared_put(c, none, sizeof(none), offsetof(struct shared_page, orphan_bits));
	shared_put(c, &n, sizeof(n), offsetof(struct shared_page, orphans));
}
