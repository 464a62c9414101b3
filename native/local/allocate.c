/*
 * allocate.c - malloc(3) of the provider and of LMDB, redirected by the linker (--wrap): a program may be in the
 * middle of its own when a signal handler calls us.
 */
#include "../memory/memory.h"

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void __wrap_free(void *block);

void *__wrap_malloc(size_t size)
{
	return memory_take(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	size_t total;

	return __builtin_mul_overflow(count, size, &total) ? NULL : memory_zeroed(total);
}

void *__wrap_realloc(void *block, size_t size)
{
	return memory_resize(block, size);
}

void __wrap_free(void *block)
{
	memory_give(block);
}
