/*
 * check.c - dfs_cont_check: finds what contradicts itself in a container, and mends it.
 *
 * Others may go on using the container. The tree is read in one transaction, and host files are looked at beside it, so
 * what is found is only a suspicion; each is looked at again in a write transaction, in which nobody else changes
 * anything, and what is still wrong there is told and mended there. Mending may bring up more (the objects of an entry that
 * was none have no name then), so the whole is repeated until a round finds nothing to mend.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "array.h"
#include "check.h"
#include "handle.h"
#include "layout.h"
#include "local.h"
#include "marks.h"
#include "object.h"
#include "record.h"
#include "store.h"
#include "transaction.h"

#define ROUNDS   16  /* a tree that is damaged level by level needs one for each */
#define PATIENCE 250 /* of 20 ms */

int check_suspect(struct check *k, enum suspicion what, uint64_t ino, uint64_t dir, uint64_t slot)
{
	struct suspect *s, *list = array_grow(k->list, k->nr, &k->room, sizeof(*list));

	if (list == NULL)
		return ENOMEM;
	k->list = list;
	s = &k->list[k->nr++];
	s->what = what;
	s->ino = ino;
	s->dir = dir;
	s->slot = slot;
	s->name[0] = '\0';
	s->real = s->mended = false;
	return 0;
}

static void tell(struct check *k, const struct suspect *s)
{
	char line[2 * DFS_MAX_NAME], where[DFS_MAX_NAME + 64] = "";

	if (k->result->say == NULL)
		return;
	if (s->what == LEAKED_COPY || s->what == LEAKED_HOST)
		snprintf(where, sizeof(where), " (%s)", s->name);
	else if (s->name[0] != '\0')
		snprintf(where, sizeof(where), " (\"%s\" in directory %" PRIu64 ")", s->name, s->dir);
	snprintf(line, sizeof(line), "%s: inode %" PRIu64 "%s%s", check_words(s->what), s->ino, where,
	         s->mended          ? ": repaired"
	         : check_repairs(k) ? ": not repaired"
	                            : "");
	k->result->say(k->result->arg, line);
}

/* Reads every byte, of the live container. */
static int read_bytes(struct check *k)
{
	static const size_t piece = 1 << 20;
	uint64_t after = 0;
	char *buf = malloc(piece);
	int rc = buf == NULL ? ENOMEM : 0;

	while (rc == 0) {
		d_iov_t iov = {buf, piece, piece};
		d_sg_list_t sgl = {.sg_nr = 1, .sg_iovs = &iov};
		struct key key = make_key(SPACE_INODE | (after + 1), 0), at;
		MDB_val key_val = {sizeof(key), &key}, v;
		daos_size_t got = piece, off;
		MDB_cursor *cur;
		dfs_obj_t *obj;
		struct rtx r;

		rc = rtx_begin_tree(k->c, &r);
		if (rc != 0)
			break;
		rc = tree_cursor(r.txn, &cur);
		if (rc == 0) {
			rc = mdb_cursor_get(cur, &key_val, &v, MDB_SET_RANGE);
			if (rc == 0 && key_val.mv_size == sizeof(at))
				memcpy(&at, key_val.mv_data, sizeof(at));
			mdb_cursor_close(cur);
		}
		rtx_end(&r);
		if (rc != 0 || key_val.mv_size != sizeof(at) || __builtin_bswap64(at.hi) >= SPACE_HISTORY)
			break;
		after = __builtin_bswap64(at.hi) & ~SPACE_INODE;
		if (object_open_ino(k->dfs, after, O_RDONLY, 0, &obj) != 0)
			continue;
		for (off = 0; S_ISREG(obj->mode) && rc == 0 && got == piece; off += got) {
			rc = dfs_read(k->dfs, obj, &sgl, off, &got, NULL);
			if (rc != 0 && rc != ENOMEM)
				rc = check_suspect(k, UNREADABLE, after, 0, 0) == 0 ? (got = 0, 0) : ENOMEM;
		}
		dfs_release(obj);
	}
	free(buf);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int one_round(struct check *k, bool first)
{
	size_t i;
	int rc;

	k->nr = 0;
	k->mended_in_round = 0;
	k->patience = PATIENCE;
	rc = check_tree(k);
	if (rc == 0)
		rc = check_host(k);
	if (rc == 0 && first && (k->flags & DFS_CHECK_VERIFY))
		rc = read_bytes(k);
	for (i = 0; rc == 0 && i < k->nr; i++) {
		struct suspect *s = &k->list[i];

		rc = check_mend(k, s);
		if (rc != 0 || !s->real)
			continue;
		k->result->found += first || s->mended;
		k->result->mended += s->mended;
		k->mended_in_round += s->mended;
		if (first || s->mended)
			tell(k, s);
	}
	return rc;
}

static int check(struct check *k)
{
	unsigned round;
	int rc = 0;

	marks_bury(k->c);
	for (round = 0; rc == 0 && round < ROUNDS; round++) {
		rc = one_round(k, round == 0);
		if (k->mended_in_round == 0)
			break;
	}
	free(k->list);
	return rc;
}

EXPORT int dfsx_cont_check(daos_handle_t poh, const char *cont, uint64_t flags, const char *name,
                           struct dfsx_check *result)
{
	struct check k = {.flags = flags, .place = name, .result = result};
	char stamp[32];
	time_t now = time(NULL);
	struct handle h;
	struct tm tm;
	int rc;

	if (cont == NULL || result == NULL || handle_get(poh, DAOS_HTYPE_POOL, &h) != 0 ||
	    (flags & (DFS_CHECK_REMOVE | DFS_CHECK_RELINK)) == (DFS_CHECK_REMOVE | DFS_CHECK_RELINK))
		return EINVAL;
	result->found = result->mended = 0;
	rc = store_cont_get(h.store, h.pool, cont, &k.c);
	if (rc == 0)
		rc = mount_new(k.c, O_RDWR, 0, &k.dfs);
	if (rc != 0)
		return rc;
	if (k.place == NULL && localtime_r(&now, &tm) != NULL) {
		strftime(stamp, sizeof(stamp), "%Y-%m-%d-%H:%M:%S", &tm);
		k.place = stamp;
	}
	rc = check(&k);
	dfs_umount(k.dfs);
	return rc;
}

static void print(void *arg, const char *line)
{
	(void)arg;
	puts(line);
}

EXPORT int dfs_cont_check(daos_handle_t poh, const char *cont, uint64_t flags, const char *name)
{
	struct dfsx_check result = {.say = flags & DFS_CHECK_PRINT ? print : NULL};
	int rc = dfsx_cont_check(poh, cont, flags, name, &result);

	if (rc == 0 && (flags & DFS_CHECK_PRINT)) {
		printf("%s: %" PRIu64 " found, %" PRIu64 " repaired\n", cont, result.found, result.mended);
		fflush(stdout);
	}
	return rc;
}
