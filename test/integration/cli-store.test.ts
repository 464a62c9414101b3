import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DfsClient, type ContainerName } from '../../src/dfs/index.js';
import { dfskit, execute, temporaryDirectory, type Result } from '../support/cli.js';

const scratch = temporaryDirectory();
const store = join(scratch.path, 'store');
const env = { DFSKIT_STORE: store };
const name: ContainerName = { pool: 'tank', cont: 'c1' };

beforeAll(() => {
  process.env['DFSKIT_STORE'] = store;
});
afterAll(scratch.remove);

const cont = (...args: string[]): Promise<Result> => dfskit(['cont', ...args], { env });

describe('dfskit cont', () => {
  it('creates, lists, describes, checks and destroys', async () => {
    expect(await cont('create', 'tank/c1')).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(await cont('create', 'tank/c2', '--chunk-size', '64K')).toMatchObject({ status: 0 });
    expect(await cont('list', 'tank')).toMatchObject({ status: 0, stdout: 'tank/c1\ntank/c2\n' });
    expect(JSON.parse((await cont('list', 'tank', '--json')).stdout)).toEqual(['tank/c1', 'tank/c2']);
    expect(JSON.parse((await cont('info', 'tank/c2', '--json')).stdout)).toMatchObject({
      cont: 'c2',
      chunkSize: 65536,
    });
    expect(await cont('check', 'tank/c1')).toMatchObject({ status: 0, stdout: 'tank/c1: consistent\n' });
    expect(await cont('destroy', 'tank/c2')).toMatchObject({ status: 0, stderr: '' });
    expect(await cont('list', 'tank')).toMatchObject({ stdout: 'tank/c1\n' });
  });

  it.each(['info', 'check', 'destroy'])(
    '%s of an unknown container says what there is to do',
    async (verb) => {
      const { status, stderr } = await cont(verb, 'tank/nothing');
      expect(status).toBe(1);
      expect(stderr).toMatch(
        /^dfskit: cannot \w+ container tank\/nothing: no such container\ndfskit: .*dfskit cont list tank/,
      );
    },
  );

  it('refuses a name that is taken, a name that is none and an unknown pool', async () => {
    expect((await cont('create', 'tank/c1')).stderr).toMatch(
      /^dfskit: cannot create container tank\/c1: it exists\n/,
    );
    expect(await cont('create', 'tank/../x')).toMatchObject({ status: 2 });
    expect((await cont('list', 'nopool')).stderr).toMatch(/^dfskit: cannot list pool nopool: no such pool\n/);
    expect(await cont('create', 'tank/c9', '--chunk-size', '12X')).toMatchObject({ status: 2 });
  });
});

describe('the client', () => {
  let client: DfsClient;
  beforeAll(async () => {
    client = await DfsClient.connect(name);
  });
  afterAll(() => client.close());

  it('writes, reads and looks at files', async () => {
    await client.mkdir('/a/b', { recursive: true });
    await client.writeFile('/a/b/f', 'hello');
    await client.writeFile('/a/b/f', ' world', { append: true });
    expect((await client.readFile('/a/b/f')).toString()).toBe('hello world');
    expect((await client.readFile('/a/b/f', { offset: 6, length: 3 })).toString()).toBe('wor');
    expect((await client.readFile('/a/b/f', { offset: 100 })).length).toBe(0);
    await client.writeFile('/a/b/f', 'short');
    expect(await client.stat('/a/b/f')).toMatchObject({
      size: 5,
      isFile: true,
      isDirectory: false,
      nlink: 1,
    });
    expect((await client.stat('/')).isDirectory).toBe(true);
  });

  it('lists, links, renames and removes', async () => {
    await client.symlink('f', '/a/b/link');
    expect((await client.readdir('/a/b')).sort((x, y) => x.name.localeCompare(y.name))).toEqual([
      { name: 'f', kind: 'file' },
      { name: 'link', kind: 'symlink' },
    ]);
    expect(await client.readlink('/a/b/link')).toBe('f');
    expect((await client.stat('/a/b/link')).isFile).toBe(true);
    expect((await client.stat('/a/b/link', { follow: false })).isSymbolicLink).toBe(true);
    await client.rename('/a/b/f', '/a/g');
    expect((await client.readdir('/a')).map((entry) => entry.name).sort()).toEqual(['b', 'g']);
    await expect(client.remove('/a')).rejects.toMatchObject({ code: 'ENOTEMPTY' });
    await client.remove('/a', { recursive: true });
    expect(await client.readdir('/')).toEqual([]);
  });

  it('moves megabytes, many at a time', async () => {
    const data = Buffer.alloc(3 << 20, 'abcdefg');
    await Promise.all([1, 2, 3, 4, 5, 6].map((i) => client.writeFile(`/big${i}`, data)));
    const read = await Promise.all([1, 2, 3, 4, 5, 6].map((i) => client.readFile(`/big${i}`)));
    expect(read.every((bytes) => bytes.equals(data))).toBe(true);
  });

  it('fails with code, path and call', async () => {
    await expect(client.readFile('/nothing')).rejects.toMatchObject({
      name: 'DfsError',
      code: 'ENOENT',
      path: '/nothing',
      errno: 2,
    });
    await expect(client.readFile('/')).rejects.toMatchObject({ code: 'EISDIR' });
    await expect(client.readdir('/big1')).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(client.mkdir('/big1')).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(client.writeFile('/big1', 'x', { exclusive: true })).rejects.toMatchObject({
      code: 'EEXIST',
    });
    await expect(client.writeFile('/no/such', 'x')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(client.remove('/')).rejects.toMatchObject({ code: 'EBUSY' });
    await expect(DfsClient.connect({ pool: 'tank', cont: 'nothing' })).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });

  it('is closed once, and answers EBADF then', async () => {
    const other = await DfsClient.connect(name, { readOnly: true });
    await Promise.all([other.stat('/'), other.close(), other.close()]);
    await expect(other.stat('/')).rejects.toMatchObject({ code: 'EBADF' });
  });
});

/** The files of a container in the store. */
function filesOf(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    return entry.isDirectory() ? filesOf(path) : [path];
  });
}

describe('a store that is not what it should be', () => {
  it('a damaged one is an error of the command, not a crash', async () => {
    const dir = join(scratch.path, 'damaged');
    const damaged = { DFSKIT_STORE: dir };
    expect(await dfskit(['cont', 'create', 'tank/c'], { env: damaged })).toMatchObject({ status: 0 });
    const databases = filesOf(dir).filter((path) => path.endsWith('/meta'));
    expect(databases.length).toBeGreaterThan(0);
    for (const path of databases) writeFileSync(path, Buffer.alloc(statSync(path).size, 0x5a));
    for (const verb of ['info', 'check']) {
      const result = await dfskit(['cont', verb, 'tank/c'], { env: damaged });
      expect(result).toMatchObject({ status: 1, signal: null });
      expect(result.stderr).toMatch(/^dfskit: cannot \w+ container tank\/c: .*\n/);
    }
  });

  it.runIf(process.getuid?.() !== 0 || existsSync('/usr/bin/setpriv'))(
    'one of another user is refused',
    async () => {
      const dir = join(scratch.path, 'private');
      expect(await dfskit(['cont', 'create', 'tank/c'], { env: { DFSKIT_STORE: dir } })).toMatchObject({
        status: 0,
      });
      chmodSync(dir, 0);
      chmodSync(scratch.path, 0o755);
      const args = ['cont', 'info', 'tank/c'];
      const other = [
        '--reuid=65534',
        '--regid=65534',
        '--clear-groups',
        join(import.meta.dirname, '../../scripts/dfskit.sh'),
        ...args,
      ];
      const result =
        process.getuid?.() === 0
          ? await execute('setpriv', other, { env: { DFSKIT_STORE: dir } })
          : await dfskit(args, { env: { DFSKIT_STORE: dir } });
      chmodSync(dir, 0o755);
      expect(result.status).toBe(1);
      expect(result.stderr).toMatch(/^dfskit: cannot open container tank\/c: .*permission denied/);
    },
  );

  it('one of another version is refused', async () => {
    const dir = join(scratch.path, 'newer');
    expect(await dfskit(['cont', 'create', 'tank/c'], { env: { DFSKIT_STORE: dir } })).toMatchObject({
      status: 0,
    });
    writeFileSync(join(dir, 'version'), '99\n');
    const result = await dfskit(['cont', 'info', 'tank/c'], { env: { DFSKIT_STORE: dir } });
    expect(result).toMatchObject({
      status: 1,
      stderr:
        'dfskit: cannot open container tank/c: the store was written by another version of dfskit\n' +
        'dfskit: use the version of dfskit that wrote the store, or copy the files over\n',
    });
  });

  it('a relative DFSKIT_STORE begins at the working directory', async () => {
    const where = { env: { DFSKIT_STORE: 'relative' }, cwd: scratch.path };
    expect(await dfskit(['cont', 'create', 'tank/c'], where)).toMatchObject({ status: 0, stderr: '' });
    expect(existsSync(join(scratch.path, 'relative/tank/c'))).toBe(true);
  });

  it('a place that cannot be written to is no store', async () => {
    mkdirSync(join(scratch.path, 'file-store'), { recursive: true });
    const file = join(scratch.path, 'file-store', 'f');
    writeFileSync(file, '');
    const result = await dfskit(['cont', 'create', 'tank/c'], { env: { DFSKIT_STORE: file } });
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(/^dfskit: cannot create container tank\/c: /);
  });
});
