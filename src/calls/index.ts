/** The table of calls, and what is derived from it for people. */
import { asyncCalls } from './async.js';
import { attributes } from './attributes.js';
import { descriptorCalls } from './descriptors.js';
import { directory } from './directory.js';
import { io } from './io.js';
import { memory } from './memory.js';
import { name } from './name.js';
import { open } from './open.js';
import { processCalls } from './process.js';
import { stat } from './stat.js';
import type { CallRow, Disposition, Family } from './row.js';

/** The families in the order of the coverage page. */
export const families: readonly (readonly [Family, readonly CallRow[]])[] = [
  ['open', open],
  ['io', io],
  ['stat', stat],
  ['directory', directory],
  ['name', name],
  ['attributes', attributes],
  ['descriptors', descriptorCalls],
  ['memory', memory],
  ['process', processCalls],
  ['async', asyncCalls],
];

export const rows: readonly CallRow[] = families.flatMap(([, list]) => list);

/** One call as the coverage page and `dfskit calls` show it. */
export interface ListedCall {
  readonly name: string;
  readonly family: Family;
  /** Other exported names with the same meaning. */
  readonly aliases: readonly string[];
  /** Whether libc exports it; false for a call that only its system-call number reaches. */
  readonly symbol: boolean;
  /** System-call number on x86-64. */
  readonly nr: number | undefined;
  readonly pil4dfs: Disposition;
  readonly ioil: Disposition;
  readonly note: string | undefined;
}

/** All calls of the table, a symbol and the system call of its name as one, in the order of the families. */
export function listCalls(): ListedCall[] {
  return families.flatMap(([family, list]) => {
    const names = [...new Set(list.map((row) => row.name))];
    return names.map((name) => {
      const same = list.filter((row) => row.name === name);
      const row = same[0]!;
      return {
        name,
        family,
        aliases: same.flatMap((r) => r.symbols).filter((s) => s !== name),
        symbol: same.some((r) => r.symbols.length > 0),
        nr: same.find((r) => r.nr !== undefined)?.nr,
        pil4dfs: row.pil4dfs,
        ioil: row.ioil,
        note: row.options.note,
      };
    });
  });
}
