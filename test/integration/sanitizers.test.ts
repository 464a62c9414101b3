import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../../src/paths.js';
import { execute, temporaryDirectory } from '../support/cli.js';
import { makeConsumer } from '../support/consumer.js';

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

it('the client passes with the sanitizers address,undefined', { timeout: 600_000 }, async () => {
  const build = join(packageRoot, 'build-asan');
  const jobs = String(availableParallelism());
  const options = ['-DCMAKE_BUILD_TYPE=Debug', '-DDFSKIT_SANITIZE=address,undefined'];
  await run('cmake', ['-S', '.', '-B', build, ...options]);
  await run('cmake', ['--build', build, '--parallel', jobs, '--target', 'dfskit_addon', 'dfs_local']);
  // The package as it is, but for its native parts.
  const root = temporaryDirectory();
  cpSync(join(packageRoot, 'dist'), join(root.path, 'dist'), { recursive: true });
  cpSync(join(packageRoot, 'package.json'), join(root.path, 'package.json'));
  symlinkSync(build, join(root.path, 'build'));
  const consumer = makeConsumer(root.path);
  try {
    const store = join(consumer.path, 'store');
    mkdirSync(store);
    consumer.write('exercise', readFileSync(join(packageRoot, 'test/support/exercise.mjs'), 'utf8'));
    const runtime = execFileSync('gcc', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim();
    const preload = { ...env, LD_PRELOAD: runtime, DFSKIT_STORE: store };
    const { status, stdout, stderr } = await consumer.run('exercise', ['--expose-gc'], preload);
    expect({ status, stdout }, stderr.slice(-6000)).toEqual({ status: 0, stdout: 'done\n' });
  } finally {
    consumer.remove();
    rmSync(root.path, { recursive: true, force: true });
  }
});
