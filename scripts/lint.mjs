#!/usr/bin/env node
// Types, eslint, prettier and clang-format; `--fix` mends what can be mended by a machine.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { report, root, setup } from './setup.mjs';
import { digest, stamp, stamped } from './stamp.mjs';

const bin = (name) => join(root, 'node_modules/.bin', name);
const scripts = ['src', 'test', 'bench', 'scripts'];
const config = [
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.test.json',
  'eslint.config.js',
  'vitest.config.ts',
];

/** Runs the checks whose inputs changed since they last passed. @returns the names of those that passed and failed */
export async function lint({ fix = false } = {}) {
  const { $, glob, which } = await import('zx');
  const run = $({ cwd: root, nothrow: true, quiet: true, verbose: false });
  // bench/ and test/ may be empty in a partial checkout: a folder without sources is no error.
  const folders = scripts.filter((name) => existsSync(join(root, name)));
  const sources = await glob(['native/**/*.{c,h,cc,cpp}', 'test/native/*.{c,h}', '!native/generated/**'], {
    cwd: root,
  });
  const formatter = await which('clang-format', { nothrow: true });

  const checks = {
    types: () => run`${bin('tsc')} -p tsconfig.test.json`,
    eslint: () => run`${bin('eslint')} ${fix ? ['--fix'] : []} --max-warnings 0 .`,
    prettier: () => run`${bin('prettier')} ${fix ? '--write' : '--check'} --log-level warn .`,
  };
  if (formatter !== null && sources.length > 0) {
    const mode = fix ? ['-i'] : ['--dry-run', '--Werror', '--ferror-limit=1'];
    checks['clang-format'] = () => run`${formatter} ${mode} ${sources.sort()}`;
  }

  const passed = [];
  const failed = [];
  for (const [name, check] of Object.entries(checks)) {
    const inputs =
      name === 'clang-format' ? [...sources, '.clang-format'] : [...folders, ...config, '.prettierrc.json'];
    const value = digest(inputs.map((path) => join(root, path)));
    const mark = join(root, 'build/lint', name);
    if (!fix && stamped(mark, value)) {
      passed.push(name);
      continue;
    }
    const { exitCode, stdout, stderr } = await check();
    if (exitCode === 0) {
      passed.push(name);
      if (!fix) stamp(mark, value);
      continue;
    }
    failed.push(name);
    const lines = `${stdout}${stderr}`.trimEnd().split('\n');
    const left = lines.length > 60 ? [`… ${lines.length - 60} more lines`] : [];
    process.stderr.write(
      [...lines.slice(0, 60), ...left, `lint: ${name} failed; try: npm run format`, ''].join('\n'),
    );
  }
  process.stderr.write(
    `lint: passed: ${passed.join(', ') || 'none'}${failed.length ? `; failed: ${failed.join(', ')}` : ''}\n`,
  );
  return { passed, failed };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await setup().catch(report);
  const { failed } = await lint({ fix: process.argv.includes('--fix') });
  process.exitCode = failed.length === 0 ? 0 : 1;
}
