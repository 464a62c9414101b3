/*
 * view.c - the bytes of a file as a snapshot has them.
 *
 * Each piece comes from the first preserved file that has it, otherwise from the host file, which the
 * live container may be changing. A change keeps the old bytes first and sets the bit of the chunk; so
 * what was read from the host file is right if the bit is still not set afterwards.
 *
 * No descriptor is kept between calls: a snapshot that is destroyed gives its space back at once, and
 * everything after that fails with ESTALE.
 */
#include <stdlib.h>
#include "container.h"
#include "env.h"
#include "hostfd.h"
#include "inode.h"
#include "layout.h"
#include "local.h"
#include "object.h"
#include "preserved.h"
#include "snapshot.h"
#include "transaction.h"
#include "view.h"
#include "views.h"

#define BATCH_CHUNKS 512 /* chunks whose bits are looked at together */

struct label {
	int data, map;
	bool whole;
	uint8_t bits[BATCH_CHUNKS / 8 + 1]; /* from the byte of the batch's first chunk on */
};

struct sources {
	struct cont *c;
	uint64_t ino, size;
	int live;
	struct label *labels;
	unsigned nr;
	uint64_t first; /* chunk of the batch */
};

static void sources_close(struct sources *s)
{
	unsigned i;

	for (i = 0; i < s->nr; i++) {
		fd_close(s->labels[i].data);
		fd_close(s->labels[i].map);
	}
	free(s->labels);
	s->labels = NULL;
	s->nr = 0;
	fd_close(s->live);
	s->live = -1;
}

static int open_label(struct sources *s, uint64_t epoch)
{
	struct label *l = &s->labels[s->nr];
	char path[64];

	preserved_path(path, s->ino, epoch, true);
	l->map = fd_open(s->c->dir_fd, path, O_RDONLY | O_NOFOLLOW, 0);
	if (l->map < 0)
		return l->map == -ENOENT ? 0 : -l->map; /* nothing was kept yet */
	preserved_path(path, s->ino, epoch, false);
	l->data = fd_open(s->c->dir_fd, path, O_RDONLY | O_NOFOLLOW, 0);
	s->nr++;
	return l->data < 0 && l->data != -ENOENT ? -l->data : 0;
}

static int sources_open(struct cont *c, uint64_t ino, struct sources *s)
{
	struct labels found = {0};
	struct inode_rec rec;
	uint64_t epoch = 0;
	char path[32];
	struct rtx r;
	unsigned i;
	int rc = rtx_begin(c, &r);

	*s = (struct sources){.c = c, .ino = ino, .live = -1};
	if (rc != 0)
		return rc;
	rc = snapshot_epoch(r.txn, VIEW_OF(ino), &epoch);
	if (rc == 0)
		rc = inode_get(r.txn, ino, &rec);
	if (rc == 0)
		rc = stat_now(c, ino, -1, &rec);
	if (rc == 0)
		rc = labels_get(r.txn, BARE_INO(ino), epoch, &found);
	rtx_end(&r);
	if (rc != 0)
		return env_errno(rc);
	s->size = rec.size;
	s->labels = calloc(found.nr + 1, sizeof(*s->labels));
	if (s->labels == NULL)
		rc = ENOMEM;
	for (i = 0; rc == 0 && i < found.nr; i++)
		rc = open_label(s, found.epochs[i]);
	labels_free(&found);
	host_path(path, ino);
	if (rc == 0)
		s->live = fd_open(c->obj_fd, path, O_RDONLY | O_NOFOLLOW, 0);
	if (rc == 0 && s->live < 0 && s->live != -ENOENT)
		rc = -s->live;
	if (rc != 0)
		sources_close(s);
	return rc;
}

static int load_bits(struct sources *s, uint64_t first)
{
	unsigned i;

	s->first = first;
	for (i = 0; i < s->nr; i++) {
		struct label *l = &s->labels[i];
		uint8_t whole = 0;
		ssize_t n = sys_pread(l->map, &whole, 1, MAP_WHOLE);

		memset(l->bits, 0, sizeof(l->bits));
		if (n >= 0)
			n = sys_pread(l->map, l->bits, sizeof(l->bits), MAP_BITS + first / 8);
		if (n < 0)
			return (int)-n;
		l->whole = whole != 0;
	}
	return 0;
}

/* Where a chunk of the batch is: a preserved file, or NULL for the host file. */
static const struct label *label_of(const struct sources *s, uint64_t chunk)
{
	unsigned i;

	for (i = 0; i < s->nr; i++)
		if (s->labels[i].whole || s->labels[i].bits[chunk / 8 - s->first / 8] >> chunk % 8 & 1)
			return &s->labels[i];
	return NULL;
}

/* Bytes from off on that lie together, up to end. */
static uint64_t run_end(const struct sources *s, uint64_t off, uint64_t end, const struct label **l)
{
	uint64_t chunk = off / CHUNK_SIZE;

	*l = label_of(s, chunk);
	do {
		chunk++;
	} while (chunk < s->first + BATCH_CHUNKS && chunk * CHUNK_SIZE < end && label_of(s, chunk) == *l);
	return chunk * CHUNK_SIZE < end ? chunk * CHUNK_SIZE : end;
}

/* What a sparse file does not reach is zero. */
static int read_run(int fd, uint8_t *buf, uint64_t len, uint64_t off)
{
	while (len != 0) {
		ssize_t n = fd < 0 ? 0 : sys_pread(fd, buf, len, off);

		if (n < 0)
			return (int)-n;
		if (n == 0) {
			memset(buf, 0, len);
			return 0;
		}
		buf += n;
		off += (uint64_t)n;
		len -= (uint64_t)n;
	}
	return 0;
}

/* Was any of what was read from the host file kept meanwhile, so that it may be newer? Looks anew. */
static int check_live(struct sources *s, uint64_t off, uint64_t end, bool *again)
{
	const struct label *l = NULL;
	struct sources now;
	int rc = sources_open(s->c, s->ino, &now);

	if (rc != 0)
		return rc;
	while (rc == 0 && l == NULL && off < end) {
		rc = load_bits(&now, off / CHUNK_SIZE);
		off = run_end(&now, off, end, &l);
	}
	*again = l != NULL;
	sources_close(&now);
	return rc;
}

/* Reads one piece of memory. */
static int read_piece(struct sources *s, uint8_t *buf, uint64_t off, uint64_t end, bool *again)
{
	while (off < end && !*again) {
		const struct label *l;
		uint64_t next;
		int rc = 0;

		if (off / CHUNK_SIZE < s->first || off / CHUNK_SIZE >= s->first + BATCH_CHUNKS)
			rc = load_bits(s, off / CHUNK_SIZE);
		if (rc != 0)
			return rc;
		next = run_end(s, off, end, &l);
		rc = read_run(l != NULL ? l->data : s->live, buf, next - off, off);
		if (rc == 0 && l == NULL)
			rc = check_live(s, off, next, again);
		if (rc != 0)
			return rc;
		buf += next - off;
		off = next;
	}
	return 0;
}

static int read_once(struct dfs_obj *o, const struct iovec *iov, int nr, uint64_t off, uint64_t *done, bool *again)
{
	uint64_t at = off;
	struct sources s;
	int i, rc = sources_open(o->c, o->ino, &s);

	*again = false;
	if (rc != 0)
		return rc;
	rc = load_bits(&s, off / CHUNK_SIZE);
	for (i = 0; rc == 0 && i < nr && at < s.size; i++) {
		uint64_t end = at + iov[i].iov_len;

		if (end > s.size)
			end = s.size;
		rc = read_piece(&s, iov[i].iov_base, at, end, again);
		at = end;
	}
	*done = at - off;
	sources_close(&s);
	return rc;
}

int view_read(struct dfs_obj *o, const struct iovec *iov, int nr, uint64_t off, uint64_t *done)
{
	bool again = true;
	int rc = 0;

	while (rc == 0 && again)
		rc = read_once(o, iov, nr, off, done, &again);
	if (rc != 0)
		*done = 0;
	return rc;
}

/* SEEK_DATA and SEEK_HOLE. What changes meanwhile is kept with its holes as they are. */
static int seek_once(struct sources *s, uint64_t off, int whence, uint64_t *result)
{
	while (off < s->size) {
		const struct label *l;
		uint64_t next;
		int64_t at;
		int fd, rc = load_bits(s, off / CHUNK_SIZE);

		if (rc != 0)
			return rc;
		next = run_end(s, off, s->size, &l);
		fd = l != NULL ? l->data : s->live;
		at = fd < 0 ? -ENXIO : sys_lseek(fd, (int64_t)off, whence);
		if (at == -ENXIO && whence == SEEK_HOLE)
			at = (int64_t)off;
		if (at >= 0 && (uint64_t)at < next) {
			*result = (uint64_t)at;
			return 0;
		}
		if (at < 0 && at != -ENXIO)
			return (int)-at;
		off = next;
	}
	*result = s->size;
	return whence == SEEK_HOLE ? 0 : ENXIO;
}

int view_seek(struct dfs_obj *o, uint64_t off, int whence, uint64_t *result)
{
	struct sources s;
	int rc = sources_open(o->c, o->ino, &s);

	if (rc != 0)
		return rc;
	rc = off >= s.size ? ENXIO : seek_once(&s, off, whence, result);
	sources_close(&s);
	return rc;
}
