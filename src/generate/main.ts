/** Writes the generated C and the coverage page: node dist/generate/main.js --out DIR [--docs FILE]. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { rows } from '../calls/index.js';
import { FLAVOURS } from '../calls/row.js';
import { callsC, callsH, opsH } from './headers.js';
import { dispatchC } from './dispatch.js';
import { symbolsC } from './symbols.js';

/** Every generated C file: its name under the output directory, and its text. */
export function generatedC(): Map<string, string> {
  const files = new Map([['include/ops.h', opsH()], ['include/calls.h', callsH(rows)], ['calls.c', callsC(rows)]]);
  for (const flavour of FLAVOURS) {
    files.set(`${flavour}/symbols.c`, symbolsC(rows, flavour));
    files.set(`${flavour}/dispatch.c`, dispatchC(rows, flavour));
  }
  return files;
}

/** Leaves a file that already has this text alone, so that make sees nothing new. */
function writeChanged(path: string, text: string): void {
  try {
    if (readFileSync(path, 'utf8') === text) return;
  } catch {
    mkdirSync(dirname(path), { recursive: true });
  }
  writeFileSync(path, text);
}

function main(): void {
  const { values } = parseArgs({ options: { out: { type: 'string' }, docs: { type: 'string' } } });
  if (values.out === undefined && values.docs === undefined) {
    process.stderr.write('usage: node dist/generate/main.js [--out DIR] [--docs FILE]\n');
    process.exitCode = 2;
    return;
  }
  if (values.out !== undefined) for (const [name, text] of generatedC()) writeChanged(join(values.out, name), text);
}

main();
