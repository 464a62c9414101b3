/* connection.cc - containers opened and closed, and what all calls on their files share. */
#include "connection.h"

#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>

Napi::Value Undefined(Napi::Env env)
{
	return env.Undefined();
}

Napi::Value PathCall(const Napi::CallbackInfo &info, std::function<Failure(const ConnectionRef &)> work,
                     std::function<Napi::Value(Napi::Env)> finish)
{
	auto c = Unwrap<Connection>(info[0]);
	return Promise(
	    info.Env(), Text(info[1]),
	    [=]() -> Failure {
		    if (c->dfs == nullptr)
			    return {EBADF, "dfs_connect", "the connection is closed"};
		    return work(c);
	    },
	    std::move(finish));
}

Napi::Value ObjectCall(const Napi::CallbackInfo &info, std::function<Failure(Object &)> work,
                       std::function<Napi::Value(Napi::Env)> finish)
{
	auto object = Unwrap<Object>(info[0]);
	return Promise(
	    info.Env(), "",
	    [=]() -> Failure {
		    if (object->obj == nullptr)
			    return {EBADF, "dfs_open", "it is closed"};
		    return work(*object);
	    },
	    std::move(finish));
}

std::string Text(const Napi::Value &value)
{
	if (!value.IsTypedArray())
		return value.ToString();
	auto bytes = value.As<Napi::Uint8Array>();
	return {reinterpret_cast<const char *>(bytes.Data()), bytes.ByteLength()};
}

Napi::Value TextValue(Napi::Env env, const std::string &text, bool bytes)
{
	if (bytes)
		return Napi::Buffer<char>::Copy(env, text.data(), text.size());
	return Napi::String::New(env, text);
}

uint64_t Unsigned(const Napi::Value &value)
{
	bool lossless = true;
	if (value.IsBigInt())
		return value.As<Napi::BigInt>().Uint64Value(&lossless);
	return static_cast<uint64_t>(value.ToNumber().Int64Value());
}

Split::Split(const std::string &path)
{
	auto slash = path.rfind('/');
	parent = slash == 0 ? "/" : path.substr(0, slash);
	name = path.substr(slash + 1);
}

Failure Lookup(Object &out, const std::string &path, int flags, mode_t *mode)
{
	mode_t ignored;
	int rc = out.c->p->dfs_lookup(out.c->dfs, path.c_str(), flags, &out.obj, mode ? mode : &ignored, nullptr);
	return {rc, "dfs_lookup", ""};
}

Failure OpenParent(Object &out, const Split &split)
{
	mode_t mode;

	if (split.name.empty())
		return {EBUSY, "dfs_lookup", "it is the root of the container"};
	/* libdfs creates nothing in a directory that was opened for reading. */
	Failure failure = Lookup(out, split.parent, O_RDWR, &mode);
	if (failure.err == 0 && !S_ISDIR(mode))
		return {ENOTDIR, "dfs_lookup", ""};
	return failure;
}

Failure Attributes(Object &object, struct stat *st)
{
	daos_obj_id_t oid;
	int rc = object.c->p->dfs_ostat(object.c->dfs, object.obj, st);

	if (rc == 0)
		rc = object.c->p->dfs_obj2id(object.obj, &oid);
	if (rc != 0)
		return {rc, "dfs_ostat", ""};
	provider_complete_stat(st, oid);
	return {};
}

namespace
{

Napi::BigInt Nanoseconds(Napi::Env env, const struct timespec &t)
{
	return Napi::BigInt::New(env, static_cast<int64_t>(t.tv_sec) * 1000000000 + t.tv_nsec);
}

Napi::Value Connect(const Napi::CallbackInfo &info)
{
	std::string pool = info[0].ToString(), cont = info[1].ToString();
	int flags = info[2].ToBoolean() ? O_RDONLY : O_RDWR;
	std::string snapshot = info[3].IsString() ? info[3].ToString().Utf8Value() : "";
	auto c = std::make_shared<Connection>();

	return Promise(
	    info.Env(), pool + "/" + cont,
	    [=]() -> Failure {
		    Failure failure;
		    c->p = Provider(failure);
		    if (c->p == nullptr)
			    return failure;
		    if (snapshot.empty()) {
			    int rc = c->p->dfs_connect(pool.c_str(), nullptr, cont.c_str(), flags, nullptr, &c->dfs);
			    return {rc, "dfs_connect", ""};
		    }
		    if (c->p->dfs_connect_snap == nullptr)
			    return {ENOTSUP, "dfs_connect_snap", ""};
		    bool epoch = snapshot.find_first_not_of("0123456789") == std::string::npos;
		    int rc = c->p->dfs_connect_snap(pool.c_str(), nullptr, cont.c_str(), O_RDONLY,
		                                    epoch ? std::strtoull(snapshot.c_str(), nullptr, 10) : 0,
		                                    epoch ? nullptr : snapshot.c_str(), &c->dfs);
		    return {rc, "dfs_connect_snap", ""};
	    },
	    [=](Napi::Env env) { return Wrap(env, c); });
}

Napi::Value Disconnect(const Napi::CallbackInfo &info)
{
	auto c = Unwrap<Connection>(info[0]);
	return Promise(
	    info.Env(), "/",
	    [=]() -> Failure {
		    return {c->Close(), "dfs_disconnect", ""};
	    },
	    Undefined);
}

Napi::Value Sync(const Napi::CallbackInfo &info)
{
	return PathCall(info, [](const ConnectionRef &c) -> Failure {
		return {c->p->dfs_sync(c->dfs), "dfs_sync", ""};
	});
}

Napi::Value Statfs(const Napi::CallbackInfo &info)
{
	auto st = std::make_shared<struct statvfs>();
	return PathCall(
	    info,
	    [=](const ConnectionRef &c) -> Failure {
		    if (c->p->dfsx_statfs == nullptr)
			    return {ENOTSUP, "dfsx_statfs", "the provider does not say how much room there is"};
		    return {c->p->dfsx_statfs(c->dfs, st.get()), "dfsx_statfs", ""};
	    },
	    [=](Napi::Env env) -> Napi::Value {
		    auto out = Napi::Object::New(env);
		    out.Set("blockSize", static_cast<double>(st->f_frsize));
		    out.Set("blocks", Napi::BigInt::New(env, static_cast<uint64_t>(st->f_blocks)));
		    out.Set("free", Napi::BigInt::New(env, static_cast<uint64_t>(st->f_bfree)));
		    out.Set("available", Napi::BigInt::New(env, static_cast<uint64_t>(st->f_bavail)));
		    out.Set("files", Napi::BigInt::New(env, static_cast<uint64_t>(st->f_files)));
		    out.Set("filesFree", Napi::BigInt::New(env, static_cast<uint64_t>(st->f_ffree)));
		    return out;
	    });
}

} // namespace

Napi::Value StatValue(Napi::Env env, const struct stat &st)
{
	auto out = Napi::Object::New(env);
	out.Set("inode", Napi::BigInt::New(env, static_cast<uint64_t>(st.st_ino)));
	out.Set("mode", st.st_mode);
	out.Set("links", static_cast<double>(st.st_nlink));
	out.Set("uid", st.st_uid);
	out.Set("gid", st.st_gid);
	out.Set("size", Napi::BigInt::New(env, static_cast<uint64_t>(st.st_size)));
	out.Set("blockSize", static_cast<double>(st.st_blksize));
	out.Set("blocks", Napi::BigInt::New(env, static_cast<uint64_t>(st.st_blocks)));
	out.Set("atimeNs", Nanoseconds(env, st.st_atim));
	out.Set("mtimeNs", Nanoseconds(env, st.st_mtim));
	out.Set("ctimeNs", Nanoseconds(env, st.st_ctim));
	return out;
}

void InitConnection(Napi::Env env, Napi::Object exports)
{
	exports.Set("connect", Napi::Function::New(env, Connect, "connect"));
	exports.Set("disconnect", Napi::Function::New(env, Disconnect, "disconnect"));
	exports.Set("sync", Napi::Function::New(env, Sync, "sync"));
	exports.Set("statfs", Napi::Function::New(env, Statfs, "statfs"));
}
