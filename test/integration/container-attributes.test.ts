import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  connect,
  createContainer,
  deleteUserAttribute,
  getUserAttribute,
  listUserAttributes,
  setUserAttribute,
} from '../../src/dfs/index.js';
import { mount, umount, type MountOptions } from '../../src/mount/index.js';
import { dfskit } from '../support/cli.js';
import { canMount, mountBench, python, type MountBench } from '../support/mounts.js';
import { countRequests } from '../support/requests.js';

let bench: MountBench;
beforeAll(() => {
  bench = mountBench();
});
afterAll(() => bench.close());

describe('attributes of a container', () => {
  it('are set, read, listed and deleted by the command', async () => {
    await createContainer('tank/attrs');
    const run = async (...words: string[]) => {
      const { status, stdout, stderr } = await dfskit(['cont', ...words]);
      return { status, stdout, stderr };
    };
    expect(await run('list-attrs', 'tank/attrs')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(await run('set-attr', 'tank/attrs', 'dfuse-attr-time:5m', 'mine:a:b c')).toMatchObject({
      status: 0,
    });
    expect(await run('get-attr', 'tank/attrs', 'mine')).toMatchObject({ stdout: 'mine:a:b c\n' });
    expect(await run('get-attr', 'tank/attrs')).toMatchObject({ stdout: 'dfuse-attr-time:5m\nmine:a:b c\n' });
    expect(await run('get-attr', '--json', 'tank/attrs', 'mine')).toMatchObject({
      stdout: '{\n  "mine": "a:b c"\n}\n',
    });
    expect(await run('list-attrs', 'tank/attrs')).toMatchObject({ stdout: 'dfuse-attr-time\nmine\n' });
    expect(await run('del-attr', 'tank/attrs', 'mine')).toMatchObject({ status: 0, stdout: '' });
    expect(await run('list-attrs', '--json', 'tank/attrs')).toMatchObject({
      stdout: '[\n  "dfuse-attr-time"\n]\n',
    });
    for (const words of [
      ['get-attr', 'tank/attrs', 'mine'],
      ['del-attr', 'tank/attrs', 'mine'],
    ]) {
      const { status, stderr } = await run(...words);
      expect(status).toBe(1);
      expect(stderr).toMatch(/attribute of tank\/attrs: it has no attribute mine\n.*list-attrs/);
    }
    expect(await run('set-attr', 'tank/attrs', 'nothing')).toMatchObject({ status: 2 });
    expect((await run('list-attrs', 'tank/none')).stderr).toContain('no such container');
  });

  it('are bytes of any length to the client', async () => {
    await createContainer('tank/bytes');
    const value = Buffer.from(Array.from({ length: 20_000 }, (_, i) => i % 256));
    await setUserAttribute('tank/bytes', 'large', value);
    expect((await getUserAttribute('tank/bytes', 'large')).equals(value)).toBe(true);
    await deleteUserAttribute('tank/bytes', 'large');
    expect(await listUserAttributes('tank/bytes')).toEqual([]);
    await expect(getUserAttribute('tank/bytes', 'large')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

const requests = `
import sys
${countRequests}
d = sys.argv[1]
LOOKUP, GETATTR, READ = 1, 3, 15
def count(what, work, times=20):
    work()
    before = requests(d)[what]
    for i in range(times): work()
    return requests(d)[what] - before
def quiet(f, *args):
    try: f(*args)
    except OSError: pass
`;

describe.skipIf(!canMount())('what the kernel may keep of a container', () => {
  /** Mounts a container with these attributes; a file and a directory are in it. */
  const withAttributes = async (
    name: string,
    attributes: Record<string, string>,
    options: Partial<MountOptions> = {},
  ): Promise<string> => {
    const { dir } = await bench.mount(name);
    writeFileSync(join(dir, 'f'), 'x'.repeat(100_000));
    await python('import os, sys; os.mkdir(sys.argv[1] + "/d")', dir);
    await umount(dir);
    for (const [attribute, value] of Object.entries(attributes))
      await setUserAttribute(`tank/${name}`, attribute, value);
    await mount({ container: `tank/${name}`, dir, ...options });
    return dir;
  };
  /** Requests for 20 looks each at: a file, a directory, a missing name, the bytes of a file. */
  const looks = async (dir: string): Promise<number[]> => {
    const script = `${requests}
print([count(LOOKUP, lambda: os.access(d + '/f', os.F_OK)), count(LOOKUP, lambda: os.access(d + '/d', os.F_OK)),
       count(LOOKUP, lambda: quiet(os.stat, d + '/none')), count(GETATTR, lambda: os.stat(d + '/f')),
       count(READ, lambda: open(d + '/f', 'rb', 0).read())])`;
    return JSON.parse(await python(script, dir)) as number[];
  };

  it('is nothing but unchanged pages without attributes', async () => {
    const dir = await withAttributes('none', {});
    await sleep(2200); // a younger file may change again unseen
    const [file, directory, missing, attributes, reads] = await looks(dir);
    expect([file, directory, missing].every((n = 0) => n >= 20)).toBe(true);
    expect(attributes).toBeGreaterThanOrEqual(20);
    expect(reads).toBeLessThanOrEqual(1);
  });

  it.each([
    ['names of files', { 'dfuse-dentry-time': '5m' }, [0, 0, 20]],
    [
      'names of files but not of directories',
      { 'dfuse-dentry-time': '5m', 'dfuse-dentry-dir-time': '0' },
      [0, 20, 20],
    ],
    ['names of directories', { 'dfuse-dentry-dir-time': '1h' }, [20, 0, 20]],
    ['missing names', { 'dfuse-ndentry-time': '1d' }, [20, 20, 0]],
  ] as const)('%s for the time that it says', async (what, attributes, expected) => {
    const found = await looks(await withAttributes(what.replaceAll(' ', '-'), attributes));
    expect(found.slice(0, 3)).toEqual(expected);
    expect(found[3]).toBeGreaterThanOrEqual(20);
    expect(found[4]).toBeGreaterThanOrEqual(20); // data is not kept unless that is said
  });

  it('attributes for the time that it says, and no longer', async () => {
    const dir = await withAttributes('attr-time', { 'dfuse-attr-time': '2', 'dfuse-dentry-time': '2s' });
    expect((await looks(dir))[3]).toBe(0);
    await using fs = await connect('tank/attr-time');
    expect(statSync(join(dir, 'f')).size).toBe(100_000);
    await fs.writeFile('/f', 'changed');
    expect(statSync(join(dir, 'f')).size).toBe(100_000);
    await sleep(2200);
    expect(statSync(join(dir, 'f')).size).toBe(7);
  });

  it('pages: until a time after the last close, and then as long as nothing changes', async () => {
    const dir = await withAttributes('data-time', { 'dfuse-data-cache': '2s' });
    expect(readFileSync(join(dir, 'f'), 'utf8')).toBe('x'.repeat(100_000));
    await using fs = await connect('tank/data-time');
    await fs.writeFile('/f', 'y'.repeat(100_000));
    expect(readFileSync(join(dir, 'f'), 'utf8')).toBe('x'.repeat(100_000));
    await sleep(2200);
    expect(readFileSync(join(dir, 'f'), 'utf8')).toBe('y'.repeat(100_000));
    await sleep(2200);
    readFileSync(join(dir, 'f'));
    await sleep(2200);
    const script = `${requests}
before = requests(d)[READ]
open(d + '/f', 'rb').read()
print(requests(d)[READ] - before)`;
    expect(await python(script, dir)).toBe('0');
  });

  it('pages: for those who have it open together, with otoc, also mapped', async () => {
    const dir = await withAttributes('otoc', { 'dfuse-data-cache': 'otoc' });
    const script = `${requests}
import mmap
read = lambda: open(d + '/f', 'rb', 0).read()
alone = count(READ, read)
with open(d + '/f', 'r+b') as f:
    together = count(READ, read)
    with mmap.mmap(f.fileno(), 0) as m: m[0:1] = b'M'
print(alone >= 20, together, read()[0:2])`;
    expect(await python(script, dir)).toBe("True 0 b'Mx'");
  });

  it('pages, and O_DIRECT leads past them', async () => {
    const script = `${requests}
import mmap
page = mmap.mmap(-1, 4096)
def direct():
    fd = os.open(d + '/f', os.O_RDONLY | os.O_DIRECT)
    os.preadv(fd, [page], 0)
    os.close(fd)
print(count(READ, lambda: open(d + '/f', 'rb').read()), count(READ, direct))`;
    const dir = await withAttributes('data-on', { 'dfuse-data-cache': 'on' });
    expect(await python(script, dir)).toBe('0 20');
    const pages = await withAttributes('no-direct', { 'dfuse-direct-io-disable': 'true' });
    expect((await python(script, pages)).startsWith('0 ')).toBe(true);
    expect(await python(script, await withAttributes('data-off', { 'dfuse-data-cache': 'false' }))).toMatch(
      /^[2-9]\d /,
    );
  });

  it('what the command line says, where it says something', async () => {
    const attributes = { 'dfuse-attr-time': '1d', 'dfuse-dentry-time': '1d', 'dfuse-data-cache': 'on' };
    const [file, , , attr, reads] = await looks(
      await withAttributes('explicit', attributes, { caching: 'none' }),
    );
    expect([file, attr, reads].every((n = 0) => n >= 20)).toBe(true);
    const kept = await looks(
      await withAttributes('explicit-cached', { 'dfuse-data-cache': 'off' }, { caching: 'cached' }),
    );
    expect(kept).toEqual([0, 0, 0, 0, 0]);
  });

  it('of a linked container, what that says', async () => {
    const dir = await withAttributes('linking', {});
    await createContainer('tank/linked');
    await setUserAttribute('tank/linked', 'dfuse-dentry-time', '1h');
    await setUserAttribute('tank/linked', 'dfuse-attr-time', '1h');
    const script = `${requests}
os.setxattr(d + '/d', 'user.daos', b'DAOS.POSIX://tank/linked')
open(d + '/d/f', 'w').close()
os.chdir(d + '/d')
print(count(LOOKUP, lambda: os.access('f', os.F_OK)), count(GETATTR, lambda: os.stat('f')))`;
    expect(await python(script, dir)).toBe('0 0');
  });

  it('nothing, for a value that is none, which it complains of', async () => {
    const dir = await withAttributes('odd', {
      'dfuse-data-cache': 'perhaps',
      'dfuse-attr-time': '5 minutes',
    });
    const found = await looks(dir);
    expect(found[3]).toBeGreaterThanOrEqual(20);
    expect(found[4]).toBeGreaterThanOrEqual(20);
  });
});
