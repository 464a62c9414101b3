/*
 * perm.h - permissions (perm.c).
 */
#ifndef LOCAL_PERM_H
#define LOCAL_PERM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct dfs;
struct dfs_obj;
struct inode_rec;
struct txn;

struct cred {
	uid_t uid;
	gid_t gid;
};
#define MAY_X 1
#define MAY_W 2
#define MAY_R 4
void cred_get(struct cred *cr);
int perm_check(const struct cred *cr, const struct inode_rec *rec, int want);
int perm_change_name(const struct cred *cr, const struct inode_rec *dir,
                     const struct inode_rec *victim); /* victim NULL: a new name */
bool perm_in_group(const struct cred *cr, gid_t gid);

/* May names of dir be looked up? What was read of the directory holds while the generation
 * stands. The generation is to be read before the transaction begins (lookup.c). */
int dir_search(const struct dfs *dfs, struct txn *txn, struct dfs_obj *dir, uint64_t generation);

#endif
