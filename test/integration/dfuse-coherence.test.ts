import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type FileSystem } from '../../src/dfs/index.js';
import { libPath } from '../../src/paths.js';
import { canMount, mountBench, python, type MountBench } from '../support/mounts.js';

// This process reaches the container directly, past the kernel; the daemon is another one.
describe.skipIf(!canMount()).each(['none', 'coherent'] as const)('what others do, caching=%s', (caching) => {
  let bench: MountBench;
  let client: FileSystem;
  let dir: string;
  const at = (...names: string[]): string => join(dir, ...names);

  beforeAll(async () => {
    bench = mountBench();
    ({ dir } = await bench.mount(`others-${caching}`, { caching }));
    client = await connect(`tank/others-${caching}`);
  });
  afterAll(async () => {
    await client.close();
    await bench.close();
  });

  it('sees new, renamed and removed names at once', async () => {
    expect(existsSync(at('new'))).toBe(false);
    await client.writeFile('/new', 'x');
    expect(existsSync(at('new'))).toBe(true);
    await client.rename('/new', '/newer');
    expect(readdirSync(dir)).toEqual(['newer']);
    expect(existsSync(at('new'))).toBe(false);
    await client.unlink('/newer');
    expect(existsSync(at('newer'))).toBe(false);
    mkdirSync(at('made'));
    expect((await client.stat('/made')).kind).toBe('directory');
  });

  it('has nothing left of an open directory that was removed', async () => {
    mkdirSync(at('gone'));
    // rmdir goes past the kernel; getdents64 finds not even "." then.
    const script = `import ctypes, os, subprocess, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
subprocess.run(["rmdir", sys.argv[1]], env={**os.environ, "LD_PRELOAD": sys.argv[2]}, check=True)
libc = ctypes.CDLL(None, use_errno=True)
n = libc.syscall(217, fd, ctypes.create_string_buffer(4096), 4096)
print(n, os.strerror(ctypes.get_errno()))`;
    expect(await python(script, at('gone'), libPath('libpil4dfs.so'))).toBe('-1 No such file or directory');
  });

  it('sees bytes of the same length that were written again and again', async () => {
    for (let i = 0; i < 200; i++) {
      const text = `content ${String(i).padStart(6, '0')}`;
      await client.writeFile('/again', text);
      expect(readFileSync(at('again'), 'utf8')).toBe(text);
      expect(readFileSync(at('again'), 'utf8')).toBe(text);
    }
  });

  it('sees a rewrite of a file whose pages were kept, also with the old times set', async () => {
    await client.writeFile('/kept', 'a'.repeat(10_000));
    utimesSync(at('kept'), 1000, 1000);
    await sleep(2200); // long enough for pages to be kept
    for (let i = 0; i < 3; i++) expect(readFileSync(at('kept'), 'utf8')).toBe('a'.repeat(10_000));
    await client.writeFile('/kept', 'b'.repeat(10_000));
    utimesSync(at('kept'), 1000, 1000);
    expect(readFileSync(at('kept'), 'utf8')).toBe('b'.repeat(10_000));
  });

  it('shows what it wrote and closed to who reads directly', async () => {
    for (let i = 0; i < 50; i++) {
      writeFileSync(at('mine'), `round ${i}`);
      expect((await client.readFile('/mine')).toString()).toBe(`round ${i}`);
      expect((await client.stat('/mine')).size).toBe(BigInt(`round ${i}`.length));
    }
  });

  it('sees an open file grow', async () => {
    await client.writeFile('/grows', 'one');
    const fd = openSync(at('grows'), 'r');
    const buffer = Buffer.alloc(100);
    expect(readSync(fd, buffer, 0, 100, 0)).toBe(3);
    await client.appendFile('/grows', ' two');
    expect(readSync(fd, buffer, 0, 100, 0)).toBe(7);
    expect(buffer.subarray(0, 7).toString()).toBe('one two');
    closeSync(fd);
  });

  it('keeps an open file that somebody else removed or renamed', async () => {
    await client.mkdir('/dir');
    await client.writeFile('/dir/open', 'bytes');
    const fd = openSync(at('dir', 'open'), 'r+');
    await client.rename('/dir', '/moved');
    await client.rm('/moved', { recursive: true });
    const buffer = Buffer.alloc(10);
    expect(readSync(fd, buffer, 0, 10, 0)).toBe(5);
    expect(fstatSync(fd).nlink).toBe(0);
    closeSync(fd);
  });

  it('follows a directory that somebody else renamed', async () => {
    await client.mkdir('/work/inner', { recursive: true });
    expect(readdirSync(at('work', 'inner'))).toEqual([]);
    await client.rename('/work', '/work2');
    await client.mkdir('/work');
    writeFileSync(at('work2', 'inner', 'f'), 'in the renamed one');
    expect((await client.readFile('/work2/inner/f')).toString()).toBe('in the renamed one');
    expect(existsSync(at('work', 'inner'))).toBe(false);
  });

  it('replaces a file that somebody else replaced before', async () => {
    await client.writeFile('/old', '1');
    expect(statSync(at('old')).size).toBe(1);
    await client.unlink('/old');
    await client.mkdir('/old');
    expect(statSync(at('old')).isDirectory()).toBe(true);
    await client.rmdir('/old');
    writeFileSync(at('old'), '22');
    renameSync(at('old'), at('older'));
    expect((await client.readFile('/older')).toString()).toBe('22');
    unlinkSync(at('older'));
    await expect(client.stat('/older')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('appends where the end really is', async () => {
    writeFileSync(at('log'), 'a\n');
    const fd = openSync(at('log'), 'a+');
    await client.appendFile('/log', 'b\n');
    writeFileSync(fd, 'c\n');
    await client.appendFile('/log', 'd\n');
    writeFileSync(fd, 'e\n');
    const buffer = Buffer.alloc(20);
    expect(buffer.subarray(0, readSync(fd, buffer, 0, 20, 0)).toString()).toBe('a\nb\nc\nd\ne\n');
    closeSync(fd);
    expect((await client.readFile('/log')).toString()).toBe('a\nb\nc\nd\ne\n');
  });

  it.skipIf(caching === 'none')('writes what was stored through a mapping', async () => {
    writeFileSync(at('mapped'), Buffer.alloc(8192, '.'));
    const script = `
import mmap, os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
m = mmap.mmap(fd, 8192)
os.close(fd)
m[4096:4100] = b'DATA'
m.close()
`;
    await python(script, at('mapped'));
    expect((await client.readFile('/mapped', { start: 4096, end: 4100 })).toString()).toBe('DATA');
  });
});
