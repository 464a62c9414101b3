/*
 * link.c - the unified namespace: an object whose attribute user.daos names another container is that container.
 */
#include <stdio.h>
#include <string.h>
#include <daos_uns.h>
#include "dfuse.h"

#define POSIX_LINK "DAOS.POSIX://"

bool links_possible(const struct container *cont)
{
	return !dfuse.p->dfsx_links || *dfuse.p->dfsx_links(cont->dfs) != 0;
}

/* A label of at most `size` bytes; DAOS pads what is shorter than a UUID. */
static bool take_label(const char **from, const char *end, char *out, size_t size)
{
	const char *at = *from;
	size_t len = 0;

	while (at < end && *at == ' ')
		at++;
	while (at + len < end && at[len] != '/')
		len++;
	if (len == 0 || len >= size)
		return false;
	memcpy(out, at, len);
	out[len] = '\0';
	*from = at + len;
	return true;
}

bool link_parse(const char *value, size_t len, char *pool, char *label, size_t size)
{
	const char *at = value + sizeof(POSIX_LINK) - 1, *end = value + strnlen(value, len);

	return end >= at && strncmp(value, POSIX_LINK, sizeof(POSIX_LINK) - 1) == 0 &&
	       take_label(&at, end, pool, size) && at < end && *at++ == '/' && take_label(&at, end, label, size) &&
	       at == end;
}

int link_lookup(struct handle *dir, const char *name, int flags, dfs_obj_t **obj, struct stat *st, struct link *link)
{
	const struct provider *p = dfuse.p;
	char *attribute = DUNS_XATTR_NAME;
	void *value = link->value;
	mode_t mode;
	int rc;

	link->len = 0;
	if (p->dfs_lookupx) { /* both in one request to the servers */
		link->len = sizeof(link->value);
		return p->dfs_lookupx(dir->dfs, dir->obj, name, flags, obj, &mode, st, 1, &attribute, &value,
		                      &link->len);
	}
	rc = p->dfs_lookup_rel(dir->dfs, dir->obj, name, flags, obj, &mode, st);
	if (rc || (p->dfsx_links && *p->dfsx_links(dir->dfs) == 0) || !(S_ISDIR(mode) || S_ISREG(mode)))
		return rc;
	link->len = sizeof(link->value);
	if (p->dfs_getxattr(dir->dfs, *obj, attribute, value, &link->len) != 0)
		link->len = 0;
	return 0;
}

int link_enter(struct container *in, dfs_obj_t *obj, const struct link *link, struct container **out)
{
	char pool[DAOS_PROP_LABEL_MAX_LEN + 1], label[DAOS_PROP_LABEL_MAX_LEN + 1];
	daos_obj_id_t oid;
	int rc;

	if (!link_parse(link->value, link->len, pool, label, sizeof(pool)))
		return ENODATA;
	rc = dfuse.p->dfs_obj2id(obj, &oid);
	return rc ? rc : container_linked(in, oid, pool, label, out);
}

int link_value(const struct inode *inode, char *value, size_t size)
{
	const struct container *cont = inode->cont;

	if (inode->oid.lo != cont->root_oid.lo || inode->oid.hi != cont->root_oid.hi)
		return 0;
	return snprintf(value, size, POSIX_LINK "%s/%s", cont->pool, cont->label);
}
