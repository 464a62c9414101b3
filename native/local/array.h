/*
 * array.h - an array that grows.
 */
#ifndef LOCAL_ARRAY_H
#define LOCAL_ARRAY_H

#include <stddef.h>
#include <stdlib.h>

/* Room for one more element than *nr has: the array, perhaps moved; NULL without memory. */
static inline void *array_grow(void *array, size_t nr, size_t *room, size_t size)
{
	size_t more = *room == 0 ? 64 : 2 * *room;

	if (nr < *room)
		return array;
	array = realloc(array, more * size);
	if (array != NULL)
		*room = more;
	return array;
}

#endif
