/*
 * solo.c - whether the process has one thread: libc says so in a byte, from glibc 2.32 on.
 */
#include "shim.h"
#include "solo.h"

static const char no;
SHIM_HOT_DATA const char *shim_single = &no;

void solo_begin(void)
{
	if (&__libc_single_threaded != NULL)
		shim_single = &__libc_single_threaded;
}

void solo_end(void)
{
	shim_single = &no;
}
