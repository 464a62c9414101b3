/* files.cc - open files: bytes in and out. */
#include "connection.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace
{

/*
 * Buffers of the caller as a scatter list. They are used in place: the references keep them alive, and the caller
 * leaves them alone until the promise settles.
 */
class Buffers
{
      public:
	explicit Buffers(const Napi::Value &value)
	{
		auto array = value.As<Napi::Array>();
		for (uint32_t i = 0; i < array.Length(); i++) {
			auto view = static_cast<Napi::Value>(array[i]).As<Napi::Uint8Array>();
			/* libdfs refuses an empty part. */
			if (view.ByteLength() == 0)
				continue;
			d_iov_t iov;
			d_iov_set(&iov, view.Data(), view.ByteLength());
			iovs.push_back(iov);
			size += view.ByteLength();
		}
		held = Napi::Persistent(array.As<Napi::Object>());
	}

	size_t Size() const
	{
		return size;
	}

	/* What is behind the first `done` bytes. */
	d_sg_list_t *Rest(size_t done)
	{
		rest.clear();
		for (const d_iov_t &iov : iovs) {
			if (done >= iov.iov_len) {
				done -= iov.iov_len;
				continue;
			}
			d_iov_t part;
			d_iov_set(&part, static_cast<char *>(iov.iov_buf) + done, iov.iov_len - done);
			rest.push_back(part);
			done = 0;
		}
		sgl.sg_nr = rest.size();
		sgl.sg_nr_out = 0;
		sgl.sg_iovs = rest.data();
		return &sgl;
	}

      private:
	std::vector<d_iov_t> iovs, rest;
	d_sg_list_t sgl = {};
	size_t size = 0;
	/* Let go of on node's thread, where the last reference to this is dropped: see Promise(). */
	Napi::ObjectReference held;
};

Failure Create(Object &file, const std::string &path, int flags, mode_t mode)
{
	Split split(path);
	Object parent(file.c);
	Failure failure = OpenParent(parent, split);

	if (failure.err != 0)
		return failure;
	int rc = file.c->p->dfs_open(file.c->dfs, parent.obj, split.name.c_str(), S_IFREG | mode,
	                             O_CREAT | O_EXCL | (flags & O_ACCMODE), 0, 0, nullptr, &file.obj);
	return {rc, "dfs_open", ""};
}

/* What the link `path` leads to, as a path; true when it is a link. */
bool FollowLink(const ConnectionRef &c, std::string &path)
{
	Object link(c);
	mode_t mode;
	char value[DFS_MAX_PATH + 1] = "";
	daos_size_t size = sizeof(value);

	if (Lookup(link, path, O_RDONLY | O_NOFOLLOW, &mode).err != 0 || !S_ISLNK(mode) ||
	    c->p->dfs_get_symlink_value(link.obj, value, &size) != 0)
		return false;
	path = value[0] == '/' ? value : Split(path).parent + "/" + value;
	return true;
}

/* open(2): a link that leads nowhere is created where it leads to. */
Failure OpenFile(Object &file, std::string path, int flags, mode_t mode)
{
	if (flags & O_CREAT && flags & O_EXCL)
		return path == "/" ? Failure{EEXIST, "dfs_open", ""} : Create(file, path, flags, mode);
	for (int links = 0; links < 40;) {
		mode_t type = 0;
		/* As what it is, first: a directory may be one that we may not write to. */
		int access = flags & O_ACCMODE;
		Failure failure = Lookup(file, path, access, &type);
		if (failure.err == 0 && S_ISDIR(type)) {
			file.Close();
			return {EISDIR, "dfs_open", ""};
		}
		if (failure.err == 0 && flags & O_TRUNC)
			return {file.c->p->dfs_punch(file.c->dfs, file.obj, 0, DFS_MAX_FSIZE), "dfs_punch", ""};
		if (failure.err != ENOENT || !(flags & O_CREAT))
			return failure;
		if (FollowLink(file.c, path)) {
			links++;
			continue;
		}
		failure = Create(file, path, flags, mode);
		/* Somebody was faster: theirs is opened. */
		if (failure.err != EEXIST)
			return failure;
		links++;
	}
	return {ELOOP, "dfs_open", ""};
}

Napi::Value Open(const Napi::CallbackInfo &info)
{
	std::string path = Text(info[1]);
	int flags = info[2].ToNumber().Int32Value();
	mode_t mode = info[3].ToNumber().Uint32Value() & 07777;
	auto file = std::make_shared<Object>(Unwrap<Connection>(info[0]));

	return PathCall(
	    info, [=](const ConnectionRef &) { return OpenFile(*file, path, flags, mode); },
	    [=](Napi::Env env) { return Wrap(env, file); });
}

Napi::Value Close(const Napi::CallbackInfo &info)
{
	auto object = Unwrap<Object>(info[0]);
	return Promise(
	    info.Env(), "",
	    [=]() -> Failure {
		    return {object->Close(), "dfs_release", ""};
	    },
	    Undefined);
}

Napi::Value Read(const Napi::CallbackInfo &info)
{
	auto buffers = std::make_shared<Buffers>(info[1]);
	uint64_t position = Unsigned(info[2]);
	auto done = std::make_shared<size_t>(0);

	return ObjectCall(
	    info,
	    [=](Object &file) -> Failure {
		    while (*done < buffers->Size()) {
			    daos_size_t n = 0;
			    int rc = file.c->p->dfs_read(file.c->dfs, file.obj, buffers->Rest(*done), position + *done,
			                                 &n, nullptr);
			    if (rc != 0)
				    return {rc, "dfs_read", ""};
			    if (n == 0)
				    break;
			    *done += n;
		    }
		    return {};
	    },
	    [=](Napi::Env env) { return Napi::Number::New(env, static_cast<double>(*done)); });
}

Napi::Value Write(const Napi::CallbackInfo &info)
{
	auto buffers = std::make_shared<Buffers>(info[1]);
	uint64_t position = Unsigned(info[2]);

	return ObjectCall(info, [=](Object &file) -> Failure {
		if (buffers->Size() == 0)
			return {};
		return {file.c->p->dfs_write(file.c->dfs, file.obj, buffers->Rest(0), position, nullptr), "dfs_write",
		        ""};
	});
}

Failure AppendTo(Object &file, d_sg_list_t *sgl, daos_size_t size, daos_off_t *end)
{
	const struct provider *p = file.c->p;

	if (size == 0)
		return {p->dfs_get_size(file.c->dfs, file.obj, end), "dfs_get_size", ""};
	daos_size_t appended = 0;
	int rc = provider_append(p, file.c->dfs, file.obj, sgl, end);
	for (uint32_t i = 0; i < sgl->sg_nr; i++)
		appended += sgl->sg_iovs[i].iov_len;
	return {rc == 0 && appended != size ? EFBIG : rc, p->dfsx_append != nullptr ? "dfsx_append" : "dfs_write", ""};
}

Napi::Value Append(const Napi::CallbackInfo &info)
{
	auto buffers = std::make_shared<Buffers>(info[1]);
	auto end = std::make_shared<daos_off_t>(0);

	return ObjectCall(
	    info, [=](Object &file) { return AppendTo(file, buffers->Rest(0), buffers->Size(), end.get()); },
	    [=](Napi::Env env) { return Napi::BigInt::New(env, static_cast<uint64_t>(*end)); });
}

Napi::Value Truncate(const Napi::CallbackInfo &info)
{
	uint64_t size = Unsigned(info[1]);
	return ObjectCall(info, [=](Object &file) -> Failure {
		return {file.c->p->dfs_punch(file.c->dfs, file.obj, size, DFS_MAX_FSIZE), "dfs_punch", ""};
	});
}

Napi::Value FileSync(const Napi::CallbackInfo &info)
{
	bool data = info[1].ToBoolean();
	return ObjectCall(info, [=](Object &file) -> Failure {
		const struct provider *p = file.c->p;
		if (p->dfsx_fsync != nullptr)
			return {p->dfsx_fsync(file.c->dfs, file.obj, data), "dfsx_fsync", ""};
		return {p->dfs_sync(file.c->dfs), "dfs_sync", ""};
	});
}

Napi::Value FileStat(const Napi::CallbackInfo &info)
{
	auto st = std::make_shared<struct stat>();
	return ObjectCall(
	    info, [=](Object &file) { return Attributes(file, st.get()); },
	    [=](Napi::Env env) { return StatValue(env, *st); });
}

/* lseek(2) for SEEK_DATA and SEEK_HOLE; undefined behind the last data. */
Napi::Value Seek(const Napi::CallbackInfo &info)
{
	uint64_t position = Unsigned(info[1]);
	int whence = info[2].ToBoolean() ? SEEK_HOLE : SEEK_DATA;
	auto found = std::make_shared<daos_off_t>(0);
	auto none = std::make_shared<bool>(false);

	return ObjectCall(
	    info,
	    [=](Object &file) -> Failure {
		    if (file.c->p->dfsx_seek == nullptr)
			    return {ENOTSUP, "dfsx_seek", "the provider does not say where holes are"};
		    int rc = file.c->p->dfsx_seek(file.c->dfs, file.obj, position, whence, found.get());
		    *none = rc == ENXIO;
		    return {*none ? 0 : rc, "dfsx_seek", ""};
	    },
	    [=](Napi::Env env) -> Napi::Value {
		    return *none ? env.Undefined() : Napi::BigInt::New(env, static_cast<uint64_t>(*found));
	    });
}

} // namespace

void InitFiles(Napi::Env env, Napi::Object exports)
{
	exports.Set("open", Napi::Function::New(env, Open, "open"));
	exports.Set("close", Napi::Function::New(env, Close, "close"));
	exports.Set("fileRead", Napi::Function::New(env, Read, "fileRead"));
	exports.Set("fileWrite", Napi::Function::New(env, Write, "fileWrite"));
	exports.Set("fileAppend", Napi::Function::New(env, Append, "fileAppend"));
	exports.Set("fileTruncate", Napi::Function::New(env, Truncate, "fileTruncate"));
	exports.Set("fileSeek", Napi::Function::New(env, Seek, "fileSeek"));
	exports.Set("fileSync", Napi::Function::New(env, FileSync, "fileSync"));
	exports.Set("fileStat", Napi::Function::New(env, FileStat, "fileStat"));
}
