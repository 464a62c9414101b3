/** The table of calls. */
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
import type { CallRow, Family } from './row.js';

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
