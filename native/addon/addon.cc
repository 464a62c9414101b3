/* addon.cc - the module, its errors and its promises. */
#include "addon.h"

#include <cstring>
#include <utility>

Napi::Error MakeErrno(Napi::Env env, int err, const std::string &call, const std::string &path)
{
	auto error = Napi::Error::New(env, strerror(err));
	error.Set("errno", Napi::Number::New(env, err));
	error.Set("syscall", Napi::String::New(env, call));
	error.Set("path", Napi::String::New(env, path));
	return error;
}

void ThrowErrno(Napi::Env env, int err, const std::string &call, const std::string &path)
{
	MakeErrno(env, err, call, path).ThrowAsJavaScriptException();
}

namespace
{

class Worker : public Napi::AsyncWorker
{
      public:
	Worker(Napi::Env env, std::string path, std::function<Failure()> work,
	       std::function<Napi::Value(Napi::Env)> finish)
	    : Napi::AsyncWorker(env), deferred(Napi::Promise::Deferred::New(env)), path(std::move(path)),
	      work(std::move(work)), finish(std::move(finish))
	{
	}

	Napi::Promise::Deferred deferred;

	void Execute() override
	{
		failure = work();
	}

	void OnOK() override
	{
		if (failure.err == 0) {
			deferred.Resolve(finish(Env()));
			return;
		}
		auto error = MakeErrno(Env(), failure.err, failure.call, path);
		if (!failure.detail.empty())
			error.Set("detail", Napi::String::New(Env(), failure.detail));
		deferred.Reject(error.Value());
	}

	void OnError(const Napi::Error &error) override
	{
		deferred.Reject(error.Value());
	}

      private:
	std::string path;
	std::function<Failure()> work;
	std::function<Napi::Value(Napi::Env)> finish;
	Failure failure;
};

Napi::Object Init(Napi::Env env, Napi::Object exports)
{
	InitLaunch(env, exports);
	InitConnection(env, exports);
	InitNames(env, exports);
	InitFiles(env, exports);
	InitAttributes(env, exports);
	InitHost(env, exports);
	InitContainers(env, exports);
	InitSnapshots(env, exports);
	InitUserAttributes(env, exports);
	return exports;
}

} // namespace

Napi::Value Promise(Napi::Env env, const std::string &path, std::function<Failure()> work,
                    std::function<Napi::Value(Napi::Env)> finish)
{
	auto *worker = new Worker(env, path, std::move(work), std::move(finish));
	worker->Queue();
	return worker->deferred.Promise();
}

NODE_API_MODULE(dfskit, Init)
