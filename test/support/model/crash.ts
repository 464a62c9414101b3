import { mkdtempSync, rmSync } from 'node:fs';
import { constants } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dfskit } from '../cli.js';
import { ModelProcess, modelProgram } from './runner.js';

const create = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL;

/** What a writer does with its n-th file, and what must be there once all lines up to one were acknowledged. */
function work(directory: string, n: number): string[] {
  const name = `${directory}/f${n}`;
  const lines = [`open 0 ${name} ${create} 0644`, `write 0 0 ${1 + ((n * 977) % 9000)} ${n}`, 'close 0'];
  if (n % 3 === 0) lines.push(`rename ${name} ${directory}/g${n} 0`);
  if (n % 4 === 0) lines.push(`unlink ${directory}/${n % 3 === 0 ? 'g' : 'f'}${n}`);
  return lines;
}

class Writer {
  readonly process: ModelProcess;
  readonly directory: string;
  private acknowledged = 0;
  private readonly lines: string[] = [];
  private wrong = '';

  constructor(program: string, env: NodeJS.ProcessEnv, directory: string) {
    this.process = new ModelProcess(program, 'pool/cont', env);
    this.directory = directory;
  }

  /** Works until it is killed. */
  async run(): Promise<void> {
    if ((await this.process.started) !== 'ok') return;
    for (let n = 1; ; n++)
      for (const line of work(this.directory, n)) {
        this.lines.push(line);
        const answer = await this.process.ask(line);
        if (answer === 'gone') return;
        if (!answer.startsWith('ok')) {
          this.wrong = `${line}: ${answer}`;
          return;
        }
        this.acknowledged++;
      }
  }

  kill(): void {
    this.process.child.kill('SIGKILL');
  }

  /** What is missing of the acknowledged; at most one more line may have been done. */
  async missing(observer: ModelProcess): Promise<string> {
    if (this.wrong !== '') return this.wrong;
    const possible = [this.lines.slice(0, this.acknowledged), this.lines];
    const answer = await observer.ask(`list ${this.directory}`);
    const found = answer.split(' ').slice(1).filter(Boolean).sort().join();
    const there = possible.map((lines) => remaining(lines));
    if (
      !there.some(
        (files) =>
          [...files.keys()]
            .map((name) => `${name}:8`)
            .sort()
            .join() === found,
      )
    )
      return `after ${this.acknowledged} lines: ${found.slice(-300)}`;
    for (const [name, { size, seed }] of there[0] ?? []) {
      if (size === 0) continue; // its write was not acknowledged
      const exact = await observer.askAll([
        `open 1 ${this.directory}/${name} 0 0`,
        'read 1 0 10000',
        'close 1',
        `open 2 check ${constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC} 0644`,
        `write 2 0 ${size} ${seed}`,
        'read 2 0 10000',
        'close 2',
      ]);
      if (exact[0] === 'ENOENT') continue; // the one line more
      if (exact[1] !== exact[5]) return `${name}: ${exact[1]} instead of ${exact[5]}`;
    }
    return '';
  }
}

function remaining(lines: readonly string[]): Map<string, { size: number; seed: number }> {
  const files = new Map<string, { size: number; seed: number }>();
  let open = '';
  const base = (path = ''): string => path.slice(path.lastIndexOf('/') + 1);
  for (const line of lines) {
    const [verb, a, b, c, d] = line.split(' ');
    if (verb === 'open') files.set((open = base(b)), { size: 0, seed: 0 });
    if (verb === 'write') files.set(open, { size: Number(c), seed: Number(d) });
    if (verb === 'rename') {
      files.set(base(b), files.get(base(a)) ?? { size: 0, seed: 0 });
      files.delete(base(a));
    }
    if (verb === 'unlink') files.delete(base(a));
  }
  return files;
}

/** Kills two writers of one container, `kills` times, and looks after what they had done. */
export async function killWriters(place: string, kills: number): Promise<void> {
  const directory = mkdtempSync(join(place, 'dfskit-crash-'));
  const env = { DFSKIT_STORE: join(directory, 'store') };
  const program = modelProgram(directory, 'dfs');
  let observer = new ModelProcess(program, 'pool/cont', env);
  try {
    if ((await observer.started) !== 'ok') throw new Error('the container cannot be opened');
    for (let round = 0; round * 2 < kills; round++) {
      const writers = [0, 1].map((w) => new Writer(program, env, `r${round}w${w}`));
      for (const writer of writers) await observer.ask(`mkdir ${writer.directory} 0755`);
      const running = writers.map((writer) => writer.run());
      await sleep(15 + Math.random() * 60);
      // Now and then nobody is left who knows of them.
      if (round % 5 === 0) observer.child.kill('SIGKILL');
      writers[0]?.kill();
      await sleep(Math.random() * 10);
      writers[1]?.kill();
      await Promise.all(running);
      if (round % 5 === 0) observer = new ModelProcess(program, 'pool/cont', env);
      for (const writer of writers) {
        const missing = await writer.missing(observer);
        if (missing !== '') throw new Error(`round ${round}, ${writer.directory}: ${missing}`);
      }
      if (round % 50 === 0) await check(env);
    }
    await check(env);
  } finally {
    await observer.end();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function check(env: NodeJS.ProcessEnv): Promise<void> {
  const { status, stdout, stderr } = await dfskit(['cont', 'check', 'pool/cont'], { env });
  if (status !== 0) throw new Error(stdout + stderr);
}
