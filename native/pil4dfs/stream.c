/*
 * stream.c - readdir(3) and its kin on directories of ours.
 *
 * The DIR stays libc's own, on a real descriptor, so whatever else takes one goes on to work. What readdir() hands
 * out comes from a batch that we keep beside it, which saves libc's lock and its second look at each record. A second
 * DIR on the same description (dup, fdopendir) is served by libc, through getdents64.
 */
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include "../shim/entry.h"
#include "../shim/ofd.h"
#include "../shim/ranks.h"
#include "../shim/runtime.h"
#include "../shim/solo.h"

#define BATCH_SIZE 32768u /* as libc's: one of its DIRs has the same memory unused */

struct stream {
	DIR *dir;
	atomic_flag lock; /* taken only while the program has threads */
	long place;       /* where the entry handed out last says that the next one is: telldir() */
	size_t at, end;
	_Alignas(
	    8) char batch[BATCH_SIZE]; /* records as the kernel's; struct dirent is the same on this architecture */
};
_Static_assert(offsetof(struct dirent, d_off) == 8 && offsetof(struct dirent, d_name) == 19, "record of getdents64");

static void lock(struct stream *s)
{
	rank_take(RANK_STREAM, 0);
	if (!solo())
		while (atomic_flag_test_and_set_explicit(&s->lock, memory_order_acquire))
			sched_yield();
}

static void unlock(struct stream *s)
{
	rank_give(RANK_STREAM);
	atomic_flag_clear_explicit(&s->lock, memory_order_release);
}

/* The description below a DIR, NULL when it isn't ours. The DIR holds its descriptor, so no reference is needed. */
static struct ofd *below(DIR *dir)
{
	if (ENTRY_LIKELY(shim_fds == NULL) || dir == NULL)
		return NULL;
	int fd = dirfd(dir);
	struct ofd *ofd = (unsigned int)fd < SHIM_FD_MAX ? __atomic_load_n(&shim_fds[fd], __ATOMIC_ACQUIRE) : NULL;
	return ofd != NULL && ofd->kind == OFD_DIR ? ofd : NULL;
}

/* The stream that the thread found last, as long as none has gone since. */
static _Thread_local struct {
	DIR *dir;
	struct stream *stream;
	unsigned int gone;
} last;

static struct stream *look_up(DIR *dir)
{
	unsigned int gone = atomic_load_explicit(&shim_streams_gone, memory_order_acquire);
	struct ofd *ofd = below(dir);
	struct stream *s = ofd != NULL ? atomic_load_explicit(&ofd->stream, memory_order_acquire) : NULL;

	if (s == NULL || s->dir != dir)
		return NULL;
	last.dir = NULL; /* a signal handler may come in between */
	atomic_signal_fence(memory_order_seq_cst);
	last.stream = s;
	last.gone = gone;
	atomic_signal_fence(memory_order_seq_cst);
	last.dir = dir;
	return s;
}

static inline struct stream *stream_of(DIR *dir)
{
	struct stream *s = last.stream;

	atomic_signal_fence(memory_order_seq_cst); /* a handler in between leaves another DIR behind, or the same */
	if (ENTRY_LIKELY(last.dir == dir &&
	                 last.gone == atomic_load_explicit(&shim_streams_gone, memory_order_acquire)))
		return s;
	return look_up(dir);
}

/* The first readdir() of a DIR makes its stream; NULL: libc serves it. */
static struct stream *begin(DIR *dir)
{
	struct ofd *ofd = below(dir);
	struct stream *none = NULL;

	if (ofd == NULL || atomic_load(&ofd->stream) != NULL)
		return NULL;
	struct stream *s = memory_take(sizeof(*s));
	if (s == NULL)
		return NULL;
	s->dir = dir;
	atomic_flag_clear(&s->lock);
	s->place = 0;
	s->at = s->end = 0;
	if (atomic_compare_exchange_strong(&ofd->stream, &none, s))
		return s;
	memory_give(s);
	return stream_of(dir);
}

/* 0 at the end of the directory, which one that was removed has at once. That is told from an error by errno, which a
 * provider may have changed: readdir(3). */
static long fill(struct stream *s)
{
	int saved = errno;
	long n = ENTRY_TAKE(CALL_getdents64, op_getdents64(dirfd(s->dir), s->batch, sizeof(s->batch)));

	errno = saved;
	s->at = 0;
	s->end = n > 0 ? (size_t)n : 0;
	return n == -ENOENT ? 0 : n;
}

/* The next entry; NULL with *error 0 at the end. s is locked. */
static inline struct dirent *next(struct stream *s, int *error)
{
	long n = 0;

	if (ENTRY_UNLIKELY(s->at >= s->end) && (n = fill(s)) <= 0) {
		*error = (int)-n;
		return NULL;
	}
	struct dirent *entry = (struct dirent *)(s->batch + s->at);
	s->at += entry->d_reclen;
	s->place = entry->d_off;
	return entry;
}

SHIM_HOT void *shim_readdir(void *dir)
{
	static struct dirent *(*real)(DIR *);
	struct stream *s = stream_of(dir);
	int error = 0;

	if (ENTRY_UNLIKELY(s == NULL) && (s = begin(dir)) == NULL)
		return ENTRY_REAL(real, "readdir64")(dir);
	lock(s);
	struct dirent *entry = next(s, &error);
	unlock(s);
	if (ENTRY_UNLIKELY(error != 0))
		errno = error;
	return entry;
}

int shim_readdir_r(void *dir, void *room, void **result)
{
	static int (*real)(DIR *, void *, void **);
	struct stream *s = stream_of(dir);
	int error = 0;

	if (s == NULL && (s = begin(dir)) == NULL)
		return ENTRY_REAL(real, "readdir64_r")(dir, room, result);
	lock(s);
	struct dirent *entry = next(s, &error);
	*result = entry != NULL ? memcpy(room, entry, entry->d_reclen) : NULL;
	unlock(s);
	return error;
}

long shim_telldir(void *dir)
{
	static long (*real)(DIR *);
	struct stream *s = stream_of(dir);

	return s != NULL ? s->place : ENTRY_REAL(real, "telldir")(dir);
}

static void move(struct stream *s, long place)
{
	lock(s);
	op_lseek(dirfd(s->dir), place, SEEK_SET);
	s->place = place;
	s->at = s->end = 0;
	unlock(s);
}

void shim_seekdir(void *dir, long place)
{
	static void (*real)(DIR *, long);
	struct stream *s = stream_of(dir);

	if (s != NULL)
		move(s, place);
	else
		ENTRY_REAL(real, "seekdir")(dir, place);
}

void shim_rewinddir(void *dir)
{
	static void (*real)(DIR *);
	struct stream *s = stream_of(dir);

	if (s != NULL)
		move(s, 0);
	else
		ENTRY_REAL(real, "rewinddir")(dir);
}

int shim_closedir(void *dir)
{
	static int (*real)(DIR *);
	struct ofd *ofd = below(dir);
	struct stream *s = ofd != NULL ? stream_of(dir) : NULL;

	if (s != NULL && atomic_compare_exchange_strong(&ofd->stream, &s, NULL))
		stream_free(s);
	return ENTRY_REAL(real, "closedir")(dir);
}
