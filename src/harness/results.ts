import type { Warning } from './warnings.js';
import type { UnitName } from './units.js';
import type { Way } from './ways.js';
import type { MachineFacts } from './machine.js';

/** Number that changes when a reader of older files would misunderstand a newer one. */
export const resultsFormat = 1;

/** One round of the driver. */
export interface Round {
  ops: number;
  /** Wall time of the timed part. */
  seconds: number;
  /** Nanoseconds of one operation. */
  latency: { median: number; p99: number };
  bytes: number;
  /** Operations that were timed together, because the clock would have been a part of the result. */
  batch: number;
}

/**
 * `measured`; `missing`: the way is not there; `failed`: the program or call gave an error; `mismatch`: it ran, and its
 * result differs from the kernel's; `none`: the way has no such thing (a program cannot be run through `dfs`).
 */
export type CellStatus = 'measured' | 'missing' | 'failed' | 'mismatch' | 'none';

/** One workload in one way. */
export interface Cell {
  status: CellStatus;
  /** A value a round, in the unit of the row; `null` where that round has none. */
  samples: (number | null)[];
  median: number | null;
  /** Interquartile range over median. */
  spread: number | null;
  /** Median over the rounds of their 99th percentile, in nanoseconds. */
  p99: number | null;
  /** Median over the rounds of the value over that of the row's reference. */
  ratio: number | null;
  /** What the driver said, for micro workloads. */
  rounds: Round[];
  /** Why it failed or how it differs. */
  note: string | null;
}

/** One workload. */
export interface Row {
  group: 'micro' | 'application';
  name: string;
  unit: UnitName;
  /** The way that `ratio` is relative to. */
  reference: Way;
  cells: Record<Way, Cell>;
}

/** One way as it was set up. */
export interface WayFacts {
  way: Way;
  available: boolean;
  /** Why it is not there, and what to do about it. */
  why: string | null;
  remedy: string | null;
  /** Mount options for the micro workloads and for the programs, where it goes through a mount. */
  microMount: string | null;
  applicationMount: string | null;
}

/** Everything a comparison found. */
export interface Results {
  format: typeof resultsFormat;
  started: string;
  /** `null` while it runs, and after a crash. */
  finished: string | null;
  quick: boolean;
  provider: string;
  machine: MachineFacts;
  /** Files and bytes of the tree that the programs work on. */
  tree: { files: number; bytes: number } | null;
  ways: WayFacts[];
  rows: Row[];
  warnings: Warning[];
}

export function emptyCell(status: CellStatus, note: string | null = null): Cell {
  return { status, samples: [], median: null, spread: null, p99: null, ratio: null, rounds: [], note };
}

/** True when a result differs or something that is there failed: the command ends with a non-zero status. */
export function hasFailure(results: Results): boolean {
  return results.rows.some((row) =>
    Object.values(row.cells).some((cell) => cell.status === 'failed' || cell.status === 'mismatch'),
  );
}
