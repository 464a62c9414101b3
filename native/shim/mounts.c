/*
 * mounts.c - which directories are DFS, and how each container is reached.
 *
 * Known from the kernel's mount table (type fuse.daos) and from the environment. Reading the table
 * is all that happens when a program starts; a provider is loaded at the first call on a path inside.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include "ask.h"
#include "counters.h"
#include "fork.h"
#include "hidden.h"
#include "mounts.h"
#include "ranks.h"
#include "provided.h"
#include "runtime.h"

/* More mounts than any node has; the ones beyond it are reached through the kernel. */
#define MAX_MOUNTS 128

static struct {
	char before[MEMORY_LINE(20)];
	struct mount mounts[MAX_MOUNTS];
} room __attribute__((aligned(4096)));
struct mount *const shim_mounts = room.mounts;
SHIM_HOT_DATA int shim_nr_mounts;

static void note_covers(void)
{
	for (int i = 0; i < shim_nr_mounts; i++)
		for (int j = 0; j < shim_nr_mounts; j++)
			shim_mounts[i].covers |= i != j && mount_holds(&shim_mounts[i], shim_mounts[j].root);
}

/* For shim_path_glance(). */
static void note_beginnings(void)
{
	size_t shortest = 8;
	uint64_t word;

	for (int i = 0; i < shim_nr_mounts; i++)
		if (shim_mounts[i].root_len < shortest)
			shortest = shim_mounts[i].root_len;
	shim_path_mask = shortest == 8 ? UINT64_MAX : (1ull << 8 * shortest) - 1;
	for (int i = 0; i < shim_nr_mounts; i++) {
		memcpy(&word, shim_mounts[i].root, sizeof(word));
		shim_path_bits |= 1ull << ((word & shim_path_mask) * SHIM_PATH_FACTOR >> 58);
	}
}
SHIM_HOT_DATA _Atomic(const struct provider *) shim_provider;
static pthread_mutex_t connect_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int
    loading; /* threads that load a provider, -1 while one forks: rwlocks are not in every old libc.so.6 */

static void loading_begin(void)
{
	for (int n = atomic_load(&loading); n < 0 || !atomic_compare_exchange_weak(&loading, &n, n + 1);
	     n = atomic_load(&loading))
		sched_yield();
}

static void loading_stop(void)
{
	for (int none = 0; !atomic_compare_exchange_weak(&loading, &none, -1); none = 0)
		sched_yield();
}

/* mountinfo writes blanks and backslashes as three octal digits: proc(5). */
static void unescape(char *s)
{
	char *out = s;
	while (*s) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
			*out++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
			s += 4;
		} else
			*out++ = *s++;
	}
	*out = 0;
}

static struct mount *add(const char *root)
{
	size_t len = strlen(root);
	while (len > 1 && root[len - 1] == '/')
		len--;
	if (shim_nr_mounts == MAX_MOUNTS || len >= PATH_MAX || len < 2 || root[0] != '/')
		return NULL;
	struct mount *mnt = &shim_mounts[shim_nr_mounts];
	memcpy(mnt->root, root, len);
	mnt->root[len] = 0;
	mnt->root_len = len;
	for (int i = 0; i < shim_nr_mounts; i++)
		if (strcmp(shim_mounts[i].root, mnt->root) == 0)
			return &shim_mounts[i]; /* mounted over: the later line holds */
	shim_nr_mounts++;
	return mnt;
}

static unsigned int decimal(const char *s)
{
	unsigned int n = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (unsigned int)(*s - '0');
	return n;
}

static bool says_read_only(const char *options)
{
	return strncmp(options, "ro", 2) == 0 && (options[2] == ',' || !options[2]);
}

/* Of "id parent major:minor root mountpoint options ... - type source options": those of the mount and those of the file
 * system. No sscanf(): this runs in every program, and that touches four pages more. */
static void mount_line(char *line)
{
	enum {
		DEVICE = 2,
		POINT = 4,
		OPTIONS = 5,
		FIELDS = 6
	};
	char *field[FIELDS], *next = line;

	/* Any other file system may hide a mount of ours at the same place; the paths below it stay
	 * right, as the kernel resolves what the ioctl does not answer for. */
	if (!strstr(line, " - fuse.daos "))
		return;
	for (int i = 0; i < FIELDS; i++) {
		field[i] = next;
		next = strchr(next, ' ');
		if (!next)
			return;
		*next++ = 0;
	}
	char *minor = strchr(field[DEVICE], ':');
	if (!minor)
		return;
	unescape(field[POINT]);
	struct mount *mnt = add(field[POINT]);
	if (!mnt)
		return;
	mnt->dfuse = true;
	mnt->dev = makedev(decimal(field[DEVICE]), decimal(minor + 1));
	char *last = strrchr(next, ' ');
	mnt->read_only = says_read_only(field[OPTIONS]) || (last && says_read_only(last + 1));
}

static void kernel_mounts(void)
{
	long fd = SHIM_RAW(SYS_openat, AT_FDCWD, "/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	char buf[32768];
	size_t used = 0;

	if (fd < 0)
		return;
	for (;;) {
		long n = SHIM_RAW(SYS_read, fd, buf + used, sizeof(buf) - 1 - used);
		if (n <= 0)
			break;
		used += (size_t)n;
		buf[used] = 0;
		char *line = buf, *end;
		while ((end = strchr(line, '\n'))) {
			*end = 0;
			mount_line(line);
			line = end + 1;
		}
		used -= (size_t)(line - buf);
		memmove(buf, line, used);
		if (used == sizeof(buf) - 1)
			used = 0; /* a line longer than the buffer: not one of ours */
	}
	SHIM_RAW(SYS_close, fd);
}

static void environment_mount(void)
{
	const char *root = getenv("D_IL_MOUNT_POINT");
	const char *pool = getenv("D_IL_POOL");
	const char *cont = getenv("D_IL_CONTAINER");

	if (!root || !pool || !cont)
		return;
	for (int i = 0; i < shim_nr_mounts; i++)
		if (strcmp(shim_mounts[i].root, root) == 0)
			return; /* the mount knows better */
	struct mount *mnt = add(root);
	if (mnt) {
		mnt->pool = pool;
		mnt->cont = cont;
	}
}

void mounts_find(void)
{
	kernel_mounts();
	environment_mount();
	note_beginnings();
	note_covers();
	shim_paths_active = shim_nr_mounts > 0;
}

static int connect_mount(struct mount *mnt, const struct provider *p, struct route *route)
{
	int flags = mnt->read_only ? O_RDONLY : O_RDWR;
	int rc = mnt->dfuse ? route_take(mnt, p, route, flags)
	                    : p->dfs_connect(mnt->pool, NULL, mnt->cont, flags, NULL, &mnt->dfs);

	if (!rc)
		rc = p->dfs_lookup(mnt->dfs, "/", flags, &mnt->root_obj, NULL, NULL);
	if (!rc)
		mnt->generation = provider_dir_generation(p, mnt->dfs);
	if (!rc && p->dfsx_links)
		mnt->links = p->dfsx_links(mnt->dfs);
	mnt->p = p;
	return rc;
}

static int globalise(const struct mount *mnt, d_iov_t *blob)
{
	return mnt->in_parts ? mnt->p->dfs_local2global(mnt->dfs, blob) : mnt->p->dfs_local2global_all(mnt->dfs, blob);
}

/* libdfs gives new objects numbers of a range that it has reserved. A child has a copy of that, and would give another
 * file the number of one that its parent makes. A mount that is made from a handle reserves a range of its own. */
static void renew(struct mount *mnt)
{
	int flags = mnt->read_only ? O_RDONLY : O_RDWR;
	dfs_t *fresh = NULL;
	d_iov_t blob = {0};

	if (globalise(mnt, &blob) != 0 || !(blob.iov_buf = malloc(blob.iov_buf_len)))
		return;
	blob.iov_len = blob.iov_buf_len;
	int rc = globalise(mnt, &blob);
	if (!rc && mnt->in_parts)
		rc = mnt->p->dfs_global2local(mnt->parts[0], mnt->parts[1], flags, blob, &fresh);
	else if (!rc)
		rc = mnt->p->dfs_global2local_all(flags, blob, &fresh);
	if (!rc)
		mnt->dfs = fresh; /* the old one stays: what is open refers to it */
	free(blob.iov_buf);
}

static void wake_up(struct mount *mnt)
{
	int from = MOUNT_ASLEEP;

	if (atomic_load(&mnt->state) == MOUNT_ASLEEP)
		renew(mnt);
	atomic_compare_exchange_strong(&mnt->state, &from, MOUNT_READY);
}

static bool asleep; /* under connect_lock: some are */

static void put_to_sleep(struct mount *mnt)
{
	int from = MOUNT_READY;

	asleep |= atomic_compare_exchange_strong(&mnt->state, &from, MOUNT_ASLEEP);
}

/* Not in the fork itself: libdaos takes some 0.3 s for it, and most children only exec. */
static void wake(void)
{
	static _Thread_local bool waking; /* a call of libdaos on a path of ours */

	if (waking)
		return;
	waking = true;
	rank_lock(&connect_lock, RANK_MOUNT);
	if (asleep) {
		provider_after_fork(atomic_load(&shim_provider));
		for (int i = 0; i < shim_nr_mounts; i++)
			wake_up(&shim_mounts[i]);
		linked_each(wake_up);
		asleep = false;
	}
	rank_unlock(&connect_lock, RANK_MOUNT);
	waking = false;
}

static void sleep_until_used(void)
{
	const struct provider *p = atomic_load(&shim_provider);

	if (!p || p->dfsx_fork)
		return;
	for (int i = 0; i < shim_nr_mounts; i++)
		put_to_sleep(&shim_mounts[i]);
	linked_each(put_to_sleep);
}

static bool connect(struct mount *mnt, int state)
{
	/* Loading is not under connect_lock: the loader has a lock of its own, and whoever holds it (a constructor of a
	 * library that is being opened) may want to connect. A fork waits for it, so no child finds it half done. */
	static _Thread_local struct route route;
	const struct provider *p = NULL;
	int saved = errno;

	if (state == MOUNT_ASLEEP) {
		wake();
		errno = saved;
		return atomic_load(&mnt->state) == MOUNT_READY;
	}
	fork_watch();
	fd_floor_set();
	loading_begin();
	int rc = mnt->dfuse ? route_ask(mnt, &route) : 0;
	if (!rc) {
		provided_before();
		p = provider_load(mnt->dfuse ? route.provider : NULL, route.err, sizeof(route.err));
		if (p && p->dfsx_fork && !atomic_load(&shim_provider))
			p->dfsx_fork(-1); /* a fork may have begun: ours is registered, its own would come too late */
		if (p)
			provided_loaded(p, false);
		if (!p || p->dfs_init() != 0)
			rc = ELIBACC;
		else
			atomic_store(&shim_provider, p);
		if (!rc)
			provided_loaded(p, true);
	}
	atomic_fetch_sub(&loading, 1);
	rank_lock(&connect_lock, RANK_MOUNT);
	if (atomic_load(&mnt->state) == MOUNT_NEW) {
		if (!rc)
			rc = connect_mount(mnt, p, &route);
		if (rc)
			counters_note(!p           ? route.err
			              : mnt->dfuse ? "a mount could not be connected: calls on it go through the kernel"
			                           : "a mount could not be connected: calls on it get ENOTCONN");
		atomic_store_explicit(&mnt->state, rc ? MOUNT_DEAD : MOUNT_READY, memory_order_release);
	}
	rank_unlock(&connect_lock, RANK_MOUNT);
	errno = saved;
	return atomic_load(&mnt->state) == MOUNT_READY;
}

bool mount_make_ready(struct mount *mnt)
{
	int state = atomic_load_explicit(&mnt->state, memory_order_acquire);
	if (state == MOUNT_READY || state == MOUNT_DEAD)
		return state == MOUNT_READY;

	/* Locks are taken, libc's and the loader's among them: no handler of this thread may want them meanwhile. */
	uint64_t all = ~0ull, before = 0;
	SHIM_RAW(SYS_rt_sigprocmask, SIG_BLOCK, &all, &before, sizeof(all));
	bool ready = connect(mnt, state);
	SHIM_RAW(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof(before));
	return ready;
}

void mounts_fork(int stage)
{
	if (stage == 0) {
		loading_stop();
		rank_lock(&connect_lock, RANK_MOUNT);
		return;
	}
	rank_unlock(&connect_lock, RANK_MOUNT);
	atomic_store(&loading, 0);
	if (stage == 2)
		sleep_until_used();
}

struct mount *mount_by_root(const char *root)
{
	for (int i = 0; i < shim_nr_mounts; i++)
		if (strcmp(shim_mounts[i].root, root) == 0)
			return &shim_mounts[i];
	return NULL;
}
