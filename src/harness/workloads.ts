import type { UnitName } from './units.js';
import type { Round } from './results.js';

/** A workload of the driver. */
export interface MicroWorkload {
  name: string;
  unit: Extract<UnitName, 'ns' | 'B/s'>;
  /** Fewest and most operations of a round: enough for a median, and no more files than a store takes in passing. */
  minOps: number;
  maxOps: number;
}

const read = { minOps: 200, maxOps: 50_000 };
const names = { minOps: 100, maxOps: 8_000 };

/** In the order of the table. Each is a name that `dfskit-bench --list` knows. */
export const microWorkloads: readonly MicroWorkload[] = [
  { name: 'rand-read-4k',  unit: 'ns',  ...read },
  { name: 'rand-write-4k', unit: 'ns',  ...read },
  { name: 'seq-read-1m',   unit: 'B/s', minOps: 16, maxOps: 1024 },
  { name: 'seq-write-1m',  unit: 'B/s', minOps: 16, maxOps: 64 },
  { name: 'create',        unit: 'ns',  ...names },
  { name: 'stat',          unit: 'ns',  ...read },
  { name: 'open',          unit: 'ns',  ...read },
  { name: 'readdir',       unit: 'ns',  minOps: 1000, maxOps: 200_000 },
  { name: 'rename',        unit: 'ns',  ...names },
  { name: 'unlink',        unit: 'ns',  ...names },
]; // prettier-ignore

/** How much is measured. */
export interface Effort {
  /** Rounds of a micro workload in each way. */
  microRounds: number;
  /** How often in them its files are made anew: where a file lies in memory is luck, and constant while it exists. */
  microSetups: number;
  /** Aimed-at length of a round, in milliseconds. */
  roundMilliseconds: number;
  /** Distinct files of stat, open and readdir. */
  files: number;
  /** Size of the file that is read and written, in MiB. */
  fileMib: number;
  /** Seconds after which a micro workload gets no further rounds, where the machine is slow or busy. */
  microSeconds: number;
  applicationRounds: number;
  /** The same for all programs together. */
  applicationSeconds: number;
  treeFiles: number;
  treeBytes: number;
}

export const fullEffort: Effort = {
  microRounds: 25,
  microSetups: 5,
  roundMilliseconds: 40,
  files: 10_000,
  fileMib: 64,
  microSeconds: 60,
  applicationRounds: 9,
  applicationSeconds: 900,
  treeFiles: 3000,
  treeBytes: 60e6,
};

export const quickEffort: Effort = {
  microRounds: 15,
  microSetups: 3,
  roundMilliseconds: 15,
  files: 2000,
  fileMib: 32,
  microSeconds: 6,
  applicationRounds: 5,
  applicationSeconds: 75,
  treeFiles: 2500,
  treeBytes: 40e6,
};

/** How many operations make a round of about `milliseconds`, after a round that told how long one takes. */
export function opsForRound(workload: MicroWorkload, seen: Round, milliseconds: number): number {
  const each = seen.seconds / Math.max(1, seen.ops);
  const wanted = each > 0 ? Math.round(milliseconds / 1e3 / each) : workload.maxOps;
  return Math.min(workload.maxOps, Math.max(workload.minOps, wanted));
}

/** The value of a round in the unit of the workload. */
export function roundValue(workload: MicroWorkload, round: Round): number {
  return workload.unit === 'B/s' ? round.bytes / round.seconds : round.latency.median;
}

/** A clock that tells when `limit` seconds are over. @param now milliseconds, for tests */
export function timeLimit(limit: number, now: () => number = () => performance.now()): () => boolean {
  const end = now() + limit * 1e3;
  return () => now() > end;
}
