#!/bin/sh
# Starts the dfskit command. Node sets signals that were ignored back to their defaults and raises the
# soft limit on open files, so `nohup dfskit run …` and `ulimit -n` would not reach the program:
# what they were is noted here, and `dfskit run` puts it back.
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
DFSKIT_LAUNCH="$ignored $(ulimit -Sn)" exec node "$main" "$@"
