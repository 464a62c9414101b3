import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generatedC } from '../../src/generate/files.js';
import { packageRoot } from '../../src/paths.js';
import { disassemble, libcPath } from '../support/elf.js';

const dir = mkdtempSync(join(tmpdir(), 'attach-'));
const shim = join(packageRoot, 'native/shim');
const library = (flavour: string): string => join(dir, `lib${flavour}.so`);

/** Flavours, and pil4dfs that has to look for the sites itself, as with a libc it was not built beside, or knows too few. */
const built = { pil4dfs: 'pil4dfs', ioil: 'ioil', unknown: 'pil4dfs', fewer: 'pil4dfs' };

beforeAll(() => {
  for (const [name, text] of generatedC()) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  const sources =
    'attach.c attach_quick.c attach_x86_64.S libc_sites.c real.c solo.c syscall.c variadic.c wait.c'.split(
      ' ',
    );
  const include = [`-I${shim}`, `-I${join(dir, 'include')}`];
  const know = join(dir, 'know_libc');
  execFileSync('gcc', [
    ...['-D_GNU_SOURCE', '-O1', '-o', know, ...include],
    ...['know_libc.c', 'libc_sites.c'].map((name) => join(shim, name)),
  ]);
  writeFileSync(join(dir, 'known.c'), execFileSync(know));
  writeFileSync(
    join(dir, 'unknown.c'),
    '#include "libc_sites.h"\nconst struct libc_known libc_known[1]; const struct libc_call libc_known_calls[1];',
  );
  // What is known is believed: of half a table, half the sites come.
  const known = readFileSync(join(dir, 'known.c'), 'utf8');
  writeFileSync(join(dir, 'fewer.c'), known.replace(/\.nr = \d{3}/, '.nr = 200'));
  for (const [name, flavour] of Object.entries(built))
    execFileSync('gcc', [
      ...'-shared -fPIC -O2 -std=gnu11 -Wall -Wextra -Werror -fvisibility=hidden -Wl,-z,defs'.split(' '),
      ...[
        '-D_GNU_SOURCE',
        '-DSHIM_PATH_TEST_NOVEC',
        ...include,
        '-o',
        library(name),
        join(dir, name === 'unknown' || name === 'fewer' ? `${name}.c` : 'known.c'),
      ],
      ...sources.map((source) => join(shim, source)),
      ...['calls.c', `${flavour}/symbols.c`, `${flavour}/dispatch.c`].map((source) => join(dir, source)),
      join(import.meta.dirname, 'attach_stub.c'),
    ]);
});
afterAll(() => rmSync(dir, { recursive: true }));

interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: readonly string[], env: Record<string, string> = {}): Run {
  const work = mkdtempSync(join(dir, 'work-'));
  const [file, ...args] = command;
  const { status, stdout, stderr } = spawnSync(file!, args, {
    cwd: work,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: work, TMPDIR: work, LC_ALL: 'C', ...env },
  });
  return { status, stdout, stderr };
}

/** Taken calls by name, and the first line of the report. */
function counts(report: string): { head: string; taken: Map<string, number> } {
  const [head, ...lines] = readFileSync(report, 'utf8').trim().split('\n');
  return { head: head!, taken: new Map(lines.map((l) => [l.split(' ')[0]!, Number(l.split(' ')[1])])) };
}

const programs: Record<string, readonly string[]> = {
  bash: [
    'bash',
    '-c',
    `{ echo a; /bin/echo b; cat <<< c; } > f; cat f; exec 7<f; read -u 7 x; echo $x; cp f g
    mv g h; ln -s h i; ls; for i in 1 2 3; do echo $i; done | sort -r | head -2; echo *; (cd /; pwd); cat nope; exit 3`,
  ],
  python: [
    'python3',
    '-c',
    `
import os, glob, mmap, shutil, sqlite3, subprocess, threading
open('a', 'w').write('hello' * 1000); shutil.copy('a', 'b'); os.link('b', 'c'); os.symlink('c', 's')
print(sorted(os.listdir('.')), os.readlink('s'), os.path.basename(os.path.realpath('s')), sorted(glob.glob('*')))
fd = os.open('a', os.O_RDWR); m = mmap.mmap(fd, 5000); print(m[:5]); m.close()
two = os.dup(fd); os.lseek(fd, 10, 0); print(os.lseek(two, 0, 1)); os.dup2(fd, 100)
print(os.pread(100, 5, 0), os.preadv(100, [bytearray(4)], 2)); os.ftruncate(fd, 10); print(os.fstat(fd).st_size)
os.utime('a', (1, 2)); print(os.stat('a').st_mtime); os.utime(fd, (3, 4)); print(os.stat('a').st_mtime)
try: os.stat('nope')
except OSError as e: print(e.errno)
print(subprocess.check_output(['/bin/sh', '-c', 'echo $0; ls']), os.system('exit 3'))
with os.popen('echo hi') as p: print(p.read())
print(subprocess.run('cat', stdin=open('a'), stdout=subprocess.PIPE).stdout)
t = [threading.Thread(target=lambda i=i: [open('t%d' % i, 'w').write(str(j)) for j in range(200)]) for i in range(8)]
[x.start() for x in t]; [x.join() for x in t]; print(open('t7').read())
if os.fork() == 0: os._exit(7)
print(os.wait()[1] >> 8)
os.posix_spawn('/bin/echo', ['echo', 'x'], os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, 'o', os.O_WRONLY | os.O_CREAT, 0o600)])
os.wait(); print(open('o').read())
d = sqlite3.connect('x.db'); d.execute('create table t(a)'); d.executemany('insert into t values(?)', [(i,) for i in range(1000)])
d.commit(); print(d.execute('select sum(a) from t').fetchone(), os.fstatvfs(fd).f_namemax, os.isatty(fd))`,
  ],
  perl: [
    'perl',
    '-e',
    `open(F,">x"); print F "abc\\n"x1000; close F; open(F,"<x"); my @l=<F>; print scalar(@l)," ",-s "x","\\n";
    rename "x","y"; print join(",",glob("*")),"\\n",\`echo hi\`; utime 1,2,"y"; print +(stat "y")[9],"\\n"; truncate("y",5);
    opendir(D,"."); my @d=sort readdir D; print "@d ", -s "y"; unlink "y"`,
  ],
  node: [
    process.execPath,
    '-e',
    `const fs=require('fs'),cp=require('child_process');fs.writeFileSync('a','x'.repeat(1e5));
    fs.copyFileSync('a','b');fs.appendFileSync('a','y');console.log(fs.readdirSync('.'),fs.statSync('a').size,
    cp.execSync('ls').toString(),cp.spawnSync('echo',['q']).stdout.toString());(async()=>{
    await Promise.all([...Array(50).keys()].map(i=>fs.promises.writeFile('f'+i,'z')));
    console.log((await fs.promises.readdir('.')).length)})()`,
  ],
  git: [
    'bash',
    '-c',
    `export GIT_AUTHOR_DATE=2000-01-01T00:00:00Z GIT_COMMITTER_DATE=2000-01-01T00:00:00Z
    git init -q -b m r && cd r && git config user.email a@b && git config user.name n && echo 1 > f && git add . &&
    git commit -qm x && git rev-parse HEAD && git gc -q && git fsck && git clone -q . ../s && ls ../s`,
  ],
  find: ['find', '/usr/share/doc', '-name', 'c*'],
  tar: [
    'bash',
    '-c',
    'tar cf x.tar -C /usr/include linux && mkdir d && tar xf x.tar -C d && diff -r /usr/include/linux d/linux',
  ],
};

describe.each([
  { flavour: 'pil4dfs', ours: '0' },
  { flavour: 'pil4dfs', ours: '1' },
  { flavour: 'ioil', ours: '1' },
  { flavour: 'unknown', ours: '1' },
])('with all calls of libc routed in $flavour, and everything ours: $ours', ({ flavour, ours }) => {
  it.each(Object.keys(programs))('%s does what it does without', { timeout: 180_000 }, (name) => {
    const plain = run(programs[name]!);
    expect(plain.status, plain.stderr).toBe(name === 'bash' ? 3 : 0);
    expect(run(programs[name]!, { LD_PRELOAD: library(flavour), STUB_OURS: ours })).toEqual(plain);
  });
});

it('knows the libc that it was built beside by its build id, and finds the same in any other', () => {
  const head = (name: string): string => {
    const report = join(dir, `known-${name}`);
    run(['true'], { LD_PRELOAD: library(name), STUB_REPORT: report });
    return counts(report).head;
  };
  const calls = readFileSync(join(dir, 'known.c'), 'utf8').match(/^\t\{0x.*\},$/gm)!;
  expect(head('pil4dfs')).toMatch(/^sites 1\d\d /);
  expect(head('unknown')).toBe(head('pil4dfs'));
  expect(head('fewer')).toMatch(/^sites \d\d /);
  expect(calls.length).toBeGreaterThan(300);
});

it('sees what stdio, opendir, glob and realpath do inside libc', () => {
  const report = join(dir, 'inner');
  const source = join(dir, 'inner.c');
  writeFileSync(
    source,
    `#include <stdio.h>\n#include <stdlib.h>\n#include <dirent.h>\n#include <glob.h>
int main(void)
{
	char line[8]; glob_t g; FILE *f = fopen("/etc/passwd", "r"); DIR *d = opendir("/etc");
	fgets(line, 8, f); fseek(f, 0, SEEK_END); fclose(f); readdir(d); closedir(d); glob("/usr/*", 0, NULL, &g);
	return realpath("/bin/sh", NULL) == NULL;
}\n`,
  );
  execFileSync('gcc', ['-w', '-o', join(dir, 'inner.exe'), source]);
  const result = run([join(dir, 'inner.exe')], {
    LD_PRELOAD: library('pil4dfs'),
    STUB_OURS: '1',
    STUB_REPORT: report,
  });
  expect(result.status).toBe(0);
  const { head, taken } = counts(report);
  expect(head).toMatch(/^sites \d{3} .* note -$/);
  for (const name of ['openat', 'read', 'lseek', 'fstatat', 'getdents64', 'close', 'readlink'])
    expect(taken.get(name), name).toBeGreaterThan(0);
});

it('leaves vector registers as a system call does, also when the operation uses them', () => {
  // Values in xmm and ymm across a call that an operation answers inside libc's own code.
  const source = join(dir, 'vector.c');
  writeFileSync(
    source,
    `#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <string.h>\n#include <immintrin.h>
static long (*seek)(int, long, int);
__attribute__((target("avx"))) static int upper(void)
{
	char in[32], out[32];
	memset(in, 0x5a, 32); memset(out, 0, 32);
	__asm__ volatile("vmovups %1, %%ymm7\\n\\tmov $1, %%edi\\n\\txor %%esi, %%esi\\n\\tmov $1, %%edx\\n\\tcall *%2\\n\\tvmovups %%ymm7, %0\\n\\tvzeroupper"
		: "=m"(out) : "m"(in), "r"(seek) : "memory", "cc", "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm7");
	return memcmp(in, out, 32);
}
static int lower(void)
{
	char in[16], out[16];
	memset(in, 0x5a, 16); memset(out, 0, 16);
	__asm__ volatile("movups %1, %%xmm7\\n\\tmov $1, %%edi\\n\\txor %%esi, %%esi\\n\\tmov $1, %%edx\\n\\tcall *%2\\n\\tmovups %%xmm7, %0"
		: "=m"(out) : "m"(in), "r"(seek) : "memory", "cc", "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm7");
	return memcmp(in, out, 16);
}
int main(void)
{
	seek = (long (*)(int, long, int))dlsym(dlopen("libc.so.6", RTLD_LAZY), "lseek");
	for (int i = 0; i < 1000; i++)
		if (lower() || (__builtin_cpu_supports("avx") && upper()))
			return 1;
	return 0;
}\n`,
  );
  execFileSync('gcc', ['-O1', '-o', join(dir, 'vector.exe'), source, '-ldl']);
  for (const ours of ['0', '1', '2'])
    expect(
      run([join(dir, 'vector.exe')], { LD_PRELOAD: library('pil4dfs'), STUB_OURS: ours, STUB_CLOBBER: '1' })
        .status,
    ).toBe(0);
});

it('delivers a signal and a thread cancellation inside a routed call', () => {
  const source = join(dir, 'signal.c');
  writeFileSync(
    source,
    `#define _GNU_SOURCE\n#include <errno.h>\n#include <pthread.h>\n#include <signal.h>\n#include <stdio.h>\n#include <unistd.h>\n#include <sys/time.h>
#include <dlfcn.h>
static volatile int alarms, cleaned;
static ssize_t (*inner)(int, void *, size_t);
static void on_alarm(int s) { (void)s; alarms++; FILE *f = fopen("/etc/passwd", "r"); if (f) { fgetc(f); fclose(f); } }
static void clean(void *p) { (void)p; cleaned++; }
static void *blocked(void *p)
{
	char c; pthread_cleanup_push(clean, NULL); inner(*(int *)p, &c, 1); pthread_cleanup_pop(0); return NULL;
}
static void *pending(void *p)
{
	char c; pthread_cleanup_push(clean, NULL); pthread_cancel(pthread_self());
	(void)!read(*(int *)p, &c, 1); pthread_cleanup_pop(0); return NULL;
}
int main(void)
{
	int fds[2]; char c; pthread_t t; void *result;
	struct sigaction a = { .sa_handler = on_alarm };
	struct itimerval v = { { 0, 1000 }, { 0, 1000 } };
	inner = (ssize_t (*)(int, void *, size_t))dlsym(dlopen("libc.so.6", RTLD_LAZY), "read");
	if (pipe(fds)) return 1;
	sigaction(SIGALRM, &a, NULL); setitimer(ITIMER_REAL, &v, NULL);
	for (int i = 0; i < 40; i++) if ((i % 2 ? read : inner)(fds[0], &c, 1) != -1 || errno != EINTR) return 2;
	v = (struct itimerval){ 0 }; setitimer(ITIMER_REAL, &v, NULL);
	pthread_create(&t, NULL, blocked, fds); usleep(20000); pthread_cancel(t);
	(void)!write(fds[1], "x", 1); pthread_join(t, &result);
	if (cleaned != 1 || result != PTHREAD_CANCELED) return 4;
	pthread_create(&t, NULL, pending, fds); pthread_join(t, &result);
	if (cleaned != 2 || result != PTHREAD_CANCELED) return 5;
	return alarms < 40 ? 3 : 0;
}
`,
  );
  // With -fexceptions the cleanup handler is found by unwinding, here through the frames of the attachment.
  execFileSync('gcc', ['-O1', '-fexceptions', '-o', join(dir, 'signal.exe'), source, '-lpthread']);
  for (const ours of ['0', '1', '2']) {
    const report = join(dir, `cancelled-${ours}`);
    const env = { LD_PRELOAD: library('pil4dfs'), STUB_OURS: ours, STUB_REPORT: report };
    expect(run(['timeout', '20', join(dir, 'signal.exe')], env).status).toBe(0);
    // An operation that has begun ends before the thread does.
    expect(counts(report).head).toContain(' inside 0 ');
  }
});

it('runs on with symbols alone where text may not become writable', () => {
  const report = join(dir, 'denied');
  const env = { LD_PRELOAD: library('pil4dfs'), STUB_OURS: '1', STUB_REPORT: report, STUB_DENY: '1' };
  expect(run(['ls', '/'], env)).toEqual(run(['ls', '/']));
  expect(counts(report).head).toContain("note the text of libc can't be made writable");
});

describe('the system calls in the text of libc', () => {
  const code = disassemble(libcPath());
  const text = generatedC().get('pil4dfs/dispatch.c')!;
  const routed = new Set([...text.matchAll(/^\t\[(\d+)\] = ATTACH_ROUTED/gm)].map((m) => Number(m[1])));
  const index = new Map(code.map((ins, i) => [ins.address, i]));

  /** The constant that the register holds before instruction \a at, followed back through moves. */
  function constant(at: number, register: string): number | undefined {
    const names: Record<string, RegExp> = { eax: /,%[re]?a[xl]$/ };
    const writes = names[register] ?? new RegExp(`,%${register.replace(/d$/, '')}d?$`);
    for (let i = at - 1; i >= Math.max(0, at - 400); i--) {
      const t = code[i]!.text;
      if (!writes.test(t) || /^(cmp|test)/.test(t)) continue;
      const immediate = /^mov\s+\$0x([0-9a-f]+),/.exec(t);
      if (immediate) return parseInt(immediate[1]!, 16);
      if (/^xor\s+%(\w+),%\1$/.test(t)) return 0;
      const from = /^mov\s+%(\w+),/.exec(t);
      return from ? constant(i, from[1]!) : undefined;
    }
    return undefined;
  }

  /** What attach.c makes of the instruction: how many bytes before the `syscall` the jump is put, 0 for none. */
  function jumpBefore(at: number): number {
    for (let i = at - 1, bytes = 0; i > at - 8; i--) {
      bytes += code[i]!.length;
      if (/^mov\s+\$0x[0-9a-f]+,%eax$/.test(code[i]!.text)) return bytes <= 29 ? bytes : 0;
      if (!/^(mov|xor|and|add|sub|or)\s/.test(code[i]!.text) || /%rip|%fs/.test(code[i]!.text)) break;
    }
    return /^xor\s+%eax,%eax$/.test(code[at - 1]!.text) && /^cmp\s/.test(code[at + 1]!.text) ? 2 : 0;
  }

  const sites = code.flatMap((ins, i) => (ins.text === 'syscall' ? [i] : []));

  it('are all of a known shape where they carry the number of a file call', () => {
    const missed = sites.filter((at) => {
      const nr = constant(at, 'eax');
      return nr !== undefined && routed.has(nr) && jumpBefore(at) === 0;
    });
    // Messages of the loader and of a dying process (writev); tcsetattr(), which fails on a file either way (ioctl);
    // arc4random(), which waits for /dev/random (ppoll).
    const harmless = missed.filter((at) => [20, 16, 271].includes(constant(at, 'eax')!));
    expect(missed.filter((at) => !harmless.includes(at)).map((at) => code[at]!.address.toString(16))).toEqual(
      [],
    );
    expect(harmless.length).toBeLessThanOrEqual(8);
  });

  it('have no jump into the bytes that are replaced', () => {
    const replaced = new Set<number>();
    const pads = code.filter(({ text }) => text === 'endbr64').map(({ address }) => address);
    for (const at of sites) {
      const before = jumpBefore(at);
      const start = code[at]!.address - before;
      if (before !== 0) for (let i = 1; i < (before === 2 ? 10 : 5); i++) replaced.add(start + i);
    }
    expect(pads.filter((pad) => replaced.has(pad) || replaced.has(pad + 1))).toEqual([]);
    const into = code.filter(({ text: t }) => {
      const target = /^(?:j\w+|call|loop\w*)\s+(?:\*)?([0-9a-f]+)\b/.exec(t);
      return target !== null && replaced.has(parseInt(target[1]!, 16));
    });
    expect(replaced.size).toBeGreaterThan(500);
    expect(into.map((ins) => `${ins.address.toString(16)}: ${ins.text}`)).toEqual([]);
    expect(index.size).toBe(code.length);
  });
});
