#!/bin/sh
# Starts the dfskit command. Node sets signals that were ignored back to their defaults, raises the soft
# limit on open files and makes every inherited descriptor close-on-exec, so `nohup dfskit run …`,
# `ulimit -n` and `dfskit run … 5<file` would not reach the program: what they were is noted here, and
# `dfskit run` puts it back.
script=$0
[ -L "$script" ] && script=$(readlink -f -- "$script")
root=${script%/*}/..
main=$root/dist/cli/main.js
if [ ! -f "$main" ]; then
	echo "dfskit: not built yet: run 'npm run setup' in $root" >&2
	exit 125
fi
ignored=0
while read -r key value; do
	case $key in SigIgn:) ignored=$value; break ;; esac
done 2>/dev/null </proc/self/status

# Descriptors that a program would inherit: those that are not close-on-exec (02000000, the shell's own are).
fds=
for info in /proc/$$/fdinfo/*; do
	while read -r key value; do
		case $key in flags:) [ $((value & 02000000)) -ne 0 ] || fds=$fds,${info##*/}; break ;; esac
	done 2>/dev/null <"$info"
done 2>/dev/null

DFSKIT_LAUNCH="$ignored $(ulimit -Sn) ${fds#,}" exec node "$main" "$@"
