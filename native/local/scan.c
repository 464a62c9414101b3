/*
 * scan.c - dfs_cont_scan: what is in a container, counted.
 */
#include <stdio.h>
#include <stdlib.h>
#include "array.h"
#include "container.h"
#include "handle.h"
#include "local.h"
#include "object.h"
#include "store.h"

#define BATCH 128

struct dir {
	uint64_t ino;
	unsigned depth;
};

struct scan {
	dfs_t *dfs;
	struct dir *stack; /* directories that are still to be read */
	size_t nr, room;
	uint64_t files, dirs, links, bytes, largest_file, largest_dir;
	unsigned deepest;
};

static int push(struct scan *s, uint64_t ino, unsigned depth)
{
	struct dir *stack = array_grow(s->stack, s->nr, &s->room, sizeof(*stack));

	if (stack == NULL)
		return ENOMEM;
	s->stack = stack;
	s->stack[s->nr++] = (struct dir){ino, depth};
	return 0;
}

static int count(struct scan *s, const struct stat *st, unsigned depth)
{
	if (S_ISDIR(st->st_mode)) {
		s->dirs++;
		return push(s, st->st_ino, depth + 1);
	}
	if (S_ISLNK(st->st_mode)) {
		s->links++;
		return 0;
	}
	s->files++;
	s->bytes += (uint64_t)st->st_size;
	if ((uint64_t)st->st_size > s->largest_file)
		s->largest_file = (uint64_t)st->st_size;
	return 0;
}

static int read_dir(struct scan *s, struct dir d, struct dirent *dirs, struct stat *stats)
{
	daos_anchor_t anchor = DAOS_ANCHOR_INIT;
	uint64_t entries = 0;
	dfs_obj_t *obj;
	int rc = object_open_ino(s->dfs, d.ino, O_RDONLY, 0, &obj);

	if (rc != 0)
		return rc == ENOENT ? 0 : rc; /* removed meanwhile */
	while (rc == 0 && !daos_anchor_is_eof(&anchor)) {
		uint32_t n = BATCH, i;

		rc = dfs_readdirplus(s->dfs, obj, &anchor, &n, dirs, stats);
		for (i = 0; rc == 0 && i < n; i++)
			rc = count(s, &stats[i], d.depth);
		entries += rc == 0 ? n : 0;
	}
	dfs_release(obj);
	if (entries > s->largest_dir)
		s->largest_dir = entries;
	if (d.depth > s->deepest)
		s->deepest = d.depth;
	return rc;
}

static int scan(struct scan *s, const char *from)
{
	struct dirent *dirs = malloc(BATCH * sizeof(*dirs));
	struct stat *stats = malloc(BATCH * sizeof(*stats)), st;
	dfs_obj_t *obj = NULL;
	int rc = dirs == NULL || stats == NULL ? ENOMEM : dfs_lookup(s->dfs, from, O_RDONLY, &obj, NULL, &st);

	if (rc == 0 && !S_ISDIR(st.st_mode))
		rc = ENOTDIR;
	if (rc == 0)
		rc = push(s, obj->ino, 0);
	if (obj != NULL)
		dfs_release(obj);
	while (rc == 0 && s->nr > 0)
		rc = read_dir(s, s->stack[--s->nr], dirs, stats);
	free(dirs);
	free(stats);
	return rc;
}

EXPORT int dfs_cont_scan(daos_handle_t poh, const char *cont, uint64_t flags, const char *name)
{
	struct scan s = {0};
	struct handle h;
	struct cont *c;
	int rc;

	(void)flags;
	if (cont == NULL || handle_get(poh, DAOS_HTYPE_POOL, &h) != 0)
		return EINVAL;
	rc = store_cont_get(h.store, h.pool, cont, &c);
	if (rc == 0)
		rc = mount_new(c, O_RDONLY, 0, &s.dfs);
	if (rc != 0)
		return rc;
	name = name != NULL ? name : "/";
	rc = scan(&s, name);
	free(s.stack);
	dfs_umount(s.dfs);
	if (rc != 0)
		return rc;
	printf("%s/%s, from %s on:\n", h.pool, cont, name);
	printf("files                  %" PRIu64 "\ndirectories            %" PRIu64 "\nsymbolic links         %" PRIu64
	       "\n",
	       s.files, s.dirs, s.links);
	printf("bytes of files         %" PRIu64 "\nlargest file           %" PRIu64 "\n", s.bytes, s.largest_file);
	printf("entries of the largest directory %" PRIu64 "\nlevels of directories  %u\n", s.largest_dir, s.deepest);
	fflush(stdout);
	return 0;
}
