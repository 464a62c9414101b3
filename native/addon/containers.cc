/* containers.cc - containers as a whole: create, list, info, check, destroy. */
#include "connection.h"

#include <fcntl.h>
#include <mutex>
#include <vector>

int DerToErrno(int rc)
{
	switch (rc < 0 ? -rc : rc) {
	case 0:
		return 0;
	case DER_NONEXIST:
	case DER_ENOENT:
	case DER_CONT_NONEXIST:
		return ENOENT;
	case DER_EXIST:
		return EEXIST;
	case DER_BUSY:
	case DER_INPROGRESS:
		return EBUSY;
	case DER_NO_PERM:
	case DER_OP_NOT_PERMITTED:
		return EACCES;
	case DER_INVAL:
		return EINVAL;
	case DER_NOSPACE:
		return ENOSPC;
	case DER_NOMEM:
		return ENOMEM;
	case DER_NOSYS:
	case DER_NOTSUPPORTED:
		return ENOTSUP;
	case DER_DF_INCOMPT:
	case DER_MISMATCH:
		return EPROTONOSUPPORT;
	case DER_UNREACH:
	case DER_AGENT_COMM:
		return EHOSTUNREACH;
	case DER_TIMEDOUT:
		return ETIMEDOUT;
	default:
		return EIO;
	}
}

const struct provider *Provider(Failure &failure)
{
	static std::mutex mutex;
	static const struct provider *loaded;
	std::lock_guard lock(mutex);
	char why[512] = "";

	if (loaded != nullptr)
		return loaded;
	const struct provider *p = provider_load(nullptr, why, sizeof(why));
	if (p == nullptr) {
		failure = {ELIBACC, "dlopen", why};
		return nullptr;
	}
	int rc = p->dfs_init();
	if (rc != 0) {
		failure = {rc, "dfs_init", ""};
		return nullptr;
	}
	loaded = p;
	return loaded;
}

Failure WithContainer(const std::string &pool, const std::string &cont, unsigned flags,
                      const std::function<Failure(const struct provider *, daos_handle_t)> &use)
{
	Failure failure;
	const struct provider *p = Provider(failure);
	if (p == nullptr)
		return failure;
	daos_handle_t poh, coh;
	int rc = p->daos_pool_connect(pool.c_str(), nullptr, DAOS_PC_RO, &poh, nullptr, nullptr);
	if (rc != 0)
		return {DerToErrno(rc), "daos_pool_connect", ""};
	rc = p->daos_cont_open(poh, cont.c_str(), flags, &coh, nullptr, nullptr);
	if (rc != 0) {
		failure = {DerToErrno(rc), "daos_cont_open", ""};
	} else {
		failure = use(p, coh);
		p->daos_cont_close(coh, nullptr);
	}
	p->daos_pool_disconnect(poh, nullptr);
	return failure;
}

namespace
{

/* Runs `use` with a connection to a pool. */
template <typename Use> Failure WithPool(const std::string &pool, unsigned flags, Use use)
{
	Failure failure;
	const struct provider *p = Provider(failure);
	if (p == nullptr)
		return failure;
	if (p->daos_pool_list_cont == nullptr || p->dfs_cont_create_with_label == nullptr ||
	    p->daos_cont_destroy == nullptr)
		return {ENOTSUP, "dlsym", "the provider cannot administer containers"};
	daos_handle_t poh;
	int rc = p->daos_pool_connect(pool.c_str(), nullptr, flags, &poh, nullptr, nullptr);
	if (rc != 0)
		return {DerToErrno(rc), "daos_pool_connect", ""};
	failure = use(p, poh);
	p->daos_pool_disconnect(poh, nullptr);
	return failure;
}

std::string Name(const std::string &pool, const std::string &cont)
{
	return pool + "/" + cont;
}

Napi::Value Create(const Napi::CallbackInfo &info)
{
	std::string pool = info[0].ToString(), cont = info[1].ToString();
	uint64_t chunk = info[2].ToNumber().Int64Value();

	return Promise(
	    info.Env(), Name(pool, cont),
	    [=]() -> Failure {
		    return WithPool(pool, DAOS_PC_RW, [&](const struct provider *p, daos_handle_t poh) -> Failure {
			    dfs_attr_t attr = {};
			    attr.da_chunk_size = chunk;
			    int rc = p->dfs_cont_create_with_label(poh, cont.c_str(), &attr, nullptr, nullptr, nullptr);
			    return {rc, "dfs_cont_create_with_label", ""};
		    });
	    },
	    Undefined);
}

Napi::Value List(const Napi::CallbackInfo &info)
{
	std::string pool = info[0].ToString();
	auto conts = std::make_shared<std::vector<struct daos_pool_cont_info>>();

	return Promise(
	    info.Env(), pool,
	    [=]() -> Failure {
		    return WithPool(pool, DAOS_PC_RO, [&](const struct provider *p, daos_handle_t poh) -> Failure {
			    /* Others may create containers between the counting and the listing. */
			    for (daos_size_t room = 0;;) {
				    daos_size_t n = room;
				    int rc = p->daos_pool_list_cont(poh, &n, room ? conts->data() : nullptr, nullptr);
				    if (rc != 0 && rc != -DER_TRUNC)
					    return {DerToErrno(rc), "daos_pool_list_cont", ""};
				    if (n <= room) {
					    conts->resize(n);
					    return {};
				    }
				    room = n + 16;
				    conts->resize(room);
			    }
		    });
	    },
	    [=](Napi::Env env) -> Napi::Value {
		    auto out = Napi::Array::New(env);
		    for (const auto &cont : *conts)
			    out.Set(out.Length(), Napi::String::New(env, cont.pci_label));
		    return out;
	    });
}

Napi::Value Info(const Napi::CallbackInfo &info)
{
	std::string pool = info[0].ToString(), cont = info[1].ToString();
	auto result = std::make_shared<dfs_attr_t>();

	return Promise(
	    info.Env(), Name(pool, cont),
	    [=]() -> Failure {
		    Failure failure;
		    Connection c;
		    c.p = Provider(failure);
		    if (c.p == nullptr)
			    return failure;
		    int rc = c.p->dfs_connect(pool.c_str(), nullptr, cont.c_str(), O_RDONLY, nullptr, &c.dfs);
		    if (rc != 0)
			    return {rc, "dfs_connect", ""};
		    rc = c.p->dfs_query == nullptr ? ENOTSUP : c.p->dfs_query(c.dfs, result.get());
		    if (rc != 0)
			    return {rc, "dfs_query", ""};
		    return {};
	    },
	    [=](Napi::Env env) -> Napi::Value {
		    auto out = Napi::Object::New(env);
		    out.Set("pool", pool);
		    out.Set("cont", cont);
		    out.Set("chunkSize", static_cast<double>(result->da_chunk_size));
		    out.Set("objectClass", result->da_oclass_id);
		    out.Set("mode", result->da_mode);
		    return out;
	    });
}

struct Findings {
	struct dfsx_check result = {};
	std::vector<std::string> lines;
};

void Hear(void *arg, const char *line)
{
	static_cast<Findings *>(arg)->lines.emplace_back(line);
}

/* flags: of dfs_cont_check. */
Napi::Value Check(const Napi::CallbackInfo &info)
{
	std::string pool = info[0].ToString(), cont = info[1].ToString();
	uint64_t flags = info[2].ToNumber().Uint32Value();
	auto findings = std::make_shared<Findings>();

	findings->result.say = Hear;
	findings->result.arg = findings.get();
	return Promise(
	    info.Env(), Name(pool, cont),
	    [=]() -> Failure {
		    return WithPool(pool, DAOS_PC_RW, [&](const struct provider *p, daos_handle_t poh) -> Failure {
			    int rc = ENOTSUP;
			    if (p->dfsx_cont_check != nullptr)
				    rc = p->dfsx_cont_check(poh, cont.c_str(), flags, nullptr, &findings->result);
			    else if (p->dfs_cont_check != nullptr)
				    rc = p->dfs_cont_check(poh, cont.c_str(), flags | DFS_CHECK_PRINT, nullptr);
			    return {rc < 0 ? DerToErrno(rc) : rc, "dfs_cont_check", ""};
		    });
	    },
	    [=](Napi::Env env) -> Napi::Value {
		    auto out = Napi::Object::New(env);
		    auto lines = Napi::Array::New(env);
		    for (const auto &line : findings->lines)
			    lines.Set(lines.Length(), Napi::String::New(env, line));
		    out.Set("found", static_cast<double>(findings->result.found));
		    out.Set("repaired", static_cast<double>(findings->result.mended));
		    out.Set("findings", lines);
		    return out;
	    });
}

Napi::Value Destroy(const Napi::CallbackInfo &info)
{
	std::string pool = info[0].ToString(), cont = info[1].ToString();
	bool force = info[2].ToBoolean();

	return Promise(
	    info.Env(), Name(pool, cont),
	    [=]() -> Failure {
		    return WithPool(pool, DAOS_PC_RW, [&](const struct provider *p, daos_handle_t poh) -> Failure {
			    int rc = p->daos_cont_destroy(poh, cont.c_str(), force, nullptr);
			    return {DerToErrno(rc), "daos_cont_destroy", ""};
		    });
	    },
	    Undefined);
}

} // namespace

void InitContainers(Napi::Env env, Napi::Object exports)
{
	exports.Set("containerCreate", Napi::Function::New(env, Create, "containerCreate"));
	exports.Set("containerList", Napi::Function::New(env, List, "containerList"));
	exports.Set("containerInfo", Napi::Function::New(env, Info, "containerInfo"));
	exports.Set("containerCheck", Napi::Function::New(env, Check, "containerCheck"));
	exports.Set("containerDestroy", Napi::Function::New(env, Destroy, "containerDestroy"));
}
