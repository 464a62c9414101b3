#!/usr/bin/env node
// `npm run bench [-- NAME…]`: what the shims cost where they have nothing to do,
// and the local provider against the kernel. The ways themselves: `dfskit compare`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dfuse } from './dfuse.mjs';
import { passthrough } from './passthrough.mjs';
import { provider } from './provider.mjs';
import { reread } from './reread.mjs';
import { scale } from './scale.mjs';
import { startup } from './startup.mjs';

const benchmarks = { passthrough, startup, dfuse, reread, provider, scale };
/** Takes minutes and gigabytes: only when it is asked for. */
const onRequest = ['scale'];
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in benchmarks));
if (unknown.length > 0) {
  process.stderr.write(`bench: no benchmark ${unknown.join(', ')}; there are: ${Object.keys(benchmarks).join(', ')}\n`);
  process.exit(2);
}

const results = join(process.cwd(), 'results');
mkdirSync(results, { recursive: true });
for (const [name, run] of Object.entries(benchmarks)) {
  if (asked.length > 0 ? !asked.includes(name) : onRequest.includes(name)) continue;
  const file = join(results, `bench-${name}.json`);
  try {
    const { text, data } = await run();
    writeFileSync(file, `${JSON.stringify(data, undefined, 2)}\n`);
    process.stdout.write(`${text}\nWritten: ${file}\n\n`);
  } catch (error) {
    process.stderr.write(`bench: ${name}: ${error.message}\n`);
    process.exitCode = 1;
  }
}
