// Over a real DAOS: docs/daos.md says what has to run and which variables name it.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { preloadLibrary } from '../../src/flavors.js';
import { mount, type Mounted } from '../../src/mount/index.js';
import { binPath } from '../../src/paths.js';
import { program } from '../support/build.js';
import { daos } from '../support/daos.js';
import { execute, temporaryDirectory } from '../support/cli.js';

const { prefix = '', container = '', environment: env = {} } = daos ?? {};
if (daos === undefined) {
  console.log(
    'skipped: tests over DAOS need DFSKIT_DAOS_PREFIX and DFSKIT_TEST_CONT=POOL/CONT (docs/daos.md)',
  );
}

/** Names, bytes and kinds, in an order that does not depend on the file system. */
const script = `
  mkdir -p a/b; seq 20000 > a/numbers; head -c 3000000 /dev/zero | tr '\\0' x > a/b/large
  { echo one; /bin/echo two; cat a/numbers; } > joined; echo three >> joined; cksum < joined
  ln -s a/numbers link; cmp link a/numbers; mv a/b/large a/moved; mv a c; wc -c c/moved
  cp -r c copy; diff -r c copy; truncate -s 100 c/moved; wc -c < c/moved; chmod 600 c/moved
  find copy -printf '%P %y %m\\n' | sort; rm -r copy; stat -c '%s %a' c/moved
  rmdir c 2>&1 | grep -o 'not empty'; cat nothing 2>&1; ls -R . | sort; sort -n c/numbers | tail -1`;

/** Parent and child call at the same time: replies that went to the wrong one would show. */
const forking = `
import os
f = os.open('both', os.O_RDWR | os.O_CREAT, 0o644)
os.pwrite(f, b'-' * 8192, 0)
child = os.fork()
mine = 0 if child else 4096
for i in range(100):
    os.pwrite(f, (b'P' if child else b'C') * 4096, mine)
    assert os.pread(f, 4096, mine) == (b'P' if child else b'C') * 4096
    os.stat('both')
if not child:
    os.close(os.open('made-by-child', os.O_CREAT | os.O_WRONLY))
    os._exit(7)
assert os.waitpid(child, 0)[1] >> 8 == 7
assert os.pread(f, 8192, 0) == b'P' * 4096 + b'C' * 4096
print(sorted(os.listdir('.')))`;

/** Parent and children make files at the same time: each has a number, and a content, of its own. */
const making = `
import os
open('before', 'w').close()
for n in range(3):
    if os.fork() == 0:
        for i in range(5): open(f'child-{n}-{i}', 'w').write(f'child {n} {i}')
        os._exit(0)
for i in range(5): open(f'parent-{i}', 'w').write(f'parent {i}')
for n in range(3): os.wait()
assert all(open(f'child-{n}-{i}').read() == f'child {n} {i}' for n in range(3) for i in range(5))
print(len({os.stat(f).st_ino for f in os.listdir('.')}))`;

/** One write and one read, and nothing else of that kind. */
const writeAndRead = `
import os, sys
f = os.open(sys.argv[1] + '/f', os.O_RDWR | os.O_CREAT, 0o644)
assert os.write(f, b'x' * 100000) == 100000
data = os.pread(f, 200000, 0)
print(len(data), data[-1:].decode())`;
/** That of the system: a wrapper of a version manager makes calls of its own. */
const python = program('python3') ?? 'python3';

describe.runIf(daos)('over DAOS', { timeout: 240_000 }, () => {
  let scratch: ReturnType<typeof temporaryDirectory>;
  let mounted: Mounted;
  let top: string;

  beforeAll(async () => {
    scratch = temporaryDirectory();
    const dir = join(scratch.path, 'mount');
    mkdirSync(dir);
    mounted = await mount({ container: container, dir, provider: 'daos' });
    top = mkdtempSync(join(dir, 'dfskit-test-'));
  }, 180_000);
  afterAll(async () => {
    try {
      if (top !== undefined) rmSync(top, { recursive: true, force: true });
    } finally {
      await mounted?.umount();
      scratch.remove();
    }
  }, 180_000);

  it('answers the driver that calls the library', async () => {
    const args = ['--api', 'dfs', '--cont', container, '--dir', '/dfskit-test-driver', '--remove-dir'];
    const more = ['--workload', 'rand-read-4k', '--ops', '100', '--file-mib', '1'];
    const result = await execute(binPath('dfskit-bench'), [...args, ...more], { env });
    expect(result, result.stderr).toMatchObject({ status: 0 });
  });

  describe.each(['dfuse', 'ioil', 'pil4dfs'] as const)('through %s', (way) => {
    const library = preloadLibrary(way);
    const environment = { ...env, LC_ALL: 'C', ...(library === undefined ? {} : { LD_PRELOAD: library }) };

    it('programs see what they see on the file system of the kernel', async () => {
      const kernel = mkdtempSync(join(tmpdir(), 'dfskit-daos-'));
      try {
        const expected = await execute('bash', ['-c', script], { cwd: kernel, env: { LC_ALL: 'C' } });
        const cwd = mkdtempSync(join(top, 'w'));
        const result = await execute('bash', ['-c', script], { cwd, env: environment });
        expect({ ...result, pid: 0 }).toEqual({ ...expected, pid: 0 });
      } finally {
        rmSync(kernel, { recursive: true, force: true });
      }
    });

    it('parent and child of a fork call at the same time', async () => {
      const cwd = mkdtempSync(join(top, 'w'));
      const result = await execute('timeout', ['60', 'python3', '-c', forking], { cwd, env: environment });
      expect(result, result.stderr).toMatchObject({ status: 0, stdout: "['both', 'made-by-child']\n" });
    });
  });

  it('a file that a child makes is another than the one that its parent makes', async () => {
    const cwd = mkdtempSync(join(top, 'w'));
    const result = await execute('timeout', ['60', python, '-c', making], {
      cwd,
      env: { ...env, LD_PRELOAD: preloadLibrary('pil4dfs') },
    });
    expect(result, result.stderr).toMatchObject({ status: 0, stdout: '21\n' });
  });

  it('answers the interception libraries of DAOS on a mount by our dfuse', async () => {
    for (const [name, evidence] of [
      ['libioil.so', /Performed 1 reads and 1 writes from 1 files/],
      ['libpil4dfs.so', /\[read {3}\] {2}1\n\[write {2}\] {2}1\n/],
    ] as const) {
      const cwd = mkdtempSync(join(top, 'w'));
      const result = await execute('timeout', ['60', python, '-c', writeAndRead, cwd], {
        env: { ...env, LD_PRELOAD: join(prefix, 'lib64', name), D_IL_REPORT: '0x1' },
      });
      expect(result.stdout, result.stderr).toContain('100000 x\n');
      expect(result.stdout + result.stderr).toMatch(evidence);
    }
  });

  describe("on a mount by DAOS's own dfuse", () => {
    let dir: string;

    beforeAll(async () => {
      dir = join(scratch.path, 'theirs');
      mkdirSync(dir);
      const [pool = '', cont = ''] = container.split('/');
      const args = [dir, pool, cont, '--disable-caching'];
      const result = await execute('timeout', ['60', join(prefix, 'bin/dfuse'), ...args]);
      expect(result, result.stderr).toMatchObject({ status: 0 });
    }, 90_000);
    afterAll(async () => {
      await execute('fusermount3', ['-u', dir]);
    });

    it.each(['ioil', 'pil4dfs'] as const)('reads and writes past it through %s', async (way) => {
      const cwd = mkdtempSync(join(dir, basename(top), 'w'));
      const result = await execute('timeout', ['60', python, '-c', writeAndRead, cwd], {
        env: { ...env, LD_PRELOAD: preloadLibrary(way), D_IL_REPORT: '1' },
      });
      expect(result, result.stderr).toMatchObject({ status: 0, stdout: '100000 x\n' });
      const summary = result.stderr.split('\n').filter((line) => /^\[(pread64|write) /.test(line));
      expect(summary.map((line) => line.replace(/\s+/g, ' '))).toEqual([
        '[write ] 1 fell back 0 failed 0',
        '[pread64 ] 1 fell back 0 failed 0',
      ]);
      expect(readFileSync(join(cwd, 'f')).equals(Buffer.alloc(100_000, 'x'))).toBe(true);
    });

    it.each(['ioil', 'pil4dfs'] as const)(
      'programs see what they see on the kernel, through %s',
      async (way) => {
        const kernel = mkdtempSync(join(tmpdir(), 'dfskit-daos-'));
        try {
          const expected = await execute('bash', ['-c', script], { cwd: kernel, env: { LC_ALL: 'C' } });
          const cwd = mkdtempSync(join(dir, basename(top), 'w'));
          const environment = { ...env, LC_ALL: 'C', LD_PRELOAD: preloadLibrary(way) };
          const result = await execute('bash', ['-c', script], { cwd, env: environment });
          expect({ ...result, pid: 0 }).toEqual({ ...expected, pid: 0 });
          const forked = await execute('timeout', ['60', python, '-c', forking], {
            cwd: mkdtempSync(join(dir, basename(top), 'w')),
            env: environment,
          });
          expect(forked, forked.stderr).toMatchObject({ status: 0, stdout: "['both', 'made-by-child']\n" });
        } finally {
          rmSync(kernel, { recursive: true, force: true });
        }
      },
    );
  });
});
