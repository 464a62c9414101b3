/* connection.h - an open container, shared by the calls on it. */
#ifndef DFSKIT_ADDON_CONNECTION_H
#define DFSKIT_ADDON_CONNECTION_H

#include "addon.h"

#include "../provider/provider.h"

#include <cerrno>
#include <memory>
#include <shared_mutex>
#include <utility>

/** errno's number for the result of a daos_* call (0 or negative DER_*). */
int DerToErrno(int rc);

/** Loads and starts the provider once a process. On failure `failure` says why and NULL comes back. */
const struct provider *Provider(Failure &failure);

/** Calls hold `guard` shared; closing takes it alone, so it waits for them. */
struct Connection {
	const struct provider *p = nullptr;
	dfs_t *dfs = nullptr;
	std::shared_mutex guard;

	~Connection()
	{
		Close();
	}

	int Close()
	{
		std::unique_lock lock(guard);
		dfs_t *old = std::exchange(dfs, nullptr);
		return old == nullptr ? 0 : p->dfs_disconnect(old);
	}
};

#endif
