/*
 * name_workloads.c - metadata: names made, looked at, changed and removed in one directory.
 */
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define ROUND_MAX 65536 /* files of a round of create, rename or unlink */

static int setup_files(struct bench *b)
{
	int rc = bench_need_files(b, b->sizes.files);

	return rc != 0 ? rc : bench_shuffle(b, b->sizes.files);
}

static int setup_none(struct bench *b)
{
	(void)b;
	return 0;
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

static void teardown(struct bench *b)
{
	bench_drop_files(b);
}

static int run_stat(struct bench *b, uint64_t i, uint64_t *done)
{
	off_t size;

	(void)done;
	return b->api->stat(&b->dir, bench_path(&b->paths, b->order[(b->at + i) % b->order_nr]), &size);
}

static int run_open(struct bench *b, uint64_t i, uint64_t *done)
{
	struct bench_file file;
	int rc = b->api->open(&b->dir, bench_path(&b->paths, b->order[(b->at + i) % b->order_nr]), O_RDONLY, &file);

	(void)done;
	return rc != 0 ? rc : b->api->close(&file);
}

static int run_readdir(struct bench *b, uint64_t i, uint64_t *done)
{
	int rc = b->api->readdir(&b->dir, done);

	(void)i;
	if (rc == 0 && *done != b->made)
		rc = EBADMSG; /* an entry was left out or came twice: no use timing that */
	return rc;
}

static int run_create(struct bench *b, uint64_t i, uint64_t *done)
{
	struct bench_file file;
	int rc = b->api->open(&b->dir, bench_path(&b->paths, i), O_CREAT | O_EXCL | O_RDWR, &file);

	(void)done;
	if (rc != 0)
		return rc;
	b->made = i + 1;
	return b->api->close(&file);
}

#define SMALL_BYTES 4096

/* As create, with bytes. */
static int run_small_file(struct bench *b, uint64_t i, uint64_t *done)
{
	static const char bytes[SMALL_BYTES] = "small";
	struct bench_file file;
	int rc = b->api->open(&b->dir, bench_path(&b->paths, i), O_CREAT | O_EXCL | O_RDWR, &file), closed;

	(void)done;
	if (rc != 0)
		return rc;
	b->made = i + 1;
	rc = b->api->pwrite(&file, bytes, sizeof(bytes), 0);
	closed = b->api->close(&file);
	return rc != 0 ? rc : closed;
}

static int finish_create(struct bench *b, uint64_t n)
{
	(void)n;
	return bench_drop_files(b);
}

static int run_rename(struct bench *b, uint64_t i, uint64_t *done)
{
	(void)done;
	return b->renamed ? b->api->rename(&b->dir, bench_path(&b->others, i), bench_path(&b->paths, i))
	                  : b->api->rename(&b->dir, bench_path(&b->paths, i), bench_path(&b->others, i));
}

/* The files get their first names back, untimed. */
static int finish_rename(struct bench *b, uint64_t n)
{
	uint64_t i, done;
	int rc = 0;

	b->renamed = true;
	for (i = 0; i < n && rc == 0; i++)
		rc = run_rename(b, i, &done);
	b->renamed = false;
	return rc;
}

static int run_unlink(struct bench *b, uint64_t i, uint64_t *done)
{
	(void)done;
	return b->api->unlink(&b->dir, bench_path(&b->paths, i));
}

static int finish_unlink(struct bench *b, uint64_t n)
{
	(void)n;
	b->made = 0;
	return 0;
}

static int prepare_unlink(struct bench *b, uint64_t n)
{
	return bench_need_files(b, n);
}

const struct bench_workload bench_name_workloads[] = {
    {
        .name = "create",
        .max_ops = ROUND_MAX,
        .setup = setup_none,
        .prepare = nothing,
        .run = run_create,
        .finish = finish_create,
        .teardown = teardown,
    },
    {
        .name = "small-file",
        .max_ops = ROUND_MAX,
        .setup = setup_none,
        .prepare = nothing,
        .run = run_small_file,
        .finish = finish_create,
        .teardown = teardown,
    },
    {
        .name = "stat",
        .setup = setup_files,
        .prepare = nothing,
        .run = run_stat,
        .finish = go_on,
        .teardown = teardown,
    },
    {
        .name = "open",
        .setup = setup_files,
        .prepare = nothing,
        .run = run_open,
        .finish = go_on,
        .teardown = teardown,
    },
    {
        .name = "readdir",
        .counts_itself = true,
        .setup = setup_files,
        .prepare = nothing,
        .run = run_readdir,
        .finish = nothing,
        .teardown = teardown,
    },
    {
        .name = "rename",
        .max_ops = ROUND_MAX,
        .setup = setup_none,
        .prepare = prepare_unlink,
        .run = run_rename,
        .finish = finish_rename,
        .teardown = teardown,
    },
    {
        .name = "unlink",
        .max_ops = ROUND_MAX,
        .setup = setup_none,
        .prepare = prepare_unlink,
        .run = run_unlink,
        .finish = finish_unlink,
        .teardown = teardown,
    },
    {.name = NULL},
};
