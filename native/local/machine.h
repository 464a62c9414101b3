/*
 * machine.h - what the machine is asked for: the time, and which run of it this is.
 */
#ifndef LOCAL_MACHINE_H
#define LOCAL_MACHINE_H

#include <stdint.h>
#include <time.h>

#define BOOT_ID_LEN 36

/* Nanoseconds since 1970, as the kernel stamps files. */
static inline int64_t time_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME_COARSE, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

void boot_id(char out[BOOT_ID_LEN]); /* of this run of the machine; zeros where /proc does not tell */

#endif
