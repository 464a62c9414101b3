import fc from 'fast-check';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeTree } from '../remove.js';
import { conclusion, operation } from './operations.js';
import { ModelProcess, modelProgram } from './runner.js';

/** A store and a directory on the same file system of the host. */
class Pair {
  readonly directory: string;
  private count = 0;

  constructor(base: string) {
    this.directory = mkdtempSync(join(base, 'dfskit-model-'));
    chmodSync(this.directory, 0o755);
  }

  /** What differs when both do the lines from nothing; '' when nothing does. */
  async differences(lines: readonly string[]): Promise<string> {
    const n = String(this.count++);
    const kernelDirectory = join(this.directory, 'kernel', n);
    mkdirSync(kernelDirectory, { recursive: true, mode: 0o755 });
    const before = process.umask(0);
    const dfs = new ModelProcess(modelProgram(this.directory, 'dfs'), `pool/c${n}`, {
      DFSKIT_STORE: join(this.directory, 'store'),
    });
    process.umask(before);
    const kernel = new ModelProcess(modelProgram(this.directory, 'posix'), kernelDirectory);
    try {
      const all = [...lines.flatMap((line) => line.split('\n')), ...conclusion];
      const [started, , ours, theirs] = await Promise.all([
        dfs.started,
        kernel.started,
        dfs.askAll(all),
        kernel.askAll(all),
      ]);
      if (started !== 'ok') return `start: ${started}`;
      const at = all.findIndex((_, i) => ours[i] !== theirs[i]);
      if (at < 0) return '';
      const short = (line: string): string => (line.length > 200 ? `${line.slice(0, 200)}…` : line);
      const history = all
        .slice(Math.max(0, at - 300), at)
        .map((line, i) => `${short(line)} -> ${short(theirs[i] ?? '')}`);
      return [
        ...history,
        `${short(all[at] ?? '')}: the kernel says '${short(theirs[at] ?? '')}', the provider '${short(ours[at] ?? '')}'`,
      ].join('\n');
    } finally {
      await Promise.all([dfs.end(), kernel.end()]);
      removeTree(kernelDirectory);
      rmSync(join(this.directory, 'store', 'pool', `c${n}`), { recursive: true, force: true });
    }
  }

  remove(): void {
    removeTree(this.directory);
  }
}

/** Where stores of the two kinds (with a journal, and in memory) can be. */
export const places = existsSync('/dev/shm') ? [tmpdir(), '/dev/shm'] : [tmpdir()];

/**
 * Runs random sequences on a store and on a directory in `place`; throws the smallest that differs.
 * @returns how many operations were compared
 */
export async function compareWithKernel(place: string, sequences: number, length: number): Promise<number> {
  const pair = new Pair(place);
  let compared = 0;
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.array(operation, { minLength: 1, maxLength: length, size: 'max' }),
        async (lines) => {
          const difference = await pair.differences(lines);
          compared += lines.length;
          if (difference !== '') throw new Error(difference);
        },
      ),
      {
        numRuns: sequences,
        interruptAfterTimeLimit: 800_000,
        markInterruptAsFailure: true,
        endOnFailure: false,
      },
    );
  } finally {
    pair.remove();
  }
  return compared;
}
