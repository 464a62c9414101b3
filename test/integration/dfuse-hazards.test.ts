import { mkdirSync, openSync, readFileSync, readSync, readdirSync, closeSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../src/dfs/index.js';
import { execute } from '../support/cli.js';
import { canMount, mountBench, python, type MountBench } from '../support/mounts.js';

// What other FUSE daemons of such stores got wrong at some time.
describe.skipIf(!canMount()).each(['none', 'coherent', 'cached'] as const)(
  'hazards, caching=%s',
  (caching) => {
    let bench: MountBench;
    let dir: string;
    const at = (...names: string[]): string => join(dir, ...names);

    beforeAll(async () => {
      bench = mountBench();
      ({ dir } = await bench.mount(`hazards-${caching}`, { caching }));
    });
    afterAll(() => bench.close());

    it('reads zeros from holes, before and after pages were cached, to the last byte', async () => {
      const script = `
import os, sys
path, size = sys.argv[1], 3 * 1024 * 1024 + 17
fd = os.open(path, os.O_CREAT | os.O_RDWR)
os.pwrite(fd, b'A' * 10, 1 << 20)
os.pwrite(fd, b'Z', size - 1)
want = bytearray(size)
want[1 << 20:(1 << 20) + 10] = b'A' * 10
want[-1] = ord('Z')
def read():
    got = b''
    with open(path, 'rb', buffering=0) as f:
        while True:
            piece = f.read(99991)
            if not piece: return got
            got += piece
checks = [read() == want, read() == want, os.pread(fd, 100, size - 1) == b'Z', os.pread(fd, 100, size) == b'']
os.ftruncate(fd, 5)
os.ftruncate(fd, size)
checks += [read() == bytes(size), os.pread(fd, 10, (1 << 20)) == bytes(10)]
os.ftruncate(fd, 2000)
os.pwrite(fd, b'e', 5000)
checks += [read() == bytes(5000) + b'e']
print(all(checks), checks)
`;
      expect(await python(script, at('holes'))).toMatch(/^True/);
    });

    it('removes a large tree while others list it and remove in it', async () => {
      const make = `mkdir "$1/tree" && cd "$1/tree" && for d in $(seq 20); do mkdir $d && (cd $d && seq 100 | xargs touch); done`;
      expect(await execute('bash', ['-ec', make, 'bash', dir])).toMatchObject({ status: 0 });
      const client = await connect(`tank/hazards-${caching}`);
      try {
        const listing = execute('bash', [
          '-c',
          'while ls -lR "$1/tree" > /dev/null 2>&1; do :; done',
          'bash',
          dir,
        ]);
        const direct = (async () => {
          for (let d = 1; d <= 20; d++) {
            await client.rm(`/tree/${d}`, { recursive: true }).catch(() => undefined);
          }
        })();
        const removal = (): ReturnType<typeof execute> => execute('rm', ['-rf', at('tree')]);
        const removals = await Promise.all([removal(), removal()]);
        await direct;
        // Whoever loses a race may be told so; in the end nothing is left, and nothing hangs.
        if (removals.some(({ status }) => status !== 0)) expect(await removal()).toMatchObject({ status: 0 });
        await listing;
        expect(readdirSync(dir)).not.toContain('tree');
        await expect(client.stat('/tree')).rejects.toMatchObject({ code: 'ENOENT' });
      } finally {
        await client.close();
      }
    });

    it('keeps 10,000 files open without growing by more than a kilobyte each', async () => {
      const many = 10_000;
      mkdirSync(at('open'));
      const pid = Number((await execute('readlink', [at('\x01dfskit-pid')])).stdout);
      const resident = (): number =>
        Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
      const fds: number[] = [];
      const before = resident();
      try {
        for (let i = 0; i < many; i++) {
          writeFileSync(at('open', `${i}`), `${i}`);
          fds.push(openSync(at('open', `${i}`), 'r'));
        }
        expect(resident() - before).toBeLessThan(many);
        const buffer = Buffer.alloc(10);
        expect(buffer.subarray(0, readSync(fds[many - 1] ?? -1, buffer, 0, 10, 0)).toString()).toBe(
          `${many - 1}`,
        );
      } finally {
        fds.forEach(closeSync);
      }
    });

    it.skipIf(caching === 'none')(
      'holds a SQLite database in WAL mode that several processes write',
      async () => {
        const script = `
import os, sqlite3, sys
path = sys.argv[1]
db = sqlite3.connect(path, timeout=30)
print(db.execute('pragma journal_mode=wal').fetchone()[0], end=' ')
db.execute('create table t (who integer, n integer)')
db.commit(); db.close()
sys.stdout.flush()
pids = []
for who in range(4):
    pid = os.fork()
    if pid == 0:
        db = sqlite3.connect(path, timeout=30, isolation_level=None)
        for n in range(25):
            db.execute('begin immediate')
            db.execute('insert into t values (?, ?)', (who, n))
            db.execute('commit')
        os._exit(0)
    pids.append(pid)
states = [os.waitpid(pid, 0)[1] for pid in pids]
db = sqlite3.connect(path)
print(states, db.execute('select count(*), count(distinct who * 100 + n) from t').fetchone(), db.execute('pragma integrity_check').fetchone()[0])
`;
        expect(await python(script, at('db'))).toBe('wal [0, 0, 0, 0] (100, 100) ok');
      },
    );
  },
);
