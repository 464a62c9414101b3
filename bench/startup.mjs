// What a shim adds to the start of a program: /bin/true with and without LD_PRELOAD, by hyperfine.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { $, which } from 'zx';
import { conditions } from './shims.mjs';

const runs = 300;

/** Milliseconds that a shim may add. */
const target = 1.5;

/** Runs hyperfine. @returns lines of text, and its numbers */
export async function startup() {
  if ((await which('hyperfine', { nothrow: true })) === null) {
    throw new Error('hyperfine is missing: apt-get install hyperfine');
  }
  const all = conditions();
  const directory = mkdtempSync(join(tmpdir(), 'dfskit-bench-'));
  try {
    const file = join(directory, 'startup.json');
    // env(1) starts /bin/true in every condition, so that it is a part of all of them.
    const commands = all.map(({ environment }) => {
      const variables = Object.entries({ DFSKIT_BENCH: '1', ...environment }).map(([key, value]) => `'${key}=${value}'`);
      return `env ${variables.join(' ')} /bin/true`;
    });
    const names = all.flatMap(({ name }) => ['--command-name', name]);
    const options = ['--shell=none', '--style=none', '--warmup=20', `--runs=${runs}`, `--export-json=${file}`];
    await $({ quiet: true, verbose: false })`hyperfine ${options} ${names} ${commands}`;
    const { results } = JSON.parse(readFileSync(file, 'utf8'));
    const [plain] = results;
    const lines = results.map(({ command, median }) => {
      const added = (median - plain.median) * 1e3;
      const more = command === plain.command ? '' : `  ${added < 0 ? '' : '+'}${added.toFixed(2)} ms  ×${(median / plain.median).toFixed(2)}`;
      return `  ${command.padEnd(16)}${(median * 1e3).toFixed(2).padStart(6)} ms${more}`;
    });
    const text = `Start of /bin/true: medians of ${runs} runs; target ≤ +${target} ms\n${lines.join('\n')}`;
    return { text, data: { unit: 's', target: target / 1e3, results } };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
