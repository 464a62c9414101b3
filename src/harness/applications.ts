import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { open, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hostTree, type TreeReader } from '../dfs/tree.js';
import { finishRow, turns } from './micro.js';
import { emptyCell, type Cell, type Row } from './results.js';
import { digestTree } from './tree.js';
import { ways, type Way } from './ways.js';
import { timeLimit } from './workloads.js';

/** Where a way has its own directory, and what its programs are started with. */
export interface ApplicationPlace {
  /** Seen by the programs of the way, and without a preload by us. */
  directory: string;
  environment: NodeJS.ProcessEnv;
  /**
   * The same directory inside the container and what reads it there, by the library itself: so what a program left is
   * judged by what is in the store, not by what its mount says.
   */
  inside?: { reader: TreeReader; directory: string };
}

/** One program run on the tree. */
export interface ApplicationStep {
  name: string;
  /** @param input the tree outside; @param tree the copy in the way's directory */
  command(input: string, tree: string): readonly [string, ...string[]];
  /** Runs in the tree, so that no path of the way is in the output. */
  inTree: boolean;
  /** What of the step must be equal in all ways: its output, its lines in any order, or what it left in the directory. */
  result: 'bytes' | 'lines' | 'tree' | 'gone';
}

/** In this order: each but the first needs what the first one copied in, the last one removes it. */
export const applicationSteps: readonly ApplicationStep[] = [
  {
    name: 'cp -r',
    command: (input, tree) => ['cp', '-r', input, tree],
    inTree: false,
    result: 'tree',
  },
  {
    name: 'find',
    command: () => ['find', '.', '-type', 'f', '-printf', '%m %s %p\\n'],
    inTree: true,
    result: 'lines',
  },
  {
    name: 'grep -r',
    command: () => ['grep', '-rcF', 'function', '.'],
    inTree: true,
    result: 'lines',
  },
  {
    name: 'tar',
    command: () => [
      ...(['tar', '--sort=name', '--format=gnu', '--owner=0', '--group=0', '--numeric-owner'] as const),
      ...['--mtime=@0', '-cf', '-', '.'],
    ],
    inTree: true,
    result: 'bytes',
  },
  {
    name: 'sha256sum',
    command: () => ['sh', '-c', 'find . -type f -print0 | sort -z | xargs -0 sha256sum'],
    inTree: true,
    result: 'bytes',
  },
  {
    name: 'rm -r',
    command: (_input, tree) => ['rm', '-r', tree],
    inTree: false,
    result: 'gone',
  },
];

/** The copy of the tree in a way's directory. */
const treeName = 'tree';

/** What a step did in one way and round. */
export interface Outcome {
  seconds: number;
  /** Digest of the result, to be compared. */
  digest: string;
  /** Why it failed: exit status and the last line of its messages. */
  failure: string | null;
}

/** SHA-256 of an output; for `lines` of its lines in sorted order, because the order of a directory is nobody's promise. */
export function digestOutput(output: Buffer, result: 'bytes' | 'lines'): string {
  const hash = createHash('sha256');
  if (result === 'bytes') return hash.update(output).digest('hex');
  // latin1 keeps every byte, also those of names that are no UTF-8.
  return hash.update(output.toString('latin1').split('\n').sort().join('\n'), 'latin1').digest('hex');
}

async function digestResult(step: ApplicationStep, place: ApplicationPlace, output: Buffer): Promise<string> {
  const { reader, directory } = place.inside ?? { reader: hostTree, directory: place.directory };
  const tree = join(directory, treeName);
  switch (step.result) {
    case 'bytes':
    case 'lines':
      return digestOutput(output, step.result);
    case 'tree':
      return digestTree(tree, reader);
    case 'gone': {
      const left = await reader.lstat(tree).catch((error: NodeJS.ErrnoException) => error.code ?? 'error');
      return left === 'ENOENT' ? 'gone' : 'still there';
    }
  }
}

/** Runs a program with its output in the file `out` and its messages in `out`.err. @returns seconds and why it failed */
async function timed(
  command: readonly [string, ...string[]],
  options: { cwd: string; environment: NodeJS.ProcessEnv; out: string; signal?: AbortSignal },
): Promise<{ seconds: number; failure: string | null }> {
  const [program, ...args] = command;
  const out = await open(options.out, 'w');
  const err = await open(`${options.out}.err`, 'w');
  try {
    const begin = process.hrtime.bigint();
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.environment,
      stdio: ['ignore', out.fd, err.fd],
      // A process group of its own: its children must not keep the mount busy when it is ended early.
      detached: true,
    });
    const kill = (): void => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    };
    options.signal?.addEventListener('abort', kill);
    const end = await new Promise<string | null>((resolve) => {
      child.on('error', (error) => resolve(error.message));
      child.on('close', (code, signal) => resolve(code === 0 ? null : (signal ?? `exit status ${code}`)));
    });
    const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
    options.signal?.removeEventListener('abort', kill);
    if (end === null) return { seconds, failure: null };
    const message = (await readFile(`${options.out}.err`, 'utf8')).trim().split('\n').at(-1) ?? '';
    return { seconds, failure: message === '' ? end : `${end}: ${message}` };
  } finally {
    await out.close();
    await err.close();
  }
}

/**
 * Compares a way's digest of a round with the kernel's.
 * @returns what to write in the cell, or `null` when they are equal
 */
export function compareDigests(digest: string, reference: string | undefined): string | null {
  if (reference === undefined || digest === reference) return null;
  return `result ${digest.slice(0, 12)}, the kernel's is ${reference.slice(0, 12)}`;
}

/** Rows without samples: `dfs` is no way for a program, the others are `missing` unless `there`. */
export function emptyApplicationRows(there: ReadonlySet<Way>): Row[] {
  return applicationSteps.map((step) => ({
    group: 'application',
    name: step.name,
    unit: 's',
    reference: 'dfuse',
    cells: Object.fromEntries(
      ways.map((way) => [way, emptyCell(way === 'dfs' ? 'none' : there.has(way) ? 'measured' : 'missing')]),
    ) as Record<Way, Cell>,
  }));
}

/** Writes one outcome into its cell. */
export function recordOutcome(cell: Cell, outcome: Outcome, reference: string | undefined): void {
  if (outcome.failure !== null) {
    cell.status = 'failed';
    cell.note ??= outcome.failure;
    cell.samples.push(null);
    return;
  }
  const difference = compareDigests(outcome.digest, reference);
  if (difference !== null && cell.status !== 'failed') {
    cell.status = 'mismatch';
    cell.note ??= difference;
  }
  cell.samples.push(outcome.seconds);
}

/** What the runs of the programs need. */
export interface ApplicationOptions {
  input: string;
  places: ReadonlyMap<Way, ApplicationPlace>;
  rounds: number;
  /** Seconds after which no further round begins. */
  seconds: number;
  /** Directory for the outputs, on none of the ways. */
  scratch: string;
  signal?: AbortSignal;
  /** Called after every round with the rows as they are. */
  onRound?: (rows: readonly Row[]) => Promise<void> | void;
}

/** Runs all steps in all ways, in turn, and compares what they did with what they did through the kernel. */
export async function runApplications(options: ApplicationOptions): Promise<Row[]> {
  const rows = emptyApplicationRows(new Set(options.places.keys()));
  const out = join(options.scratch, 'output');
  const timeIsUp = timeLimit(options.seconds);
  for (let round = 0; round < options.rounds; round++) {
    if (round > 0 && timeIsUp()) break;
    // The kernel goes first, always: the others are compared with it. The others take turns.
    const rest = turns(
      [...options.places.keys()].filter((way) => way !== 'kernel'),
      round,
    );
    const references = new Map<string, string>();
    for (const way of options.places.has('kernel') ? (['kernel', ...rest] as const) : rest) {
      options.signal?.throwIfAborted();
      const place = options.places.get(way);
      if (place === undefined) continue;
      const tree = join(place.directory, treeName);
      await mkdir(place.directory, { recursive: true });
      for (const [index, step] of applicationSteps.entries()) {
        const cell = rows[index]?.cells[way];
        if (cell === undefined) continue;
        const run = await timed(step.command(options.input, tree), {
          cwd: step.inTree ? tree : options.scratch,
          environment: place.environment,
          out,
          ...(options.signal === undefined ? {} : { signal: options.signal }),
        });
        // Killed by us: that is no result.
        options.signal?.throwIfAborted();
        const digest = await digestResult(step, place, await readFile(out)).catch(String);
        if (way === 'kernel' && run.failure === null) references.set(step.name, digest);
        recordOutcome(cell, { ...run, digest }, references.get(step.name));
      }
      // When a step failed there is something left; the next round needs an empty place.
      await rm(tree, { recursive: true, force: true });
    }
    rows.forEach(finishRow);
    await options.onRound?.(rows);
  }
  return rows;
}
