/*
 * leftovers.c - host files that have lost their record with the power.
 */
#include <stdio.h>
#include "check.h"
#include "container.h"
#include "inode.h"
#include "leftovers.h"
#include "local.h"
#include "shared_page.h"
#include "transaction.h"

/* What was created in the last moments before a power cut may have a host file and no record. The numbers that were
 * given out last are tried; a check finds the others. */
#define NEAR (64 * 1024)

void leftovers_remove(struct cont *c)
{
	uint64_t at = c->shared->cut_at, ino = at > NEAR ? at - NEAR : 1, none = 0;
	struct dfsx_check result = {0};
	struct check k = {.c = c, .flags = DFS_CHECK_REMOVE, .result = &result};
	struct stat st;
	char path[32];
	struct rtx r;
	size_t i;
	int rc = 0;

	for (; rc == 0 && ino < at + NEAR; ino++) {
		bool wanted;

		host_path(path, ino);
		if (sys_fstatat(c->obj_fd, path, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		rc = rtx_begin(c, &r);
		if (rc != 0)
			break;
		wanted = check_wants_host(r.txn, ino);
		rtx_end(&r);
		if (!wanted)
			rc = check_suspect(&k, LEAKED_HOST, ino, 0, 0);
		if (!wanted && rc == 0)
			snprintf(k.list[k.nr - 1].name, DFS_MAX_NAME, "objects/%s", path);
	}
	for (i = 0; rc == 0 && i < k.nr; i++)
		rc = check_mend(&k, &k.list[i]);
	free(k.list);
	if (rc == 0)
		shared_put(c, &none, sizeof(none), offsetof(struct shared_page, cut_at));
}
