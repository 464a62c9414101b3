/* connection.h - an open container and the objects that are open in it. */
#ifndef DFSKIT_ADDON_CONNECTION_H
#define DFSKIT_ADDON_CONNECTION_H

#include "addon.h"

#include "../provider/provider.h"

#include <cerrno>
#include <memory>
#include <utility>

/** errno's number for the result of a daos_* call (0 or negative DER_*). */
int DerToErrno(int rc);

/** Runs `use` with a container that is open with `flags` (DAOS_COO_*). */
Failure WithContainer(const std::string &pool, const std::string &cont, unsigned flags,
                      const std::function<Failure(const struct provider *, daos_handle_t)> &use);

/** Loads and starts the provider once a process. On failure `failure` says why and NULL comes back. */
const struct provider *Provider(Failure &failure);

/** A finish of Promise() for calls that give nothing back. */
Napi::Value Undefined(Napi::Env env);

/*
 * The TypeScript side closes a connection or an object when no call on it is under way and none follows. What it
 * forgot, the last reference closes: calls and open objects hold one, so a connection outlives its objects.
 */
struct Connection {
	const struct provider *p = nullptr;
	dfs_t *dfs = nullptr;

	~Connection()
	{
		Close();
	}

	int Close()
	{
		dfs_t *old = std::exchange(dfs, nullptr);
		return old == nullptr ? 0 : p->dfs_disconnect(old);
	}
};

using ConnectionRef = std::shared_ptr<Connection>;

/** An open file or directory. */
struct Object {
	explicit Object(ConnectionRef connection) : c(std::move(connection))
	{
	}
	~Object()
	{
		Close();
	}
	Object(const Object &) = delete;
	Object &operator=(const Object &) = delete;

	int Close()
	{
		dfs_obj_t *old = std::exchange(obj, nullptr);
		return old == nullptr ? 0 : c->p->dfs_release(old);
	}

	ConnectionRef c;
	dfs_obj_t *obj = nullptr;
};

using ObjectRef = std::shared_ptr<Object>;

/** A reference as JavaScript holds it. */
template <typename T> Napi::Value Wrap(Napi::Env env, std::shared_ptr<T> ref)
{
	return Napi::External<std::shared_ptr<T>>::New(env, new std::shared_ptr<T>(std::move(ref)),
	                                               [](Napi::Env, std::shared_ptr<T> *r) { delete r; });
}

template <typename T> std::shared_ptr<T> Unwrap(const Napi::Value &value)
{
	return *value.As<Napi::External<std::shared_ptr<T>>>().Data();
}

/** A call on a connection, which is the first argument, by a path, which is the second. */
Napi::Value PathCall(const Napi::CallbackInfo &info, std::function<Failure(const ConnectionRef &)> work,
                     std::function<Napi::Value(Napi::Env)> finish = Undefined);

/** A call on an open object, which is the first argument. */
Napi::Value ObjectCall(const Napi::CallbackInfo &info, std::function<Failure(Object &)> work,
                       std::function<Napi::Value(Napi::Env)> finish = Undefined);

/** A path or a name: a string, as UTF-8, or bytes. */
std::string Text(const Napi::Value &value);

/** The other way round. */
Napi::Value TextValue(Napi::Env env, const std::string &text, bool bytes);

/** A bigint or a number that is none below zero. */
uint64_t Unsigned(const Napi::Value &value);

/** "/a/b/c" to "/a/b" and "c"; the name of "/" is empty. */
struct Split {
	explicit Split(const std::string &path);
	std::string parent, name;
};

/** Opens what `path` names. O_NOFOLLOW in `flags`: a last symbolic link itself. */
Failure Lookup(Object &out, const std::string &path, int flags, mode_t *mode = nullptr);

/** Opens the directory that holds the last part of a path, to change names in it. */
Failure OpenParent(Object &out, const Split &split);

/** Attributes of an open object, completed where the library leaves some out. */
Failure Attributes(Object &object, struct stat *st);

/** A time, which is a bigint of ns since 1970. */
struct timespec Time(const Napi::Value &value);

/** Attributes as JavaScript gets them. */
Napi::Value StatValue(Napi::Env env, const struct stat &st);

#endif
