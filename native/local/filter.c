/*
 * filter.c - reading the entries of a directory that match a name or are newer than a time.
 */
#include <stdlib.h>
#include "inode.h"
#include "layout.h"
#include "local.h"
#include "object.h"
#include "transaction.h"
#include "views.h"

struct dfs_pipeline {
	dfs_predicate_t pred;
	uint64_t flags;
};

EXPORT int dfs_pipeline_create(dfs_t *dfs, dfs_predicate_t pred, uint64_t flags, dfs_pipeline_t **dpipe)
{
	dfs_pipeline_t *p;

	if (dfs == NULL || dpipe == NULL ||
	    (flags & ~(uint64_t)(DFS_FILTER_NAME | DFS_FILTER_NEWER | DFS_FILTER_INCLUDE_DIRS)) != 0)
		return EINVAL;
	p = malloc(sizeof(*p));
	if (p == NULL)
		return ENOMEM;
	*p = (struct dfs_pipeline){pred, flags};
	p->pred.dp_name[sizeof(p->pred.dp_name) - 1] = '\0';
	*dpipe = p;
	return 0;
}

EXPORT int dfs_pipeline_destroy(dfs_pipeline_t *dpipe)
{
	free(dpipe);
	return 0;
}

/* The pattern of SQL's LIKE: % is any text, _ any byte, \ takes the next one as it is. */
static bool like(const char *name, const char *pattern)
{
	const char *any = NULL, *retry = NULL;

	for (;;) {
		bool plain = pattern[0] == '\\' && pattern[1] != '\0';
		const char *want = pattern + plain;

		if (!plain && *want == '%') {
			any = ++pattern;
			retry = name;
			continue;
		}
		if (*name == '\0' && *want == '\0')
			return true;
		if (*name != '\0' && *want != '\0' && (*name == *want || (!plain && *want == '_'))) {
			name++;
			pattern = want + 1;
			continue;
		}
		if (any == NULL || *retry == '\0')
			return false;
		name = ++retry;
		pattern = any;
	}
}

/* Directories pass whatever they are called, so that a walk comes to what is in them. */
static bool passes(const dfs_pipeline_t *p, const char *name, const struct inode_rec *rec)
{
	if (S_ISDIR(rec->mode) && !(p->flags & DFS_FILTER_INCLUDE_DIRS))
		return true;
	if ((p->flags & DFS_FILTER_NAME) && !like(name, p->pred.dp_name))
		return false;
	return !(p->flags & DFS_FILTER_NEWER) || rec->ctime / 1000000000 > p->pred.dp_newer;
}

/* Keeps those of n entries that pass; what was removed meanwhile does not. */
static int keep_passing(dfs_t *dfs, const dfs_pipeline_t *p, uint32_t *n, struct dirent *dirs, daos_obj_id_t *oids,
                        daos_size_t *csizes)
{
	uint64_t view = VIEW_INO(VIEW_OF(dfs->root), 0);
	uint32_t i, kept = 0;
	struct rtx r;
	int rc = rtx_begin(dfs->c, &r);

	if (rc != 0)
		return rc;
	for (i = 0; i < *n && rc == 0; i++) {
		struct inode_rec rec;

		rc = inode_get(r.txn, dirs[i].d_ino | view, &rec);
		if (rc == 0)
			rc = stat_now(dfs->c, dirs[i].d_ino | view, -1, &rec);
		if (rc == 0 && passes(p, dirs[i].d_name, &rec)) {
			if (oids != NULL)
				oids[kept] = (daos_obj_id_t){.lo = dirs[i].d_ino};
			if (csizes != NULL)
				csizes[kept] = rec.chunk_size;
			if (kept != i)
				dirs[kept] = dirs[i];
			kept++;
		}
		rc = rc == ENOENT ? 0 : rc;
	}
	rtx_end(&r);
	*n = kept;
	return rc;
}

EXPORT int dfs_readdir_with_filter(dfs_t *dfs, dfs_obj_t *obj, dfs_pipeline_t *dpipe, daos_anchor_t *anchor,
                                   uint32_t *nr, struct dirent *dirs, daos_obj_id_t *oids, daos_size_t *csizes,
                                   uint64_t *nr_scanned)
{
	uint32_t room, filled = 0, n;
	int rc = 0;

	if (dfs == NULL || dpipe == NULL || anchor == NULL || nr == NULL || dirs == NULL || nr_scanned == NULL)
		return EINVAL;
	if (obj == NULL || !S_ISDIR(obj->mode))
		return ENOTDIR;
	*nr_scanned = 0;
	for (room = *nr; rc == 0 && filled < room && !daos_anchor_is_eof(anchor); filled += n) {
		n = room - filled;
		rc = dfs_readdir(dfs, obj, anchor, &n, dirs + filled);
		if (rc != 0)
			break;
		*nr_scanned += n;
		rc = keep_passing(dfs, dpipe, &n, dirs + filled, oids != NULL ? oids + filled : NULL,
		                  csizes != NULL ? csizes + filled : NULL);
	}
	*nr = filled;
	return rc;
}
