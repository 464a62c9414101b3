/*
 * data_workloads.c - reads and writes of one file.
 */
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define SMALL 4096u
#define LARGE (1u << 20)

static int open_data(struct bench *b)
{
	int rc = b->api->open(&b->dir, bench_path(&b->paths, 0), O_CREAT | O_RDWR, &b->file);

	b->file_open = rc == 0;
	return rc;
}

static int close_data(struct bench *b)
{
	if (!b->file_open)
		return 0;
	b->file_open = false;
	return b->api->close(&b->file);
}

/* Every byte is written: a hole would be read without the store being asked. */
static int fill(struct bench *b)
{
	uint64_t off;
	int rc;

	for (off = 0; off < b->sizes.file_bytes; off += LARGE) {
		rc = b->api->pwrite(&b->file, b->buf, LARGE, (off_t)off);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int setup_empty(struct bench *b)
{
	size_t i;

	if (b->sizes.file_bytes < LARGE)
		return EINVAL;
	b->buf = aligned_alloc(SMALL, LARGE);
	if (b->buf == NULL)
		return ENOMEM;
	for (i = 0; i < LARGE; i++)
		b->buf[i] = (char)(i * 31 + i / SMALL);
	return open_data(b);
}

static int setup_full(struct bench *b)
{
	int rc = setup_empty(b);

	if (rc == 0)
		rc = bench_shuffle(b, b->sizes.file_bytes / SMALL);
	return rc != 0 ? rc : fill(b);
}

static int setup_stream(struct bench *b)
{
	return b->api->stream == NULL ? ENOTSUP : setup_full(b);
}

static int nothing(struct bench *b, uint64_t n)
{
	(void)b;
	(void)n;
	return 0;
}

static int go_on(struct bench *b, uint64_t n)
{
	b->at += n;
	return 0;
}

static int rewind_data(struct bench *b, uint64_t n)
{
	(void)n;
	b->at = 0;
	return 0;
}

/* A sequential write makes a new file, as programs do: its blocks are allocated in the timed part. */
static int empty_data(struct bench *b, uint64_t n)
{
	int rc = close_data(b);

	(void)n;
	b->at = 0;
	if (rc == 0)
		rc = b->api->unlink(&b->dir, bench_path(&b->paths, 0));
	return rc != 0 ? rc : open_data(b);
}

static off_t random_offset(const struct bench *b, uint64_t i)
{
	return (off_t)b->order[(b->at + i) % b->order_nr] * SMALL;
}

static off_t next_offset(const struct bench *b, uint64_t i)
{
	return (off_t)((i * LARGE) % (b->sizes.file_bytes / LARGE * LARGE));
}

static int run_rand_read(struct bench *b, uint64_t i, uint64_t *done)
{
	(void)done;
	return b->api->pread(&b->file, b->buf, SMALL, random_offset(b, i));
}

static int run_rand_write(struct bench *b, uint64_t i, uint64_t *done)
{
	(void)done;
	return b->api->pwrite(&b->file, b->buf, SMALL, random_offset(b, i));
}

static int run_seq_read(struct bench *b, uint64_t i, uint64_t *done)
{
	(void)done;
	return b->api->pread(&b->file, b->buf, LARGE, next_offset(b, i));
}

/* What a program reads with stdio, in pieces smaller than the buffer of the stream. One pass over the file. */
static int run_stream(struct bench *b, uint64_t i, uint64_t *done)
{
	(void)i;
	return b->api->stream(bench_path(&b->paths, 0), b->buf, SMALL, done);
}

static int run_seq_write(struct bench *b, uint64_t i, uint64_t *done)
{
	(void)done;
	return b->api->pwrite(&b->file, b->buf, LARGE, next_offset(b, i));
}

static void teardown(struct bench *b)
{
	close_data(b);
	if (b->paths.text != NULL)
		b->api->unlink(&b->dir, bench_path(&b->paths, 0));
}

const struct bench_workload bench_data_workloads[] = {
    {
        .name = "rand-read-4k",
        .op_bytes = SMALL,
        .setup = setup_full,
        .prepare = nothing,
        .run = run_rand_read,
        .finish = go_on,
        .teardown = teardown,
    },
    {
        .name = "rand-write-4k",
        .op_bytes = SMALL,
        .setup = setup_full,
        .prepare = nothing,
        .run = run_rand_write,
        .finish = go_on,
        .teardown = teardown,
    },
    {
        .name = "seq-read-1m",
        .op_bytes = LARGE,
        .setup = setup_full,
        .prepare = rewind_data,
        .run = run_seq_read,
        .finish = nothing,
        .teardown = teardown,
    },
    {
        .name = "seq-write-1m",
        .op_bytes = LARGE,
        .setup = setup_empty,
        .prepare = empty_data,
        .run = run_seq_write,
        .finish = nothing,
        .teardown = teardown,
    },
    {
        .name = "stream-4k",
        .op_bytes = SMALL,
        .counts_itself = true,
        .setup = setup_stream,
        .prepare = nothing,
        .run = run_stream,
        .finish = nothing,
        .teardown = teardown,
    },
    {.name = NULL},
};
