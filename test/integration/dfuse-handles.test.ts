import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mount, umount } from '../../src/mount/index.js';
import { libPath } from '../../src/paths.js';
import { program, providerOver } from '../support/build.js';
import { execute } from '../support/cli.js';
import { canMount, mountBench, python, type MountBench } from '../support/mounts.js';
import { canBeAnotherUser } from '../support/others.js';

/** Requests of dfskit_ioctl.h and daos_dfuse_ioctl.h. */
const ioctls = `
import fcntl, os, struct, sys, uuid
READ, WRITE = 2, 1
def ask(path, nr, size, dir=READ, data=b''):
    fd = os.open(path, os.O_RDONLY)
    out = bytearray(data.ljust(size, b'\\0'))
    try:
        fcntl.ioctl(fd, dir << 30 | size << 16 | 0xA3 << 8 | nr, out)
        return bytes(out)
    except OSError as e: return e.errno
    finally: os.close(fd)
requests = lambda path: struct.unpack('64Q', ask(path, 0xE2, 8 + 512)[8:])
READS_AND_WRITES = lambda path: requests(path)[15] + requests(path)[16]
`;

/** One that other users may run. */
const systemPython = program('python3') ?? 'python3';

describe.skipIf(!canMount())('handles that dfuse gives away', () => {
  let bench: MountBench;

  beforeAll(() => {
    bench = mountBench();
  });
  afterAll(() => bench.close());

  /** Writes and reads `file` under a shim: what it reads, and how many reads and writes dfuse had to answer. */
  const through = async (
    way: 'ioil' | 'pil4dfs',
    dir: string,
    env: NodeJS.ProcessEnv = {},
    wrap: string[] = [],
  ) => {
    const count = async () => Number(await python(`${ioctls}\nprint(READS_AND_WRITES(sys.argv[1]))`, dir));
    const script = `
import os, sys
with open(sys.argv[1] + '/' + sys.argv[2], 'w+b', 0) as f:
    f.write(b'written ' + sys.argv[2].encode()); f.seek(0); print(f.read().decode())`;
    const before = await count();
    const [command = '', ...args] = [...wrap, systemPython, '-c', script, dir, way];
    const result = await execute(command, args, { env: { LD_PRELOAD: libPath(`lib${way}.so`), ...env } });
    return { ...result, pid: 0, requests: (await count()) - before };
  };

  it('tells the interception libraries of DAOS what they ask', async () => {
    const { dir } = await bench.mount('theirs');
    mkdirSync(join(dir, 'd'));
    writeFileSync(join(dir, 'f'), 'x');
    const script = `${ioctls}
d = sys.argv[1]
f, root = d + '/f', d
version, lo, hi, pool, cont, flags = struct.unpack('i4xQQ16s16sQ', ask(f, 0xC1, 64))
print(version, (lo, hi) == (os.stat(f).st_ino, 0), cont != bytes(16), flags)
version, npool, ncont, ndfs = struct.unpack('i4xQQQ', ask(root, 0xC7, 32))
print(version, all(0 < n < 16384 for n in (npool, ncont, ndfs)))
print([len(ask(root, nr, n)) == n for nr, n in ((0xC3, npool), (0xC4, ncont), (0xC5, ndfs))])
print([ask(root, nr, n + 1) for nr, n in ((0xC3, npool), (0xC4, ncont), (0xC5, ndfs))])
for p in (f, d + '/d'):
    version, size = struct.unpack('i4xQ', ask(p, 0xC8, 16))
    print(version, len(ask(p, 0xC6, size)) == size)
name = ask(root, 0xC9, 128).split(b'\\0')[0].decode()
print(name.startswith('/tmp/dfuse_ilh_'), oct(os.stat(name).st_mode & 0o777), open(name, 'rb').read() == ask(root, 0xC3, npool))
os.unlink(name)
print(struct.unpack('II', ask(root, 0xCA, 8)) == (os.geteuid(), os.getegid()), ask(root, 0xCF, 8))
`;
    expect((await python(script, dir)).split('\n')).toEqual([
      '7 True True 0',
      '7 True',
      '[True, True, True]',
      '[11, 11, 11]',
      '7 True',
      '7 True',
      'True 0o600 True',
      'True 25',
    ]);
  });

  it('are of any size, and may change while they are read', async () => {
    const { dir } = await bench.mount('large');
    await umount(dir);
    const provider = providerOver(bench.scratch, 'large_handles.c');
    const env = { DFSKIT_PROVIDER_LIB: provider };
    process.env['DFSKIT_PROVIDER_LIB'] = provider;
    try {
      await mount({ container: 'tank/large', dir });
    } finally {
      delete process.env['DFSKIT_PROVIDER_LIB'];
    }
    for (const way of ['ioil', 'pil4dfs', 'ioil'] as const) {
      expect(await through(way, dir, env)).toMatchObject({
        stdout: `written ${way}\n`,
        stderr: '',
        requests: 0,
      });
      expect(readFileSync(join(dir, way), 'utf8')).toBe(`written ${way}`);
    }
  });

  describe.runIf(canBeAnotherUser())('to another user', () => {
    const other = ['setpriv', '--reuid=2000', '--regid=2000', '--clear-groups'];

    it('lead him to the container, which he opens himself', async () => {
      const { dir } = await bench.mount('shared', { options: ['allow_other'] });
      chmodSync(dir, 0o777);
      await execute('chmod', ['755', bench.scratch, join(bench.scratch, 'mnt')]);
      await execute('chmod', ['-R', 'a+rwX', bench.store]);
      for (const way of ['ioil', 'pil4dfs'] as const) {
        expect(await through(way, dir, {}, other)).toMatchObject({ stdout: `written ${way}\n`, requests: 0 });
        expect(await python('import os, sys; print(os.stat(sys.argv[1]).st_uid)', join(dir, way))).toBe(
          '2000',
        );
      }
    });

    it('open nothing: where he has no right to the store, or another store, dfuse does the work', async () => {
      const { dir } = await bench.mount('closed', { options: ['allow_other'] });
      chmodSync(dir, 0o777);
      await execute('chmod', ['755', bench.scratch, join(bench.scratch, 'mnt')]);
      await execute('chmod', ['-R', 'a+rwX', bench.store]);
      const elsewhere = join(bench.scratch, 'elsewhere');
      const env = { DFSKIT_STORE: elsewhere };
      await execute(join(import.meta.dirname, '../../bin/dfskit'), ['cont', 'create', 'tank/closed'], {
        env,
      });
      await execute('chmod', ['-R', 'a+rwX', elsewhere]);
      for (const way of ['ioil', 'pil4dfs'] as const) {
        const result = await through(way, dir, env, other);
        expect(result).toMatchObject({ stdout: `written ${way}\n`, stderr: '' });
        expect(result.requests).toBeGreaterThan(0);
      }
      chmodSync(bench.store, 0o700);
      for (const way of ['ioil', 'pil4dfs'] as const) {
        const result = await through(way, dir, {}, other);
        expect(result).toMatchObject({ stdout: `written ${way}\n`, stderr: '' });
        expect(result.requests).toBeGreaterThan(0);
      }
      const script = `${ioctls}
d = sys.argv[1]
open(d + '/x', 'w').close()
os.setgroups([]); os.setgid(2000); os.setuid(2000)
print([ask(d, nr, n) for nr, n in ((0xE0, 8 + 16 + 512 + 4096), (0xC7, 32), (0xC3, 100), (0xC4, 100), (0xC9, 128))])
print(ask(d, 0xE3, 40 + 8192, READ | WRITE), ask(d + '/x', 0xE1, 8 + 32 + 512))
print(len(ask(d, 0xC1, 64)), len(ask(d + '/x', 0xC8, 16)), len(ask(d, 0xE4, 8 + 16 + 256)))
`;
      expect((await python(script, dir)).split('\n')).toEqual(['[1, 1, 1, 1, 1]', '1 1', '64 16 280']);
    });
  });
});
