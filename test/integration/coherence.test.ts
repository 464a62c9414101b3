import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { peerProgram } from '../support/build.js';
import { killGroup } from '../support/run.js';
import { useMountedContainer, type Way } from '../support/mounted.js';

const mounted = useMountedContainer();

/** All ways to a container: also without a mount. */
const all = ['dfs', 'dfuse', 'ioil', 'pil4dfs'] as const;
type AnyWay = (typeof all)[number];

/** A program that lives as long as the tests, so what it remembers of earlier answers must still be true. */
class Peer {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;
  readonly #answers: AsyncIterator<string>;

  constructor(way: AnyWay) {
    const [file, argument, place]: [string, string, Way] =
      way === 'dfs'
        ? [peerProgram(mounted.programs, 'dfs'), mounted.container, 'dfuse']
        : [peerProgram(mounted.programs, 'posix'), mounted.mountPoint, way];
    this.#child = spawn(file, [argument], {
      env: mounted.environment(place),
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdin.on('error', () => undefined);
    this.#lines = createInterface({ input: this.#child.stdout });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  /** The next line of answer; `gone` when the program has ended. */
  async answer(): Promise<string> {
    const silence = new Promise<string>((resolve) => setTimeout(resolve, 20_000, 'no answer').unref());
    const next = this.#answers.next().then(({ done, value }) => (done === true ? 'gone' : value));
    return Promise.race([next, silence]);
  }

  async ask(...words: string[]): Promise<string> {
    this.#child.stdin.write(`${words.join(' ')}\n`);
    return this.answer();
  }

  end(): void {
    this.#lines.close();
    killGroup(this.#child.pid);
  }
}

const peers = new Map<AnyWay, Peer>();

const peer = (way: AnyWay): Peer => {
  const present = peers.get(way);
  if (present === undefined) throw new Error(`no program for ${way}`);
  return present;
};

beforeAll(async () => {
  for (const way of all) {
    const started = new Peer(way);
    peers.set(way, started);
    expect(await started.answer(), way).toBe('ok');
  }
});
afterAll(() => peers.forEach((each) => each.end()));

const pairs = all.flatMap((writer) => all.map((reader) => ({ writer, reader })));

describe.each(pairs)('what $writer does, $reader sees at once', ({ writer, reader }) => {
  const top = `/${writer}-${reader}`;
  const write = (...words: string[]): Promise<string> => peer(writer).ask(...words);
  const read = (...words: string[]): Promise<string> => peer(reader).ask(...words);
  const must = async (...words: string[]): Promise<void> =>
    expect(await write(...words), words.join(' ')).toBe('ok');

  it('create, write, replace and append', async () => {
    // Asked for before it is there: that answer must not be remembered.
    expect(await read('stat', top)).toBe('ENOENT');
    await must('mkdir', top);
    expect(await read('list', top)).toBe('ok');
    expect(await read('read', `${top}/f`)).toBe('ENOENT');
    await must('write', `${top}/f`, 'one');
    expect(await read('read', `${top}/f`)).toBe('ok one');
    expect(await read('list', top)).toBe('ok f');
    await must('write', `${top}/f`, 'a longer second');
    expect(await read('stat', `${top}/f`)).toBe('ok mode 100644 size 15');
    expect(await read('read', `${top}/f`)).toBe('ok a longer second');
    await must('write', `${top}/f`, 'short');
    expect(await read('read', `${top}/f`)).toBe('ok short');
    await must('append', `${top}/f`, '+more');
    expect(await read('read', `${top}/f`)).toBe('ok short+more');
    expect(await read('stat', `${top}/f`)).toBe('ok mode 100644 size 10');
    // The same number of bytes: neither size nor, within a tick, the time tells of the change.
    await must('write', `${top}/f`, 'SHORT+MORE');
    expect(await read('read', `${top}/f`)).toBe('ok SHORT+MORE');
  });

  it('changes of a file that the reader keeps open', async () => {
    await must('write', `${top}/open`, 'first');
    expect(await read('hold', `${top}/open`)).toBe('ok');
    expect(await read('held')).toBe('ok first');
    await must('append', `${top}/open`, '+second');
    expect(await read('held')).toBe('ok first+second');
    await must('write', `${top}/open`, 'again');
    expect(await read('held')).toBe('ok again');
    await must('truncate', `${top}/open`, '2');
    expect(await read('held')).toBe('ok ag');
    await must('unlink', `${top}/open`);
    expect(await read('held')).toBe('ok ag');
    expect(await read('stat', `${top}/open`)).toBe('ENOENT');
  });

  it('rename of files and directories', async () => {
    await must('write', `${top}/from`, 'moved');
    await must('write', `${top}/to`, 'replaced');
    expect(await read('read', `${top}/from`)).toBe('ok moved');
    expect(await read('read', `${top}/to`)).toBe('ok replaced');
    await must('rename', `${top}/from`, `${top}/to`);
    expect(await read('read', `${top}/to`)).toBe('ok moved');
    expect(await read('stat', `${top}/from`)).toBe('ENOENT');
    await must('mkdir', `${top}/d`);
    await must('mkdir', `${top}/d/e`);
    await must('write', `${top}/d/e/x`, 'deep');
    expect(await read('read', `${top}/d/e/x`)).toBe('ok deep');
    await must('rename', `${top}/d`, `${top}/r`);
    expect(await read('read', `${top}/d/e/x`)).toBe('ENOENT');
    expect(await read('read', `${top}/r/e/x`)).toBe('ok deep');
    // Another directory takes the old name.
    await must('mkdir', `${top}/d`);
    await must('mkdir', `${top}/d/e`);
    await must('write', `${top}/d/e/x`, 'other');
    expect(await read('read', `${top}/d/e/x`)).toBe('ok other');
    expect(await read('list', `${top}/r`)).toBe('ok e');
  });

  it('unlink, rmdir and a new file of the old name', async () => {
    await must('write', `${top}/u`, 'old');
    expect(await read('read', `${top}/u`)).toBe('ok old');
    await must('unlink', `${top}/u`);
    expect(await read('read', `${top}/u`)).toBe('ENOENT');
    await must('write', `${top}/u`, 'new');
    expect(await read('read', `${top}/u`)).toBe('ok new');
    await must('unlink', `${top}/u`);
    await must('mkdir', `${top}/u`);
    expect(await read('stat', `${top}/u`)).toBe('ok mode 40755');
    await must('rmdir', `${top}/u`);
    expect(await read('list', `${top}/u`)).toBe('ENOENT');
    await must('symlink', 'f', `${top}/u`);
    expect(await read('readlink', `${top}/u`)).toBe('ok f');
    await must('unlink', `${top}/u`);
    await must('symlink', 'elsewhere', `${top}/u`);
    expect(await read('readlink', `${top}/u`)).toBe('ok elsewhere');
  });

  it('truncate and chmod', async () => {
    await must('write', `${top}/t`, '0123456789');
    expect(await read('read', `${top}/t`)).toBe('ok 0123456789');
    await must('truncate', `${top}/t`, '4');
    expect(await read('read', `${top}/t`)).toBe('ok 0123');
    expect(await read('stat', `${top}/t`)).toBe('ok mode 100644 size 4');
    await must('truncate', `${top}/t`, '1000000');
    expect(await read('stat', `${top}/t`)).toBe('ok mode 100644 size 1000000');
    await must('chmod', `${top}/t`, '600');
    expect(await read('stat', `${top}/t`)).toBe('ok mode 100600 size 1000000');
    await must('mkdir', `${top}/m`);
    expect(await read('stat', `${top}/m`)).toBe('ok mode 40755');
    await must('chmod', `${top}/m`, '1700');
    expect(await read('stat', `${top}/m`)).toBe('ok mode 41700');
  });
});
