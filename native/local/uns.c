/*
 * uns.c - the unified namespace: paths of other file systems that stand for a container.
 *
 * A directory (a file for HDF5) carries the extended attribute user.daos, "DAOS.LAYOUT://POOL/CONT".
 */
#include <stdio.h>
#include <stdlib.h>
#include <daos_uns.h>
#include "handle.h"
#include "local.h"
#include "store.h"

static const char *const layouts[DAOS_PROP_CO_LAYOUT_MAX] = {"unknown",  "POSIX", "HDF5",    "PYTHON", "SPARK",
                                                             "DATABASE", "ROOT",  "SEISMIC", "METEO"};

static int set_label(char out[DAOS_PROP_LABEL_MAX_LEN + 1], const char *from, size_t len)
{
	while (len > 0 && *from == ' ') { /* DAOS pads what is shorter than a UUID */
		from++;
		len--;
	}
	if (len == 0 || len > DAOS_PROP_LABEL_MAX_LEN)
		return EINVAL;
	memcpy(out, from, len);
	out[len] = '\0';
	return store_check_name(out);
}

/* "POOL/CONT[/PATH]" */
static int parse_direct(const char *path, struct duns_attr_t *attr)
{
	size_t pool = strcspn(path, "/"), cont;
	const char *rest;
	int rc;

	if (path[pool] != '/')
		return EINVAL;
	cont = strcspn(path + pool + 1, "/");
	rest = path + pool + 1 + cont;
	rc = set_label(attr->da_pool, path, pool);
	if (rc == 0)
		rc = set_label(attr->da_cont, path + pool + 1, cont);
	if (rc != 0)
		return rc;
	attr->da_type = DAOS_PROP_CO_LAYOUT_POSIX;
	attr->da_rel_path = NULL;
	if (rest[strspn(rest, "/")] != '\0') {
		attr->da_rel_path = strdup(rest);
		if (attr->da_rel_path == NULL)
			return ENOMEM;
	}
	return 0;
}

EXPORT int duns_parse_attr(char *str, daos_size_t len, struct duns_attr_t *attr)
{
	char text[DUNS_MAX_XATTR_LEN + 2 * DAOS_PROP_LABEL_MAX_LEN];
	const char *type = text + 5, *sep, *slash;
	size_t i;
	int rc;

	if (str == NULL || attr == NULL)
		return EINVAL;
	len = strnlen(str, len);
	if (len >= sizeof(text))
		return EINVAL;
	memcpy(text, str, len);
	text[len] = '\0';
	sep = strstr(text, "://");
	if (strncmp(text, "DAOS.", 5) != 0 || sep == NULL || (slash = strchr(sep + 3, '/')) == NULL)
		return EINVAL;
	attr->da_type = DAOS_PROP_CO_LAYOUT_UNKNOWN;
	for (i = 1; i < DAOS_PROP_CO_LAYOUT_MAX; i++)
		if (strlen(layouts[i]) == (size_t)(sep - type) &&
		    strncasecmp(layouts[i], type, (size_t)(sep - type)) == 0)
			attr->da_type = (daos_cont_layout_t)i;
	rc = set_label(attr->da_pool, sep + 3, (size_t)(slash - sep - 3));
	return rc != 0 ? rc : set_label(attr->da_cont, slash + 1, strlen(slash + 1));
}

static int read_link(const char *path, struct duns_attr_t *attr)
{
	char value[512];
	long n = SYS4(SYS_getxattr, path, DUNS_XATTR_NAME, value, sizeof(value));

	if (n < 0)
		return (int)-n;
	return duns_parse_attr(value, (daos_size_t)n, attr);
}

/* The nearest directory at or above path that is a link. */
static int find_link(const char *path, struct duns_attr_t *attr)
{
	char at[DFS_MAX_PATH];
	size_t len = strnlen(path, sizeof(at)), end;
	int rc;

	if (len == sizeof(at))
		return ENAMETOOLONG;
	memcpy(at, path, len + 1);
	for (end = len; end > 0;) {
		rc = read_link(at, attr);
		if (rc == 0) {
			const char *rest = path + end;

			if (rest[strspn(rest, "/")] != '\0' && (attr->da_rel_path = strdup(rest)) == NULL)
				return ENOMEM;
			return 0;
		}
		/* What is missing may lie in the container. */
		if (rc != ENODATA && rc != ENOTSUP && rc != ENOENT && rc != ENOTDIR)
			return rc;
		if (attr->da_flags & DUNS_NO_REVERSE_LOOKUP)
			return rc;
		while (end > 0 && at[end - 1] == '/')
			end--;
		while (end > 0 && at[end - 1] != '/')
			end--;
		while (end > 1 && at[end - 1] == '/')
			end--;
		at[end] = '\0';
	}
	return ENODATA;
}

EXPORT int duns_resolve_path(const char *path, struct duns_attr_t *attr)
{
	bool scheme;
	int rc;

	if (path == NULL || attr == NULL || path[0] == '\0')
		return EINVAL;
	attr->da_rel_path = NULL;
	scheme = strncmp(path, "daos:", 5) == 0;
	attr->da_no_prefix = (attr->da_flags & DUNS_NO_PREFIX) != 0;
	if (scheme || (attr->da_flags & DUNS_NO_PREFIX)) {
		if (scheme)
			path += 5;
		rc = parse_direct(path + strspn(path, "/"), attr);
		if (rc == 0 || scheme || (attr->da_flags & DUNS_NO_CHECK_PATH))
			return rc;
	} else if (attr->da_flags & DUNS_NO_CHECK_PATH) {
		return parse_direct(path + strspn(path, "/"), attr);
	}
	return find_link(path, attr);
}

EXPORT int duns_set_sys_name(struct duns_attr_t *attrp, const char *sys)
{
	char *copy;

	if (attrp == NULL || sys == NULL || strlen(sys) > DAOS_SYS_NAME_MAX)
		return EINVAL;
	copy = strdup(sys);
	if (copy == NULL)
		return ENOMEM;
	free(attrp->da_sys);
	attrp->da_sys = copy;
	return 0;
}

EXPORT void duns_destroy_attr(struct duns_attr_t *attrp)
{
	if (attrp == NULL)
		return;
	free(attrp->da_rel_path);
	free(attrp->da_sys);
	attrp->da_rel_path = attrp->da_sys = NULL;
}

/* Makes the directory or file and gives it the attribute; nothing is left after a failure. */
static int make_link(const char *path, unsigned layout, const char *pool, const char *cont)
{
	bool file = layout == DAOS_PROP_CO_LAYOUT_HDF5;
	char value[512];
	int n, rc;

	if (file) {
		n = sys_openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL, 0600);
		if (n >= 0)
			sys_close(n);
	} else {
		n = sys_mkdirat(AT_FDCWD, path, 0700);
	}
	if (n < 0)
		return -n;
	n = snprintf(value, sizeof(value), "DAOS.%s://%s/%s", layouts[layout], pool, cont);
	rc = (int)-sys_raw6(SYS_setxattr, (long)path, (long)DUNS_XATTR_NAME, (long)value, n, 0, 0);
	if (rc != 0)
		sys_unlinkat(AT_FDCWD, path, file ? 0 : AT_REMOVEDIR);
	return rc;
}

EXPORT int duns_link_cont(daos_handle_t poh, const char *cont, const char *path)
{
	daos_handle_t coh;
	struct handle h;
	int rc = path == NULL || cont == NULL ? EINVAL : handle_get(poh, DAOS_HTYPE_POOL, &h);

	if (rc != 0)
		return EINVAL;
	rc = daos_cont_open(poh, cont, DAOS_COO_RO, &coh, NULL, NULL);
	if (rc != 0)
		return rc == -DER_NONEXIST ? ENOENT : EIO;
	daos_cont_close(coh, NULL);
	return make_link(path, DAOS_PROP_CO_LAYOUT_POSIX, h.pool, cont);
}

EXPORT int duns_create_path(daos_handle_t poh, const char *path, struct duns_attr_t *attrp)
{
	dfs_attr_t attr = {0};
	struct handle h;
	uuid_t uuid;
	int rc = path == NULL || attrp == NULL ? EINVAL : handle_get(poh, DAOS_HTYPE_POOL, &h);

	if (rc != 0 || attrp->da_type == DAOS_PROP_CO_LAYOUT_UNKNOWN || attrp->da_type >= DAOS_PROP_CO_LAYOUT_MAX)
		return EINVAL;
	attr.da_chunk_size = attrp->da_chunk_size;
	attr.da_oclass_id = attrp->da_oclass_id;
	attr.da_dir_oclass_id = attrp->da_dir_oclass_id;
	attr.da_file_oclass_id = attrp->da_file_oclass_id;
	memcpy(attr.da_hints, attrp->da_hints, sizeof(attr.da_hints));
	rc = dfs_cont_create_with_label(poh, attrp->da_cont[0] != '\0' ? attrp->da_cont : NULL, &attr, &uuid, NULL,
	                                NULL);
	if (rc != 0)
		return rc;
	memcpy(attrp->da_cuuid, uuid, sizeof(uuid));
	if (attrp->da_cont[0] == '\0')
		uuid_text(uuid, attrp->da_cont);
	snprintf(attrp->da_pool, sizeof(attrp->da_pool), "%s", h.pool);
	rc = make_link(path, attrp->da_type, h.pool, attrp->da_cont);
	if (rc != 0)
		daos_cont_destroy(poh, attrp->da_cont, 1, NULL);
	return rc;
}

EXPORT int duns_destroy_path(daos_handle_t poh, const char *path)
{
	struct duns_attr_t attr = {0};
	struct stat st;
	int rc = path == NULL ? EINVAL : read_link(path, &attr);

	if (rc != 0)
		return rc;
	rc = daos_cont_destroy(poh, attr.da_cont, 0, NULL);
	if (rc != 0 && rc != -DER_NONEXIST)
		return rc == -DER_BUSY ? EBUSY : rc == -DER_NO_HDL ? EINVAL : EIO;
	rc = -sys_fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW);
	return rc != 0 ? rc : -sys_unlinkat(AT_FDCWD, path, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
}
