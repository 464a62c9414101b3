/*
 * allocate.c - malloc(3) of the provider and of LMDB, redirected by the linker (--wrap): a program may be in the
 * middle of its own when a signal handler calls us. qsort(3) too, as libc's asks malloc(3) for room.
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

typedef int compare_fn(const void *, const void *);
void __wrap_qsort(void *base, size_t count, size_t size, compare_fn *compare);

static void swap(char *a, char *b, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		char c = a[i];

		a[i] = b[i];
		b[i] = c;
	}
}

/* Heapsort: in place. */
void __wrap_qsort(void *base, size_t count, size_t size, compare_fn *compare)
{
	char *at = base;

	for (size_t heap = count / 2, end = count; end > 1;) {
		if (heap > 0)
			heap--;
		else
			swap(at, at + --end * size, size);
		for (size_t top = heap, child; (child = 2 * top + 1) < end; top = child) {
			if (child + 1 < end && compare(at + child * size, at + (child + 1) * size) < 0)
				child++;
			if (compare(at + top * size, at + child * size) >= 0)
				break;
			swap(at + top * size, at + child * size, size);
		}
	}
}
