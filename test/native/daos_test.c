/*
 * daos_test.c - a program as one writes it for DAOS: nothing in it knows which provider answers, and it links with
 * DAOS's library names. Pools, containers, their properties and attributes, event queues, object classes, filters.
 */
#include <daos.h>
#include <daos_fs.h>
#include <fcntl.h>
#include <gurt/common.h>
#include <gurt/hash.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "check.h"

static void pools(daos_handle_t poh)
{
	daos_pool_info_t info = {.pi_bits = DPI_SPACE};
	d_rank_list_t *ranks = NULL;
	daos_prop_t *all = daos_prop_alloc(0), *one = daos_prop_alloc(1);
	struct daos_prop_entry *entry;

	CHECK(all != NULL && one != NULL);
	CHECK(daos_pool_query(poh, &ranks, &info, all, NULL) == 0);
	CHECK(info.pi_ntargets >= 1 && info.pi_nnodes >= 1 && info.pi_bits == DPI_SPACE);
	CHECK(info.pi_space.ps_space.s_total[DAOS_MEDIA_SCM] > 0);
	CHECK(info.pi_space.ps_space.s_free[DAOS_MEDIA_SCM] <= info.pi_space.ps_space.s_total[DAOS_MEDIA_SCM]);
	CHECK(ranks != NULL && ranks->rl_nr == 1);
	entry = daos_prop_entry_get(all, DAOS_PROP_PO_LABEL);
	CHECK(entry != NULL && daos_prop_has_str(entry) && strcmp(entry->dpe_str, "tank") == 0);
	one->dpp_entries[0].dpe_type = DAOS_PROP_CO_LABEL; /* of a container */
	CHECK(daos_pool_query(poh, NULL, NULL, one, NULL) == -DER_INVAL);
	d_rank_list_free(ranks);
	daos_prop_free(all);
	daos_prop_free(one);
}

static void containers(daos_handle_t coh)
{
	daos_cont_info_t info;
	daos_prop_t *all = daos_prop_alloc(0), *some = daos_prop_alloc(2);
	struct daos_prop_entry *entry;

	CHECK(daos_cont_query(coh, &info, all, NULL) == 0);
	CHECK(info.ci_nhandles == 1 && info.ci_nsnapshots == 0);
	entry = daos_prop_entry_get(all, DAOS_PROP_CO_LAYOUT_TYPE);
	CHECK(entry != NULL && entry->dpe_val == DAOS_PROP_CO_LAYOUT_POSIX);
	entry = daos_prop_entry_get(all, DAOS_PROP_CO_ACL);
	CHECK(entry != NULL && !daos_prop_is_set(entry) && !daos_prop_has_ptr(entry));
	some->dpp_entries[0].dpe_type = DAOS_PROP_CO_OWNER;
	some->dpp_entries[1].dpe_type = DAOS_PROP_CO_LABEL;
	CHECK(daos_cont_query(coh, NULL, some, NULL) == 0);
	CHECK(strchr(some->dpp_entries[0].dpe_str, '@') != NULL);
	CHECK(strcmp(some->dpp_entries[1].dpe_str, "c1") == 0);
	CHECK(daos_prop_set_str(some, DAOS_PROP_CO_LABEL, "renamed", 7) == 0);
	CHECK(strcmp(some->dpp_entries[1].dpe_str, "renamed") == 0);
	CHECK(daos_prop_set_str(some, DAOS_PROP_CO_OWNER_GROUP, "x", 1) == -DER_NONEXIST);
	daos_prop_free(all);
	daos_prop_free(some);
}

/* Attributes of users, of a pool (which 0) or a container. */
static void attributes(int pool, daos_handle_t hdl)
{
	char long_name[DAOS_ATTR_NAME_MAX + 2], value[8], names_out[64];
	const char *names[] = {"color", "size of it"}, *missing[] = {"color", "none"}, *too_long[] = {long_name};
	const void *values[] = {"green", "\0\1\2"};
	void *out[] = {value, NULL};
	size_t sizes[] = {5, 3}, room[] = {sizeof(value), 0}, size = 0;

#define ATTR(call, ...) \
	(pool ? daos_pool_##call##_attr(hdl, __VA_ARGS__, NULL) : daos_cont_##call##_attr(hdl, __VA_ARGS__, NULL))
	memset(long_name, 'n', sizeof(long_name));
	long_name[DAOS_ATTR_NAME_MAX + 1] = '\0';
	CHECK(ATTR(list, NULL, &size) == 0 && size == 0);
	CHECK(ATTR(set, 2, names, values, sizes) == 0);
	CHECK(ATTR(set, 1, too_long, values, sizes) == -DER_INVAL);
	long_name[DAOS_ATTR_NAME_MAX] = '\0';
	CHECK(ATTR(set, 1, too_long, values, sizes) == 0);
	CHECK(ATTR(get, 2, names, out, room) == 0);
	CHECK(room[0] == 5 && memcmp(value, "green", 5) == 0 && room[1] == 3);
	room[0] = 2; /* what does not fit is cut off, and the whole length told */
	memset(value, 0, sizeof(value));
	CHECK(ATTR(get, 1, names, out, room) == 0 && room[0] == 5 && strcmp(value, "gr") == 0);
	room[0] = sizeof(value);
	CHECK(ATTR(get, 2, missing, out, room) == -DER_NONEXIST);
	CHECK(ATTR(del, 2, missing) == -DER_NONEXIST); /* all or nothing */
	CHECK(ATTR(get, 1, names, out, room) == 0);
	CHECK(ATTR(del, 1, too_long) == 0);
	size = sizeof(names_out);
	CHECK(ATTR(list, names_out, &size) == 0 && size == strlen(names[0]) + strlen(names[1]) + 2);
	CHECK(ATTR(del, 2, names) == 0);
	CHECK(ATTR(list, NULL, &size) == 0 && size == 0);
#undef ATTR
}

static void queues(dfs_t *dfs)
{
	char out[4096], in[4096] = "";
	d_iov_t wiov = {out, sizeof(out), sizeof(out)}, riov = {in, sizeof(in), sizeof(in)};
	d_sg_list_t wsgl = {.sg_nr = 1, .sg_iovs = &wiov}, rsgl = {.sg_nr = 1, .sg_iovs = &riov};
	daos_event_t ev, *done;
	daos_size_t size = 0;
	daos_handle_t eqh;
	dfs_obj_t *obj;

	memset(out, 'x', sizeof(out));
	CHECK(daos_eq_create(&eqh) == 0);
	CHECK(dfs_open(dfs, NULL, "data", S_IFREG | 0644, O_RDWR | O_CREAT, OC_SX, 1 << 20, NULL, &obj) == 0);
	CHECK(daos_event_init(&ev, eqh, NULL) == 0);
	CHECK(dfs_write(dfs, obj, &wsgl, 0, &ev) == 0);
	CHECK(daos_eq_poll(eqh, 1, DAOS_EQ_WAIT, 1, &done) == 1 && done == &ev && ev.ev_error == 0);
	CHECK(daos_event_fini(&ev) == 0);
	CHECK(daos_event_init(&ev, eqh, NULL) == 0);
	CHECK(dfs_read(dfs, obj, &rsgl, 0, &size, &ev) == 0);
	CHECK(daos_eq_poll(eqh, 1, DAOS_EQ_WAIT, 1, &done) == 1 && ev.ev_error == 0);
	CHECK(size == sizeof(in) && memcmp(in, out, sizeof(in)) == 0);
	CHECK(daos_event_fini(&ev) == 0);
	CHECK(daos_eq_destroy(eqh, 0) == 0);
	CHECK(dfs_release(obj) == 0);
}

/* What a directory was told is handed on to what is created in it from then on. */
static void classes(dfs_t *dfs)
{
	dfs_obj_info_t info;
	dfs_obj_t *dir, *file, *sub;

	CHECK(dfs_mkdir(dfs, NULL, "wide", 0755, 0) == 0);
	CHECK(dfs_lookup(dfs, "/wide", O_RDWR, &dir, NULL, NULL) == 0);
	CHECK(dfs_open(dfs, dir, "before", S_IFREG | 0644, O_RDWR | O_CREAT, 0, 0, NULL, &file) == 0);
	CHECK(dfs_obj_set_oclass(dfs, dir, 0, (daos_oclass_id_t)daos_oclass_name2id("RP_2GX")) == 0);
	CHECK(dfs_obj_set_chunk_size(dfs, dir, 0, 65536) == 0);
	CHECK(dfs_obj_get_info(dfs, file, &info) == 0 && info.doi_chunk_size == DFS_DEFAULT_CHUNK_SIZE);
	CHECK(dfs_release(file) == 0);
	CHECK(dfs_obj_get_info(dfs, dir, &info) == 0 && info.doi_chunk_size == 65536);
	CHECK(info.doi_file_oclass_id == OC_RP_2GX && info.doi_dir_oclass_id == OC_RP_2GX);

	CHECK(dfs_mkdir(dfs, dir, "sub", 0755, 0) == 0);
	CHECK(dfs_lookup_rel(dfs, dir, "sub", O_RDWR, &sub, NULL, NULL) == 0);
	CHECK(dfs_open(dfs, sub, "after", S_IFREG | 0644, O_RDWR | O_CREAT, 0, 0, NULL, &file) == 0);
	CHECK(dfs_obj_get_info(dfs, file, &info) == 0 && info.doi_chunk_size == 65536 &&
	      info.doi_oclass_id == OC_RP_2GX);
	CHECK(dfs_obj_set_oclass(dfs, file, 0, OC_S1) == ENOTSUP); /* of directories only */
	CHECK(dfs_obj_set_chunk_size(dfs, file, 0, 4096) == ENOTSUP);
	CHECK(dfs_obj_set_oclass(dfs, sub, 0, 12345) == EINVAL);
	CHECK(dfs_release(file) == 0);
	CHECK(dfs_open(dfs, sub, "own", S_IFREG | 0644, O_RDWR | O_CREAT, OC_S1, 8192, NULL, &file) == 0);
	CHECK(dfs_obj_get_info(dfs, file, &info) == 0 && info.doi_chunk_size == 8192 && info.doi_oclass_id == OC_S1);
	CHECK(dfs_release(file) == 0);
	CHECK(dfs_obj_set_chunk_size(dfs, sub, 0, 0) == 0); /* the container's again */
	CHECK(dfs_obj_get_info(dfs, sub, &info) == 0 && info.doi_chunk_size == DFS_DEFAULT_CHUNK_SIZE);
	CHECK(dfs_release(sub) == 0);
	CHECK(dfs_release(dir) == 0);
}

static unsigned filtered(dfs_t *dfs, dfs_obj_t *dir, const char *pattern, time_t newer, uint64_t flags, uint32_t batch)
{
	daos_anchor_t anchor = DAOS_ANCHOR_INIT;
	struct dirent dirs[16];
	daos_size_t csizes[16];
	daos_obj_id_t oids[16];
	dfs_predicate_t pred = {.dp_newer = newer};
	dfs_pipeline_t *pipe;
	uint64_t scanned, total = 0;
	unsigned found = 0;

	snprintf(pred.dp_name, sizeof(pred.dp_name), "%s", pattern);
	CHECK(dfs_pipeline_create(dfs, pred, flags, &pipe) == 0);
	while (!daos_anchor_is_eof(&anchor)) {
		uint32_t nr = batch, i;

		CHECK(dfs_readdir_with_filter(dfs, dir, pipe, &anchor, &nr, dirs, oids, csizes, &scanned) == 0);
		for (i = 0; i < nr; i++)
			CHECK(oids[i].lo != 0 && dirs[i].d_name[0] != '\0');
		CHECK(nr <= batch);
		found += nr;
		total += scanned;
	}
	CHECK(dfs_pipeline_destroy(pipe) == 0);
	CHECK(total == 8);
	return found;
}

static void filters(dfs_t *dfs)
{
	static const char *const names[] = {"a.dat", "b.dat", "a.txt", "ab%c", "abc", "aabbc", "", NULL};
	dfs_obj_t *dir, *file;
	int i;

	CHECK(dfs_mkdir(dfs, NULL, "filter", 0755, 0) == 0);
	CHECK(dfs_lookup(dfs, "/filter", O_RDWR, &dir, NULL, NULL) == 0);
	CHECK(dfs_mkdir(dfs, dir, "sub", 0755, 0) == 0);
	for (i = 0; names[i] != NULL; i++) {
		const char *name = names[i][0] != '\0' ? names[i] : "dat";

		CHECK(dfs_open(dfs, dir, name, S_IFREG | 0644, O_RDWR | O_CREAT, 0, 0, NULL, &file) == 0);
		CHECK(dfs_release(file) == 0);
	}
#define MATCHES(pattern) filtered(dfs, dir, pattern, 0, DFS_FILTER_NAME | DFS_FILTER_INCLUDE_DIRS, 16)
	CHECK(MATCHES("%.dat") == 2);
	CHECK(MATCHES("%dat") == 3);
	CHECK(MATCHES("_.dat") == 2);
	CHECK(MATCHES("a%c") == 3);
	CHECK(MATCHES("ab\\%c") == 1);
	CHECK(MATCHES("a%b%c") == 3);
	CHECK(MATCHES("%") == 8);
	CHECK(MATCHES("nothing") == 0);
	CHECK(filtered(dfs, dir, "%.dat", 0, DFS_FILTER_NAME, 16) == 3); /* and the directory, to go down */
	CHECK(filtered(dfs, dir, "%.dat", 0, DFS_FILTER_NAME, 1) == 3);
	CHECK(filtered(dfs, dir, "", time(NULL) + 10, DFS_FILTER_NEWER | DFS_FILTER_INCLUDE_DIRS, 16) == 0);
	CHECK(filtered(dfs, dir, "", 1, DFS_FILTER_NEWER, 3) == 8);
	CHECK(dfs_release(dir) == 0);
}

/* A cache of records by name, as IOR has one. */
struct record {
	d_list_t entry;
	char name[16];
	int refs;
};

static int freed;

static struct record *record_of(d_list_t *link)
{
	return container_of(link, struct record, entry);
}

static bool key_cmp(struct d_hash_table *table, d_list_t *link, const void *key, unsigned int ksize)
{
	(void)table, (void)ksize;
	return strcmp(record_of(link)->name, key) == 0;
}

static void addref(struct d_hash_table *table, d_list_t *link)
{
	(void)table;
	record_of(link)->refs++;
}

static bool decref(struct d_hash_table *table, d_list_t *link)
{
	(void)table;
	return --record_of(link)->refs == 0;
}

static void release(struct d_hash_table *table, d_list_t *link)
{
	(void)table;
	freed++;
	free(record_of(link));
}

static void tables(void)
{
	d_hash_table_ops_t ops = {.hop_key_cmp = key_cmp,
	                          .hop_rec_addref = addref,
	                          .hop_rec_decref = decref,
	                          .hop_rec_free = release};
	struct d_hash_table *table;
	struct record *r;
	d_list_t *link;
	int i;

	CHECK(d_hash_table_create(D_HASH_FT_EPHEMERAL | D_HASH_FT_LRU, 2, NULL, &ops, &table) == 0);
	CHECK(d_hash_rec_first(table) == NULL);
	for (i = 0; i < 20; i++) {
		r = calloc(1, sizeof(*r));
		snprintf(r->name, sizeof(r->name), "r%d", i);
		r->refs = 1;
		CHECK(d_hash_rec_insert(table, r->name, (unsigned)strlen(r->name), &r->entry, true) == 0);
		CHECK(d_hash_rec_insert(table, r->name, (unsigned)strlen(r->name), &r->entry, true) == -DER_EXIST);
	}
	link = d_hash_rec_find(table, "r7", 2);
	CHECK(link != NULL && strcmp(record_of(link)->name, "r7") == 0 && record_of(link)->refs == 2);
	d_hash_rec_decref(table, link);
	CHECK(freed == 0);
	d_hash_rec_decref(table, link); /* the last one: it is out of the table */
	CHECK(freed == 1 && d_hash_rec_find(table, "r7", 2) == NULL);
	CHECK(d_hash_table_destroy(table, false) == -DER_BUSY);
	d_hash_rec_decref(table, d_hash_rec_first(table));
	CHECK(d_hash_table_destroy(table, true) == 0 && freed == 20);
	CHECK(d_hash_string_u32("ab", 2) == (5381U * 33 + 'a') * 33 + 'b');
	CHECK(d_hash_murmur64((const unsigned char *)"0123456789", 10, 1) !=
	      d_hash_murmur64((const unsigned char *)"0123456789", 10, 2));
}

static void errors(void)
{
	int i;

	CHECK(strcmp(d_errstr(-DER_NONEXIST), "DER_NONEXIST") == 0);
	CHECK(strcmp(d_errstr(0), "DER_SUCCESS") == 0);
	CHECK(strcmp(d_errstr(-77), "DER_UNKNOWN") == 0 && strcmp(d_errstr(-DER_LAST_VALID), "DER_UNKNOWN") == 0);
	for (i = DER_ERR_GURT_BASE + 1; i <= DER_QUOTA_LIMIT; i++)
		CHECK(strncmp(d_errstr(-i), "DER_", 4) == 0 && d_errdesc(-i)[0] != '\0');
	for (i = DER_ERR_DAOS_BASE + 1; i < DER_LAST_VALID; i++)
		CHECK(strncmp(d_errstr(-i), "DER_", 4) == 0 && d_errdesc(-i)[0] != '\0');
}

int main(void)
{
	char store[] = "/tmp/daos-test-XXXXXX", command[64];
	daos_handle_t poh, coh;
	dfs_attr_t attr = {.da_mode = DFS_RELAXED};
	uuid_t uuid;
	dfs_t *dfs;

	CHECK(mkdtemp(store) != NULL);
	setenv("DFSKIT_STORE", store, 1);
	CHECK(daos_init() == 0);
	CHECK(dfs_init() == 0);
	CHECK(daos_pool_connect("tank", NULL, DAOS_PC_RW, &poh, NULL, NULL) == 0);
	CHECK(dfs_cont_create_with_label(poh, "c1", &attr, &uuid, &coh, &dfs) == 0);
	pools(poh);
	containers(coh);
	attributes(0, coh);
	attributes(1, poh);
	queues(dfs);
	classes(dfs);
	filters(dfs);
	errors();
	tables();
	CHECK(dfs_umount(dfs) == 0);
	CHECK(daos_cont_close(coh, NULL) == 0);
	CHECK(dfs_cont_scan(poh, "c1", 0, "/wide") == 0);
	CHECK(dfs_cont_scan(poh, "c1", 0, "/nothing") == ENOENT);
	CHECK(daos_pool_disconnect(poh, NULL) == 0);
	CHECK(dfs_fini() == 0);
	CHECK(daos_fini() == 0);
	snprintf(command, sizeof(command), "rm -rf %s", store);
	return system(command);
}
