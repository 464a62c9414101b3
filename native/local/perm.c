/*
 * perm.c - the permission rules of POSIX, for the effective user of the process.
 */
#include <grp.h>
#include "layout.h"
#include "local.h"
#include "perm.h"

void cred_get(struct cred *cr)
{
	cr->uid = (uid_t)sys_raw6(SYS_geteuid, 0, 0, 0, 0, 0, 0);
	cr->gid = 0;
	if (cr->uid != 0)
		cr->gid = (gid_t)sys_raw6(SYS_getegid, 0, 0, 0, 0, 0, 0);
}

bool perm_in_group(const struct cred *cr, gid_t gid)
{
	gid_t few[256];
	long n, i;

	if (cr->gid == gid)
		return true;
	n = sys_raw6(SYS_getgroups, 256, (long)few, 0, 0, 0, 0);
	for (i = 0; i < n; i++)
		if (few[i] == gid)
			return true;
	return false;
}

/* want: MAY_R, MAY_W, MAY_X together. root needs one x bit to execute a file. */
int perm_check(const struct cred *cr, const struct inode_rec *rec, int want)
{
	uint32_t bits = rec->mode;

	if (cr->uid == 0) {
		if ((want & MAY_X) && !S_ISDIR(rec->mode) && !(rec->mode & 0111))
			return EACCES;
		return 0;
	}
	if (cr->uid == rec->uid)
		bits >>= 6;
	else if (perm_in_group(cr, rec->gid))
		bits >>= 3;
	return (bits & 7 & (uint32_t)want) == (uint32_t)want ? 0 : EACCES;
}

/* May a name of dir be made (victim NULL) or taken away? */
int perm_change_name(const struct cred *cr, const struct inode_rec *dir, const struct inode_rec *victim)
{
	int rc = perm_check(cr, dir, MAY_W | MAY_X);

	if (rc != 0 || cr->uid == 0 || victim == NULL)
		return rc;
	if ((dir->mode & S_ISVTX) && cr->uid != dir->uid && cr->uid != victim->uid)
		return EPERM;
	return 0;
}
