import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkContainer, connect, type FileSystem } from '../../src/dfs/index.js';
import { built, buildDirectory, compile, program } from '../support/build.js';
import { run } from '../support/run.js';

// What becomes of a container when a process is killed, or finds the disk full, at each of its system calls that change
// anything: strace makes the one or the other happen at a call that is counted.

const container = 'tank/c';
const directory = mkdtempSync(join(tmpdir(), 'dfskit-snapshot-faults-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Contents by path. */
type Files = ReadonlyMap<string, Buffer>;

/** What a container holds, live and in its snapshots. */
interface State {
  live: Files;
  snapshots: ReadonlyMap<string, Files>;
}

const empty: State = { live: new Map(), snapshots: new Map() };

/** What a request makes of a container: see test/support/snapshot_worker.c. */
function after(state: State, request: string): State {
  const [verb = '', name = '', ...rest] = request.split(':');
  const [first = 0, second = 0] = rest.map(Number);
  const live = new Map(state.live);
  const snapshots = new Map(state.snapshots);
  const old = live.get(name) ?? Buffer.alloc(0);
  if (verb === 'fill') {
    const bytes = Buffer.alloc(Math.max(old.length, first + second));
    old.copy(bytes);
    live.set(name, bytes.fill(rest[2] ?? '', first, first + second));
  } else if (verb === 'cut') live.set(name, Buffer.from(old.subarray(0, first)));
  else if (verb === 'remove') live.delete(name);
  else if (verb === 'snap') snapshots.set(name, state.live);
  else snapshots.delete(name);
  return { live, snapshots };
}

const before = [
  ...['fill:/big:0:300000:a', 'fill:/small:0:100:a', 'fill:/gone:0:70000:a', 'snap:s1'],
  ...['fill:/big:65536:100:b', 'snap:s2', 'fill:/big:0:65536:c', 'fill:/small:0:10:c', 'snap:s3'],
];
const scenarios: Record<string, string[]> = {
  'taking a snapshot': ['snap:new', 'fill:/big:131072:10:e', 'snap:newer'],
  'destroying snapshots': ['destroy:s2', 'destroy:s3', 'destroy:s1'],
  'first writes after a snapshot': [
    ...['fill:/big:10:70000:f', 'fill:/small:0:50:f', 'fill:/small:90:200000:f'],
    ...['cut:/big:1000', 'remove:/gone', 'fill:/new:0:100:f'],
  ],
};

/** Calls that change something, so that being killed before one is not being killed before another. */
const changing = [
  ...['pwrite64', 'pwritev', 'pwritev2', 'writev', 'openat', 'ftruncate', 'fallocate'],
  ...['unlinkat', 'mkdirat', 'flock', 'ioctl'],
];
/** Calls that a full disk refuses. Of openat, that is only so where it creates. */
const growing = ['pwrite64', 'pwritev', 'pwritev2', 'writev', 'ftruncate', 'fallocate', 'mkdirat'];
const strace = program('strace');
let worker = '';
let prepared = '';
let start: State = empty;

/** Runs requests in a store, perhaps with something happening to the process. @returns the errno of each that ended */
async function obey(store: string, requests: string[], inject: string[] = []): Promise<number[]> {
  const command = [worker, container, ...requests];
  const [first = '', ...args] = inject.length === 0 ? command : [strace ?? '', '-f', ...inject, ...command];
  const { stdout } = await run(first, args, { cwd: directory, env: { DFSKIT_STORE: store } });
  const [begin, ...answers] = stdout.trimEnd().split('\n');
  if (inject.length === 0) expect(begin).toBe('begin');
  return answers.map(Number);
}

/** A call after the beginning of the requests: which one of its name it is in the process, from 1 on. */
interface Call {
  name: string;
  number: number;
  /** How many of each name went before. */
  before: ReadonlyMap<string, number>;
  line: string;
}

/** The changing calls that a process makes for requests, in their order. */
async function callsOf(requests: string[]): Promise<Call[]> {
  const store = fresh();
  const log = join(directory, 'trace');
  await obey(store, requests, ['-o', log, '-e', `trace=${changing.join(',')},write`]);
  rmSync(store, { recursive: true });
  const counts = new Map<string, number>();
  const calls: Call[] = [];
  let begun = false;
  for (const line of readFileSync(log, 'utf8').split('\n')) {
    const name = /^\d+ +(\w+)\(/.exec(line)?.[1];
    if (name === undefined) continue;
    begun ||= line.includes('write(1, "begin');
    const number = (counts.get(name) ?? 0) + 1;
    if (begun && name !== 'write') calls.push({ name, number, before: new Map(counts), line });
    counts.set(name, number);
  }
  return calls;
}

/** Options of strace by which the disk is full from a call on; where it creates a file, for that alone. */
function fullFrom({ name, number, before }: Call): string[] {
  if (name === 'openat') return ['-e', `inject=openat:error=ENOSPC:when=${number}`];
  return growing.flatMap((each) => [
    '-e',
    `inject=${each}:error=ENOSPC:when=${(before.get(each) ?? 0) + 1}+`,
  ]);
}

let stores = 0;
function fresh(): string {
  const store = join(directory, `store-${stores++}`);
  cpSync(prepared, store, { recursive: true, preserveTimestamps: true });
  return store;
}

async function contents(fs: FileSystem): Promise<Files> {
  const files = new Map<string, Buffer>();
  for await (const { path } of fs.walk('/')) files.set(path, await fs.readFile(path));
  return files;
}

/** A file as it may be while `next` was being made of `old`: each byte the one or the other. */
function between(found: Buffer | undefined, old: Buffer | undefined, next: Buffer | undefined): boolean {
  if (found === undefined) return old === undefined || next === undefined;
  if (found.length !== old?.length && found.length !== next?.length && found.length !== 0) return false;
  return found.every((byte, i) => byte === old?.[i] || byte === next?.[i] || byte === 0);
}

function sameFiles(found: Files, wanted: Files): boolean {
  return found.size === wanted.size && [...wanted].every(([path, bytes]) => found.get(path)?.equals(bytes));
}

/**
 * Looks at a store after some requests were done and the next one perhaps begun.
 * @returns what is wrong with it
 */
async function judge(store: string, requests: string[], done: number): Promise<string[]> {
  process.env['DFSKIT_STORE'] = store;
  const wrong: string[] = [];
  const old = requests.slice(0, done).reduce(after, start);
  const begun = requests[done];
  const next = begun === undefined ? old : after(old, begun);
  await using fs = await connect(container);
  const live = await contents(fs);
  for (const path of new Set([...live.keys(), ...old.live.keys(), ...next.live.keys()]))
    if (!between(live.get(path), old.live.get(path), next.live.get(path)))
      wrong.push(`live ${path} is neither as it was nor as it becomes`);
  const listed = (await fs.listSnapshots()).map(({ name }) => name);
  for (const name of old.snapshots.keys())
    if (!listed.includes(name) && next.snapshots.has(name)) wrong.push(`snapshot ${name} is lost`);
  for (const name of listed) {
    const wanted = old.snapshots.get(name) ?? next.snapshots.get(name);
    await using snapshot = await fs.openSnapshot(name);
    if (wanted === undefined) wrong.push(`snapshot ${name} came from nowhere`);
    else if (!sameFiles(await contents(snapshot), wanted)) wrong.push(`snapshot ${name} has changed`);
  }
  await fs.close();

  // It goes on, and gives back all that was kept when no snapshot is left.
  const answers = await obey(store, ['snap:last', 'fill:/big:0:10:z', 'remove:/big', 'destroy:last']);
  if (answers.join() !== '0,0,0,0') wrong.push(`afterwards: ${answers.join()}`);
  const left = await obey(
    store,
    listed.map((name) => `destroy:${name}`),
  );
  if (left.some((answer) => answer !== 0)) wrong.push(`destroying what is left: ${left.join()}`);
  await checkContainer(container);
  const kept = readdirSync(join(store, container, 'preserved'), { recursive: true, withFileTypes: true });
  if (kept.some((entry) => entry.isFile())) wrong.push(`kept: ${kept.map(({ name }) => name).join(' ')}`);
  return wrong;
}

describe.skipIf(strace === undefined)('snapshots', () => {
  beforeAll(async () => {
    const flags = [built('lib', 'libdfs_local.so'), `-Wl,-rpath,${join(buildDirectory, 'lib')}`];
    worker = compile(directory, 'snapshot_worker', ['snapshot_worker.c'], flags);
    const store = join(directory, 'prepared');
    expect(await obey(store, before)).toEqual(before.map(() => 0));
    prepared = store;
    start = before.reduce(after, empty);
    expect(await judge(fresh(), [], 0)).toEqual([]);
  });

  it.each(Object.entries(scenarios))(
    'are right when a process is killed while %s',
    { timeout: 180_000 },
    async (_, requests) => {
      const calls = await callsOf(requests);
      expect(calls.length).toBeGreaterThan(10);
      const wrong: string[] = [];
      for (const { name, number, line } of calls) {
        const store = fresh();
        const kill = `inject=${name}:signal=SIGKILL:when=${number}`;
        const answers = await obey(store, requests, ['-o', '/dev/null', '-e', kill]);
        if (answers.length >= requests.length) wrong.push(`${line}: was not reached`);
        for (const complaint of await judge(store, requests, answers.length))
          wrong.push(`${line.slice(0, 100)}: ${complaint}`);
        rmSync(store, { recursive: true });
      }
      expect(wrong).toEqual([]);
    },
  );

  it.each(Object.entries(scenarios))(
    'are right when the disk is full while %s',
    { timeout: 180_000 },
    async (_, requests) => {
      const calls = (await callsOf(requests)).filter(
        ({ name, line }) => growing.includes(name) || (name === 'openat' && line.includes('O_CREAT')),
      );
      const wrong: string[] = [];
      const seen = new Set<number>();
      for (const call of calls) {
        const store = fresh();
        const answers = await obey(store, requests, ['-o', '/dev/null', ...fullFrom(call)]);
        answers.forEach((answer) => seen.add(answer));
        const about = `${call.line.slice(0, 100)}, ${answers.join()}`;
        if (answers.length !== requests.length) wrong.push(`${about}: ended`);
        // The first that failed may be half done; those after it count as far as they did anything.
        const failed = answers.findIndex((answer) => answer !== 0);
        const done = requests.filter((_, i) => answers[i] === 0);
        const at = failed < 0 ? done.length : failed;
        const upTo = failed < 0 ? done : [...done.slice(0, at), requests[at] ?? '', ...done.slice(at)];
        if (done.length > at) continue;
        for (const complaint of await judge(store, upTo, at)) wrong.push(`${about}: ${complaint}`);
        rmSync(store, { recursive: true });
      }
      expect(wrong).toEqual([]);
      expect([...seen].sort((a, b) => a - b)).toEqual([0, 28]);
    },
  );
});
