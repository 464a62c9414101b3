/*
 * owner.c - one machine at a time.
 *
 * LMDB's locks and its map, and our counters, hold among the processes of one kernel. On a file system that several
 * machines can mount, the first one that opens a container puts its name into CONT/host; others are refused with
 * EREMOTE until that file is removed. A machine that has been started anew is still the same one.
 */
#include <stdio.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include "container.h"
#include "local.h"
#include "machine.h"
#include "owner.h"

/* statfs(2) of what more than one machine may have mounted. */
static const uint32_t shared_file_systems[] = {
    0x6969,     /* NFS */
    0xff534d42, /* CIFS */
    0xfe534d42, /* SMB2 */
    0x517b,     /* SMB */
    0x0bd00bd0, /* Lustre */
    0x00c36400, /* Ceph */
    0x47504653, /* GPFS */
    0x19830326, /* BeeGFS */
    0x20030528, /* OrangeFS */
    0x5346414f, /* AFS */
    0x7461636f, /* OCFS2 */
    0x01161970, /* GFS2 */
    0x01021997, /* 9P */
    0x65735546, /* FUSE: sshfs, GlusterFS, … */
    0x786f4256, /* VirtualBox */
};

static bool may_be_shared(struct cont *c)
{
	struct statfs st;
	size_t i;

	if (SYS4(SYS_fstatfs, c->dir_fd, &st, 0, 0) != 0)
		return false;
	for (i = 0; i < sizeof(shared_file_systems) / sizeof(shared_file_systems[0]); i++)
		if ((uint32_t)st.f_type == shared_file_systems[i])
			return true;
	return false;
}

struct owner {
	char boot[BOOT_ID_LEN + 1];
	char node[sizeof(((struct utsname *)0)->nodename)];
};

/* "BOOT-ID NODE\n"; false when there is no owner. */
static bool owner_read(struct cont *c, struct owner *o)
{
	char text[256] = {0};
	int fd = sys_openat(c->dir_fd, "host", O_RDONLY, 0);

	memset(o, 0, sizeof(*o));
	if (fd < 0)
		return false;
	sys_pread(fd, text, sizeof(text) - 1, 0);
	sys_close(fd);
	return sscanf(text, "%36s %64s", o->boot, o->node) == 2;
}

static int owner_write(struct cont *c, const struct owner *o, int flags)
{
	char text[256];
	int fd = sys_openat(c->dir_fd, "host", O_WRONLY | flags, c->share & 0666);
	int n = snprintf(text, sizeof(text), "%s %s\n", o->boot, o->node), rc;

	if (fd < 0)
		return -fd;
	rc = own_pwrite(fd, text, (size_t)n, 0) == n ? (int)-SYS4(SYS_fsync, fd, 0, 0, 0) : EIO;
	sys_close(fd);
	return rc;
}

int owner_claim(struct cont *c)
{
	struct owner me = {0}, other;
	struct utsname name = {0};
	int rc;

	SYS4(SYS_uname, &name, 0, 0, 0);
	boot_id(me.boot);
	snprintf(me.node, sizeof(me.node), "%s", name.nodename);
	if (me.boot[0] == '\0')
		snprintf(me.boot, sizeof(me.boot), "unknown");
	if (!owner_read(c, &other)) {
		if (!may_be_shared(c))
			return 0;
		rc = owner_write(c, &me, O_CREAT | O_EXCL);
		if (rc != EEXIST)
			return rc;
		if (!owner_read(c, &other)) /* somebody is just writing it */
			return EREMOTE;
	}
	if (strcmp(other.boot, me.boot) == 0)
		return 0;
	return strcmp(other.node, me.node) == 0 ? owner_write(c, &me, O_TRUNC) : EREMOTE;
}
