/* names.cc - names of a container: made, removed, changed, listed. */
#include "connection.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <vector>

namespace
{

Failure ModeOf(Object &parent, const std::string &name, mode_t *mode)
{
	struct stat st;
	int rc = parent.c->p->dfs_stat(parent.c->dfs, parent.obj, name.c_str(), &st);
	*mode = st.st_mode;
	return {rc, "dfs_stat", ""};
}

Napi::Value Mkdir(const Napi::CallbackInfo &info)
{
	std::string path = Text(info[1]);
	mode_t mode = info[2].ToNumber().Uint32Value() & 01777;

	return PathCall(info, [=](const ConnectionRef &c) -> Failure {
		if (path == "/")
			return {EEXIST, "dfs_mkdir", ""};
		Split split(path);
		Object parent(c);
		Failure failure = OpenParent(parent, split);
		if (failure.err != 0)
			return failure;
		return {c->p->dfs_mkdir(c->dfs, parent.obj, split.name.c_str(), mode | S_IFDIR, 0), "dfs_mkdir", ""};
	});
}

Napi::Value Symlink(const Napi::CallbackInfo &info)
{
	std::string path = Text(info[1]), target = Text(info[2]);

	return PathCall(info, [=](const ConnectionRef &c) -> Failure {
		if (path == "/")
			return {EEXIST, "dfs_open", ""};
		Split split(path);
		Object parent(c), link(c);
		Failure failure = OpenParent(parent, split);
		if (failure.err != 0)
			return failure;
		int rc = c->p->dfs_open(c->dfs, parent.obj, split.name.c_str(), S_IFLNK | 0777,
		                        O_RDWR | O_CREAT | O_EXCL, 0, 0, target.c_str(), &link.obj);
		return {rc, "dfs_open", ""};
	});
}

Napi::Value Readlink(const Napi::CallbackInfo &info)
{
	std::string path = Text(info[1]);
	bool bytes = info[2].ToBoolean();
	auto target = std::make_shared<std::string>();

	return PathCall(
	    info,
	    [=](const ConnectionRef &c) -> Failure {
		    Object link(c);
		    mode_t mode;
		    Failure failure = Lookup(link, path, O_RDONLY | O_NOFOLLOW, &mode);
		    if (failure.err != 0)
			    return failure;
		    if (!S_ISLNK(mode))
			    return {EINVAL, "dfs_get_symlink_value", "not a symbolic link"};
		    char value[DFS_MAX_PATH + 1] = "";
		    daos_size_t size = sizeof(value);
		    int rc = c->p->dfs_get_symlink_value(link.obj, value, &size);
		    *target = value;
		    return {rc, "dfs_get_symlink_value", ""};
	    },
	    [=](Napi::Env env) { return TextValue(env, *target, bytes); });
}

Napi::Value Link(const Napi::CallbackInfo &info)
{
	std::string path = Text(info[1]), newPath = Text(info[2]);

	return PathCall(info, [=](const ConnectionRef &c) -> Failure {
		if (c->p->dfsx_link == nullptr)
			return {ENOTSUP, "dfsx_link", "the provider has no hard links"};
		Split split(newPath);
		Object object(c), parent(c);
		Failure failure = Lookup(object, path, O_RDONLY | O_PATH | O_NOFOLLOW);
		if (failure.err == 0)
			failure = OpenParent(parent, split);
		if (failure.err != 0)
			return failure;
		return {c->p->dfsx_link(c->dfs, object.obj, parent.obj, split.name.c_str()), "dfsx_link", ""};
	});
}

/* Kinds of removal: unlink(2), rmdir(2), and of a whole tree. */
Napi::Value Remove(const Napi::CallbackInfo &info)
{
	std::string path = Text(info[1]), kind = Text(info[2]);

	return PathCall(info, [=](const ConnectionRef &c) -> Failure {
		Split split(path);
		Object parent(c);
		Failure failure = OpenParent(parent, split);
		bool directory = kind == "directory", tree = kind == "tree";

		if (failure.err != 0)
			return failure;
		if (!tree && c->p->dfsx_remove != nullptr)
			return {c->p->dfsx_remove(c->dfs, parent.obj, split.name.c_str(), directory), "dfsx_remove",
			        ""};
		mode_t mode;
		if (!tree) {
			failure = ModeOf(parent, split.name, &mode);
			if (failure.err == 0 && S_ISDIR(mode) != directory)
				return {directory ? ENOTDIR : EISDIR, "dfs_remove", ""};
			if (failure.err != 0)
				return failure;
		}
		int rc = c->p->dfs_remove(c->dfs, parent.obj, split.name.c_str(), tree, nullptr);
		if (rc == 0 && (directory || tree))
			provider_dirs_changed(c->p);
		return {rc, "dfs_remove", ""};
	});
}

Napi::Value Rename(const Napi::CallbackInfo &info)
{
	std::string from = Text(info[1]), to = Text(info[2]);
	std::string how = info[3].IsString() ? Text(info[3]) : "";

	return PathCall(info, [=](const ConnectionRef &c) -> Failure {
		const struct provider *p = c->p;
		Split old(from), renamed(to);
		Object parent(c), newParent(c);
		Failure failure = OpenParent(parent, old);
		if (failure.err == 0)
			failure = OpenParent(newParent, renamed);
		if (failure.err != 0)
			return failure;
		const char *name = old.name.c_str(), *newName = renamed.name.c_str();
		unsigned flags = how == "exchange" ? RENAME_EXCHANGE : how == "noreplace" ? RENAME_NOREPLACE : 0;
		bool directory;
		int rc = provider_rename(p, c->dfs, parent.obj, name, newParent.obj, newName, flags, &directory);
		const char *call = p->dfsx_rename != nullptr  ? "dfsx_rename"
		                   : flags == RENAME_EXCHANGE ? "dfs_exchange"
		                                              : "dfs_move";
		return {rc, call, ""};
	});
}

/* An open directory and how far it was read. */
struct Directory : Object {
	using Object::Object;
	uint64_t cookie = 0;
	daos_anchor_t anchor = {};
};

Napi::Value OpenDirectory(const Napi::CallbackInfo &info)
{
	std::string path = Text(info[1]);
	auto directory = std::make_shared<Directory>(Unwrap<Connection>(info[0]));

	return PathCall(
	    info,
	    [=](const ConnectionRef &) -> Failure {
		    mode_t mode;
		    Failure failure = Lookup(*directory, path, O_RDONLY, &mode);
		    if (failure.err == 0 && !S_ISDIR(mode))
			    return {ENOTDIR, "dfs_readdir", ""};
		    return failure;
	    },
	    [=](Napi::Env env) { return Wrap<Object>(env, directory); });
}

constexpr uint32_t batch = 128;

struct Entry {
	std::string name;
	unsigned char type;
	uint64_t inode;
};

Failure NextByCookie(Directory &directory, std::vector<Entry> &entries)
{
	std::vector<struct dfsx_dirent> found(batch);
	uint32_t n = batch;
	int rc =
	    directory.c->p->dfsx_readdir(directory.c->dfs, directory.obj, &directory.cookie, &n, found.data(), nullptr);
	if (rc != 0)
		return {rc, "dfsx_readdir", ""};
	for (uint32_t i = 0; i < n; i++)
		entries.push_back({found[i].name, found[i].type, found[i].ino});
	return {};
}

/* The public calls say neither type nor inode number of a name: each is looked at. */
Failure NextByAnchor(Directory &directory, std::vector<Entry> &entries)
{
	const struct provider *p = directory.c->p;
	std::vector<struct dirent> names(batch);

	while (entries.empty() && !daos_anchor_is_eof(&directory.anchor)) {
		uint32_t n = batch;
		int rc = p->dfs_readdir(directory.c->dfs, directory.obj, &directory.anchor, &n, names.data());
		if (rc != 0)
			return {rc, "dfs_readdir", ""};
		for (uint32_t i = 0; i < n; i++) {
			Object object(directory.c);
			struct stat st;
			mode_t mode;
			rc = p->dfs_lookup_rel(directory.c->dfs, directory.obj, names[i].d_name, O_RDONLY | O_NOFOLLOW,
			                       &object.obj, &mode, nullptr);
			/* Removed meanwhile. */
			if (rc == ENOENT)
				continue;
			if (rc != 0)
				return {rc, "dfs_lookup_rel", ""};
			Failure failure = Attributes(object, &st);
			if (failure.err != 0)
				return failure;
			entries.push_back({names[i].d_name, static_cast<unsigned char>(IFTODT(mode)), st.st_ino});
		}
	}
	return {};
}

Napi::Value ReadDirectory(const Napi::CallbackInfo &info)
{
	auto entries = std::make_shared<std::vector<Entry>>();
	bool bytes = info[1].ToBoolean();

	return ObjectCall(
	    info,
	    [=](Object &object) -> Failure {
		    auto &directory = static_cast<Directory &>(object);
		    return directory.c->p->dfsx_readdir != nullptr ? NextByCookie(directory, *entries)
		                                                   : NextByAnchor(directory, *entries);
	    },
	    [=](Napi::Env env) -> Napi::Value {
		    auto out = Napi::Array::New(env, entries->size());
		    for (size_t i = 0; i < entries->size(); i++) {
			    auto entry = Napi::Object::New(env);
			    entry.Set("name", TextValue(env, (*entries)[i].name, bytes));
			    entry.Set("type", Napi::Number::New(env, (*entries)[i].type));
			    entry.Set("inode", Napi::BigInt::New(env, (*entries)[i].inode));
			    out.Set(static_cast<uint32_t>(i), entry);
		    }
		    return out;
	    });
}

} // namespace

void InitNames(Napi::Env env, Napi::Object exports)
{
	exports.Set("mkdir", Napi::Function::New(env, Mkdir, "mkdir"));
	exports.Set("symlink", Napi::Function::New(env, Symlink, "symlink"));
	exports.Set("readlink", Napi::Function::New(env, Readlink, "readlink"));
	exports.Set("link", Napi::Function::New(env, Link, "link"));
	exports.Set("remove", Napi::Function::New(env, Remove, "remove"));
	exports.Set("rename", Napi::Function::New(env, Rename, "rename"));
	exports.Set("openDirectory", Napi::Function::New(env, OpenDirectory, "openDirectory"));
	exports.Set("readDirectory", Napi::Function::New(env, ReadDirectory, "readDirectory"));
}
