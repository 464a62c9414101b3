/*
 * cwd.c - what the shim knows of the working directory.
 */
#include <string.h>
#include "cwd.h"
#include "mounts.h"
#include "ofd.h"
#include "runtime.h"

void cwd_learn(void)
{
	char cwd[PATH_MAX];
	struct ofd *ofd = NULL;
	bool near = false;

	if (SHIM_RAW(SYS_getcwd, cwd, sizeof(cwd)) > 0) {
		struct mount *mnt = mount_of(cwd);
		size_t n = strlen(cwd);
		if (mnt)
			ofd = ofd_adopt(mnt, NULL, OFD_DIR, (daos_obj_id_t){0}, cwd + mnt->root_len);
		for (int i = 0; !mnt && i < shim_nr_mounts; i++)
			near |= n == 1 || (strncmp(shim_mounts[i].root, cwd, n) == 0 && shim_mounts[i].root[n] == '/');
	}
	shim_cwd_near = near;
	ofd_put(atomic_exchange(&shim_cwd, ofd));
}
