/* attributes.cc - attributes of names: mode, owner, times, extended ones. */
#include "connection.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <vector>

struct timespec Time(const Napi::Value &value)
{
	bool lossless = true;
	int64_t ns = value.As<Napi::BigInt>().Int64Value(&lossless), rest = ns % 1000000000;
	if (rest < 0)
		rest += 1000000000;
	return {(ns - rest) / 1000000000, rest};
}

namespace
{

/* Opens for its attributes alone: no right to read or write is asked for. */
Failure LookAt(Object &object, const std::string &path, bool follow, mode_t *mode = nullptr)
{
	return Lookup(object, path, O_RDONLY | O_PATH | (follow ? 0 : O_NOFOLLOW), mode);
}

Napi::Value Stat(const Napi::CallbackInfo &info)
{
	std::string path = Text(info[1]);
	bool follow = info[2].ToBoolean();
	auto st = std::make_shared<struct stat>();

	return PathCall(
	    info,
	    [=](const ConnectionRef &c) -> Failure {
		    Object object(c);
		    Failure failure = LookAt(object, path, follow);
		    return failure.err != 0 ? failure : Attributes(object, st.get());
	    },
	    [=](Napi::Env env) { return StatValue(env, *st); });
}

Failure Set(const ConnectionRef &c, const std::string &path, bool follow, struct stat st, int what)
{
	Object object(c);
	mode_t mode;
	Failure failure = LookAt(object, path, follow, &mode);

	if (failure.err != 0)
		return failure;
	/* libdfs wants the kind of the object with the mode. */
	st.st_mode = (mode & S_IFMT) | (st.st_mode & 07777);
	return {c->p->dfs_osetattr(c->dfs, object.obj, &st, what), "dfs_osetattr", ""};
}

Napi::Value Chmod(const Napi::CallbackInfo &info)
{
	std::string path = Text(info[1]);
	struct stat st = {};
	st.st_mode = info[2].ToNumber().Uint32Value();

	return PathCall(info, [=](const ConnectionRef &c) { return Set(c, path, true, st, DFS_SET_ATTR_MODE); });
}

/* -1 keeps, as in chown(2). */
Napi::Value Chown(const Napi::CallbackInfo &info)
{
	std::string path = Text(info[1]);
	struct stat st = {};
	st.st_uid = info[2].ToNumber().Int64Value();
	st.st_gid = info[3].ToNumber().Int64Value();
	bool follow = info[4].ToBoolean();
	int what = (st.st_uid != static_cast<uid_t>(-1) ? DFS_SET_ATTR_UID : 0) |
	           (st.st_gid != static_cast<gid_t>(-1) ? DFS_SET_ATTR_GID : 0);

	return PathCall(info, [=](const ConnectionRef &c) { return Set(c, path, follow, st, what); });
}

/* Access and modification time in ns; undefined keeps. */
Napi::Value Utimes(const Napi::CallbackInfo &info)
{
	std::string path = Text(info[1]);
	bool follow = info[4].ToBoolean();
	struct stat st = {};
	int what = 0;

	if (info[2].IsBigInt()) {
		st.st_atim = Time(info[2]);
		what |= DFS_SET_ATTR_ATIME;
	}
	if (info[3].IsBigInt()) {
		st.st_mtim = Time(info[3]);
		what |= DFS_SET_ATTR_MTIME;
	}
	return PathCall(info, [=](const ConnectionRef &c) { return Set(c, path, follow, st, what); });
}

Napi::Value Access(const Napi::CallbackInfo &info)
{
	std::string path = Text(info[1]);
	int mask = info[2].ToNumber().Int32Value();

	return PathCall(info, [=](const ConnectionRef &c) -> Failure {
		Split split(path);
		Object parent(c);
		mode_t mode;
		if (split.name.empty())
			return {c->p->dfs_access(c->dfs, nullptr, nullptr, mask), "dfs_access", ""};
		Failure failure = Lookup(parent, split.parent, O_RDONLY | O_PATH, &mode);
		if (failure.err == 0 && !S_ISDIR(mode))
			return {ENOTDIR, "dfs_lookup", ""};
		if (failure.err != 0)
			return failure;
		return {c->p->dfs_access(c->dfs, parent.obj, split.name.c_str(), mask), "dfs_access", ""};
	});
}

/* Asks for the length, then for the value, until it has stopped growing in between. */
template <typename Ask> Failure Whole(std::vector<char> &out, const char *call, Ask ask)
{
	for (;;) {
		daos_size_t size = 0;
		int rc = ask(nullptr, &size);
		/* Of none there is nothing to ask for, and room for nothing asks for the length again. */
		if (rc != 0 || size == 0) {
			out.clear();
			return {rc, call, ""};
		}
		out.resize(size);
		rc = ask(out.data(), &size);
		if (rc == ERANGE)
			continue;
		out.resize(rc == 0 && size < out.size() ? size : out.size());
		return {rc, call, ""};
	}
}

Napi::Value GetXattr(const Napi::CallbackInfo &info)
{
	std::string path = Text(info[1]), name = Text(info[2]);
	bool follow = info[3].ToBoolean();
	auto value = std::make_shared<std::vector<char>>();

	return PathCall(
	    info,
	    [=](const ConnectionRef &c) -> Failure {
		    Object object(c);
		    Failure failure = LookAt(object, path, follow);
		    if (failure.err != 0)
			    return failure;
		    return Whole(*value, "dfs_getxattr", [&](char *buf, daos_size_t *size) {
			    return c->p->dfs_getxattr(c->dfs, object.obj, name.c_str(), buf, size);
		    });
	    },
	    [=](Napi::Env env) { return Napi::Buffer<char>::Copy(env, value->data(), value->size()); });
}

Napi::Value SetXattr(const Napi::CallbackInfo &info)
{
	std::string path = Text(info[1]), name = Text(info[2]);
	auto view = info[3].As<Napi::Uint8Array>();
	/* At most 64 KiB, so a copy. */
	auto value = std::make_shared<std::vector<uint8_t>>(view.Data(), view.Data() + view.ByteLength());
	int flags = info[4].ToNumber().Int32Value();
	bool follow = info[5].ToBoolean();

	return PathCall(info, [=](const ConnectionRef &c) -> Failure {
		Object object(c);
		Failure failure = LookAt(object, path, follow);
		if (failure.err != 0)
			return failure;
		int rc = c->p->dfs_setxattr(c->dfs, object.obj, name.c_str(), value->data(), value->size(), flags);
		return {rc, "dfs_setxattr", ""};
	});
}

Napi::Value ListXattrs(const Napi::CallbackInfo &info)
{
	std::string path = Text(info[1]);
	bool follow = info[2].ToBoolean(), bytes = info[3].ToBoolean();
	auto names = std::make_shared<std::vector<char>>();

	return PathCall(
	    info,
	    [=](const ConnectionRef &c) -> Failure {
		    Object object(c);
		    Failure failure = LookAt(object, path, follow);
		    if (failure.err != 0)
			    return failure;
		    return Whole(*names, "dfs_listxattr", [&](char *buf, daos_size_t *size) {
			    return c->p->dfs_listxattr(c->dfs, object.obj, buf, size);
		    });
	    },
	    [=](Napi::Env env) -> Napi::Value {
		    auto out = Napi::Array::New(env);
		    for (size_t at = 0; at < names->size();) {
			    std::string name(names->data() + at);
			    out.Set(out.Length(), TextValue(env, name, bytes));
			    at += name.size() + 1;
		    }
		    return out;
	    });
}

Napi::Value RemoveXattr(const Napi::CallbackInfo &info)
{
	std::string path = Text(info[1]), name = Text(info[2]);
	bool follow = info[3].ToBoolean();

	return PathCall(info, [=](const ConnectionRef &c) -> Failure {
		Object object(c);
		Failure failure = LookAt(object, path, follow);
		if (failure.err != 0)
			return failure;
		return {c->p->dfs_removexattr(c->dfs, object.obj, name.c_str()), "dfs_removexattr", ""};
	});
}

} // namespace

void InitAttributes(Napi::Env env, Napi::Object exports)
{
	exports.Set("stat", Napi::Function::New(env, Stat, "stat"));
	exports.Set("chmod", Napi::Function::New(env, Chmod, "chmod"));
	exports.Set("chown", Napi::Function::New(env, Chown, "chown"));
	exports.Set("utimes", Napi::Function::New(env, Utimes, "utimes"));
	exports.Set("access", Napi::Function::New(env, Access, "access"));
	exports.Set("getXattr", Napi::Function::New(env, GetXattr, "getXattr"));
	exports.Set("setXattr", Napi::Function::New(env, SetXattr, "setXattr"));
	exports.Set("listXattrs", Napi::Function::New(env, ListXattrs, "listXattrs"));
	exports.Set("removeXattr", Napi::Function::New(env, RemoveXattr, "removeXattr"));
}
