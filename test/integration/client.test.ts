import {
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connect, DfsError, type FileHandle } from '../../src/dfs/index.js';
import { execute } from '../support/cli.js';
import { useContainer } from '../support/client.js';

const container = useContainer();
const names = (entries: readonly { name: string }[]): string[] => entries.map((entry) => entry.name).sort();

describe('files', () => {
  it('are written, appended to, read in part and cut', async () => {
    const { fs } = container;
    await fs.mkdir('/a/b', { recursive: true });
    await fs.writeFile('/a/b/f', 'hello');
    await fs.appendFile('/a/b/f', ' world');
    expect(await fs.readFile('/a/b/f', 'utf8')).toBe('hello world');
    expect((await fs.readFile('/a/b/f', { start: 6, end: 9n })).toString()).toBe('wor');
    expect((await fs.readFile('/a/b/f', { start: 100 })).length).toBe(0);
    expect((await fs.readFile('/a/b/f', { start: 5, end: 2 })).length).toBe(0);
    await fs.truncate('/a/b/f', 4n);
    await fs.appendFile('/a/b/f', [Buffer.from('!'), Buffer.from('?')]);
    expect(await fs.readFile('/a/b/f', 'latin1')).toBe('hell!?');
    await fs.writeFile('/a/b/f', 'short', { sync: true });
    expect(await fs.readFile('/a/b/f', 'hex')).toBe('73686f7274');
    await fs.appendFile('/a/b/new', 'created', { mode: 0o600 });
    expect((await fs.stat('/a/b/new')).mode & 0o7777).toBe(0o600);
  });

  it('take bytes that come bit by bit', async () => {
    const { fs } = container;
    async function* slowly(): AsyncGenerator<Uint8Array> {
      for (const word of ['one ', 'two ', 'three']) yield await Promise.resolve(Buffer.from(word));
    }
    await fs.writeFile('/slowly', slowly());
    expect(await fs.readFile('/slowly', 'utf8')).toBe('one two three');
  });

  it('are open at any position', async () => {
    const { fs } = container;
    await using file = await fs.open('/sparse', { create: true });
    // As far as ext4 goes.
    const far = 2n ** 43n + 1n;
    await file.write('end', far);
    expect((await file.stat()).size).toBe(far + 3n);
    const buffer = Buffer.alloc(5);
    expect(await file.read(buffer, far - 2n)).toBe(5);
    expect(buffer.toString()).toBe('\0\0end');
    await file.truncate(1);
    expect(await file.read(buffer, 2n ** 53n + 1n)).toBe(0);
  });

  it('are opened as asked for', async () => {
    const { fs } = container;
    const failure = (open: Promise<FileHandle>): Promise<string> =>
      open.then(
        async (file) => {
          await file.close();
          return 'opened';
        },
        (error: DfsError) => error.code,
      );
    expect(await failure(fs.open('/modes'))).toBe('ENOENT');
    expect(await failure(fs.open('/modes', { write: true }))).toBe('ENOENT');
    expect(await failure(fs.open('/modes', { create: true, mode: 0o640 }))).toBe('opened');
    expect((await fs.stat('/modes')).mode & 0o7777).toBe(0o640);
    expect(await failure(fs.open('/modes', { create: 'exclusive' }))).toBe('EEXIST');
    expect(await failure(fs.open('/', { write: true }))).toBe('EISDIR');
    expect(await failure(fs.open('/modes/below'))).toBe('ENOTDIR');
    await fs.writeFile('/modes', 'bytes');
    await using kept = await fs.open('/modes', { create: true });
    expect((await kept.stat()).size).toBe(5n);
    await using emptied = await fs.open('/modes', { truncate: true });
    expect((await emptied.stat()).size).toBe(0n);
    await using reader = await fs.open('/modes');
    await expect(reader.write('x', 0)).rejects.toMatchObject({ operation: 'write', path: '/modes' });
    await using writer = await fs.open('/modes', { write: true, read: false });
    await writer.write('x', 0);
  });

  it('are created where a link leads that led nowhere', async () => {
    const { fs } = container;
    await fs.mkdir('/links');
    await fs.symlink('second', '/links/first');
    await fs.symlink('/links/third', '/links/second');
    await fs.writeFile('/links/first', 'through two links');
    expect((await fs.lstat('/links/third')).kind).toBe('file');
    await expect(fs.open('/links/first', { create: 'exclusive' })).rejects.toMatchObject({ code: 'EEXIST' });
    await fs.symlink('loop', '/links/loop');
    await expect(fs.open('/links/loop', { create: true })).rejects.toMatchObject({ code: 'ELOOP' });
  });

  it('take and give several buffers in one call', async () => {
    const { fs } = container;
    await using file = await fs.open('/vectors', { create: true });
    await file.writev([Buffer.from('abc'), new Uint8Array(0), Buffer.from('defg')], 2);
    const parts = [Buffer.alloc(3), Buffer.alloc(0), Buffer.alloc(2), Buffer.alloc(9)];
    expect(await file.readv(parts, 1)).toBe(8);
    expect(parts.map(String)).toEqual(['\0ab', '', 'cd', 'efg\0\0\0\0\0\0']);
    expect(await file.append('hi')).toBe(11n);
    await file.sync();
    await file.sync({ dataOnly: true });
    await file.write(new Uint8Array(0), 500);
    expect((await file.stat()).size).toBe(11n);
  });
});

describe('names', () => {
  it('are listed with kind and inode, also bit by bit', async () => {
    const { fs } = container;
    await fs.mkdir('/list/dir', { recursive: true });
    await fs.writeFile('/list/file', '');
    await fs.symlink('file', '/list/link');
    const entries = (await fs.readdir('/list')).sort((x, y) => (x.name < y.name ? -1 : 1));
    expect(entries.map(({ name, kind }) => [name, kind])).toEqual([
      ['dir', 'directory'],
      ['file', 'file'],
      ['link', 'symlink'],
    ]);
    for (const { name, inode } of entries) expect((await fs.lstat(`/list/${name}`)).inode).toBe(inode);
    const directory = await fs.opendir('/list');
    const read = await Promise.all([1, 2, 3, 4].map(() => directory.read()));
    expect(read.filter((entry) => entry === null)).toHaveLength(1);
    await directory.close();
    await expect(directory.read()).rejects.toMatchObject({ code: 'EBADF', path: '/list' });
    for await (const entry of await fs.opendir('/list')) {
      expect(entry.name).not.toBe('');
      break;
    }
    await expect(fs.opendir('/list/file')).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it('are walked through, a directory before what is in it', async () => {
    const { fs } = container;
    await fs.mkdir('/walk/a/b', { recursive: true });
    await fs.writeFile('/walk/a/b/f', '');
    await fs.writeFile('/walk/g', '');
    await fs.symlink('/walk', '/walk/a/up');
    const walked: string[] = [];
    for await (const { path, depth } of fs.walk('/walk')) walked.push(`${path} ${depth}`);
    expect([...walked].sort()).toEqual([
      '/walk/a 1',
      '/walk/a/b 2',
      '/walk/a/b/f 3',
      '/walk/a/up 2',
      '/walk/g 1',
    ]);
    expect(walked.indexOf('/walk/a 1')).toBeLessThan(walked.indexOf('/walk/a/b 2'));
    const shallow: string[] = [];
    for await (const { path } of fs.walk('/walk', { maxDepth: 1 })) shallow.push(path);
    expect(shallow.sort()).toEqual(['/walk/a', '/walk/g']);
    const stop = new AbortController();
    const started = (async () => {
      for await (const entry of fs.walk('/walk', { signal: stop.signal })) stop.abort(new Error(entry.name));
    })();
    await expect(started).rejects.toThrow(/^(a|g)$/);
  });

  it('are renamed with and without replacing, and exchanged', async () => {
    const { fs } = container;
    await fs.mkdir('/names');
    await fs.writeFile('/names/a', 'a');
    await fs.writeFile('/names/b', 'b');
    await expect(fs.rename('/names/a', '/names/b', { how: 'noreplace' })).rejects.toMatchObject({
      code: 'EEXIST',
      path: '/names/a',
      dest: '/names/b',
      operation: 'rename',
      message: expect.stringMatching(
        /^cannot rename \/names\/a to \/names\/b in tank\/client: file exists \(EEXIST, dfsx?_\w+\)$/,
      ) as string,
    });
    await fs.rename('/names/a', '/names/b', { how: 'exchange' });
    expect(await fs.readFile('/names/a', 'utf8')).toBe('b');
    await fs.rename('/names/a', '/names/b');
    expect(names(await fs.readdir('/names'))).toEqual(['b']);
    await fs.rename('/names/b', '/names/c', { how: 'noreplace' });
    expect(await fs.readFile('/names/c', 'utf8')).toBe('b');
  });

  it('are linked, hard and symbolically, and resolved', async () => {
    const { fs } = container;
    await fs.mkdir('/hard/sub', { recursive: true });
    await fs.writeFile('/hard/f', 'x');
    await fs.link('/hard/f', '/hard/sub/g');
    expect((await fs.stat('/hard/sub/g')).links).toBe(2);
    expect((await fs.stat('/hard/sub/g')).inode).toBe((await fs.stat('/hard/f')).inode);
    await expect(fs.link('/hard/sub', '/hard/d')).rejects.toMatchObject({ code: 'EPERM', dest: '/hard/d' });
    await fs.symlink('../sub/./g', '/hard/sub/link');
    expect(await fs.readlink('/hard/sub/link')).toBe('../sub/./g');
    expect(await fs.realpath('//hard/sub/../sub/link')).toBe('/hard/sub/g');
    expect(await fs.realpath('/..')).toBe('/');
    await fs.symlink('loop', '/hard/loop');
    await expect(fs.realpath('/hard/loop')).rejects.toMatchObject({ code: 'ELOOP', operation: 'realpath' });
    await expect(fs.readlink('/hard/f')).rejects.toMatchObject({ code: 'EINVAL' });
    expect((await fs.stat('/hard/sub/link')).kind).toBe('file');
    expect((await fs.lstat('/hard/sub/link')).kind).toBe('symlink');
  });

  it('are removed as what they are', async () => {
    const { fs } = container;
    await fs.mkdir('/rm/d/e', { recursive: true });
    await fs.writeFile('/rm/d/e/f', 'x');
    await expect(fs.rmdir('/rm/d')).rejects.toMatchObject({ code: 'ENOTEMPTY', operation: 'rmdir' });
    await expect(fs.unlink('/rm/d')).rejects.toMatchObject({ code: 'EISDIR' });
    await expect(fs.rmdir('/rm/d/e/f')).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(fs.rm('/rm/none')).rejects.toMatchObject({ code: 'ENOENT' });
    await fs.rm('/rm/none', { force: true });
    await expect(fs.rm('/rm', { recursive: true, signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
    expect(names(await fs.readdir('/rm'))).toEqual(['d']);
    await fs.rm('/rm/d', { recursive: true, signal: new AbortController().signal });
    expect(await fs.readdir('/rm')).toEqual([]);
    await fs.mkdir('/rm/g/h', { recursive: true });
    await fs.rm('/rm', { recursive: true });
    await expect(fs.stat('/rm')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(fs.rm('/', { recursive: true })).rejects.toMatchObject({ code: 'EBUSY' });
  });
});

describe('attributes', () => {
  it('are looked at to the nanosecond, and set', async () => {
    const { fs } = container;
    await fs.writeFile('/attr', 'x');
    await fs.utimes('/attr', 1n, 1_700_000_000_123_456_789n);
    expect(await fs.stat('/attr')).toMatchObject({
      kind: 'file',
      atimeNs: 1n,
      mtimeNs: 1_700_000_000_123_456_789n,
      mtime: new Date(1_700_000_000_123),
      size: 1n,
      links: 1,
    });
    await fs.utimes('/attr', undefined, 5n);
    expect(await fs.stat('/attr')).toMatchObject({ atimeNs: 1n, mtimeNs: 5n });
    await fs.chmod('/attr', 0o4751);
    expect((await fs.stat('/attr')).mode).toBe(0o104751);
    await fs.symlink('attr', '/attr-link');
    await fs.lutimes('/attr-link', 7n, 8n);
    expect((await fs.lstat('/attr-link')).mtimeNs).toBe(8n);
    expect((await fs.stat('/attr-link')).mtimeNs).toBe(5n);
    await fs.chown('/attr', {});
    await fs.access('/attr', { read: true, write: true });
    await fs.access('/', { execute: true });
    await expect(fs.access('/attr-none')).rejects.toMatchObject({ code: 'ENOENT', operation: 'access' });
  });

  it.runIf(process.getuid?.() === 0)('of the owner are set for the file or the link', async () => {
    const { fs } = container;
    await fs.writeFile('/owned', '');
    await fs.symlink('owned', '/owned-link');
    await fs.chown('/owned-link', { uid: 7 });
    await fs.chown('/owned-link', { gid: 9, follow: false });
    expect(await fs.stat('/owned')).toMatchObject({ uid: 7, gid: process.getgid?.() });
    expect(await fs.lstat('/owned-link')).toMatchObject({ uid: process.getuid?.(), gid: 9 });
  });

  it('of the extended kind are set, read, listed and removed', async () => {
    const { fs } = container;
    await fs.writeFile('/x', '');
    const bytes = Buffer.from([0, 1, 255, 0]);
    await fs.setXattr('/x', 'user.bytes', bytes);
    await fs.setXattr('/x', 'user.empty', '');
    expect(await fs.getXattr('/x', 'user.bytes')).toEqual(bytes);
    expect((await fs.getXattr('/x', 'user.empty')).length).toBe(0);
    expect((await fs.listXattrs('/x')).sort()).toEqual(['user.bytes', 'user.empty']);
    await expect(fs.setXattr('/x', 'user.empty', '', { only: 'create' })).rejects.toMatchObject({
      code: 'EEXIST',
    });
    await expect(fs.setXattr('/x', 'user.none', '', { only: 'replace' })).rejects.toMatchObject({
      code: 'ENODATA',
    });
    await fs.setXattr('/x', 'user.bytes', 'other', { only: 'replace' });
    await fs.removeXattr('/x', 'user.bytes');
    await expect(fs.getXattr('/x', 'user.bytes')).rejects.toMatchObject({
      code: 'ENODATA',
      operation: 'getXattr',
    });
    expect(await fs.listXattrs('/x')).toEqual(['user.empty']);
    const large = Buffer.alloc(60_000, 'v');
    await fs.setXattr('/x', 'user.large', large);
    expect(await fs.getXattr('/x', 'user.large')).toEqual(large);
  });

  it('of the container say how much room there is', async () => {
    const room = await container.fs.statfs();
    expect(room.blockSize).toBeGreaterThan(0);
    expect(room.available).toBeLessThanOrEqual(room.blocks);
    expect(room.available).toBeGreaterThan(0n);
    await container.fs.sync();
  });
});

describe('trees', () => {
  it('are copied in and out as they are', async () => {
    const { fs, scratch } = container;
    const source = join(scratch, 'source');
    mkdirSync(join(source, 'sub/empty'), { recursive: true });
    writeFileSync(join(source, 'large'), Buffer.alloc((5 << 20) + 3, 'xyz'));
    writeFileSync(join(source, 'sub/run'), '#!/bin/sh\n', { mode: 0o755 });
    for (let i = 0; i < 50; i++) writeFileSync(join(source, 'sub', `f${i}`), String(i));
    symlinkSync('../large', join(source, 'sub/link'));
    utimesSync(join(source, 'large'), 1_000_000_000.25, 1_234_567_890.5);
    const copied = await fs.copyIn(source, '/tree');
    expect(copied).toMatchObject({ files: 52, directories: 3, symlinks: 1 });
    expect(await fs.readlink('/tree/sub/link')).toBe('../large');
    expect((await fs.stat('/tree/sub/run')).mode & 0o7777).toBe(0o755);
    expect((await fs.stat('/tree/large')).mtimeNs).toBe(1_234_567_890_500_000_000n);
    const target = join(scratch, 'target');
    expect(await fs.copyOut('/tree', target)).toEqual(copied);
    expect((await execute('diff', ['-r', '--no-dereference', source, target])).stdout).toBe('');
    expect(readlinkSync(join(target, 'sub/link'))).toBe('../large');
    expect(statSync(join(target, 'sub/run')).mode).toBe(statSync(join(source, 'sub/run')).mode);
    expect(statSync(join(target, 'large'), { bigint: true }).mtimeNs).toBe(1_234_567_890_500_000_000n);
    expect(statSync(join(target, 'sub')).mtimeMs).toBeCloseTo(statSync(join(source, 'sub')).mtimeMs, 1);
  });

  it('are copied in part, and stop when they are told to', async () => {
    const { fs, scratch } = container;
    const source = join(scratch, 'partial');
    mkdirSync(join(source, 'skipped'), { recursive: true });
    writeFileSync(join(source, 'skipped/f'), '');
    writeFileSync(join(source, 'kept'), 'kept');
    await fs.copyIn(source, '/partial', { filter: (path) => !path.endsWith('skipped') });
    expect(names(await fs.readdir('/partial'))).toEqual(['kept']);
    const stop = new AbortController();
    writeFileSync(join(source, 'large'), Buffer.alloc(8 << 20));
    const copying = fs.copyIn(source, '/stopped', {
      signal: stop.signal,
      filter: (path) => {
        if (path.endsWith('large')) stop.abort(new Error('enough'));
        return true;
      },
    });
    await expect(copying).rejects.toThrow('enough');
  });

  it('hold no pipes', async () => {
    const { fs, scratch } = container;
    expect((await execute('mkfifo', [join(scratch, 'pipe')])).status).toBe(0);
    await expect(fs.copyIn(join(scratch, 'pipe'), '/pipe')).rejects.toMatchObject({
      code: 'EINVAL',
      operation: 'copy',
    });
    await fs.copyIn(join(import.meta.filename), '/one');
    expect(await fs.readFile('/one', 'utf8')).toBe(readFileSync(import.meta.filename, 'utf8'));
  });
});

describe('snapshots', () => {
  it('are taken, listed, opened by name and epoch, and destroyed', async () => {
    const { fs, name } = container;
    await fs.writeFile('/then', 'old');
    const epoch = await fs.createSnapshot('s1');
    await fs.writeFile('/then', 'new');
    expect(await fs.listSnapshots()).toEqual([{ name: 's1', epoch }]);
    for (const open of [
      () => fs.openSnapshot('s1'),
      () => fs.openSnapshot(epoch),
      () => connect(`${name}@s1`),
    ]) {
      await using old = await open();
      expect(await old.readFile('/then', 'utf8')).toBe('old');
      await expect(old.writeFile('/then', 'x')).rejects.toMatchObject({ code: 'EROFS' });
      await expect(old.mkdir('/no')).rejects.toMatchObject({ code: 'EROFS' });
    }
    await fs.destroySnapshot('s1');
    await expect(fs.openSnapshot('s1')).rejects.toMatchObject({ code: 'ENOENT', operation: 'connect' });
    await expect(fs.destroySnapshot('s1')).rejects.toMatchObject({
      code: 'ENOENT',
      operation: 'destroySnapshot',
    });
  });
});

describe('errors', () => {
  it('say code, number, path, operation and call', async () => {
    const { fs } = container;
    const error = await fs.readFile('//nothing/').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DfsError);
    expect(error).toMatchObject({
      name: 'DfsError',
      code: 'ENOENT',
      errno: 2,
      path: '/nothing',
      dest: undefined,
      operation: 'open',
      syscall: 'dfs_lookup',
    });
    expect((error as DfsError).message).toBe(
      'cannot open //nothing/ in tank/client: no such file or directory (ENOENT, dfs_lookup)',
    );
    await expect(fs.mkdir('/')).rejects.toMatchObject({ code: 'EEXIST', operation: 'mkdir' });
    await expect(fs.writeFile('/no/such', 'x')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(connect('tank/nothing')).rejects.toMatchObject({
      code: 'ENOENT',
      operation: 'connect',
      remedy: expect.stringContaining('dfskit cont create') as string,
    });
    await expect(connect('no name')).rejects.toMatchObject({ code: 'BAD_NAME' });
  });

  it('of arguments come before anything happens', async () => {
    const { fs } = container;
    await fs.writeFile('/args', 'x');
    await using file = await fs.open('/args', { write: true });
    for (const bad of [-1, 0.5, NaN, 2 ** 53, -1n, 2n ** 63n]) {
      await expect(file.read(Buffer.alloc(1), bad)).rejects.toThrow(RangeError);
      await expect(file.write('y', bad)).rejects.toThrow(RangeError);
      await expect(file.truncate(bad)).rejects.toThrow(RangeError);
    }
    await expect(fs.stat('/args\0b')).rejects.toThrow(TypeError);
    await expect(fs.symlink('a\0b', '/l')).rejects.toThrow(TypeError);
    await expect(fs.stat('')).rejects.toThrow(TypeError);
    expect(await fs.readFile('/args', 'utf8')).toBe('x');
    await expect(fs.readFile('/args', { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
    await expect(fs.writeFile('/args', 'z', { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
    expect(await fs.readFile('/args', 'utf8')).toBe('x');
  });

  it('say what was closed', async () => {
    const { name } = container;
    const fs = await connect(name);
    await fs.writeFile('/closed', Buffer.alloc(1 << 20));
    const file = await fs.open('/closed');
    const directory = await fs.opendir('/');
    // Calls under way end well.
    const reads = Array.from({ length: 50 }, () => file.read(Buffer.alloc(1 << 16), 0));
    await Promise.all([file.close(), file.close()]);
    expect(await Promise.all(reads)).toEqual(Array.from({ length: 50 }, () => 1 << 16));
    await expect(file.read(Buffer.alloc(1), 0)).rejects.toMatchObject({
      code: 'EBADF',
      message: 'cannot read /closed in tank/client: the file was closed',
    });
    const open = await fs.open('/closed');
    const looks = Array.from({ length: 20 }, () => fs.stat('/closed'));
    await Promise.all([fs.close(), fs.close()]);
    expect(await Promise.all(looks)).toHaveLength(20);
    await expect(fs.stat('/')).rejects.toMatchObject({
      code: 'EBADF',
      message: 'cannot look at / in tank/client: the file system was closed',
    });
    await expect(open.stat()).rejects.toMatchObject({ code: 'EBADF' });
    await expect(directory.read()).rejects.toMatchObject({ code: 'EBADF' });
    await open.close();
    // Opened while it is being closed: closed with it.
    const late = await connect(name);
    const opening = [late.open('/closed'), late.opendir('/'), late.open('/closed')];
    await late.close();
    for (const each of await Promise.all(opening))
      await expect('stat' in each ? each.stat() : each.read()).rejects.toMatchObject({ code: 'EBADF' });
  });

  it('of a read-only connection are EROFS', async () => {
    await using fs = await connect(container.name, { readOnly: true });
    await expect(fs.writeFile('/ro', 'x')).rejects.toMatchObject({
      code: expect.stringMatching(/EROFS|EPERM|EACCES/) as string,
    });
    expect(await fs.readdir('/')).not.toEqual([]);
  });
});
