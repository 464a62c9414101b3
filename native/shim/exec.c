/*
 * exec.c - handing open files over an exec.
 *
 * A new program with a shim gets a list of our descriptors in a memfd and takes them over: same slot in
 * the arena, so same offset and flags, and the object opened again at its first use (never created,
 * truncated or refused again). A program without one gets real dfuse descriptors instead. All of it
 * runs in children that share their parent's memory: only the stack is written to.
 */
#include <alloca.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include <linux/memfd.h>
#include "arena.h"
#include "attach.h"
#include "counters.h"
#include "cwd.h"
#include "environment.h"
#include "exec.h"
#include "fdtable.h"
#include "flavour.h"
#include "materialise.h"
#include "memfile.h"
#include "mounts.h"
#include "ofd.h"
#include "ops.h"
#include "runtime.h"
#include "target.h"

#define HANDOVER_MAGIC 0x314b5346444e4148ull

struct handover_head {
	uint64_t magic;
	int32_t arena[3];
	int32_t nr;
};

#define CWD (-1)

struct handover_file {
	int32_t fd; /* CWD: the working directory */
	uint32_t slot;
	uint8_t kind;
	uint8_t real;
	uint16_t root_len; /* mount point, then path, follow; neither with a NUL */
	uint32_t path_len;
	uint64_t oid_lo, oid_hi;
	uint32_t has_path;
	uint32_t pad;
};

struct collect {
	long memfd;
	int nr;
	off_t at;       /* the end of what is in it */
	bool real_only; /* the program has no shim: every one becomes a kernel descriptor */
};

/* The bytes written, -errno. */
static long write_handover(long fd, const struct iovec *parts, int nr, off_t at)
{
	struct rlimit was;
	uint64_t end = (uint64_t)at;

	for (int i = 0; i < nr; i++)
		end += parts[i].iov_len;
	long r = limit_lift(&was, end) ? SHIM_RAW(SYS_pwritev, fd, parts, nr, at, 0) : -EFBIG;
	limit_restore(&was);
	return r;
}

static long write_entry(struct collect *c, int fd, struct ofd *ofd)
{
	if (c->memfd < 0) {
		long made = memory_file("dfskit-handover");
		if (made < 0)
			return made;
		/* Above the standard descriptors: a program that has closed one finds it closed. */
		c->memfd = SHIM_RAW(SYS_fcntl, made, F_DUPFD_CLOEXEC, 3);
		SHIM_RAW(SYS_close, made);
		if (c->memfd < 0)
			return c->memfd;
		c->at = sizeof(struct handover_head);
	}
	struct handover_file f = {.fd = fd,
	                          .slot = slot_index(ofd->slot),
	                          .kind = ofd->kind,
	                          .real = atomic_load(&ofd->real),
	                          .root_len = (uint16_t)ofd->mnt->root_len,
	                          .path_len = ofd->path ? (uint32_t)strlen(ofd->path) : 0,
	                          .has_path = ofd->path != NULL,
	                          .oid_lo = ofd->oid.lo,
	                          .oid_hi = ofd->oid.hi};
	const struct iovec parts[] = {{&f, sizeof(f)}, {ofd->mnt->root, f.root_len}, {ofd->path, f.path_len}};
	long n = write_handover(c->memfd, parts, 3, c->at);
	if (n < 0)
		return n;
	c->at += n;
	c->nr++;
	return 0;
}

static long collect_one(int fd, struct ofd *ofd, void *arg)
{
	struct collect *c = arg;
	long fdflags = SHIM_RAW(SYS_fcntl, fd, F_GETFD);

	if (fdflags < 0 || fdflags & FD_CLOEXEC)
		return 0;
	/* The new program takes one of a linked container over as it does others that it finds. */
	if (c->real_only || slot_index(ofd->slot) == UINT32_MAX || ofd->mnt->linked) {
		ofd_materialise(ofd, true); /* without a mount it can't be: the program sees an empty file */
		return 0;
	}
	if (atomic_load(&ofd->slot->where) == SLOT_KERNEL && atomic_load(&ofd->real) && ofd->kind == OFD_DIR)
		return 0;
	atomic_store(&ofd->slot->shared, 1);
	return write_entry(c, fd, ofd);
}

static void keep_over_exec(const struct collect *c, bool keep)
{
	int arena[3];
	arena_fds(arena);
	for (int i = 0; i < 3; i++)
		if (arena[i] >= 0)
			SHIM_RAW(SYS_fcntl, arena[i], F_SETFD, keep ? 0 : FD_CLOEXEC);
	SHIM_RAW(SYS_fcntl, c->memfd, F_SETFD, keep ? 0 : FD_CLOEXEC);
}

long op_execveat(int dirfd, const char *path, char *const *argv, char *const *envp, int flags)
{
	struct collect c = {.memfd = -1};

	if (!shim_nr_mounts)
		return flags || dirfd != AT_FDCWD ? SHIM_RAW(SYS_execveat, dirfd, path, argv, envp, flags)
		                                  : SHIM_RAW(SYS_execve, path, argv, envp);
	if (shim_fd_ours(dirfd) && (path[0] != '/')) {
		long r = shim_materialise(dirfd);
		if (r)
			return r;
	}
	fd_unpark(); /* it may not be close-on-exec */
	long copy = shim_program_copy(dirfd, path, flags);
	if (copy >= 0) {
		char head[2] = "";
		if (SHIM_RAW(SYS_pread64, copy, head, 2, 0) == 2 && head[0] == '#' && head[1] == '!')
			SHIM_RAW(SYS_fcntl, copy, F_SETFD, 0); /* its interpreter opens it by /dev/fd */
		dirfd = (int)copy;
		path = "";
		flags = AT_EMPTY_PATH;
	} else if (copy != -ENOENT)
		return copy;
	enum target kind = target_of(dirfd, path, flags);
	c.real_only = kind != TARGET_PRELOADS || shim_symbols_only;
	if (shim_fds)
		fd_each(collect_one, &c);
	/* The kernel knows it by a name that a rename in the process may have changed. */
	struct ofd *cwd = ofd_get_cwd();
	if (cwd && !c.real_only && (cwd->oid.lo || cwd->oid.hi))
		write_entry(&c, CWD, cwd);
	ofd_put(cwd);
	if (c.memfd >= 0) {
		struct handover_head head = {.magic = HANDOVER_MAGIC, .nr = c.nr};
		int arena[3];
		arena_fds(arena);
		for (int i = 0; i < 3; i++)
			head.arena[i] = arena[i];
		write_handover(c.memfd, &(struct iovec){&head, sizeof(head)}, 1, 0);
		keep_over_exec(&c, true);
	}
	char **env = alloca(environment_room(envp) * sizeof(char *));
	char *text = alloca(environment_text(envp));
	environment_build(envp, env, text, kind != TARGET_OTHER_LIBC, (int)c.memfd);

	counters_left_out(kind, 1);
	long r = flags || dirfd != AT_FDCWD ? SHIM_RAW(SYS_execveat, dirfd, path, argv, env, flags)
	                                    : SHIM_RAW(SYS_execve, path, argv, env);
	counters_left_out(kind, -1);
	if (copy >= 0)
		SHIM_RAW(SYS_close, copy);
	if (c.memfd >= 0) {
		keep_over_exec(&c, false);
		SHIM_RAW(SYS_close, c.memfd);
	}
	return r;
}

/* ---- in the new program ---- */

static bool read_all(int fd, void *buf, size_t n, off_t *at)
{
	if (SHIM_RAW(SYS_pread64, fd, buf, n, *at) != (long)n)
		return false;
	*at += (off_t)n;
	return true;
}

static void take_one(int fd, off_t *at)
{
	struct handover_file f;
	char root[PATH_MAX], path[PATH_MAX];

	if (!read_all(fd, &f, sizeof(f), at) || f.root_len >= PATH_MAX || f.path_len >= PATH_MAX ||
	    !read_all(fd, root, f.root_len, at) || !read_all(fd, path, f.path_len, at))
		return;
	root[f.root_len] = 0;
	path[f.path_len] = 0;
	struct mount *mnt = mount_by_root(root);
	daos_obj_id_t oid = {.lo = f.oid_lo, .hi = f.oid_hi};
	if (mnt && f.fd == CWD && shim_takes_paths) {
		/* No slot of the family: nobody reads the working directory through this description. */
		struct ofd *cwd = ofd_adopt(mnt, NULL, OFD_DIR, oid, f.has_path ? path : NULL);
		if (cwd)
			cwd->generation = 0; /* it may have been renamed: a provider that can say the path is asked */
		atomic_store(&shim_cwd, cwd);
		return;
	}
	if (!mnt || SHIM_RAW(SYS_fcntl, f.fd, F_GETFD) < 0)
		return;
	/* Descriptors of one description share it here too. */
	for (unsigned int i = 0; i < shim_fd_top; i++) {
		struct ofd *other = shim_fds ? shim_fds[i] : NULL;
		if (other && other->slot == slot_at(f.slot)) {
			fd_assign(f.fd, ofd_get((int)i));
			return;
		}
	}
	struct ofd *ofd = ofd_adopt(mnt, slot_at(f.slot), f.kind, oid, f.has_path ? path : NULL);
	if (!ofd)
		return;
	atomic_store(&ofd->real, f.real);
	fd_assign(f.fd, ofd);
}

void handover_take(void)
{
	const char *number = getenv(HANDOVER_NAME);
	struct handover_head head;
	off_t at = 0;

	if (!number)
		return;
	int fd = atoi(number);
	unsetenv(HANDOVER_NAME);
	if (fd < 3 || !read_all(fd, &head, sizeof(head), &at) || head.magic != HANDOVER_MAGIC)
		return;
	if (head.arena[0] < 0 || arena_adopt(head.arena))
		for (int i = 0; i < head.nr; i++)
			take_one(fd, &at);
	SHIM_RAW(SYS_close, fd);
}

/* execvp(3): PATH is searched, EACCES is remembered, a file without a header goes to the shell. */
long shim_execvpe(const char *file, char *const argv[], char *const envp[])
{
	const char *path = getenv("PATH");
	char full[2 * PATH_MAX];
	bool denied = false;
	long r = -ENOENT;

	if (!file[0])
		return -ENOENT;
	if (strlen(file) >= PATH_MAX)
		return -ENAMETOOLONG;
	if (!path)
		path = "/bin:/usr/bin";
	if (strchr(file, '/'))
		path = NULL;
	do {
		size_t n = path ? strcspn(path, ":") : 0;
		if (n >= PATH_MAX) {
			path += n + (path[n] == ':');
			continue;
		}
		if (path) {
			memcpy(full, path, n);
			if (n)
				full[n++] = '/';
			strcpy(full + n, file);
			path += strcspn(path, ":");
		} else
			strcpy(full, file);
		r = op_execveat(AT_FDCWD, full, argv, envp, 0);
		if (r == -ENOEXEC) {
			size_t nr = 0;
			while (argv[nr])
				nr++;
			char **sh = alloca((nr + 3) * sizeof(char *));
			sh[0] = (char *)"sh";
			sh[1] = full;
			for (size_t i = 1; i <= nr; i++)
				sh[i + 1] = argv[i];
			if (nr == 0)
				sh[2] = NULL;
			return op_execveat(AT_FDCWD, "/bin/sh", sh, envp, 0);
		}
		if (r == -EACCES)
			denied = true;
		else if (r != -ENOENT && r != -ENOTDIR && r != -ESTALE && r != -ENODEV && r != -ETIMEDOUT)
			return r;
		if (!path || !*path)
			break;
		path++;
	} while (true);
	return denied ? -EACCES : r;
}
