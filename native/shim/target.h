/*
 * target.h - what kind of program an exec starts.
 */
#ifndef DFSKIT_TARGET_H
#define DFSKIT_TARGET_H

enum target {
	TARGET_PRELOADS, /* dynamic, our libc's loader: the shim will be there */
	/* LD_PRELOAD is not honoured: */
	TARGET_STATIC,
	TARGET_PRIVILEGED, /* set-user-ID and the like */
	TARGET_MACHINE,    /* for another processor, or 32 bits */
	TARGET_OTHER_LIBC  /* dynamic with another loader, which would fail on our library */
};

/** Looks at the ELF header, or at the interpreter of a script. What can't be read is taken to preload. */
enum target target_of(int dirfd, const char *path, int flags);

#endif
