/** Writes the generated C and the coverage page: node dist/generate/main.js --out DIR [--docs FILE]. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { callsMarkdown } from './docs.js';
import { generatedC } from './files.js';

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
  if (values.out !== undefined)
    for (const [name, text] of generatedC()) writeChanged(join(values.out, name), text);
  if (values.docs !== undefined) writeChanged(values.docs, callsMarkdown());
}

main();
