import { readFileSync, writeFileSync } from 'node:fs';
import { DfskitError } from '../errors.js';
import { leftOut, type LeftOut } from '../interpreter.js';

/** How often a call was made, by what became of it. */
export interface CallCounters {
  name: string;
  /** Answered in the process. */
  taken: bigint;
  /** Concerned DFS and went through the kernel. */
  fallback: bigint;
  /** Answered in the process with an error. */
  failed: bigint;
}

/** What the shims of a job counted. */
export interface Counters {
  calls: CallCounters[];
  bytesRead: bigint;
  bytesWritten: bigint;
  /** Programs that were started and could have no shim, by the reason. */
  leftOut: Record<LeftOut, bigint>;
  /** Why less than everything was intercepted; empty when nothing stood in the way. */
  note: string;
}

// native/shim/counters.h has the same numbers.
const MAGIC = 'DFSKITC1';
const VERSION = 1;
const HEADER = 320;
const NOTE = 32;
const NOTE_SIZE = 256;
const LEFT_OUT = NOTE + NOTE_SIZE;
const NAME = 24;
const ROW = 3 * 8;

function invalid(file: string, why: string): DfskitError {
  return new DfskitError({
    code: 'BAD_COUNTERS',
    what: `cannot read counters from ${file}`,
    why,
    remedy: 'name a file that was written by: dfskit run --report FILE',
  });
}

/**
 * Reads a counters file, also while programs write to it (a count may then be one call old).
 * @throws DfskitError when the file can't be read or is no counters file of this version
 */
export function readCounters(file: string): Counters {
  let data: Buffer;
  try {
    data = readFileSync(file);
  } catch (error) {
    throw invalid(file, (error as Error).message);
  }
  return parseCounters(data, file);
}

/** The counters in `data`; `file` is for messages. */
export function parseCounters(data: Buffer, file: string): Counters {
  if (data.length < HEADER || data.toString('latin1', 0, 8) !== MAGIC)
    throw invalid(file, 'not a counters file');
  const version = data.readUInt32LE(8);
  if (version !== VERSION) throw invalid(file, `version ${version} of the format, ${VERSION} is known here`);
  const count = data.readUInt32LE(12);
  const end = HEADER + count * (ROW + NAME);
  if (data.length < end) throw invalid(file, `cut short: ${data.length} bytes for ${count} calls`);
  const calls: CallCounters[] = [];
  const names = HEADER + count * ROW;
  for (let i = 0; i < count; i++) {
    const at = HEADER + i * ROW;
    calls.push({
      name: text(data, names + i * NAME, NAME),
      taken: data.readBigUInt64LE(at),
      fallback: data.readBigUInt64LE(at + 8),
      failed: data.readBigUInt64LE(at + 16),
    });
  }
  return {
    calls,
    bytesRead: data.readBigUInt64LE(16),
    bytesWritten: data.readBigUInt64LE(24),
    leftOut: Object.fromEntries(
      leftOut.map((kind, i) => [kind, data.readBigUInt64LE(LEFT_OUT + 8 * i)]),
    ) as Record<LeftOut, bigint>,
    note: text(data, NOTE, NOTE_SIZE),
  };
}

/** Makes a counters file that says of one program that it has no shim; those of its children add to it. */
export function writeLeftOut(file: string, kind: LeftOut): void {
  const data = Buffer.alloc(HEADER);
  data.write(MAGIC, 'latin1');
  data.writeUInt32LE(VERSION, 8);
  data.writeBigUInt64LE(1n, LEFT_OUT + 8 * leftOut.indexOf(kind));
  writeFileSync(file, data);
}

function text(data: Buffer, at: number, size: number): string {
  const end = data.indexOf(0, at);
  return data.toString('utf8', at, end < 0 || end > at + size ? at + size : end);
}
