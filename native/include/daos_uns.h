/*
 * daos_uns.h - the unified namespace: a directory of another file system that stands for a container.
 */
#ifndef DAOS_UNS_H
#define DAOS_UNS_H

#include <daos_prop.h>
#include <daos_obj_class.h>
#include <daos_cont.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The extended attribute that links a directory to its container, and its value:
 * layout type, pool, container. */
#define DUNS_XATTR_NAME       "user.daos"
#define DUNS_MAX_XATTR_LEN    170
#define DUNS_XATTR_FMT        "DAOS.%s://%36s/%36s"
#define DUNS_LUSTRE_XATTR_FMT "%36s/%36s"

enum {
	DUNS_NO_PREFIX = (1 << 0),         /* only pool/cont paths, no "daos://" */
	DUNS_NO_REVERSE_LOOKUP = (1 << 1), /* look at the last component only */
	DUNS_NO_CHECK_PATH = (1 << 2),     /* only "daos://", never a file system */
};

struct duns_attr_t {
	daos_cont_layout_t da_type;
	daos_oclass_id_t da_oclass_id;
	daos_size_t da_chunk_size;
	daos_prop_t *da_props;
	uint32_t da_flags; /* DUNS_* */
	char da_pool[DAOS_PROP_LABEL_MAX_LEN + 1];
	char da_cont[DAOS_PROP_LABEL_MAX_LEN + 1];
	char *da_sys;
	char *da_rel_path; /* what follows the container in the path, or NULL */
	bool da_on_lustre;
	bool da_no_prefix;
	uuid_t da_puuid;
	uuid_t da_cuuid;
	daos_oclass_id_t da_dir_oclass_id;
	daos_oclass_id_t da_file_oclass_id;
	char da_hints[DAOS_CONT_HINT_MAX_LEN];
};

/** Creates a container and a directory that links to it. All calls: 0 or a positive errno. */
int duns_create_path(daos_handle_t poh, const char *path, struct duns_attr_t *attrp);

/** Finds pool, container and relative path of "daos://POOL/CONT[/PATH]" or of a path below a link. */
int duns_resolve_path(const char *path, struct duns_attr_t *attr);

/** Destroys the container that a path links to, and the link. */
int duns_destroy_path(daos_handle_t poh, const char *path);

/** Reads the value of the extended attribute. */
int duns_parse_attr(char *str, daos_size_t len, struct duns_attr_t *attr);

/** Sets the system name. */
int duns_set_sys_name(struct duns_attr_t *attrp, const char *sys);

/** Frees what duns_resolve_path allocated in \a attrp. */
void duns_destroy_attr(struct duns_attr_t *attrp);

/** Makes a directory that links to a container that exists. */
int duns_link_cont(daos_handle_t poh, const char *cont, const char *path);

#ifdef __cplusplus
}
#endif
#endif
