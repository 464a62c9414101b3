/*
 * views.h - inode numbers as the code passes them around.
 *
 * They have the snapshot in which the object is seen above the number proper: 0 is the live container. What is stored has no
 * such bits.
 */
#ifndef LOCAL_VIEWS_H
#define LOCAL_VIEWS_H

#include <stdint.h>

#define INO_BITS            44
#define VIEW_BITS           18
#define VIEW_MAX            ((1ULL << VIEW_BITS) - 1)
#define BARE_INO(ino)       ((ino) & ((1ULL << INO_BITS) - 1))
#define VIEW_OF(ino)        ((ino) >> INO_BITS & VIEW_MAX)
#define VIEW_INO(view, ino) ((uint64_t)(view) << INO_BITS | (ino))
#define SNAPDIR_INO         ((1ULL << INO_BITS) - 1) /* .snapshot, which has no record */
#define SNAPDIR_NAME        ".snapshot"
_Static_assert(INO_BITS + VIEW_BITS == 62, "below SPACE_ORPHAN");

#endif
