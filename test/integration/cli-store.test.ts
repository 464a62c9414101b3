import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { connect } from '../../src/dfs/index.js';
import { dfskit, execute, temporaryDirectory, type Result } from '../support/cli.js';
import { canBeAnotherUser } from '../support/others.js';

const scratch = temporaryDirectory();
const store = join(scratch.path, 'store');
const env = { DFSKIT_STORE: store };

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

/** The files of a container in the store. */
function filesOf(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    return entry.isDirectory() ? filesOf(path) : [path];
  });
}

describe('dfskit cont check', () => {
  const leaked = join(store, 'tank/checked/objects/33/0000000000000033');
  const leak = async (): Promise<void> => {
    await cont('create', 'tank/checked');
    mkdirSync(dirname(leaked), { recursive: true });
    writeFileSync(leaked, 'bytes of nobody');
  };
  const line = 'leaked file of the host: inode 51 (objects/33/0000000000000033)';

  it('tells what is wrong, touches nothing and says what there is to do', async () => {
    await leak();
    const { status, stdout, stderr } = await cont('check', 'tank/checked');
    expect({ status, stdout }).toEqual({ status: 4, stdout: `${line}\n` });
    expect(stderr).toMatch(
      /^dfskit: container tank\/checked contradicts itself: 1 found\ndfskit: .*dfskit cont check --repair tank\/checked/,
    );
    expect(existsSync(leaked)).toBe(true);
  });

  it('--repair removes what has no name', async () => {
    expect(await cont('check', '--repair', 'tank/checked')).toMatchObject({
      status: 3,
      stdout: `${line}: repaired\ntank/checked: 1 found, all repaired\n`,
      stderr: '',
    });
    expect(existsSync(leaked)).toBe(false);
    expect(await cont('check', 'tank/checked')).toMatchObject({ status: 0 });
  });

  it('--relink gives it a name', async () => {
    await leak();
    expect(await cont('check', '--relink', 'tank/checked')).toMatchObject({ status: 3 });
    expect(await cont('check', 'tank/checked')).toMatchObject({ status: 0 });
    process.env['DFSKIT_STORE'] = store;
    await using fs = await connect('tank/checked');
    const [found] = await fs.readdir('/lost+found');
    expect(await fs.readFile(`/lost+found/${found?.name}/51`, 'utf8')).toBe('bytes of nobody');
  });
});

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

  it.runIf(process.getuid?.() !== 0 || canBeAnotherUser())('one of another user is refused', async () => {
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
  });

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
