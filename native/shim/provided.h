/*
 * provided.h - the descriptors of a provider that knows nothing of the shim.
 */
#ifndef DFSKIT_PROVIDED_H
#define DFSKIT_PROVIDED_H

#include <provider.h>

/** Due before a provider is loaded: what is loaded by then is the program's. */
void provided_before(void);
/** After it was loaded and, \a last, started, which may load more: what makes descriptors in it is led here. */
void provided_loaded(const struct provider *p, bool last);

#endif
