/*
 * gurt/list.h - the links of records that lie in a list or a table of DAOS's general library.
 */
#ifndef GURT_LIST_H
#define GURT_LIST_H

#include <stddef.h>

typedef struct d_list_head {
	struct d_list_head *next, *prev;
} d_list_t;

#ifndef container_of
#define container_of(link, type, member) ((type *)((char *)(link)-offsetof(type, member)))
#endif

#endif
