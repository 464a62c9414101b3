/*
 * machine.c - which run of the machine this is.
 */
#include "local.h"
#include "machine.h"

void boot_id(char out[BOOT_ID_LEN])
{
	int fd = sys_openat(AT_FDCWD, "/proc/sys/kernel/random/boot_id", O_RDONLY, 0);

	memset(out, 0, BOOT_ID_LEN);
	if (fd < 0)
		return;
	sys_pread(fd, out, BOOT_ID_LEN, 0);
	sys_close(fd);
}
