/* addon.h - what the parts of the addon share. */
#ifndef DFSKIT_ADDON_H
#define DFSKIT_ADDON_H

#include <functional>
#include <napi.h>
#include <string>

/** An Error with errno's number; the TypeScript side names it and says what to do. */
Napi::Error MakeErrno(Napi::Env env, int err, const std::string &call, const std::string &path);
void ThrowErrno(Napi::Env env, int err, const std::string &call, const std::string &path);

/** What a call failed with: errno's number (0: it did not), the call and an explanation if there is one. */
struct Failure {
	int err = 0;
	std::string call;
	std::string detail;
};

/**
 * Runs `work` on a thread of libuv's pool and gives back a promise of what `finish` makes of it.
 * `work` returns what failed; `finish` runs on node's thread. `path` goes into the error.
 */
Napi::Value Promise(Napi::Env env, const std::string &path, std::function<Failure()> work,
                    std::function<Napi::Value(Napi::Env)> finish);

void InitLaunch(Napi::Env env, Napi::Object exports);
void InitConnection(Napi::Env env, Napi::Object exports);
void InitNames(Napi::Env env, Napi::Object exports);
void InitFiles(Napi::Env env, Napi::Object exports);
void InitAttributes(Napi::Env env, Napi::Object exports);
void InitHost(Napi::Env env, Napi::Object exports);
void InitContainers(Napi::Env env, Napi::Object exports);
void InitSnapshots(Napi::Env env, Napi::Object exports);
void InitUserAttributes(Napi::Env env, Napi::Object exports);

#endif
