/*
 * policy.c - what the kernel may keep of a container: by the command line, or else by attributes of the container that
 * have the names and values which DAOS gives them.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "dfuse.h"

/* How long names and attributes hold with caching=cached. */
#define CACHED_SECONDS 5.0

static void by_command(struct policy *policy, enum caching caching)
{
	*policy = (struct policy){.pages = PAGES_UNCHANGED};
	if (caching == CACHING_NONE)
		policy->pages = PAGES_NEVER;
	if (caching == CACHING_CACHED)
		*policy = (struct policy){.pages = PAGES_KERNEL,
		                          .attr = CACHED_SECONDS,
		                          .dentry = CACHED_SECONDS,
		                          .dentry_dir = CACHED_SECONDS,
		                          .negative = CACHED_SECONDS};
}

/* "5", "5s", "1m", "1h", "1d". */
static bool read_time(const char *value, double *seconds)
{
	static const struct {
		char unit;
		double seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	char *end;
	unsigned long n = strtoul(value, &end, 10);
	double unit = 1;

	if (end == value || value[0] == '-')
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if ((end[0] | 0x20) == units[i].unit && !end[1])
			unit = units[i].seconds;
	*seconds = (double)n * unit;
	return !end[0] || (!end[1] && strchr("sSmMhHdD", end[0]));
}

static bool is_on(const char *value)
{
	return strcasecmp(value, "on") == 0 || strcasecmp(value, "true") == 0;
}

static bool is_off(const char *value)
{
	return strcasecmp(value, "off") == 0 || strcasecmp(value, "false") == 0;
}

static bool set_data(struct policy *policy, const char *value)
{
	policy->pages = PAGES_TIMED;
	policy->seconds = INFINITY;
	if (is_on(value))
		return true;
	if (strcasecmp(value, "otoc") == 0) {
		policy->pages = PAGES_OPEN;
		return true;
	}
	if (!is_off(value) && read_time(value, &policy->seconds))
		return true;
	policy->pages = PAGES_NEVER;
	return is_off(value);
}

static bool set_no_direct(struct policy *policy, const char *value)
{
	policy->ignore_direct = is_on(value);
	if (policy->ignore_direct && policy->pages == PAGES_NEVER) {
		policy->pages = PAGES_TIMED;
		policy->seconds = INFINITY;
	}
	return policy->ignore_direct || is_off(value);
}

/* The value of an attribute as text, "" when there is none. */
static void get(daos_handle_t cont, const char *name, char *value, size_t size)
{
	char const *names[] = {name};
	void *values[] = {value};
	size_t sizes[] = {size - 1};

	memset(value, 0, size);
	if (dfuse.p->daos_cont_get_attr(cont, 1, names, (void *const *)values, sizes, NULL) != 0)
		value[0] = '\0';
}

static void by_attributes(const struct container *cont, daos_handle_t coh, struct policy *policy)
{
	static const struct {
		const char *name;
		size_t field;
	} times[] = {{"dfuse-attr-time", offsetof(struct policy, attr)},
	             {"dfuse-dentry-time", offsetof(struct policy, dentry)},
	             {"dfuse-dentry-dir-time", offsetof(struct policy, dentry_dir)},
	             {"dfuse-ndentry-time", offsetof(struct policy, negative)}};
	struct policy read = {.pages = PAGES_NEVER, .dentry_dir = -1};
	char value[64];
	bool any = false;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		double *seconds = (double *)((char *)&read + times[i].field);

		get(coh, times[i].name, value, sizeof(value));
		any |= value[0] != '\0';
		if (value[0] && !read_time(value, seconds)) {
			*seconds = 0;
			complain(cont->label, "no such time", times[i].name);
		}
	}
	get(coh, "dfuse-data-cache", value, sizeof(value));
	any |= value[0] != '\0';
	if (value[0] && !set_data(&read, value))
		complain(cont->label, "pages are not kept: neither a time nor on, off or otoc", "dfuse-data-cache");
	get(coh, "dfuse-direct-io-disable", value, sizeof(value));
	any |= value[0] != '\0';
	if (value[0] && !set_no_direct(&read, value))
		complain(cont->label, "neither on nor off", "dfuse-direct-io-disable");
	if (read.dentry_dir < 0)
		read.dentry_dir = read.dentry;
	if (any)
		*policy = read;
}

void policy_read(struct container *cont)
{
	const struct provider *p = dfuse.p;
	daos_handle_t coh;

	by_command(&cont->policy, dfuse.opts.caching);
	if (dfuse.opts.caching_given || !p->daos_cont_get_attr || !p->dfs_cont_get ||
	    p->dfs_cont_get(cont->dfs, &coh) != 0)
		return;
	by_attributes(cont, coh, &cont->policy);
	if (p->dfs_cont_put)
		p->dfs_cont_put(cont->dfs, coh);
}
