import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CopyError } from '../../src/dfs/index.js';
import { mount, umount } from '../../src/mount/index.js';
import { packageRoot } from '../../src/paths.js';
import { execute } from '../support/cli.js';
import { useContainer } from '../support/client.js';

const container = useContainer();
const root = process.getuid?.() === 0;

async function python(code: string, ...args: string[]): Promise<string> {
  const { stdout, stderr, status } = await execute('python3', ['-c', code, ...args]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

/** What a tree of the kernel's is like, one line a name. */
async function describeTree(directory: string): Promise<string[]> {
  const script = join(packageRoot, 'test/support/describe-tree.py');
  const { stdout, stderr } = await execute('python3', [script, directory]);
  expect(stderr).toBe('');
  return stdout.trim().split('\n');
}

const tree = String.raw`
import os, sys
os.chdir(sys.argv[1])
root = os.geteuid() == 0
def write(name, data, mode=0o644):
    with open(name, 'wb') as file: file.write(data)
    os.chmod(name, mode)
os.makedirs('sub/empty'); os.makedirs(b'n\xff/deep')
write('program', b'#!/bin/sh\n', 0o755)
write('set-id', b'x', 0o6755); write('sticky', b'x', 0o1604); write('closed', b'c')
write('small', b'small'); write('large', os.urandom(3 << 20)); write('nothing', b'')
write(b'n\xff/deep/\xfe', b'name')
with open('hole', 'wb') as f: f.truncate(1 << 30)
with open('small hole', 'wb') as f: f.truncate(3000)
with open('sparse', 'wb') as f:
    f.write(b'head'); f.seek(5 << 20); f.write(b'middle' * 5000); f.truncate(64 << 20)
with open('tail', 'wb') as f:
    f.seek((1 << 40) + 1); f.write(b't')
os.link('large', 'sub/large again'); os.link('large', b'n\xff/large'); os.link('small', 'small too')
os.symlink('../large', 'sub/link'); os.symlink(b'\xff nowhere', 'dangling')
os.link('dangling', 'dangling too', follow_symlinks=False)
os.setxattr('small', b'user.\xff', b'\x00\x01'); os.setxattr('sub', 'user.empty', b'')
os.setxattr('closed', 'user.large', b'v' * 3000); os.chmod('closed', 0o000 if root else 0o400)
os.mkdir('read-only'); write('read-only/in', b'in')
if root:
    os.chown('small', 12, 34); os.chown('sub/empty', 56, 78); os.lchown('sub/link', 9, 10)
    os.chown('set-id', 21, 22); os.chmod('set-id', 0o6755)
os.chmod('sub/empty', 0o3750); os.chmod('read-only', 0o555)
t = 1_234_567_890_123_456_789
for base, dirs, files in os.walk(b'.', topdown=False):
    for name in files + dirs:
        t += 1_000_000_007
        os.utime(os.path.join(base, name), ns=(t, t), follow_symlinks=False)
os.utime('small', ns=(0, -1_500_000_001)); os.utime('.', ns=(t, t))
`;

describe('copies', () => {
  it('of a tree in and out are what cp -a makes of it', async () => {
    const { fs, scratch } = container;
    const [source, copied, out] = ['source', 'copied', 'out'].map((name) => join(scratch, name)) as [
      string,
      string,
      string,
    ];
    mkdirSync(source);
    await python(tree, source);
    expect(await execute('cp', ['-a', source, copied])).toMatchObject({ status: 0, stderr: '' });
    const wanted = await describeTree(copied);
    expect(await describeTree(source)).toEqual(wanted);

    // Reading has changed when it was read.
    await python(`import os, sys; os.utime(sys.argv[1], ns=(-5, -1_500_000_001))`, join(source, 'small'));
    const counts = await fs.copyIn(source, '/tree/in');
    expect(counts).toMatchObject({ files: 13, directories: 6, symlinks: 2, links: 4 });
    // Nothing of the holes was read or written.
    expect(counts.bytes).toBeLessThan(4n << 20n);
    const sparse = await fs.stat('/tree/in/hole');
    expect(sparse).toMatchObject({ size: 1n << 30n, blocks: 0n });
    expect((await fs.stat('/tree/in/tail')).blocks).toBeLessThan(64n);
    expect((await fs.stat('/tree/in/small')).mtimeNs).toBe(-1_500_000_001n);
    expect(await fs.stat('/tree/in/small too')).toMatchObject({ links: 2, atimeNs: -5n });
    await using file = await fs.open('/tree/in/sparse');
    expect(await file.seekData(1 << 20)).toBe(5n << 20n);
    expect(await file.seekHole(0)).toBe(4096n);
    expect(await file.seekData(60 << 20)).toBeUndefined();

    expect(await fs.copyOut('/tree/in', out)).toEqual(counts);
    expect(await describeTree(out)).toEqual(wanted);
    // And once more over what is there; only the superuser writes what nobody may.
    if (!root) return;
    expect(await fs.copyIn(out, '/tree/in')).toEqual(counts);
    expect(await fs.copyOut('/tree/in', out)).toEqual(counts);
    expect(await describeTree(out)).toEqual(wanted);
  });

  it('keep where the holes of a file are', { timeout: 60_000 }, async () => {
    const { fs, scratch } = container;
    const layout = fc.array(
      fc.record({ hole: fc.boolean(), pages: fc.nat(40), rest: fc.constantFrom(0, 0, 1, 100, 4095) }),
      { maxLength: 7 },
    );
    const make = `
import json, sys
with open(sys.argv[1], 'wb') as f:
    at = 0
    for part in json.loads(sys.argv[2]):
        n = part['pages'] * 4096 + part['rest']
        f.seek(at)
        if not part['hole']: f.write(b'd' * n)
        at += n
    f.truncate(at)
`;
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(layout, async (parts) => {
        const directory = join(scratch, `layout${runs++}`);
        mkdirSync(directory);
        await python(make, join(directory, 'f'), JSON.stringify(parts));
        const wanted = await describeTree(directory);
        await fs.copyIn(directory, '/layout');
        await fs.copyOut('/layout', `${directory}-out`);
        const seen = await describeTree(`${directory}-out`);
        const { size } = statSync(join(directory, 'f'));
        // What fits in a page is kept beside the inode, and is all hole or none.
        if (size > 4096) expect(seen).toEqual(wanted);
        else
          expect(seen.map((line) => line.replace(/, \[.*/, ''))).toEqual(
            wanted.map((line) => line.replace(/, \[.*/, '')),
          );
      }),
      { numRuns: 8 },
    );
  });

  it('say what was not copied, and copy the rest', async () => {
    const { fs, scratch } = container;
    const source = join(scratch, 'broken');
    mkdirSync(join(source, 'sub'), { recursive: true });
    writeFileSync(join(source, 'sub/kept'), 'kept');
    await execute('mkfifo', [join(source, 'sub/pipe'), join(source, 'pipe')]);
    await fs.mkdir('/broken/in-the-way', { recursive: true });
    writeFileSync(join(source, 'in-the-way'), '');
    const error = await fs.copyIn(source, '/broken').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CopyError);
    const { failures, copied, message, code } = error as CopyError;
    expect(failures.map((each) => each.path.slice(source.length)).sort()).toEqual([
      '/in-the-way',
      '/pipe',
      '/sub/pipe',
    ]);
    expect(copied).toMatchObject({ files: 1, directories: 2 });
    expect(code).toBe(failures[0]?.error.code);
    expect(message).toMatch(
      /^cannot copy \S+\/broken to \/broken in tank\/client: \S+: [^;\n]+; and 2 more$/,
    );
    expect(failures.find((each) => each.path.endsWith('/in-the-way'))?.error.message).toBe(
      `cannot copy ${source}/in-the-way to /broken/in-the-way in tank/client: is a directory (EISDIR, dfs_open)`,
    );
    expect(await fs.readFile('/broken/sub/kept', 'utf8')).toBe('kept');
  });

  it('of what is not there or makes no sense say so in one line', async () => {
    const { fs, scratch } = container;
    await expect(fs.copyIn(join(scratch, 'none'), '/none')).rejects.toMatchObject({
      code: 'ENOENT',
      errno: 2,
      operation: 'copy',
      path: join(scratch, 'none'),
      message: `cannot copy ${scratch}/none to /none in tank/client: no such file or directory (ENOENT, lstat)`,
    });
    await expect(fs.copyOut('/none', join(scratch, 'none'))).rejects.toMatchObject({
      message: `cannot copy /none to ${scratch}/none in tank/client: no such file or directory (ENOENT, dfs_lookup)`,
    });
    await expect(fs.copyIn('', '/x')).rejects.toThrow(TypeError);
    await expect(fs.copyOut('/x', 'a\0b')).rejects.toThrow(TypeError);
    await expect(fs.copyIn(scratch, '/x', { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });

  it.runIf(existsSync('/dev/fuse'))('refuse what a mount makes a copy into itself', async () => {
    const { fs, name, scratch } = container;
    const at = join(scratch, 'mounted');
    mkdirSync(at);
    await fs.mkdir('/self/sub', { recursive: true });
    await fs.writeFile('/self/sub/f', 'kept');
    await mount({ container: name, dir: at, store: process.env['DFSKIT_STORE'] ?? '' });
    try {
      const refused = { code: 'EINVAL', message: expect.stringContaining('copied into itself') as string };
      await expect(fs.copyIn(join(at, 'self/sub/f'), '/self/sub/f')).rejects.toMatchObject(refused);
      await expect(fs.copyIn(join(at, 'self'), '/self/sub/deep/copy')).rejects.toMatchObject(refused);
      await expect(fs.copyOut('/self', join(at, 'self/sub/copy'))).rejects.toMatchObject(refused);
      await expect(fs.copyOut('/', join(at, 'copy'))).rejects.toMatchObject(refused);
      await fs.copyIn(join(at, 'self/sub'), '/self/copy');
      expect(await fs.readFile('/self/copy/f', 'utf8')).toBe('kept');
      expect(await fs.readFile('/self/sub/f', 'utf8')).toBe('kept');
    } finally {
      await umount(at);
    }
  });

  it('end at what nothing gets past', async () => {
    const { fs, scratch } = container;
    const source = join(scratch, 'many');
    mkdirSync(source);
    for (let i = 0; i < 100; i++) writeFileSync(join(source, `f${i}`), 'x');
    await fs.createSnapshot('still');
    await using still = await fs.openSnapshot('still');
    const error = await still.copyIn(source, '/many').catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'CopyError', code: 'EROFS' });
    expect((error as CopyError).message).toMatch(/; it ended there$/);
    await fs.destroySnapshot('still').catch(() => undefined);
  });

  it.runIf(root)(
    'leave owners and attributes out when they are told to, and set-id bits with them',
    async () => {
      const { fs, scratch } = container;
      const source = join(scratch, 'plain');
      mkdirSync(source);
      await python(
        `import os, sys; p = sys.argv[1] + '/f'; open(p, 'w').close(); os.setxattr(p, 'user.a', b'x'); os.chown(p, 5, 6); os.chmod(p, 0o6711)`,
        source,
      );
      await fs.copyIn(source, '/plain', { owners: false, xattrs: false });
      expect(await fs.stat('/plain/f')).toMatchObject({ uid: 0, gid: process.getgid?.(), mode: 0o100711 });
      expect(await fs.listXattrs('/plain/f')).toEqual([]);
      chmodSync(source, 0o700);
      await fs.copyIn(source, '/plain');
      expect(await fs.stat('/plain/f')).toMatchObject({ uid: 5, gid: 6, mode: 0o106711 });
      expect(await fs.listXattrs('/plain/f')).toEqual(['user.a']);
    },
  );
});
