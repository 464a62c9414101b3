import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../../src/paths.js';
import { execute } from '../support/cli.js';

const env = {
  // The leak checker needs ptrace, which containers often forbid.
  ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1',
  UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
  // Children of threaded parents start threads: without this the sanitizer ends them.
  TSAN_OPTIONS: 'halt_on_error=1:abort_on_error=1:die_after_fork=0',
  LD_PRELOAD: '',
};

async function run(command: string, args: string[]): Promise<void> {
  const { status, stdout, stderr } = await execute(command, args, { env, cwd: packageRoot });
  expect(status, `${command} ${args.join(' ')}\n${(stdout + stderr).slice(-6000)}`).toBe(0);
}

it.each([
  ['address,undefined', 'build-asan'],
  ['thread', 'build-tsan'],
])('the tests in C pass with the sanitizers %s', { timeout: 600_000 }, async (sanitizers, directory) => {
  const build = join(packageRoot, directory);
  const jobs = String(availableParallelism());
  await run('cmake', ['-S', '.', '-B', build, '-DCMAKE_BUILD_TYPE=Debug', `-DDFSKIT_SANITIZE=${sanitizers}`]);
  await run('cmake', ['--build', build, '--parallel', jobs, '--target', 'native_tests']);
  await run('ctest', ['--test-dir', build, '--output-on-failure', '--no-tests=error']);
});
