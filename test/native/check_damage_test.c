/*
 * check_damage_test.c - dfs_cont_check: a container is damaged in each way that it knows, seen to be found, not touched
 * without a flag, and mended in both manners.
 */
#include <stdio.h>
#include <string.h>
#include "check.h"
#include "checked.h"
#include "damage.h"

static void one_damage(const struct damage *d, uint64_t how)
{
	struct dfsx_check seen, mended;
	dfs_t *held = NULL;
	unsigned left, due = how == DFS_CHECK_REMOVE ? d->removed : d->relinked;

	checked_make(false);
	checked_expect_clean("before");
	if (d->held)
		held = checked_mount();
	damage_do(d->damage);
	seen = checked_check(0);
	if (seen.found == 0 || strstr(checked.said, d->word) == NULL)
		fprintf(stderr, "%s: told is\n%s", d->name, checked.said);
	CHECK(seen.found != 0 && seen.mended == 0 && strstr(checked.said, d->word) != NULL);
	CHECK(checked_check(0).found == seen.found); /* nothing was touched */
	mended = checked_check(how);
	if (mended.mended != mended.found)
		fprintf(stderr, "%s:\n%s", d->name, checked.said);
	CHECK(mended.mended >= seen.found && mended.mended == mended.found);
	checked_expect_clean(d->name);
	if (held != NULL)
		CHECK(dfs_disconnect(held) == 0);
	left = checked_walk();
	if (left != due)
		fprintf(stderr, "%s: %u names are left\n%s", d->name, left, checked.said);
	CHECK(left == due);
	checked_destroy();
}

static void bytes_come_back(void)
{
	char in[16] = "", path[64];
	d_iov_t iov = {in, sizeof(in), sizeof(in)};
	d_sg_list_t sgl = {.sg_nr = 1, .sg_iovs = &iov};
	daos_size_t size;
	dfs_obj_t *obj;
	dfs_t *dfs;

	checked_make(false);
	damage_do(leak_host_file);
	CHECK(checked_check(DFS_CHECK_RELINK).mended != 0);
	snprintf(path, sizeof(path), "/lost+found/found/%d", 0x33);
	dfs = checked_mount();
	CHECK(dfs_lookup(dfs, path, O_RDONLY, &obj, NULL, NULL) == 0);
	CHECK(dfs_read(dfs, obj, &sgl, 0, &size, NULL) == 0 && size == 11 && memcmp(in, "found again", 11) == 0);
	CHECK(dfs_release(obj) == 0 && dfs_disconnect(dfs) == 0);
	checked_destroy();
}

int main(void)
{
	CHECK(daos_init() == 0 && dfs_init() == 0);
	checked_store_in("/dev/shm"); /* in memory there is no journal that our damage would not fit */
	for (size_t i = 0; i < damages_count; i++) {
		one_damage(&damages[i], DFS_CHECK_REMOVE);
		one_damage(&damages[i], DFS_CHECK_RELINK);
	}
	bytes_come_back();
	checked_store_remove();
	return 0;
}
