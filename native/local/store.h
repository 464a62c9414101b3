/*
 * store.h - the containers of a store (store.c), and how they come and go there (create.c, pooldir.c).
 */
#ifndef LOCAL_STORE_H
#define LOCAL_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <daos.h>
#include <daos_fs.h>

struct cont;

int store_check_name(const char *name);
/* store: the directory of the store, NULL (it could not be told) is ENOENT. */
int store_cont_create(const char *store, const char *pool, const char *label, const dfs_attr_t *attr, uuid_t *uuid);
int store_cont_get(const char *store, const char *pool, const char *label, struct cont **out);
#define POOL_RECORDS ".pool" /* a container that nobody sees, for what a pool itself keeps */
int store_make_cont(const char *store, const char *pool, const char *label, const dfs_attr_t *attr,
                    uuid_t *uuid); /* the same with any label */
int store_pool_records(const char *store, const char *pool, bool create, struct cont **out);
void store_cont_ref(struct cont *c);
void store_cont_put(struct cont *c);
int store_cont_destroy(const char *store, const char *pool, const char *label, bool force);
unsigned store_users(struct cont *c); /* processes that have it open */
int store_pool_exists(const char *store, const char *pool);
int store_cont_list(const char *store, const char *pool, int (*cb)(void *arg, const char *label), void *arg);
char *store_dir(void); /* that of the environment, to be freed */
int store_check_version(const char *store, bool create);
struct cont *store_hold_all(void); /* the open containers, which stay until store_let_all() */
void store_let_all(void);
void uuid_text(const uint8_t *uuid, char out[DAOS_UUID_STR_SIZE]);

#endif
