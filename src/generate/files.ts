/** The C files that are generated. */
import { rows } from '../calls/index.js';
import { FLAVOURS } from '../calls/row.js';
import { dispatchC } from './dispatch.js';
import { callsC, callsH, opsH } from './headers.js';
import { symbolsC } from './symbols.js';

/** Every generated C file: its name under the output directory, and its text. */
export function generatedC(): Map<string, string> {
  const files = new Map([
    ['include/ops.h', opsH()],
    ['include/calls.h', callsH(rows)],
    ['calls.c', callsC(rows)],
  ]);
  for (const flavour of FLAVOURS) {
    files.set(`${flavour}/symbols.c`, symbolsC(rows, flavour));
    files.set(`${flavour}/dispatch.c`, dispatchC(rows, flavour));
  }
  return files;
}
