/* snapshots.cc - snapshots of a container: create, list, destroy. */
#include "connection.h"

#include <cstdlib>
#include <vector>

namespace
{

/* Runs `use` with an open container; `flags` is DAOS_COO_RO or DAOS_COO_RW. */
Failure WithSnapshots(const std::string &pool, const std::string &cont, unsigned flags,
                      const std::function<Failure(const struct provider *, daos_handle_t)> &use)
{
	Failure failure;
	const struct provider *p = Provider(failure);
	if (p == nullptr)
		return failure;
	if (p->daos_cont_create_snap == nullptr || p->daos_cont_list_snap == nullptr ||
	    p->daos_cont_destroy_snap == nullptr)
		return {ENOTSUP, "dlsym", "the provider has no snapshots"};
	return WithContainer(pool, cont, flags, use);
}

Napi::Value Create(const Napi::CallbackInfo &info)
{
	std::string pool = info[0].ToString(), cont = info[1].ToString();
	std::string name = info[2].IsString() ? info[2].ToString().Utf8Value() : "";
	auto epoch = std::make_shared<daos_epoch_t>();

	return Promise(
	    info.Env(), pool + "/" + cont,
	    [=]() -> Failure {
		    return WithSnapshots(pool, cont, DAOS_COO_RW,
		                         [&](const struct provider *p, daos_handle_t coh) -> Failure {
			                         std::string copy = name;
			                         int rc = p->daos_cont_create_snap(coh, epoch.get(),
			                                                           copy.empty() ? nullptr : copy.data(),
			                                                           nullptr);
			                         return {DerToErrno(rc), "daos_cont_create_snap", ""};
		                         });
	    },
	    [=](Napi::Env env) -> Napi::Value { return Napi::String::New(env, std::to_string(*epoch)); });
}

struct Snapshot {
	daos_epoch_t epoch;
	char name[DAOS_SNAPSHOT_MAX_LEN];
};

Failure ListAll(const struct provider *p, daos_handle_t coh, std::vector<Snapshot> &out)
{
	for (int room = 16;; room *= 2) {
		std::vector<daos_epoch_t> epochs(room);
		std::vector<char *> names(room);
		daos_anchor_t anchor = {};
		int nr = room;

		out.assign(room, Snapshot{});
		for (int i = 0; i < room; i++)
			names[i] = out[i].name;
		int rc = p->daos_cont_list_snap(coh, &nr, epochs.data(), names.data(), &anchor, nullptr);
		if (rc != 0)
			return {DerToErrno(rc), "daos_cont_list_snap", ""};
		if (nr > room)
			continue;
		out.resize(nr);
		for (int i = 0; i < nr; i++)
			out[i].epoch = epochs[i];
		return {};
	}
}

Napi::Value List(const Napi::CallbackInfo &info)
{
	std::string pool = info[0].ToString(), cont = info[1].ToString();
	auto found = std::make_shared<std::vector<Snapshot>>();

	return Promise(
	    info.Env(), pool + "/" + cont,
	    [=]() -> Failure {
		    return WithSnapshots(pool, cont, DAOS_COO_RO,
		                         [&](const struct provider *p, daos_handle_t coh) -> Failure {
			                         return ListAll(p, coh, *found);
		                         });
	    },
	    [=](Napi::Env env) -> Napi::Value {
		    auto out = Napi::Array::New(env);
		    for (const auto &one : *found) {
			    auto entry = Napi::Object::New(env);
			    entry.Set("epoch", std::to_string(one.epoch));
			    entry.Set("name", one.name);
			    out.Set(out.Length(), entry);
		    }
		    return out;
	    });
}

Napi::Value Destroy(const Napi::CallbackInfo &info)
{
	std::string pool = info[0].ToString(), cont = info[1].ToString();
	daos_epoch_t epoch = std::strtoull(info[2].ToString().Utf8Value().c_str(), nullptr, 10);

	return Promise(
	    info.Env(), pool + "/" + cont,
	    [=]() -> Failure {
		    return WithSnapshots(pool, cont, DAOS_COO_RW,
		                         [&](const struct provider *p, daos_handle_t coh) -> Failure {
			                         int rc = p->daos_cont_destroy_snap(coh, {epoch, epoch}, nullptr);
			                         return {DerToErrno(rc), "daos_cont_destroy_snap", ""};
		                         });
	    },
	    Undefined);
}

} // namespace

void InitSnapshots(Napi::Env env, Napi::Object exports)
{
	exports.Set("snapshotCreate", Napi::Function::New(env, Create, "snapshotCreate"));
	exports.Set("snapshotList", Napi::Function::New(env, List, "snapshotList"));
	exports.Set("snapshotDestroy", Napi::Function::New(env, Destroy, "snapshotDestroy"));
}
