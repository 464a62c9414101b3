#!/usr/bin/env node
// `npm start`: builds what is not built and compares the four ways to the same files.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { report, root, setup } from './setup.mjs';

await setup().catch(report);
const { $ } = await import('zx');

const demo = join(root, 'dist/harness/demo.js');
const command = existsSync(demo) ? [demo] : [join(root, 'dist/cli/main.js'), '--help'];
const { exitCode } = await $({
  stdio: 'inherit',
  nothrow: true,
  verbose: false,
})`node ${command} ${process.argv.slice(2)}`;
process.exitCode = exitCode ?? 1;
