/* launch.cc - what `dfskit run` needs of the kernel and node does not offer. */
#include "addon.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

namespace
{

/* One byte a character: names and values need not be UTF-8. */
std::string Bytes(const Napi::Value &value)
{
	size_t length = 0;
	napi_get_value_string_latin1(value.Env(), value, nullptr, 0, &length);
	std::string out(length, '\0');
	napi_get_value_string_latin1(value.Env(), value, out.data(), length + 1, &length);
	return out;
}

std::vector<std::string> Strings(const Napi::Value &value)
{
	auto array = value.As<Napi::Array>();
	std::vector<std::string> out;
	for (uint32_t i = 0; i < array.Length(); i++)
		out.push_back(Bytes(array.Get(i)));
	return out;
}

std::vector<char *> Pointers(std::vector<std::string> &strings)
{
	std::vector<char *> out;
	for (auto &s : strings)
		out.push_back(s.data());
	out.push_back(nullptr);
	return out;
}

/*
 * exec(file, argv, envp, ignored, nofile, fds): becomes another program, found as execvp(3) finds it.
 * Strings hold one byte a character.
 * `ignored` is the mask of signals that were ignored when dfskit began, bit n-1 for signal n, as
 * /proc/PID/status says it; `nofile` the soft limit on open files then, below 0 to leave it.
 * `fds` are the descriptors to inherit. Node changes all three when it starts; the signal mask it
 * leaves alone. Comes back only by throwing.
 */
Napi::Value Exec(const Napi::CallbackInfo &info)
{
	std::string file = Bytes(info[0]);
	auto args = Strings(info[1]), vars = Strings(info[2]);
	bool lossless = true;
	uint64_t ignored = info[3].As<Napi::BigInt>().Uint64Value(&lossless);
	int64_t nofile = info[4].ToNumber().Int64Value();

	auto inherited = info[5].As<Napi::Array>();
	for (uint32_t i = 0; i < inherited.Length(); i++) {
		int fd = inherited.Get(i).ToNumber().Int32Value();
		int flags = fcntl(fd, F_GETFD);
		if (flags >= 0)
			fcntl(fd, F_SETFD, flags & ~FD_CLOEXEC);
	}
	for (int sig = 1; sig < 65; sig++) {
		if (sig == SIGKILL || sig == SIGSTOP || (sig >= 32 && sig < SIGRTMIN))
			continue;
		struct sigaction act = {};
		act.sa_handler = (ignored >> (sig - 1)) & 1 ? SIG_IGN : SIG_DFL;
		sigaction(sig, &act, nullptr);
	}
	struct rlimit limit, raised;
	if (nofile >= 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		raised = limit;
		limit.rlim_cur = static_cast<rlim_t>(nofile) < limit.rlim_max ? nofile : limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	} else {
		nofile = -1;
	}

	execvpe(file.c_str(), Pointers(args).data(), Pointers(vars).data());
	int err = errno;
	if (nofile >= 0)
		setrlimit(RLIMIT_NOFILE, &raised);
	ThrowErrno(info.Env(), err, "execve", file);
	return info.Env().Undefined();
}

/* lock(fd, "exclusive" | "shared"): flock(2), waiting. */
Napi::Value Lock(const Napi::CallbackInfo &info)
{
	int fd = info[0].ToNumber().Int32Value();
	int how = info[1].ToString().Utf8Value() == "shared" ? LOCK_SH : LOCK_EX;

	while (flock(fd, how) != 0) {
		if (errno != EINTR) {
			ThrowErrno(info.Env(), errno, "flock", "");
			break;
		}
	}
	return info.Env().Undefined();
}

} // namespace

void InitLaunch(Napi::Env env, Napi::Object exports)
{
	exports.Set("exec", Napi::Function::New(env, Exec, "exec"));
	exports.Set("lock", Napi::Function::New(env, Lock, "lock"));
}
