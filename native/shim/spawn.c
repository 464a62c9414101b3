/*
 * spawn.c - functions of libc that start a program in a child sharing our memory.
 *
 * posix_spawn(3) and what is built on it make a child with CLONE_VM: it has its own descriptors but our
 * tables. While one may be under way, changes of the table look whose they are (fd_foreign_child).
 */
#include <spawn.h>
#include <stdio.h>
#include <wordexp.h>
#include "arena.h"
#include "cwd.h"
#include "entry.h"
#include "fdtable.h"
#include "foreign.h"
#include "materialise.h"
#include "ofd.h"
#include "runtime.h"
#include "spawning.h"

SHIM_HOT_DATA _Atomic int shim_spawning;

/* With symbols alone nothing of ours runs in that child before its exec: hand real descriptors on. */
static long materialise_one(int fd, struct ofd *ofd, void *arg)
{
	long flags = SHIM_RAW(SYS_fcntl, fd, F_GETFD);
	(void)arg;
	if (flags >= 0 && !(flags & FD_CLOEXEC))
		ofd_materialise(ofd, true);
	return 0;
}

/* The child may change its working directory, which it notes in our memory. */
struct ofd *spawn_begin(void)
{
	if (shim_symbols_only && shim_fds)
		fd_each(materialise_one, NULL);
	arena_prepare_fork(); /* what becomes real in the child is fetched from the mailbox */
	atomic_fetch_add(&shim_spawning, 1);
	fd_unpark();
	return ofd_get_cwd();
}

void spawn_end(struct ofd *cwd)
{
	atomic_fetch_sub(&shim_spawning, 1);
	fds_spawned();
	ofd_put(atomic_exchange(&shim_cwd, cwd));
}

#define SPAWNED(type, name, params, ...)              \
	static type(*real) params;                    \
	type result;                                  \
	struct ofd *cwd = spawn_begin();              \
	result = ENTRY_REAL(real, name)(__VA_ARGS__); \
	spawn_end(cwd);                               \
	return result

int shim_posix_spawn(void *pid, const char *file, const void *actions, const void *attr, char *const *argv,
                     char *const *envp)
{
	SPAWNED(int, "posix_spawn", (void *, const char *, const void *, const void *, char *const *, char *const *),
	        pid, file, actions, attr, argv, envp);
}

int shim_posix_spawnp(void *pid, const char *file, const void *actions, const void *attr, char *const *argv,
                      char *const *envp)
{
	SPAWNED(int, "posix_spawnp", (void *, const char *, const void *, const void *, char *const *, char *const *),
	        pid, file, actions, attr, argv, envp);
}

/* From glibc 2.39 on; an older libc has none to lead to. */
#define PIDFD_SPAWNED(name)                                                                                 \
	static int (*real)(void *, const char *, const void *, const void *, char *const *, char *const *); \
	if (!ENTRY_REAL(real, name))                                                                        \
		return ENOSYS;                                                                              \
	struct ofd *cwd = spawn_begin();                                                                    \
	int result = real(pidfd, file, actions, attr, argv, envp);                                          \
	spawn_end(cwd);                                                                                     \
	return result

int shim_pidfd_spawn(void *pidfd, const char *file, const void *actions, const void *attr, char *const *argv,
                     char *const *envp)
{
	PIDFD_SPAWNED("pidfd_spawn");
}

int shim_pidfd_spawnp(void *pidfd, const char *file, const void *actions, const void *attr, char *const *argv,
                      char *const *envp)
{
	PIDFD_SPAWNED("pidfd_spawnp");
}

void *shim_popen(const char *command, const char *type)
{
	SPAWNED(void *, "popen", (const char *, const char *), command, type);
}

int shim_system(const char *command)
{
	SPAWNED(int, "system", (const char *), command);
}

int shim_wordexp(const char *words, void *result_, int flags)
{
	SPAWNED(int, "wordexp", (const char *, void *, int), words, result_, flags);
}
