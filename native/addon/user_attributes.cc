/* user_attributes.cc - attributes of a container that its users choose. */
#include "connection.h"

#include <algorithm>
#include <vector>

namespace
{

using Use = std::function<Failure(const struct provider *, daos_handle_t)>;

Failure WithAttributes(const std::string &pool, const std::string &cont, unsigned flags, const Use &use)
{
	Failure failure;
	const struct provider *p = Provider(failure);
	if (p == nullptr)
		return failure;
	if (p->daos_cont_set_attr == nullptr || p->daos_cont_get_attr == nullptr || p->daos_cont_list_attr == nullptr ||
	    p->daos_cont_del_attr == nullptr)
		return {ENOTSUP, "dlsym", "the provider has no attributes of containers"};
	return WithContainer(pool, cont, flags, use);
}

Napi::Value Set(const Napi::CallbackInfo &info)
{
	std::string pool = info[0].ToString(), cont = info[1].ToString(), name = info[2].ToString();
	auto data = info[3].As<Napi::Uint8Array>();
	auto value = std::make_shared<std::vector<uint8_t>>(data.Data(), data.Data() + data.ByteLength());

	return Promise(
	    info.Env(), pool + "/" + cont,
	    [=]() -> Failure {
		    return WithAttributes(pool, cont, DAOS_COO_RW,
		                          [&](const struct provider *p, daos_handle_t coh) -> Failure {
			                          const char *names[] = {name.c_str()};
			                          const void *values[] = {value->data()};
			                          size_t sizes[] = {value->size()};
			                          int rc = p->daos_cont_set_attr(coh, 1, names, values, sizes, nullptr);
			                          return {DerToErrno(rc), "daos_cont_set_attr", ""};
		                          });
	    },
	    Undefined);
}

/* ENOENT when there is none of that name. */
Failure Read(const struct provider *p, daos_handle_t coh, const std::string &name, std::vector<uint8_t> &value)
{
	const char *names[] = {name.c_str()};

	/* It may grow between the two questions. */
	for (size_t room = 4096;;) {
		value.resize(room);
		void *values[] = {value.data()};
		size_t sizes[] = {room};
		int rc = p->daos_cont_get_attr(coh, 1, names, values, sizes, nullptr);
		if (rc != 0 && rc != -DER_TRUNC)
			return {DerToErrno(rc), "daos_cont_get_attr", ""};
		if (rc == 0 && sizes[0] <= room) {
			value.resize(sizes[0]);
			return {};
		}
		room = sizes[0] > room ? sizes[0] : room * 2;
	}
}

Napi::Value Get(const Napi::CallbackInfo &info)
{
	std::string pool = info[0].ToString(), cont = info[1].ToString(), name = info[2].ToString();
	auto value = std::make_shared<std::vector<uint8_t>>();

	return Promise(
	    info.Env(), pool + "/" + cont,
	    [=]() -> Failure {
		    return WithAttributes(pool, cont, DAOS_COO_RO, [&](const struct provider *p, daos_handle_t coh) {
			    return Read(p, coh, name, *value);
		    });
	    },
	    [=](Napi::Env env) -> Napi::Value {
		    return Napi::Buffer<uint8_t>::Copy(env, value->data(), value->size());
	    });
}

Napi::Value List(const Napi::CallbackInfo &info)
{
	std::string pool = info[0].ToString(), cont = info[1].ToString();
	auto names = std::make_shared<std::vector<char>>();

	return Promise(
	    info.Env(), pool + "/" + cont,
	    [=]() -> Failure {
		    return WithAttributes(pool, cont, DAOS_COO_RO,
		                          [&](const struct provider *p, daos_handle_t coh) -> Failure {
			                          for (size_t room = 4096;; room *= 2) {
				                          size_t size = room;
				                          names->resize(room);
				                          int rc = p->daos_cont_list_attr(coh, names->data(), &size,
				                                                          nullptr);
				                          if (rc != 0)
					                          return {DerToErrno(rc), "daos_cont_list_attr", ""};
				                          if (size <= room) {
					                          names->resize(size);
					                          return {};
				                          }
			                          }
		                          });
	    },
	    [=](Napi::Env env) -> Napi::Value {
		    auto out = Napi::Array::New(env);
		    for (auto at = names->begin(); at != names->end();) {
			    auto end = std::find(at, names->end(), '\0');
			    if (end != at)
				    out.Set(out.Length(), Napi::String::New(env, std::string(at, end)));
			    at = end == names->end() ? end : end + 1;
		    }
		    return out;
	    });
}

Napi::Value Delete(const Napi::CallbackInfo &info)
{
	std::string pool = info[0].ToString(), cont = info[1].ToString(), name = info[2].ToString();

	return Promise(
	    info.Env(), pool + "/" + cont,
	    [=]() -> Failure {
		    return WithAttributes(pool, cont, DAOS_COO_RW,
		                          [&](const struct provider *p, daos_handle_t coh) -> Failure {
			                          std::vector<uint8_t> value;
			                          Failure missing =
			                              Read(p, coh, name,
			                                   value); /* DAOS says nothing of one that is not there */
			                          if (missing.err != 0)
				                          return missing;
			                          const char *names[] = {name.c_str()};
			                          int rc = p->daos_cont_del_attr(coh, 1, names, nullptr);
			                          return {DerToErrno(rc), "daos_cont_del_attr", ""};
		                          });
	    },
	    Undefined);
}

} // namespace

void InitUserAttributes(Napi::Env env, Napi::Object exports)
{
	exports.Set("userAttributeSet", Napi::Function::New(env, Set, "userAttributeSet"));
	exports.Set("userAttributeGet", Napi::Function::New(env, Get, "userAttributeGet"));
	exports.Set("userAttributeList", Napi::Function::New(env, List, "userAttributeList"));
	exports.Set("userAttributeDelete", Napi::Function::New(env, Delete, "userAttributeDelete"));
}
