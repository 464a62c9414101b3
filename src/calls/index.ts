/** The table of calls. */
import { descriptorCalls } from './descriptors.js';
import { io } from './io.js';
import { open } from './open.js';
import { stat } from './stat.js';
import type { CallRow, Family } from './row.js';

/** The families in the order of the coverage page. */
export const families: readonly (readonly [Family, readonly CallRow[]])[] = [
  ['open', open],
  ['io', io],
  ['stat', stat],
  ['descriptors', descriptorCalls],
];

export const rows: readonly CallRow[] = families.flatMap(([, list]) => list);
