#!/usr/bin/env node
// `npm test [-- vitest's arguments]`: setup, lint, vitest. `--long` runs the tests that take minutes.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { lint } from './lint.mjs';
import { report, root, setup } from './setup.mjs';
import { stamp } from './stamp.mjs';

const args = process.argv.slice(2);
const long = args.includes('--long');
const filters = args.filter((arg) => arg !== '--long');

await setup({ tests: true, long }).catch(report);
const { $ } = await import('zx');

// A filtered run is somebody at work on one test: no lint.
const checks = long || filters.length > 0 ? { passed: [], failed: [] } : await lint();

const results = join(root, 'build', long ? 'test-long.json' : 'test.json');
rmSync(results, { force: true });
const { exitCode } = await $({
  cwd: root,
  stdio: 'inherit',
  nothrow: true,
  verbose: false,
  env: { ...process.env, DFSKIT_TEST_LONG: long ? '1' : '0' },
})`node ${join(root, 'node_modules/vitest/vitest.mjs')} run --reporter=default --reporter=json --outputFile.json=${results} ${filters}`;

const count = { passed: checks.passed.length, failed: checks.failed.length };
try {
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(results, 'utf8'));
  count.passed += numPassedTests;
  // A file that fails before its first test, or in what prepares its tests, has no failed test to count.
  const broken = testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
  );
  count.failed += numFailedTests + broken.length;
} catch {
  count.failed += exitCode === 0 ? 0 : 1;
}
stamp(join(root, 'build', long ? 'test-long.count' : 'test.count'), `${count.passed} ${count.failed}\n`);
process.stdout.write(`${count.passed} passed, ${count.failed} failed\n`);
process.exitCode = exitCode !== 0 || count.failed > 0 ? 1 : 0;
