/*
 * handle.h - the handles of pools and containers (handle.c).
 */
#ifndef LOCAL_HANDLE_H
#define LOCAL_HANDLE_H

#include <daos.h>
#include <daos_fs.h>

struct cont;

struct handle {
	int type;      /* DAOS_HTYPE_POOL, DAOS_HTYPE_CO, 0: free */
	uint32_t salt; /* so that a closed handle finds nothing */
	unsigned flags;
	struct cont *cont; /* of a container */
	char pool[DAOS_PROP_LABEL_MAX_LEN + 1];
	char store[DFS_MAX_PATH]; /* as it was at the connect, whatever the environment says later */
};

int handle_pool(const char *store, const char *pool, unsigned flags, daos_handle_t *out);
int handle_cont(struct cont *c, unsigned flags, daos_handle_t *out); /* takes over c, unless it fails */
int handle_get(daos_handle_t hdl, int type, struct handle *out);     /* ENXIO for one that is not open */
int handle_put(daos_handle_t hdl, int type);

void handles_fork(int stage);

#endif
