import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCounters } from '../../src/telemetry/counters.js';
import { built, compile, program } from '../support/build.js';
import { dfskitCommand, execute } from '../support/cli.js';
import { useMountedContainer, type CommandOptions, type Way } from '../support/mounted.js';
import { canMount } from '../support/mounts.js';
import type { Outcome } from '../support/run.js';

const base = mkdtempSync(join(tmpdir(), 'dfskit-company-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const system = '/usr/lib/x86_64-linux-gnu';
const preloads = ['ioil', 'pil4dfs'] as const satisfies readonly Way[];
const shim = (way: (typeof preloads)[number]): string => built('lib', `lib${way}.so`);

/** Files by descriptors, streams and maps, threads and children: what programs do, for those that come with company. */
const workload = `
  printf 'one\\ntwo\\nthree\\n' > f; sed -i s/two/2/ f; cat f; sort -r f > g; tail -n 1 g; (echo four >> f); wc -l < f
  mkdir d; cp f g d; ln -s f link; cat link | head -n 1; find . | sort; rm -r d; dd if=/dev/zero of=z bs=64k count=8 conv=fsync status=none
  stat -c %s z; tar cf t.tar f g; tar tf t.tar; truncate -s 0 z; test ! -s z
  python3 -c 'import threading, os, mmap, subprocess
def work(n):
    with open(f"t{n}", "w+b") as f: f.write(b"x" * 100000); f.flush(); os.fsync(f.fileno()); f.seek(99999); assert f.read() == b"x"
threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]
print(subprocess.run(["cat", "f"], capture_output=True, text=True).stdout, sum(os.path.getsize(f"t{n}") for n in range(4)))
m = mmap.mmap(os.open("f", os.O_RDONLY), 0, prot=mmap.PROT_READ); print(m[:3])'`;

/** What D_IL_REPORT prints when the shim has done something. */
const taken = /summary for ops on DFS/;

describe.runIf(canMount())('a shim', () => {
  const mounted = useMountedContainer();
  let expected: Outcome;
  beforeAll(async () => {
    expected = await mounted.script('kernel', workload, { directory: mounted.directory('kernel') });
    expect(expected).toMatchObject({ status: 0, stderr: '' });
  });

  /** Runs the workload with libraries preloaded, in order; the report of the first process goes to a file. */
  const withPreloads = (way: Way, libraries: string[], text = workload): Promise<Outcome> =>
    mounted.script(way, text, {
      directory: mounted.directory(way),
      env: { LD_PRELOAD: libraries.join(':') },
      seconds: 120,
    });

  it.each(preloads)('is alone where both are preloaded, the first of the two (%s)', async (way) => {
    const other = shim(way === 'ioil' ? 'pil4dfs' : 'ioil');
    const countsOf = async (name: string, libraries: string[]): Promise<unknown> => {
      const directory = mounted.directory(way);
      const report = join(base, `both-${name}`);
      const env = { LD_PRELOAD: libraries.join(':'), DFSKIT_REPORT: report };
      const outcome = await mounted.script(way, workload, { directory, env, seconds: 120 });
      expect(outcome).toEqual(expected);
      return readCounters(report).calls.filter(({ name }) => /^(open|unlink|rename|mkdir)/.test(name));
    };
    expect(await countsOf(`${way}-both`, [shim(way), other])).toEqual(await countsOf(way, [shim(way)]));
  });

  const allocators: [string, string][] = [
    ['jemalloc', join(system, 'libjemalloc.so.2')],
    ['tcmalloc', join(system, 'libtcmalloc_minimal.so.4')],
    ['libeatmydata', join(system, 'libeatmydata.so')],
  ];
  for (const way of preloads) {
    it.for(allocators)(
      `works beside %s, loaded before or after it (${way})`,
      async ([name, library], { skip }) => {
        skip(!existsSync(library), `needs ${library}`);
        for (const libraries of [
          [library, shim(way)],
          [shim(way), library],
        ]) {
          expect(await withPreloads(way, libraries), libraries.join(':')).toEqual(expected);
          // Both are really there, and ours does its work.
          const check = await withPreloads(way, libraries, 'cat /proc/self/maps; env | grep LD_PRELOAD');
          expect(check.stdout).toContain(name);
          expect(check.stdout).toContain(shim(way));
          const report = `D_IL_REPORT=1 bash -c 'echo text > n; read x < n'`;
          expect((await withPreloads(way, libraries, report)).stderr).toMatch(taken);
        }
      },
    );

    it(`works before and after an interposer, which sees the calls that come to it (${way})`, async () => {
      const interposer = compile(
        base,
        'libinterposer.so',
        ['company/interposer.c'],
        ['-shared', '-fPIC', '-ldl'],
      );
      const report = join(base, `interposer-${way}`);
      const script = `export INTERPOSER_REPORT=${report}; echo text > f; cat f; dd if=f of=g bs=2 status=none; stat -c %s g`;
      for (const libraries of [
        [interposer, shim(way)],
        [shim(way), interposer],
      ]) {
        rmSync(report, { force: true });
        const { status, stdout, stderr } = await withPreloads(way, libraries, script);
        expect({ status, stdout, stderr }, libraries.join(':')).toEqual({
          status: 0,
          stdout: 'text\n5\n',
          stderr: '',
        });
        const counted = readFileSync(report, 'utf8').trim().split('\n');
        expect(counted.length).toBeGreaterThanOrEqual(3);
        // In front it sees what dd calls for its three blocks. Behind, what is no file of ours, at least.
        const reads = counted.map((line) => Number(/ read (\d+)/.exec(line)?.[1]));
        if (libraries[0] === interposer) expect(Math.max(...reads)).toBeGreaterThanOrEqual(4);
      }
    });

    it(`works in a program that is built with AddressSanitizer (${way})`, async () => {
      const checked = compile(
        base,
        'checked',
        ['company/checked.c'],
        ['-fsanitize=address', '-static-libasan'],
      );
      const shared = compile(base, 'checked-shared', ['company/checked.c'], ['-fsanitize=address']);
      const env = { ASAN_OPTIONS: 'detect_leaks=0' };
      const run = (command: string, more: NodeJS.ProcessEnv = {}): Promise<Outcome> =>
        mounted.run(way, command, [], { directory: mounted.directory(way), env: { ...env, ...more } });
      const good = { status: 0, stdout: `${'100000\n'.repeat(4)}5 names, child 3\n`, stderr: '' };
      expect(await run(checked)).toMatchObject(good);
      expect((await run(checked, { D_IL_REPORT: '1' })).stderr).toMatch(taken);
      // Its library wants to be the first one, and can be told not to mind.
      expect(await run(shared, { ASAN_OPTIONS: 'detect_leaks=0:verify_asan_link_order=0' })).toMatchObject(
        good,
      );
      const asan = execFileSync('gcc', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim();
      expect(await run(shared, { LD_PRELOAD: `${asan}:${shim(way)}` })).toMatchObject(good);
    });

    it(`works under valgrind, which finds no error (${way})`, { timeout: 240_000 }, async ({ skip }) => {
      const valgrind = program('valgrind');
      skip(valgrind === undefined, 'needs valgrind');
      const plain = compile(base, 'plain', ['company/checked.c']);
      const options = ['-q', '--error-exitcode=99', '--trace-children=no', plain];
      const outcome = await mounted.run(way, valgrind ?? '', options, {
        directory: mounted.directory(way),
        env: { D_IL_REPORT: '1' },
        seconds: 100,
      });
      expect(outcome).toMatchObject({ status: 0, stdout: `${'100000\n'.repeat(4)}5 names, child 3\n` });
      expect(outcome.stderr).not.toMatch(/Invalid (read|write)|uninitialised/);
      expect(outcome.stderr).toMatch(taken);
    });

    // It is made to be there from the start: the loader has room for its thread-local variables only then, and refuses it
    // later unless it was told to keep room.
    it.each([
      ['dlopen', 'refused'],
      ['dlopen', 'loaded'],
      ['dlmopen', 'refused'],
      ['dlmopen', 'loaded'],
    ])(`does no harm to a program that loads it with %s, %s (${way})`, async (how, end) => {
      const opener = compile(base, 'opener', ['company/opener.c'], ['-ldl']);
      const env = end === 'loaded' ? { GLIBC_TUNABLES: 'glibc.rtld.optional_static_tls=65536' } : {};
      for (const place of ['kernel', 'dfuse'] as const) {
        const directory = mounted.directory(place);
        writeFileSync(join(directory, 'f'), 'text\n');
        const args = [how, shim(way), join(directory, 'f')];
        const { status, stdout, stderr } = await mounted.run(place, opener, args, { directory, env });
        const line = (name: string): string => `${name}: text ${name}\n`;
        const children = `${line('thread')}${line('child')}child ended with 0\n${line('closed')}`;
        const [, said] = stdout.split('\n');
        expect(said).toMatch(end === 'loaded' ? /^loaded$/ : /static TLS block$/);
        expect({ status, stdout, stderr }).toEqual({
          status: 0,
          stdout: `${line('before')}${said}\n${line('after')}${children}`,
          stderr: '',
        });
      }
    });

    it.each(['text', 'memfd', 'mdwe'])(
      `runs where the system forbids %s, and says what is lost (${way})`,
      async (what) => {
        const restrict = compile(base, 'restrict', ['company/restrict.c']);
        const report = join(base, `report-${way}-${what}`);
        const options: CommandOptions = {
          directory: mounted.directory(way),
          env: { DFSKIT_REPORT: report },
          seconds: 120,
        };
        const bash = program('bash') ?? 'bash';
        const { status, stdout, stderr } = await mounted.run(
          way,
          restrict,
          [what, bash, '-euc', workload],
          options,
        );
        if (status === 77) return;
        expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: expected.stdout, stderr: '' });
        const { note } = readCounters(report);
        if (what === 'memfd') expect(note).toBe('');
        else expect(note).toMatch(/text of libc can't be made writable/);
      },
    );
  }

  it('is left out of a program of another libc, which reaches the files through the mount', async ({
    skip,
  }) => {
    const musl = program('musl-gcc');
    skip(musl === undefined, 'needs musl-gcc');
    const output = join(base, 'musl');
    const source = join(import.meta.dirname, '../support/company/checked.c');
    execFileSync(musl ?? '', ['-w', '-D_GNU_SOURCE', '-o', output, source]);
    const warned = await execute(dfskitCommand, ['run', '--', output], { cwd: mounted.directory('dfuse') });
    expect(warned).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('5 names, child 3') as string,
    });
    expect(warned.stderr).toMatch(
      /^dfskit: warning: the program runs without .* is a program of another libc/,
    );
    const statically = compile(base, 'statically', ['company/checked.c'], ['-static']);
    for (const [command, kind, text] of [
      [output, 'libc', '1 of another libc (musl)'],
      [statically, 'static', '1 linked statically'],
    ] as const) {
      const report = join(base, `report-run-${kind}`);
      const options = { cwd: mounted.directory('dfuse') };
      await execute(dfskitCommand, ['run', '--report', report, '--', command], options);
      expect(readCounters(report).leftOut).toMatchObject({ libc: 0n, static: 0n, [kind]: 1n });
      const { status, stdout } = await execute(dfskitCommand, ['metrics', report]);
      expect({ status, stdout }).toMatchObject({ status: 0 });
      expect(stdout).toContain(`not intercepted: ${text}\n`);
    }
    for (const way of preloads) {
      const directory = mounted.directory(way);
      const good = `${'100000\n'.repeat(4)}5 names, child 3\n`;
      // From a program that has the shim, and through dfskit run, which looks before.
      const { status, stdout, stderr } = await mounted.script(
        way,
        `${output}; head -c 3 checked-1; cat < checked-2 | wc -c`,
        { directory },
      );
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: `${good}bbb100000\n`, stderr: '' });
      // Also where it was preloaded by a link, or by its name alone.
      const link = join(base, `link-${way}.so`);
      symlinkSync(shim(way), link);
      symlinkSync(shim(way), join(base, basename(shim(way))));
      for (const env of [{ LD_PRELOAD: link }, { LD_PRELOAD: basename(shim(way)), LD_LIBRARY_PATH: base }])
        expect(await mounted.script(way, output, { directory, env })).toMatchObject({
          status: 0,
          stdout: good,
          stderr: '',
        });
      // The report of those that have the shim says which have not: exec'd, spawned, as interpreters. Nothing says what
      // did not start.
      const report = join(base, `report-${way}`);
      const script = `printf '#!%s\\n' ${output} > s; chmod +x s; cp ${statically} none; chmod -x none
        ${output} > o; ./s >> o; ${statically} >> o; ./none 2> e || true; (exec ./none) 2> e || true
        python3 -c 'import os; os.waitpid(os.posix_spawn("${statically}", ["x"], os.environ), 0)' >> o
        /lib64/ld-linux-x86-64.so.2 /bin/cat /dev/null; wc -l < o`;
      expect(await mounted.script(way, script, { directory, env: { DFSKIT_REPORT: report } })).toMatchObject({
        status: 0,
        stdout: '20\n',
        stderr: '',
      });
      const expectedCounts = { static: 2n, privileged: 0n, machine: 0n, libc: 2n };
      expect(readCounters(report).leftOut).toEqual(expectedCounts);
    }
  });
});
