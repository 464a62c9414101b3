import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/paths.js';
import { dfskit, execute, temporaryDirectory } from '../support/cli.js';

const scratch = temporaryDirectory();
const dir = join(scratch.path, 'mnt');
const env = { DFSKIT_STORE: join(scratch.path, 'store'), XDG_RUNTIME_DIR: scratch.path };
const test = join(packageRoot, 'build/bin/snapshot_test');

function canMount(): boolean {
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

const command = async (...args: string[]): Promise<string> => {
  const { status, stdout, stderr } = await dfskit(args, { env });
  expect({ status, stderr }, args.join(' ')).toEqual({ status: 0, stderr: '' });
  return stdout;
};

beforeAll(async () => {
  mkdirSync(dir);
  await command('cont', 'create', 'tank/c');
});
afterAll(() => scratch.remove());

it('says in one line what is wrong', async () => {
  const bad = async (...args: string[]): Promise<string> => {
    const { status, stderr } = await dfskit(['snapshot', ...args], { env });
    expect(status).not.toBe(0);
    return stderr;
  };
  expect(await bad('create', 'tank/none@a')).toMatch(/no such container/);
  expect(await bad('create', 'tank/c@')).toMatch(/name of a snapshot/);
  expect(await bad('create', 'tank/c@a/b')).toMatch(/name of a snapshot/);
  expect(await bad('create', 'tank/c@123')).toMatch(/not only digits/);
  expect(await bad('destroy', 'tank/c')).toMatch(/not said which one/);
  expect(await bad('destroy', 'tank/c@none')).toMatch(/no such snapshot/);
});

it('lists what was taken, until it is destroyed', async () => {
  expect(await command('snapshot', 'create', 'tank/c@first')).toBe('tank/c@first\n');
  const unnamed = (await command('snapshot', 'create', 'tank/c')).trim().split('@')[1] ?? '';
  const list = async (): Promise<{ name: string; epoch: string }[]> =>
    JSON.parse(await command('snapshot', 'list', '--json', 'tank/c')) as { name: string; epoch: string }[];
  expect((await list()).map(({ name }) => name)).toEqual(['first', '']);
  expect((await dfskit(['snapshot', 'create', 'tank/c@first'], { env })).stderr).toMatch(/there is one/);
  expect(await command('cont', 'list', '--snapshots', 'tank')).toBe(
    `tank/c\ntank/c@first\ntank/c@${unnamed}\n`,
  );
  expect(await command('cont', 'list', 'tank')).toBe('tank/c\n');
  expect(await command('cont', 'info', 'tank/c')).toMatch(/^snapshots +2$/m);
  expect(JSON.parse(await command('cont', 'info', 'tank/c', '--json'))).toMatchObject({ snapshots: 2 });
  await command('snapshot', 'destroy', `tank/c@${unnamed}`);
  await command('snapshot', 'destroy', 'tank/c@first');
  expect(await list()).toEqual([]);
});

describe.runIf(canMount())('through dfuse', () => {
  it.each(['none', 'coherent', 'cached'])('copies back from .snapshot, caching=%s', async (caching) => {
    await command('mount', '-o', `caching=${caching}`, 'tank/c', dir);
    try {
      mkdirSync(join(dir, 'tree'));
      writeFileSync(join(dir, 'tree/file'), 'old'.repeat(50_000));
      await command('snapshot', 'create', 'tank/c@s');
      writeFileSync(join(dir, 'tree/file'), 'new');
      writeFileSync(join(dir, 'tree/later'), 'later');
      expect(readdirSync(dir)).toEqual(['tree']);
      const old = join(dir, '.snapshot/s/tree');
      expect(readdirSync(old)).toEqual(['file']);
      expect((await execute('cp', ['-a', old, join(dir, 'back')])).stderr).toBe('');
      expect(readFileSync(join(dir, 'back/file'), 'utf8')).toBe('old'.repeat(50_000));
      expect(() => writeFileSync(join(old, 'file'), 'x')).toThrow(/EROFS/);
      await command('snapshot', 'destroy', 'tank/c@s');
      expect(existsSync(old)).toBe(false);
      expect(readdirSync(join(dir, '.snapshot'))).toEqual([]);
      await execute('rm', ['-r', join(dir, 'back'), join(dir, 'tree')]);
    } finally {
      await command('umount', dir);
    }
  });

  it('mounts a snapshot for reading', async () => {
    await command('mount', 'tank/c', dir);
    writeFileSync(join(dir, 'file'), 'old');
    await command('umount', dir);
    await command('snapshot', 'create', 'tank/c@m');
    await command('mount', 'tank/c', dir);
    writeFileSync(join(dir, 'file'), 'newer');
    await command('umount', dir);
    await command('mount', 'tank/c@m', dir);
    try {
      expect(readFileSync(join(dir, 'file'), 'utf8')).toBe('old');
      expect(() => writeFileSync(join(dir, 'file'), 'x')).toThrow(/EROFS/);
    } finally {
      await command('umount', dir);
    }
    const none = await dfskit(['mount', 'tank/c@none', dir], { env });
    expect(none.status).not.toBe(0);
    expect(none.stderr).toMatch(/no such container or snapshot/);
  });
});

describe.runIf(existsSync(test))('random changes', () => {
  it('leave snapshots as they were', { timeout: 240_000 }, async () => {
    const numbers = fc.array(fc.nat(0x7fffffff), { minLength: 50, maxLength: 1500 });
    await fc.assert(
      fc.asyncProperty(numbers, async (list) => {
        const { status, stderr } = await execute(test, ['-', ...list.map(String)]);
        expect(status, stderr.slice(0, 4000)).toBe(0);
      }),
      { numRuns: 40 },
    );
  });
});
