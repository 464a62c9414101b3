/*
 * know_libc.c - run when the libraries are built: prints, as C, where the libc of this machine makes system calls.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "libc_sites.h"

const struct libc_known libc_known[] = {{.nr = 0}};
const struct libc_call libc_known_calls[1];

long shim_syscall(long nr, long a1, long a2, long a3, long a4, long a5, long a6)
{
	return syscall(nr, a1, a2, a3, a4, a5, a6);
}

static bool all(uint32_t number)
{
	(void)number;
	return true;
}

int main(void)
{
	struct libc_texts found;
	struct site *sites = calloc(MAX_SITES, sizeof(*sites));
	int count[4] = {0}, other[4] = {0}, first = 0;

	if (sites == NULL)
		return 1;
	libc_texts_find(&found);
	printf("/* Made by know_libc.c; not to be edited. */\n#include \"libc_sites.h\"\n\n");
	printf("const struct libc_call libc_known_calls[] = {\n");
	for (int i = 0; i < found.nr; i++) {
		const struct text *text = &found.texts[i];

		count[i] = libc_sites_scan(text, all, sites, 0, &other[i]);
		for (int k = 0; k < count[i]; k++)
			printf("\t{0x%tx, %#x},\n", sites[k].call - text->base, sites[k].number);
	}
	printf("\t{0, 0},\n};\n\nconst struct libc_known libc_known[] = {\n");
	for (int i = 0; i < found.nr; first += count[i++]) {
		/* One that is full is as good as unknown. */
		if (found.texts[i].id == NULL || count[i] == 0 || count[i] == MAX_SITES)
			continue;
		printf("\t{.id = {");
		for (int k = 0; k < LIBC_ID_SIZE; k++)
			printf("%s0x%02x", k == 0 ? "" : ", ", found.texts[i].id[k]);
		printf("}, .first = %d, .nr = %d, .other = %d},\n", first, count[i], other[i]);
	}
	printf("\t{.nr = 0},\n};\n");
	free(sites);
	return 0;
}
