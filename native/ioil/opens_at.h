/*
 * opens_at.h - where struct dfskit_ioctl_stats has the counters of opens, for attach_x86_64.S.
 */
#ifndef DFSKIT_IOIL_OPENS_AT_H
#define DFSKIT_IOIL_OPENS_AT_H

#define REQUESTS_OPEN   (8 + 8 * 14)
#define REQUESTS_CREATE (8 + 8 * 35)

#endif
