import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../../src/paths.js';
import { execute } from '../support/cli.js';

const build = join(packageRoot, 'build-asan');
// Memory that the provider keeps until the process ends is no leak to us.
const env = {
  ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1',
  UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
  LD_PRELOAD: '',
};

async function run(command: string, args: string[]): Promise<void> {
  const { status, stdout, stderr } = await execute(command, args, { env, cwd: packageRoot });
  expect(status, `${command} ${args.join(' ')}\n${(stdout + stderr).slice(-6000)}`).toBe(0);
}

it(
  'the tests in C pass with the address and undefined behaviour sanitizers',
  { timeout: 600_000 },
  async () => {
    await run('cmake', [
      '-S',
      '.',
      '-B',
      build,
      '-DCMAKE_BUILD_TYPE=Debug',
      '-DDFSKIT_SANITIZE=address,undefined',
    ]);
    const jobs = String(availableParallelism());
    await run('cmake', ['--build', build, '--parallel', jobs, '--target', 'native_tests']);
    await run('ctest', ['--test-dir', build, '--output-on-failure', '--no-tests=ignore']);
  },
);
