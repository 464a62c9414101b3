/*
 * environment.c - see environment.h. Runs between vfork and exec: no allocation, no locks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "environment.h"
#include "exec.h"

#define MAX_SAVED 64
#define PRELOAD   "LD_PRELOAD="

static char *saved[MAX_SAVED]; /* NAME=value, copies */
static size_t nr_saved;

/* What the shim and libdaos, with what is below it, are told by the environment. */
static bool ours(const char *entry)
{
	static const char *const prefixes[] = {"DFSKIT_", "DAOS_", "D_", "CRT_", "FI_", "OFI_"};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncmp(entry, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static bool is_handover(const char *entry)
{
	return strncmp(entry, HANDOVER_NAME "=", sizeof(HANDOVER_NAME)) == 0;
}

static bool same_name(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");
	return n == strcspn(b, "=") && strncmp(a, b, n) == 0;
}

void environment_save(void)
{
	for (char **e = environ; e && *e && nr_saved < MAX_SAVED; e++)
		if (ours(*e) && !is_handover(*e) && (saved[nr_saved] = strdup(*e)))
			nr_saved++;
}

static const char *preload_value(char *const envp[])
{
	for (size_t i = 0; envp && envp[i]; i++)
		if (strncmp(envp[i], PRELOAD, sizeof(PRELOAD) - 1) == 0)
			return envp[i] + sizeof(PRELOAD) - 1;
	return "";
}

size_t environment_room(char *const envp[])
{
	size_t n = 0;
	while (envp && envp[n])
		n++;
	return n + nr_saved + 3;
}

size_t environment_text(char *const envp[])
{
	return sizeof(PRELOAD) + strlen(shim_library) + strlen(preload_value(envp)) + 64;
}

/* Is an entry of the list this library: by its path, the path of a link to it, or its name alone? */
static bool is_us(const char *entry, size_t len)
{
	const char *names[] = {shim_library, shim_library_given, strrchr(shim_library, '/') + 1};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (len == strlen(names[i]) && strncmp(entry, names[i], len) == 0)
			return true;
	return false;
}

static bool has_us(const char *list)
{
	for (size_t len; *list; list += len, list += strspn(list, ": ")) {
		len = strcspn(list, ": ");
		if (is_us(list, len))
			return true;
	}
	return false;
}

/* Copies the list of libraries without ours. Returns the length. */
static size_t without_us(const char *list, char *out)
{
	size_t n = 0;
	while (*list) {
		size_t len = strcspn(list, ": ");
		if (len && !is_us(list, len)) {
			if (n)
				out[n++] = ':';
			memcpy(out + n, list, len);
			n += len;
		}
		list += len;
		list += strspn(list, ": ");
	}
	out[n] = 0;
	return n;
}

void environment_build(char *const envp[], char **out, char *text, bool preload, int handover)
{
	const char *list = preload_value(envp);
	size_t n = 0;
	char *value = text;
	bool there = has_us(list);

	memcpy(text, PRELOAD, sizeof(PRELOAD));
	text += sizeof(PRELOAD) - 1;
	if (preload) {
		text += strlen(strcpy(text, shim_library));
		size_t rest = without_us(list, text + 1);
		if (rest)
			*text = ':';
		else
			*text = 0;
		text += rest ? rest + 1 : 0;
	} else
		text += without_us(list, text);
	bool has_value = value[sizeof(PRELOAD) - 1] != 0;

	for (size_t i = 0; envp && envp[i]; i++) {
		if (is_handover(envp[i]))
			continue;
		if (strncmp(envp[i], PRELOAD, sizeof(PRELOAD) - 1) == 0) {
			/* In its own words when we are in it: order among preloads is the user's. */
			if (preload && there)
				out[n++] = envp[i];
			continue;
		}
		out[n++] = envp[i];
	}
	if (has_value && !(preload && there))
		out[n++] = value;
	for (size_t i = 0; preload && i < nr_saved; i++) {
		bool found = false;
		for (size_t j = 0; envp && envp[j] && !found; j++)
			found = same_name(envp[j], saved[i]);
		if (!found)
			out[n++] = saved[i];
	}
	if (handover >= 0) {
		char *h = ++text;
		/* snprintf is not safe here; a descriptor is a short number. */
		strcpy(h, HANDOVER_NAME "=");
		char *d = h + strlen(h);
		char digits[12];
		int nd = 0;
		for (int v = handover; v || !nd; v /= 10)
			digits[nd++] = (char)('0' + v % 10);
		while (nd)
			*d++ = digits[--nd];
		*d = 0;
		out[n++] = h;
	}
	out[n] = NULL;
}
