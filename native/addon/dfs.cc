/* dfs.cc - the files of one container, by path. */
#include "connection.h"

#include <cstring>
#include <dirent.h>
#include <cstdlib>
#include <fcntl.h>
#include <mutex>
#include <sys/stat.h>
#include <vector>

namespace
{

using Ref = std::shared_ptr<Connection>;

/* An open object that is released at the end of its scope. */
class Object
{
      public:
	explicit Object(const Connection &c) : c(c)
	{
	}
	~Object()
	{
		if (obj != nullptr)
			c.p->dfs_release(obj);
	}
	Object(const Object &) = delete;
	Object &operator=(const Object &) = delete;

	dfs_obj_t *obj = nullptr;

      private:
	const Connection &c;
};

Ref Get(const Napi::Value &value)
{
	return *value.As<Napi::External<Ref>>().Data();
}

Napi::Value Undefined(Napi::Env env)
{
	return env.Undefined();
}

/* A call on an open connection. */
Napi::Value Call(const Napi::CallbackInfo &info, std::function<Failure(Connection &)> work,
                 std::function<Napi::Value(Napi::Env)> finish = Undefined)
{
	Ref c = Get(info[0]);
	return Promise(
	    info.Env(), info[1].ToString(),
	    [=]() -> Failure {
		    std::shared_lock lock(c->guard);
		    if (c->dfs == nullptr)
			    return {EBADF, "dfs_connect", "the connection is closed"};
		    return work(*c);
	    },
	    std::move(finish));
}

struct Split {
	std::string parent, name;
};

/* "/a/b/c" to "/a/b" and "c"; the name of "/" is empty. */
Split SplitPath(const std::string &path)
{
	auto slash = path.rfind('/');
	if (slash == std::string::npos)
		return {"/", path};
	return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

/* Runs `use` with the directory that holds the last part of `path`. */
template <typename Use> Failure WithParent(Connection &c, const std::string &path, Use use)
{
	Split split = SplitPath(path);
	Object parent(c);
	mode_t mode;

	if (split.name.empty())
		return {EBUSY, "dfs_lookup", "it is the root of the container"};
	int rc = c.p->dfs_lookup(c.dfs, split.parent.c_str(), O_RDWR, &parent.obj, &mode, nullptr);
	if (rc != 0)
		return {rc, "dfs_lookup", ""};
	if (!S_ISDIR(mode))
		return {ENOTDIR, "dfs_lookup", ""};
	return use(parent.obj, split.name.c_str());
}

Napi::Value Connect(const Napi::CallbackInfo &info)
{
	std::string pool = info[0].ToString(), cont = info[1].ToString();
	bool readOnly = info[2].ToBoolean();
	std::string snapshot = info[3].IsString() ? info[3].ToString().Utf8Value() : "";
	Ref c = std::make_shared<Connection>();

	return Promise(
	    info.Env(), pool + "/" + cont,
	    [=]() -> Failure {
		    Failure failure;
		    c->p = Provider(failure);
		    if (c->p == nullptr)
			    return failure;
		    if (!snapshot.empty()) {
			    if (c->p->dfs_connect_snap == nullptr)
				    return {ENOTSUP, "dfs_connect_snap", ""};
			    bool epoch = snapshot.find_first_not_of("0123456789") == std::string::npos;
			    int rc = c->p->dfs_connect_snap(pool.c_str(), nullptr, cont.c_str(), O_RDONLY,
			                                    epoch ? std::strtoull(snapshot.c_str(), nullptr, 10) : 0,
			                                    epoch ? nullptr : snapshot.c_str(), &c->dfs);
			    return {rc, "dfs_connect_snap", ""};
		    }
		    int flags = readOnly ? O_RDONLY : O_RDWR;
		    int rc = c->p->dfs_connect(pool.c_str(), nullptr, cont.c_str(), flags, nullptr, &c->dfs);
		    return {rc, "dfs_connect", ""};
	    },
	    [=](Napi::Env env) -> Napi::Value {
		    return Napi::External<Ref>::New(env, new Ref(c), [](Napi::Env, Ref *ref) { delete ref; });
	    });
}

Napi::Value Disconnect(const Napi::CallbackInfo &info)
{
	Ref c = Get(info[0]);
	return Promise(
	    info.Env(), "/",
	    [=]() -> Failure {
		    return {c->Close(), "dfs_disconnect", ""};
	    },
	    Undefined);
}

double Milliseconds(const struct timespec &t)
{
	return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
}

Napi::Value Stat(const Napi::CallbackInfo &info)
{
	std::string path = info[1].ToString();
	int flags = info[2].ToBoolean() ? O_RDONLY : O_RDONLY | O_NOFOLLOW;
	auto st = std::make_shared<struct stat>();

	return Call(
	    info,
	    [=](Connection &c) -> Failure {
		    Object object(c);
		    int rc = c.p->dfs_lookup(c.dfs, path.c_str(), flags, &object.obj, nullptr, st.get());
		    return {rc, "dfs_lookup", ""};
	    },
	    [=](Napi::Env env) -> Napi::Value {
		    auto out = Napi::Object::New(env);
		    out.Set("ino", static_cast<double>(st->st_ino));
		    out.Set("mode", st->st_mode);
		    out.Set("nlink", static_cast<double>(st->st_nlink));
		    out.Set("uid", st->st_uid);
		    out.Set("gid", st->st_gid);
		    out.Set("size", static_cast<double>(st->st_size));
		    out.Set("blksize", static_cast<double>(st->st_blksize));
		    out.Set("blocks", static_cast<double>(st->st_blocks));
		    out.Set("atimeMs", Milliseconds(st->st_atim));
		    out.Set("mtimeMs", Milliseconds(st->st_mtim));
		    out.Set("ctimeMs", Milliseconds(st->st_ctim));
		    return out;
	    });
}

/* A scatter list of one buffer. */
struct Sgl {
	d_iov_t iov;
	d_sg_list_t sgl;

	Sgl(void *buf, size_t len)
	{
		d_iov_set(&iov, buf, len);
		sgl.sg_nr = 1;
		sgl.sg_nr_out = 0;
		sgl.sg_iovs = &iov;
	}
};

Napi::Value Read(const Napi::CallbackInfo &info)
{
	std::string path = info[1].ToString();
	int64_t offset = info[2].ToNumber().Int64Value();
	int64_t length = info[3].ToNumber().Int64Value();
	auto bytes = std::make_shared<std::vector<uint8_t>>();

	return Call(
	    info,
	    [=](Connection &c) -> Failure {
		    Object object(c);
		    struct stat st;
		    int rc = c.p->dfs_lookup(c.dfs, path.c_str(), O_RDONLY, &object.obj, nullptr, &st);
		    if (rc != 0)
			    return {rc, "dfs_lookup", ""};
		    if (S_ISDIR(st.st_mode))
			    return {EISDIR, "dfs_read", ""};
		    int64_t left = st.st_size > offset ? st.st_size - offset : 0;
		    bytes->resize(length >= 0 && length < left ? length : left);
		    size_t done = 0;
		    while (done < bytes->size()) {
			    Sgl sgl(bytes->data() + done, bytes->size() - done);
			    daos_size_t n = 0;
			    rc = c.p->dfs_read(c.dfs, object.obj, &sgl.sgl, offset + done, &n, nullptr);
			    if (rc != 0)
				    return {rc, "dfs_read", ""};
			    if (n == 0)
				    break;
			    done += n;
		    }
		    bytes->resize(done);
		    return {};
	    },
	    [=](Napi::Env env) -> Napi::Value {
		    return Napi::Buffer<uint8_t>::Copy(env, bytes->data(), bytes->size());
	    });
}

/* Opens a file for writing; creates it when it is not there. A last symbolic link is followed. */
int OpenForWrite(Connection &c, const std::string &path, int flags, mode_t mode, Object &object, Failure &failure)
{
	mode_t type = 0;
	int rc = ENOENT;

	if (!(flags & O_EXCL))
		rc = c.p->dfs_lookup(c.dfs, path.c_str(), O_RDWR, &object.obj, &type, nullptr);
	if (rc == 0 && S_ISDIR(type))
		rc = EISDIR;
	if (rc != ENOENT) {
		failure = {rc, "dfs_lookup", ""};
		return rc;
	}
	failure = WithParent(c, path, [&](dfs_obj_t *parent, const char *name) -> Failure {
		int create = O_RDWR | O_CREAT | (flags & O_EXCL);
		int err = c.p->dfs_open(c.dfs, parent, name, S_IFREG | mode, create, 0, 0, nullptr, &object.obj);
		return {err, "dfs_open", ""};
	});
	return failure.err;
}

Failure Append(Connection &c, dfs_obj_t *obj, d_sg_list_t *sgl)
{
	daos_size_t end = 0;
	daos_off_t after;

	if (c.p->dfsx_append != nullptr)
		return {c.p->dfsx_append(c.dfs, obj, sgl, &after), "dfsx_append", ""};
	int rc = c.p->dfs_get_size(c.dfs, obj, &end);
	if (rc != 0)
		return {rc, "dfs_get_size", ""};
	return {c.p->dfs_write(c.dfs, obj, sgl, end, nullptr), "dfs_write", ""};
}

Napi::Value Write(const Napi::CallbackInfo &info)
{
	std::string path = info[1].ToString();
	auto view = info[2].As<Napi::Uint8Array>();
	/* A copy: the caller may change its buffer while the write is under way. */
	auto bytes = std::make_shared<std::vector<uint8_t>>(view.Data(), view.Data() + view.ByteLength());
	int flags = info[3].ToNumber().Int32Value();
	mode_t mode = info[4].ToNumber().Uint32Value() & 07777;

	return Call(info, [=](Connection &c) -> Failure {
		Object object(c);
		Failure failure;
		if (OpenForWrite(c, path, flags, mode, object, failure) != 0)
			return failure;
		if (flags & O_TRUNC) {
			int rc = c.p->dfs_punch(c.dfs, object.obj, 0, DFS_MAX_FSIZE);
			if (rc != 0)
				return {rc, "dfs_punch", ""};
		}
		if (bytes->empty())
			return {};
		Sgl sgl(bytes->data(), bytes->size());
		if (flags & O_APPEND)
			return Append(c, object.obj, &sgl.sgl);
		return {c.p->dfs_write(c.dfs, object.obj, &sgl.sgl, 0, nullptr), "dfs_write", ""};
	});
}

Napi::Value Mkdir(const Napi::CallbackInfo &info)
{
	std::string path = info[1].ToString();
	mode_t mode = info[2].ToNumber().Uint32Value() & 07777;

	return Call(info, [=](Connection &c) -> Failure {
		if (path == "/")
			return {EEXIST, "dfs_mkdir", ""};
		return WithParent(c, path, [&](dfs_obj_t *parent, const char *name) -> Failure {
			return {c.p->dfs_mkdir(c.dfs, parent, name, mode, 0), "dfs_mkdir", ""};
		});
	});
}

struct Entry {
	std::string name;
	mode_t mode;
};

Napi::Value Readdir(const Napi::CallbackInfo &info)
{
	std::string path = info[1].ToString();
	auto entries = std::make_shared<std::vector<Entry>>();

	return Call(
	    info,
	    [=](Connection &c) -> Failure {
		    Object object(c);
		    mode_t mode;
		    int rc = c.p->dfs_lookup(c.dfs, path.c_str(), O_RDONLY, &object.obj, &mode, nullptr);
		    if (rc != 0)
			    return {rc, "dfs_lookup", ""};
		    if (!S_ISDIR(mode))
			    return {ENOTDIR, "dfs_readdir", ""};
		    /* readdirplus: the plain call of DAOS leaves d_type unset. */
		    std::vector<struct dirent> names(128);
		    std::vector<struct stat> stats(128);
		    daos_anchor_t anchor = {};
		    while (!daos_anchor_is_eof(&anchor)) {
			    uint32_t n = names.size();
			    rc = c.p->dfs_readdirplus(c.dfs, object.obj, &anchor, &n, names.data(), stats.data());
			    if (rc != 0)
				    return {rc, "dfs_readdirplus", ""};
			    for (uint32_t i = 0; i < n; i++)
				    entries->push_back({names[i].d_name, stats[i].st_mode});
		    }
		    return {};
	    },
	    [=](Napi::Env env) -> Napi::Value {
		    auto out = Napi::Array::New(env, entries->size());
		    for (size_t i = 0; i < entries->size(); i++) {
			    auto entry = Napi::Object::New(env);
			    entry.Set("name", Napi::String::New(env, (*entries)[i].name));
			    entry.Set("type", Napi::Number::New(env, IFTODT((*entries)[i].mode)));
			    out.Set(static_cast<uint32_t>(i), entry);
		    }
		    return out;
	    });
}

Napi::Value Readlink(const Napi::CallbackInfo &info)
{
	std::string path = info[1].ToString();
	auto target = std::make_shared<std::string>();

	return Call(
	    info,
	    [=](Connection &c) -> Failure {
		    Object object(c);
		    mode_t mode;
		    int rc = c.p->dfs_lookup(c.dfs, path.c_str(), O_RDONLY | O_NOFOLLOW, &object.obj, &mode, nullptr);
		    if (rc != 0)
			    return {rc, "dfs_lookup", ""};
		    if (!S_ISLNK(mode))
			    return {EINVAL, "dfs_get_symlink_value", "not a symbolic link"};
		    char value[DFS_MAX_PATH + 1] = "";
		    daos_size_t size = sizeof(value);
		    rc = c.p->dfs_get_symlink_value(object.obj, value, &size);
		    *target = value;
		    return {rc, "dfs_get_symlink_value", ""};
	    },
	    [=](Napi::Env env) -> Napi::Value { return Napi::String::New(env, *target); });
}

Napi::Value Symlink(const Napi::CallbackInfo &info)
{
	std::string target = info[1].ToString(), path = info[2].ToString();

	return Call(info, [=](Connection &c) -> Failure {
		return WithParent(c, path, [&](dfs_obj_t *parent, const char *name) -> Failure {
			Object link(c);
			int rc = c.p->dfs_open(c.dfs, parent, name, S_IFLNK | 0777, O_RDWR | O_CREAT | O_EXCL, 0, 0,
			                       target.c_str(), &link.obj);
			return {rc, "dfs_open", ""};
		});
	});
}

Napi::Value Remove(const Napi::CallbackInfo &info)
{
	std::string path = info[1].ToString();
	bool recursive = info[2].ToBoolean();

	return Call(info, [=](Connection &c) -> Failure {
		return WithParent(c, path, [&](dfs_obj_t *parent, const char *name) -> Failure {
			return {c.p->dfs_remove(c.dfs, parent, name, recursive, nullptr), "dfs_remove", ""};
		});
	});
}

Napi::Value Rename(const Napi::CallbackInfo &info)
{
	std::string from = info[1].ToString(), to = info[2].ToString();

	return Call(info, [=](Connection &c) -> Failure {
		return WithParent(c, from, [&](dfs_obj_t *parent, const char *name) -> Failure {
			return WithParent(c, to, [&](dfs_obj_t *newParent, const char *newName) -> Failure {
				if (c.p->dfsx_rename != nullptr)
					return {c.p->dfsx_rename(c.dfs, parent, name, newParent, newName, 0),
					        "dfsx_rename", ""};
				return {c.p->dfs_move(c.dfs, parent, name, newParent, newName, nullptr), "dfs_move",
				        ""};
			});
		});
	});
}

Napi::Value Sync(const Napi::CallbackInfo &info)
{
	Ref c = Get(info[0]);
	return Promise(
	    info.Env(), "/",
	    [=]() -> Failure {
		    std::shared_lock lock(c->guard);
		    if (c->dfs == nullptr)
			    return {EBADF, "dfs_connect", "the connection is closed"};
		    return {c->p->dfs_sync(c->dfs), "dfs_sync", ""};
	    },
	    Undefined);
}

} // namespace

void InitDfs(Napi::Env env, Napi::Object exports)
{
	exports.Set("connect", Napi::Function::New(env, Connect, "connect"));
	exports.Set("disconnect", Napi::Function::New(env, Disconnect, "disconnect"));
	exports.Set("stat", Napi::Function::New(env, Stat, "stat"));
	exports.Set("read", Napi::Function::New(env, Read, "read"));
	exports.Set("write", Napi::Function::New(env, Write, "write"));
	exports.Set("mkdir", Napi::Function::New(env, Mkdir, "mkdir"));
	exports.Set("readdir", Napi::Function::New(env, Readdir, "readdir"));
	exports.Set("readlink", Napi::Function::New(env, Readlink, "readlink"));
	exports.Set("symlink", Napi::Function::New(env, Symlink, "symlink"));
	exports.Set("remove", Napi::Function::New(env, Remove, "remove"));
	exports.Set("rename", Napi::Function::New(env, Rename, "rename"));
	exports.Set("sync", Napi::Function::New(env, Sync, "sync"));
}
