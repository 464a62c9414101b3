import { describe } from 'vitest';
import { sameAsKernel } from '../support/compare.js';
import { useMountedContainer } from '../support/mounted.js';

const mounted = useMountedContainer();

describe('programs and their descriptors', () => {
  sameAsKernel(mounted, {
    name: 'a daemon closes all descriptors, leaves its session and goes on writing',
    needs: ['python3'],
    script: `cat > daemon.py <<'END'
import os, sys
log = open('log', 'w'); log.write('before\\n'); log.flush()
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
os.closerange(3, 65536)
try: os.write(log.fileno(), b'lost')
except OSError as e: message = e.strerror
null = os.open('/dev/null', os.O_RDWR)
for fd in (0, 1, 2): os.dup2(null, fd)
with open('log', 'a') as f: f.write(f'after: {message}\\n')
with open('pid.new', 'w') as f: f.write(str(os.getpid()))
os.rename('pid.new', 'pid')
END
      python3 daemon.py; for i in $(seq 200); do [ -e pid ] && break; sleep 0.05; done; cat log; rm pid log`,
  });
  sameAsKernel(mounted, {
    name: 'scrubbed environments, static programs and scripts in one pipeline on shared offsets',
    needs: ['busybox', 'python3', 'perl'],
    script: `
      { echo shell; /bin/busybox echo static; env -i /bin/echo scrubbed; /bin/busybox env -i /bin/echo both; python3 -c 'import os; os.system("echo by system"); print(os.popen("echo by popen").read(), end="", flush=True)'; perl -e 'system("echo by perl"); exec("echo", "exec")'; } > out; cat out
      { read a; echo "$a"; /bin/busybox head -n 1 > first; env -i /bin/cat > rest; } < out; wc -c first rest | tail -1
      printf '#!/bin/busybox sh\\nwhile read l; do echo "static $l"; done\\n' > s; printf '#!/usr/bin/env -S perl -p\\ns/^/perl /;\\n' > p; printf '#!/usr/bin/python3 -I\\nimport sys\\nfor l in sys.stdin: print("python", l, end="")\\n' > y; chmod +x s p y
      ./s < out | ./p | ./y | tail -n 2 > last; cat last; env -i ./p < out | env -i ./y | /bin/busybox sha256sum
      seq 40 | xargs -P 4 -n 5 env -i /bin/sh -c 'echo "$@" >> appended' sh; tr ' ' '\\n' < appended | sort -n | paste -sd, ; rm appended`,
  });
  sameAsKernel(mounted, {
    name: 'a setuid program inherits descriptors at the right offset',
    needs: ['gcc'],
    root: true,
    repeatable: false,
    script: `
      out=$(mktemp -d); trap 'rm -rf "$out"' EXIT
      printf '#include <unistd.h>\\nint main(void) { char b[6]; if (read(0, b, 6) != 6) return 1; return write(1, b, 6) != 6; }\\n' > six.c; gcc -o "$out/six" six.c; chown 65534 "$out/six"; chmod 4755 "$out/six"; chmod 755 "$out"
      printf 'first second third ' > in; { head -c 6; "$out/six"; /bin/cat; } < in > result || true; cat result; { echo a; "$out/six" < in; echo b; } >> result; cat result`,
  });
  sameAsKernel(mounted, {
    name: 'multiprocessing by fork, spawn and forkserver, with files opened before',
    needs: ['python3'],
    script: `cat > main.py <<'END'
import multiprocessing, os, subprocess, sys
def work(n):
    with open('log', 'a') as f: f.write(f'{n}\\n')
    return os.path.getsize('input') + n
def child(lock, fd):
    with lock: os.write(fd, b'child\\n')
if __name__ == '__main__':
    with open('input', 'w') as f: f.write('x' * 1000)
    for method in ('fork', 'spawn', 'forkserver'):
        context = multiprocessing.get_context(method)
        with context.Pool(3) as pool: print(method, sum(pool.map(work, range(30))))
    fd = os.open('shared', os.O_RDWR | os.O_CREAT | os.O_TRUNC); os.write(fd, b'parent\\n')
    context = multiprocessing.get_context('fork'); lock = context.Lock()
    children = [context.Process(target=child, args=(lock, fd)) for _ in range(5)]
    for c in children: c.start()
    for c in children: c.join()
    print(os.lseek(fd, 0, os.SEEK_CUR), [c.exitcode for c in children]); os.write(fd, b'end\\n'); print(open('shared').read())
    subprocess.run(['sh', '-c', 'echo one >&5; echo two >&5'], pass_fds=[os.dup2(fd, 5)], env={}, close_fds=True); print(os.lseek(fd, 0, os.SEEK_CUR))
    r = subprocess.run(['cat'], stdin=open('shared'), stdout=subprocess.PIPE, start_new_session=True, cwd='/'); print(len(r.stdout))
    pid = os.posix_spawn('/bin/sh', ['sh', '-c', 'cat <&7; echo spawned'], {}, file_actions=[(os.POSIX_SPAWN_OPEN, 1, 'spawn-out', os.O_WRONLY | os.O_CREAT, 0o600), (os.POSIX_SPAWN_OPEN, 7, 'shared', os.O_RDONLY, 0), (os.POSIX_SPAWN_CLOSE, 5)], setsid=True); os.waitpid(pid, 0); print(open('spawn-out').read()[-20:])
END
      PYTHONDONTWRITEBYTECODE=1 python3 main.py; sort -n log | uniq -c | awk '{print $1}' | uniq; rm log; rm -rf __pycache__`,
  });
});

describe('tools', () => {
  sameAsKernel(mounted, {
    name: 'LD_PRELOAD of others stays, and make -j passes its job server on',
    needs: ['gcc', 'make'],
    repeatable: false,
    script: `
      printf 'long gethostid(void) { return 0x4242; }\\n' > other.c; gcc -shared -fPIC -o other.so other.c
      LD_PRELOAD="$PWD/other.so \${LD_PRELOAD:-}" sh -c 'hostid; env -u NOTHING sh -c "hostid > uid; cat uid"'
      printf 'all: a b c d e f\\na b c d e f:\\n\\t@echo $@ > $@.out; $(MAKE) -s -f sub OUT=$@\\n' > Makefile; printf 'all: 1 2 3\\n1 2 3:\\n\\t@echo $@ >> $(OUT).$@\\n' > sub
      make -s -j4 2>&1; cat ?.out ?.?`,
  });
});
