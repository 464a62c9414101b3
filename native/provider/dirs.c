/*
 * dirs.c - that directories were renamed or removed, for a library that does not say it.
 *
 * A shim keeps directories open by their path, and what it made in one that was removed would be lost. So whatever of ours
 * moves or removes a directory counts it, in a page that all processes of a user share.
 *
 * Caveats: nothing is known of what other users, other nodes and DAOS's own tools do.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "../local/sys.h"
#include "provider.h"

#define PAGE_NAME "/dev/shm/dfskit-dirs-%u"
#define PAGE_SIZE 4096u

typedef _Atomic uint64_t counter_t;

/* Where there is no page: what this process does is known at least. */
static counter_t alone = 1;

static counter_t *map_page(long fd)
{
	struct stat st;

	/* Another user's, under our name: he could cut it off, and a look would be a SIGBUS. */
	if (SYS4(SYS_fstat, fd, &st, 0, 0) != 0 || st.st_uid != (uid_t)SYS4(SYS_geteuid, 0, 0, 0, 0) ||
	    (st.st_size < PAGE_SIZE && SYS4(SYS_ftruncate, fd, PAGE_SIZE, 0, 0) != 0))
		return NULL;
	long at = sys_raw6(SYS_mmap, 0, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at < 0 && at > -4096)
		return NULL;
	counter_t *page = (counter_t *)at;
	uint64_t none = 0;
	atomic_compare_exchange_strong(page, &none, 1); /* 0 is what nobody counts */
	return page;
}

static counter_t *find_counter(void)
{
	char path[sizeof(PAGE_NAME) + 16];

	snprintf(path, sizeof(path), PAGE_NAME, (unsigned int)SYS4(SYS_geteuid, 0, 0, 0, 0));
	long fd = SYS4(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	counter_t *page = fd < 0 ? NULL : map_page(fd);
	if (fd >= 0)
		SYS4(SYS_close, fd, 0, 0, 0);
	return page ? page : &alone;
}

/* Never unmapped: what it is handed out to keeps it. */
static counter_t *counter(void)
{
	static counter_t *_Atomic known;
	counter_t *at = atomic_load(&known), *none = NULL;

	if (at)
		return at;
	at = find_counter();
	return atomic_compare_exchange_strong(&known, &none, at) ? at : none;
}

const volatile uint64_t *provider_dir_generation(const struct provider *p, dfs_t *dfs)
{
	return p->dfsx_dir_generation ? p->dfsx_dir_generation(dfs) : (const volatile uint64_t *)counter();
}

void provider_dirs_changed(const struct provider *p)
{
	if (!p->dfsx_dir_generation)
		atomic_fetch_add(counter(), 1);
}
