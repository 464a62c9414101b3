import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createContainer } from '../../src/dfs/index.js';
import { isStale, mount, mountAt, umount, type Mounted } from '../../src/mount/index.js';
import { waitForEnd } from '../../src/mount/daemon.js';
import { libPath } from '../../src/paths.js';
import { compile } from '../support/build.js';
import { dfskit, execute } from '../support/cli.js';
import { canMount, mountBench, python, type MountBench } from '../support/mounts.js';

describe.skipIf(!canMount())('when something goes wrong', () => {
  let bench: MountBench;

  beforeAll(() => {
    bench = mountBench();
  });
  afterAll(() => bench.close());

  /** Keeps writers of a container waiting until release() is called. */
  async function holdStore(container: string): Promise<{ release: () => Promise<void> }> {
    const program = compile(bench.scratch, 'hold_store', ['hold_store.c'], ['-llmdb']);
    const child = spawn(program, [join(bench.store, 'tank', container, 'meta')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    const ended = once(child, 'close');
    return {
      release: async () => {
        child.stdin.end();
        await ended;
      },
    };
  }

  it('answers others while requests are held up', async () => {
    const { dir } = await bench.mount('held');
    writeFileSync(join(dir, 'f'), 'x');
    const store = await holdStore('held');
    try {
      const writers = [1, 2, 3].map((n) => writeFile(join(dir, `new${n}`), 'y'));
      let done = false;
      const all = Promise.all(writers).then(() => (done = true));
      await sleep(50);
      for (let i = 0; i < 20; i++) expect(await readFile(join(dir, 'f'), 'utf8')).toBe('x');
      expect((await stat(join(dir, 'f'))).size).toBe(1);
      expect(done).toBe(false);
      await store.release();
      await all;
    } finally {
      await store.release();
    }
    expect(readFileSync(join(dir, 'new3'), 'utf8')).toBe('y');
  });

  it('answers what is under way before SIGTERM ends it', async () => {
    const { dir, pid = 0 } = await bench.mount('term');
    const store = await holdStore('term');
    let made: Promise<void>;
    try {
      made = mkdir(join(dir, 'new'));
      await sleep(50);
      process.kill(pid, 'SIGTERM');
      await sleep(50);
    } finally {
      await store.release();
    }
    await made;
    expect(await waitForEnd(pid, 10)).toBe(true);
    const again = await mount({ container: 'tank/term', dir });
    expect(existsSync(join(dir, 'new'))).toBe(true);
    await again.umount();
  });

  it('fails calls with ENOTCONN when the daemon is killed, also the one under way', async () => {
    const { dir, pid = 0 } = await bench.mount('killed');
    const store = await holdStore('killed');
    try {
      const write = writeFile(join(dir, 'new'), '');
      const failed = expect(write).rejects.toThrow(/ENOTCONN|ECONNABORTED/);
      await sleep(50);
      process.kill(pid, 'SIGKILL');
      await failed;
    } finally {
      await store.release();
    }
    expect(isStale(dir)).toBe(true);
    expect(() => statSync(join(dir, 'f'))).toThrow(/ENOTCONN/);
    await (await mount({ container: 'tank/killed', dir })).umount();
    expect(mountAt(dir)).toBeUndefined();
  });

  it('says so when the store is removed under a mount, and unmounts', async () => {
    const mounted = await bench.mount('removed');
    const { dir } = mounted;
    writeFileSync(join(dir, 'f'), 'x');
    rmSync(join(bench.store, 'tank', 'removed'), { recursive: true });
    for (const act of [
      () => readFileSync(join(dir, 'f')),
      () => writeFileSync(join(dir, 'g'), 'x'),
      () => mkdirSync(join(dir, 'd')),
    ]) {
      try {
        act(); // what is open already may go on
      } catch (error) {
        expect(['EIO', 'ENOENT', 'ESTALE']).toContain((error as NodeJS.ErrnoException).code);
      }
    }
    await mounted.umount();
    expect(mountAt(dir)).toBeUndefined();
  });

  it('mounts 64 containers at once', async () => {
    const names = Array.from({ length: 64 }, (_, i) => `many${i}`);
    const mounts: Mounted[] = [];
    try {
      for (const name of names) mounts.push(await bench.mount(name));
      for (const [i, { dir }] of mounts.entries()) writeFileSync(join(dir, 'name'), names[i] ?? '');
      // A shim in one process serves all of them.
      const script = 'import sys; print(" ".join(open(d + "/name").read() for d in sys.argv[1:]))';
      const { status, stdout } = await execute('python3', ['-c', script, ...mounts.map(({ dir }) => dir)], {
        env: { LD_PRELOAD: libPath('pil4dfs') },
      });
      expect({ status, stdout }).toEqual({ status: 0, stdout: `${names.join(' ')}\n` });
    } finally {
      for (const { dir } of mounts) await umount(dir);
    }
  }, 180_000);

  it.each(['pil4dfs', 'ioil'])(
    'leaves programs under %s alone when other mounts are dead or hang',
    async (shim) => {
      const works = await bench.mount(`works-${shim}`);
      const dead = await bench.mount(`dead-${shim}`);
      const hangs = await bench.mount(`hangs-${shim}`);
      writeFileSync(join(works.dir, 'f'), 'bytes');
      process.kill(dead.pid ?? 0, 'SIGKILL');
      process.kill(hangs.pid ?? 0, 'SIGSTOP');
      try {
        const script = `cat "$1/f"; echo new > "$1/g"; ls "$1"; cat /etc/hostname > /dev/null; cat "$2/f"; echo $?`;
        const { stdout } = await execute('bash', ['-c', script, 'bash', works.dir, dead.dir], {
          env: { LD_PRELOAD: libPath(shim), LC_ALL: 'C' },
        });
        expect(stdout).toBe('bytesf\ng\n1\n');
      } finally {
        process.kill(hangs.pid ?? 0, 'SIGCONT');
        await umount(dead.dir, { lazy: true });
      }
    },
  );

  it('hands a limit that the daemon runs into to the writer', async () => {
    await createContainer({ pool: 'tank', cont: 'full' });
    const dir = bench.directory('full');
    const { status, stderr } = await execute(
      'bash',
      ['-c', `ulimit -f 4096; exec "$@"`, 'bash', join('build/bin/dfuse'), 'tank/full', dir],
      { env: { DFSKIT_STORE: bench.store } },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const script = `
import errno, os, sys
fd = os.open(sys.argv[1] + '/f', os.O_CREAT | os.O_WRONLY)
try:
    for i in range(16): os.pwrite(fd, b'x' * (1 << 20), i << 20)
except OSError as e: print(i, errno.errorcode[e.errno])
os.close(fd)
`;
    expect(await python(script, dir)).toMatch(/^[1-4] EFBIG$/);
  });

  it.runIf(process.getuid?.() === 0).each([undefined, 'ioil', 'pil4dfs'])(
    'hands ENOSPC of a full store to the writer, and goes on when there is room again (shim: %s)',
    async (shim) => {
      const small = join(bench.scratch, `small-${shim}`);
      const dir = bench.directory(`small-${shim}`);
      mkdirSync(small);
      expect(await execute('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', small])).toMatchObject({
        status: 0,
      });
      try {
        const env = { DFSKIT_STORE: small };
        expect(await dfskit(['cont', 'create', 'tank/small'], { env })).toMatchObject({ status: 0 });
        const mounted = await mount({ container: 'tank/small', dir, store: small });
        const script = `
import errno, os, sys
path = sys.argv[1] + '/f'
fd = os.open(path, os.O_CREAT | os.O_RDWR)
done = 0
try:
    while done < 64 << 20: done += os.write(fd, b'x' * 65536)
except OSError as e: print(errno.errorcode[e.errno], end=' ')
print(8 << 20 < done < 24 << 20, os.pread(fd, 1, 100), end=' ')
os.close(fd)
os.unlink(path)
fd = os.open(path, os.O_CREAT | os.O_RDWR)
print(os.write(fd, b'y' * 65536))
`;
        const { stdout } = await execute('python3', ['-c', script, dir], {
          env: { ...env, ...(shim === undefined ? {} : { LD_PRELOAD: libPath(shim) }) },
        });
        expect(stdout).toBe("ENOSPC True b'x' 65536\n");
        await mounted.umount();
      } finally {
        if (mountAt(dir) !== undefined) await umount(dir, { lazy: true });
        await execute('umount', ['-l', small]);
      }
    },
  );
});
