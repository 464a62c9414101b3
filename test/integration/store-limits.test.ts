import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants } from 'node:fs';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildDirectory, buildTarget } from '../support/build.js';
import { dfskit } from '../support/cli.js';
import { ModelProcess, modelProgram } from '../support/model/runner.js';

const create = constants.O_RDWR | constants.O_CREAT;
let directory: string;
let store: string;
let cleanup: (() => void)[];

beforeAll(() => {
  buildTarget('dfs_local_tight');
});

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'dfskit-limits-'));
  store = join(directory, 'store');
  cleanup = [];
});

afterEach(() => {
  cleanup.reverse().forEach((undo) => undo());
  rmSync(directory, { recursive: true, force: true });
});

const model = (env: NodeJS.ProcessEnv = {}, where = store): ModelProcess =>
  new ModelProcess(modelProgram(directory, 'dfs'), 'pool/cont', { DFSKIT_STORE: where, ...env });

async function start(): Promise<string> {
  const process = model();
  const answer = await process.started;
  await process.end();
  return answer;
}

it('refuses a store of a newer version', async () => {
  expect(await start()).toBe('ok');
  writeFileSync(join(store, 'version'), '99\n');
  expect(await start()).toBe('EPROTONOSUPPORT');
});

it('refuses a container that another machine has opened, and says what to do', async () => {
  expect(await start()).toBe('ok');
  const host = join(store, 'pool/cont/host');
  writeFileSync(host, '01234567-89ab-cdef-0123-456789abcdef elsewhere\n');
  expect(await start()).toBe('EREMOTE');
  const { status, stderr } = await dfskit(['cont', 'info', 'pool/cont'], { env: { DFSKIT_STORE: store } });
  expect(status).not.toBe(0);
  expect(stderr).toMatch(/another machine uses it[^]*remove the file .*host/);
  // The same machine, started anew.
  writeFileSync(host, `01234567-89ab-cdef-0123-456789abcdef ${hostname()}\n`);
  expect(await start()).toBe('ok');
  expect(readFileSync(host, 'utf8')).not.toMatch(/^01234567/);
  writeFileSync(host, '01234567-89ab-cdef-0123-456789abcdef elsewhere\n');
  rmSync(host);
  expect(await start()).toBe('ok');
});

it('lets the map of the tree grow under two processes', async () => {
  const env = { LD_LIBRARY_PATH: join(buildDirectory, 'tight') };
  const processes = [model(env), model(env)];
  await Promise.all(processes.map((process) => process.started));
  const long = 'n'.repeat(200);
  const answers = await Promise.all(
    processes.map((process, p) =>
      process.askAll(Array.from({ length: 3000 }, (_, i) => `mkdir ${long}${p}-${i} 0755`)),
    ),
  );
  expect(new Set(answers.flat())).toEqual(new Set(['ok']));
  expect(statSync(join(store, 'pool/cont/meta')).size).toBeGreaterThan(2 << 20);
  expect(await processes[0]?.ask(`rmdir ${long}1-2999`)).toBe('ok');
  await Promise.all(processes.map((process) => process.end()));
});

it('uses pages again that a killed reader was looking at', { timeout: 180_000 }, async () => {
  const writer = model();
  await writer.started;
  await writer.askAll(Array.from({ length: 800 }, (_, i) => `mkdir d${i} 0755`));
  const readers = Array.from({ length: 8 }, () => model());
  await Promise.all(readers.map((reader) => reader.started));
  readers.forEach((reader) => void reader.askAll(Array.from({ length: 400 }, () => 'list .')));
  await new Promise((resolve) => setTimeout(resolve, 100));
  readers.forEach((reader) => reader.child.kill('SIGKILL'));
  const size = (): number => statSync(join(store, 'pool/cont/meta')).size;
  const churn = (n: number): Promise<string[]> =>
    writer.askAll(Array.from({ length: n }, (_, i) => (i % 2 === 0 ? 'mkdir x 0755' : 'rmdir x')));
  await churn(6000);
  const before = size();
  await churn(12_000);
  expect(size() - before).toBeLessThan(4 << 20);
  await writer.end();
});

/** File systems that are full soon, and need root to be mounted. */
const small = {
  tmpfs: (at: string) => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', at]);
  },
  ext4: (at: string) => {
    const image = `${at}.img`;
    execFileSync('truncate', ['-s', '24m', image]);
    execFileSync('mkfs.ext4', ['-q', '-F', image]);
    execFileSync('mount', ['-o', 'loop', image, at]);
  },
};

describe.skipIf(process.getuid?.() !== 0).each(['tmpfs', 'ext4'] as const)('on a full %s', (kind) => {
  it(
    'says ENOSPC for bytes and for names, and goes on when there is space again',
    { timeout: 180_000 },
    async () => {
      const at = join(directory, kind);
      mkdirSync(at);
      small[kind](at);
      cleanup.push(() => execFileSync('umount', ['-l', at]));
      const where = join(at, 'store');
      const process = model({}, where);
      cleanup.push(() => process.child.kill('SIGKILL'));
      expect(await process.started).toBe('ok');
      expect(await process.ask(`open 0 big ${create} 0644`)).toBe('ok');
      let answer = 'ok';
      for (let off = 0; answer === 'ok'; off += 262_144)
        answer = await process.ask(`write 0 ${off} 262144 1`);
      expect(answer).toBe('ENOSPC');
      for (let i = 0; answer !== 'ok' || i < 40_000; i++) {
        answer = await process.ask(`mkdir ${'n'.repeat(200)}${i} 0755`);
        if (answer !== 'ok') break;
      }
      expect(answer).toBe('ENOSPC');
      // Others can still come, look and remove.
      const other = model({}, where);
      cleanup.push(() => other.child.kill('SIGKILL'));
      expect(await other.started).toBe('ok');
      expect(await other.ask('stat big')).toMatch(/^ok/);
      expect(await other.ask(`rmdir ${'n'.repeat(200)}0`)).toBe('ok');
      expect(await process.ask('close 0')).toBe('ok');
      expect(await process.ask('unlink big')).toBe('ok');
      expect(await process.ask('mkdir again 0755')).toBe('ok');
      expect(await process.ask(`open 0 more ${create} 0644`)).toBe('ok');
      expect(await process.ask('write 0 0 1000000 2')).toBe('ok');
      expect(await process.ask('close 0')).toBe('ok');
      await Promise.all([process.end(), other.end()]);
      const check = await dfskit(['cont', 'check', 'pool/cont'], { env: { DFSKIT_STORE: where } });
      expect(check.status, check.stdout + check.stderr).toBe(0);
    },
  );
});
