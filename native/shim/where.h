/*
 * where.h - where a path leads (resolve.c, descriptor_paths.c).
 */
#ifndef DFSKIT_SHIM_WHERE_H
#define DFSKIT_SHIM_WHERE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <daos_fs.h>

struct dir_ref;
struct mount;
struct ofd;

/* Where a path leads. */
struct where {
	bool ours;
	bool must_dir; /* it ended in a slash */
	struct mount *mnt;
	struct dir_ref *dir; /* ours: holds parent; where_done() lets it go */
	struct ofd *holds;   /* or this does */
	int magic;           /* the path is the link that proc(5) has for this descriptor of ours, -1 for any other */
	mode_t type;         /* of parent, when it is what where_enter() found */
	bool no_path;        /* parent was removed, or its path is too long to say */
	dfs_obj_t *parent;
	const char *name; /* ours: last component, "" for parent itself */
	size_t name_len;
	const char *parent_path; /* ours: path of parent inside the container, not ended by a NUL */
	size_t parent_len;       /* 0 for the root */
	int dirfd;               /* not ours: what the kernel is to be asked */
	const char *kpath;
	int links; /* symbolic links followed so far */
	char last[NAME_MAX + 1];
	char path[PATH_MAX + NAME_MAX + 2]; /* for parent_path, or kpath of a path that left us */
	char rest[PATH_MAX + NAME_MAX + 2]; /* what is still to be walked */
};

/** Resolves all but the last component. 0 and *w filled (call where_done in any case), or -errno. */
long where_find(int dirfd, const char *path, struct where *w);
/** Follows the link of proc(5) that \a w is (w->magic): parent is what the descriptor has open, of w->type. */
long where_enter(struct where *w);
/** Goes on with the value of the symbolic link that the last component turned out to be. */
long where_follow(struct where *w, const char *value);
/** where_follow() with the value read from \a link. Releases it. */
long where_follow_obj(struct where *w, dfs_obj_t *link);
void where_done(struct where *w);
/** What \a w found: \a name in the directory \a parent. The strings stay where they are. */
static inline void where_is(struct where *w, const char *parent, size_t parent_len, const char *name, size_t name_len)
{
	w->parent_path = parent;
	w->parent_len = parent_len;
	w->name = name;
	w->name_len = name_len;
}
/** For a where_done() without a where_find(). */
static inline void where_none(struct where *w)
{
	w->dir = NULL;
	w->holds = NULL;
}
/** Path inside the container of the last component. */
void where_path(const struct where *w, char *out);

/** True path of a directory description inside the container. -errno. */
long ofd_dir_path(struct ofd *ofd, char *out, size_t size);

#endif
