/* host.cc - files of the kernel's, as copying needs them and node has no calls: holes, extended attributes, times to the
 * nanosecond, offsets beyond 2^53. */
#include "connection.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <vector>

namespace
{

Failure Result(long rc, const char *call)
{
	return {rc < 0 ? errno : 0, call, ""};
}

/* hostSeek(fd, position, hole): undefined behind the last data. */
Napi::Value Seek(const Napi::CallbackInfo &info)
{
	int fd = info[0].ToNumber().Int32Value(), whence = info[2].ToBoolean() ? SEEK_HOLE : SEEK_DATA;
	auto position = static_cast<off_t>(Unsigned(info[1]));
	auto found = std::make_shared<off_t>(0);
	auto none = std::make_shared<bool>(false);

	return Promise(
	    info.Env(), "",
	    [=]() {
		    *found = lseek(fd, position, whence);
		    *none = *found < 0 && errno == ENXIO;
		    return *none ? Failure{} : Result(*found, "lseek");
	    },
	    [=](Napi::Env env) -> Napi::Value {
		    return *none ? env.Undefined() : Napi::BigInt::New(env, static_cast<int64_t>(*found));
	    });
}

/* The bytes are the caller's, who leaves them alone until the promise settles. */
struct Held {
	explicit Held(const Napi::Value &value) : reference(Napi::Persistent(value.As<Napi::Object>()))
	{
		auto view = value.As<Napi::Uint8Array>();
		data = view.Data();
		size = view.ByteLength();
	}
	uint8_t *data;
	size_t size;
	Napi::ObjectReference reference;
};

/* Moves all bytes, or (reading) up to the end of the file. */
template <typename Move> Failure All(const Held &held, size_t *done, const char *call, Move move)
{
	while (*done < held.size) {
		ssize_t n = move(held.data + *done, held.size - *done, *done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return Result(n, call);
		*done += n;
	}
	return {};
}

/* hostRead(fd, bytes, position): how many. */
Napi::Value Read(const Napi::CallbackInfo &info)
{
	int fd = info[0].ToNumber().Int32Value();
	auto held = std::make_shared<Held>(info[1]);
	auto position = static_cast<off_t>(Unsigned(info[2]));
	auto done = std::make_shared<size_t>(0);

	return Promise(
	    info.Env(), "",
	    [=]() {
		    return All(*held, done.get(), "pread", [&](uint8_t *at, size_t size, size_t off) {
			    return pread(fd, at, size, position + off);
		    });
	    },
	    [=](Napi::Env env) { return Napi::Number::New(env, static_cast<double>(*done)); });
}

/* hostWrite(fd, bytes, position) */
Napi::Value Write(const Napi::CallbackInfo &info)
{
	int fd = info[0].ToNumber().Int32Value();
	auto held = std::make_shared<Held>(info[1]);
	auto position = static_cast<off_t>(Unsigned(info[2]));

	return Promise(
	    info.Env(), "",
	    [=]() {
		    size_t done = 0;
		    return All(*held, &done, "pwrite", [&](uint8_t *at, size_t size, size_t off) {
			    return pwrite(fd, at, size, position + off);
		    });
	    },
	    Undefined);
}

/* hostTruncate(fd, size) */
Napi::Value Truncate(const Napi::CallbackInfo &info)
{
	int fd = info[0].ToNumber().Int32Value();
	auto size = static_cast<off_t>(Unsigned(info[1]));

	return Promise(
	    info.Env(), "", [=]() { return Result(ftruncate(fd, size), "ftruncate"); }, Undefined);
}

/* hostUtimes(path, atimeNs, mtimeNs): of a symbolic link itself. */
Napi::Value Utimes(const Napi::CallbackInfo &info)
{
	std::string path = Text(info[0]);
	struct timespec atime = Time(info[1]), mtime = Time(info[2]);

	return Promise(
	    info.Env(), path,
	    [=]() {
		    const struct timespec times[] = {atime, mtime};
		    return Result(utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW), "utimensat");
	    },
	    Undefined);
}

/* Asks for the length, then for the value, until it has stopped growing in between. */
template <typename Ask> Failure Whole(std::vector<char> &out, const char *call, Ask ask)
{
	for (;;) {
		ssize_t size = ask(nullptr, 0);
		out.resize(size > 0 ? size : 0);
		if (size <= 0)
			return Result(size, call);
		size = ask(out.data(), out.size());
		if (size < 0 && errno == ERANGE)
			continue;
		out.resize(size > 0 ? size : 0);
		return Result(size, call);
	}
}

/* hostListXattrs(path): names as bytes; of a symbolic link itself, as the two that follow. */
Napi::Value ListXattrs(const Napi::CallbackInfo &info)
{
	std::string path = Text(info[0]);
	auto names = std::make_shared<std::vector<char>>();

	return Promise(
	    info.Env(), path,
	    [=]() {
		    return Whole(*names, "llistxattr",
		                 [&](char *buf, size_t size) { return llistxattr(path.c_str(), buf, size); });
	    },
	    [=](Napi::Env env) -> Napi::Value {
		    auto out = Napi::Array::New(env);
		    for (size_t at = 0; at < names->size();) {
			    std::string name(names->data() + at);
			    out.Set(out.Length(), TextValue(env, name, true));
			    at += name.size() + 1;
		    }
		    return out;
	    });
}

/* hostGetXattr(path, name) */
Napi::Value GetXattr(const Napi::CallbackInfo &info)
{
	std::string path = Text(info[0]), name = Text(info[1]);
	auto value = std::make_shared<std::vector<char>>();

	return Promise(
	    info.Env(), path,
	    [=]() {
		    return Whole(*value, "lgetxattr", [&](char *buf, size_t size) {
			    return lgetxattr(path.c_str(), name.c_str(), buf, size);
		    });
	    },
	    [=](Napi::Env env) { return Napi::Buffer<char>::Copy(env, value->data(), value->size()); });
}

/* hostSetXattr(path, name, value) */
Napi::Value SetXattr(const Napi::CallbackInfo &info)
{
	std::string path = Text(info[0]), name = Text(info[1]), value = Text(info[2]);

	return Promise(
	    info.Env(), path,
	    [=]() { return Result(lsetxattr(path.c_str(), name.c_str(), value.data(), value.size(), 0), "lsetxattr"); },
	    Undefined);
}

} // namespace

void InitHost(Napi::Env env, Napi::Object exports)
{
	exports.Set("hostSeek", Napi::Function::New(env, Seek, "hostSeek"));
	exports.Set("hostRead", Napi::Function::New(env, Read, "hostRead"));
	exports.Set("hostWrite", Napi::Function::New(env, Write, "hostWrite"));
	exports.Set("hostTruncate", Napi::Function::New(env, Truncate, "hostTruncate"));
	exports.Set("hostUtimes", Napi::Function::New(env, Utimes, "hostUtimes"));
	exports.Set("hostListXattrs", Napi::Function::New(env, ListXattrs, "hostListXattrs"));
	exports.Set("hostGetXattr", Napi::Function::New(env, GetXattr, "hostGetXattr"));
	exports.Set("hostSetXattr", Napi::Function::New(env, SetXattr, "hostSetXattr"));
}
