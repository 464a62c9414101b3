import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../../src/paths.js';
import { program } from '../support/build.js';
import { execute } from '../support/cli.js';

const build = join(packageRoot, 'build-ranks');

async function run(command: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { status, stdout, stderr } = await execute(command, args, { env, cwd: packageRoot });
  const output = stdout + stderr;
  expect(status, `${command} ${args.join(' ')}\n${output.slice(-6000)}`).toBe(0);
  return output;
}

it('no lock is taken against its rank in the tests of the ways', { timeout: 600_000 }, async () => {
  const options = ['-DCMAKE_BUILD_TYPE=RelWithDebInfo', '-DDFSKIT_CHECK_LOCKS=ON'];
  const targets = ['dfs_local', 'pil4dfs', 'ioil', 'dfuse'];
  await run('cmake', ['-S', '.', '-B', build, ...options]);
  await run('cmake', [
    '--build',
    build,
    '--parallel',
    String(availableParallelism()),
    '--target',
    ...targets,
  ]);
  // It is the build that checks.
  for (const library of ['libdfs_local.so', 'libpil4dfs.so', 'libioil.so'])
    await run(program('grep') ?? 'grep', ['-q', 'lock ranks:', join(build, 'lib', library)]);
  const tests = ['test/integration/posix.test.ts', '-t', 'descriptors|directories|processes|signals|streams'];
  const output = await run('npx', ['vitest', 'run', ...tests], {
    DFSKIT_BUILD: build,
    DFSKIT_TEST_LONG: '0',
  });
  expect(output).not.toContain('lock ranks:');
});
