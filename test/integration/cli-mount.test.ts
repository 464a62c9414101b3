import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { dfskit, dfskitCommand, temporaryDirectory } from '../support/cli.js';

const scratch = temporaryDirectory();
const dir = join(scratch.path, 'mnt');
const env = { DFSKIT_STORE: join(scratch.path, 'store'), XDG_RUNTIME_DIR: scratch.path };

function canMount(): boolean {
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

const mounts = (): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.split(' ')[4] === dir);

const gone = (): Promise<void> =>
  vi.waitFor(() => expect(mounts()).toEqual([]), { timeout: 20_000, interval: 50 });

beforeAll(async () => {
  mkdirSync(dir);
  for (const cont of ['tank/c', 'tank/other']) {
    expect(await dfskit(['cont', 'create', cont], { env })).toMatchObject({ status: 0, stderr: '' });
  }
});
afterAll(async () => {
  if (mounts().length > 0) await dfskit(['umount', dir], { env });
  scratch.remove();
});

describe.runIf(canMount())('dfskit mount', () => {
  it('mounts, and umount unmounts', async () => {
    expect(await dfskit(['mount', 'tank/c', dir], { env })).toMatchObject({ status: 0, stderr: '' });
    expect(mounts()).toHaveLength(1);
    writeFileSync(join(dir, 'f'), 'hello');
    expect(await dfskit(['umount', dir], { env })).toMatchObject({ status: 0, stderr: '' });
    await gone();
    expect(existsSync(join(dir, 'f'))).toBe(false);
  });

  it('refuses what it cannot mount, in one line and with the remedy', async () => {
    for (const args of [
      ['tank/nothing', dir],
      ['tank/c', join(scratch.path, 'missing')],
      ['tank/c', '/etc/passwd'],
      ['tank/c', dir, '-o', 'no-such-option'],
    ]) {
      const result = await dfskit(['mount', ...args], { env });
      expect(result.status, args.join(' ')).toBeGreaterThan(0);
      expect(result.stderr, args.join(' ')).toMatch(/^dfskit: [^\n]+: [^\n]+\ndfskit: [^\n]+\n$/);
    }
    const nothing = await dfskit(['umount', dir], { env });
    expect(nothing.status).toBeGreaterThan(0);
    expect(nothing.stderr).toMatch(/^dfskit: /);
  });
});

describe.runIf(canMount())('dfskit run --cont --at', () => {
  const run = (flavor: string, ...command: string[]): string[] => [
    ...['run', '--flavor', flavor, '--cont', 'tank/c', '--at', dir],
    ...command,
  ];

  it.each(['dfuse', 'ioil', 'pil4dfs'])(
    'mounts for the program and unmounts after it: %s',
    async (flavor) => {
      const script = `grep -c " ${dir} " /proc/self/mountinfo; echo ${flavor} > ${dir}/f; cat ${dir}/f`;
      const result = await dfskit(run(flavor, 'sh', '-c', script), { env });
      expect(result).toMatchObject({ status: 0, stdout: `1\n${flavor}\n`, stderr: '' });
      await gone();
    },
  );

  it('counts what was taken into the report', async () => {
    const report = join(scratch.path, 'report');
    const args = ['run', '--cont', 'tank/c', '--at', dir, '--report', report, 'sh', '-c'];
    expect(
      await dfskit([...args, `printf 12345 > ${dir}/counted; cat ${dir}/counted`], { env }),
    ).toMatchObject({
      status: 0,
      stdout: '12345',
    });
    await gone();
    const { stdout } = await dfskit(['metrics', '--json', report]);
    expect(JSON.parse(stdout)).toMatchObject({ bytesRead: 5, bytesWritten: 5, note: '' });
    expect((await dfskit(['metrics', report])).stdout).toMatch(/^call +taken +fallback +failed\n/);
  });

  it('is no parent of anything that the program would wait for', async () => {
    const script =
      'import os, sys\ntry:\n  os.wait()\n  sys.exit(1)\nexcept ChildProcessError:\n  sys.exit(0)';
    expect(await dfskit(run('dfuse', 'python3', '-c', script), { env })).toMatchObject({ status: 0 });
    await gone();
  });

  it('unmounts after a program that was killed', async () => {
    const child = spawn(dfskitCommand, run('dfuse', 'sh', '-c', 'echo ready; exec sleep 60'), {
      env: { ...process.env, ...env },
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    expect(mounts()).toHaveLength(1);
    child.kill('SIGKILL');
    await gone();
  });

  it('shares one mount between programs; the last one has it unmounted', async () => {
    const first = dfskit(run('dfuse', 'sh', '-c', `sleep 1; cat ${dir}/shared`), { env });
    await vi.waitFor(() => expect(mounts()).toHaveLength(1), { timeout: 10_000 });
    const others = await Promise.all(
      [1, 2, 3].map((i) => dfskit(run('dfuse', 'sh', '-c', `echo x > ${dir}/shared; echo ${i}`), { env })),
    );
    expect(others.map(({ stdout }) => stdout)).toEqual(['1\n', '2\n', '3\n']);
    expect(await first).toMatchObject({ status: 0, stdout: 'x\n' });
    await gone();
  });

  it('waits with unmounting for what the program left running', async () => {
    const script = `cd ${dir}; (sleep 1; echo late > late) </dev/null >/dev/null 2>&1 &`;
    expect(await dfskit(run('dfuse', 'sh', '-c', script), { env })).toMatchObject({ status: 0 });
    await gone();
    expect((await dfskit(run('dfuse', 'cat', join(dir, 'late')), { env })).stdout).toBe('late\n');
    await gone();
  });

  it('uses a mount that is there, leaves it, and refuses another container', async () => {
    expect(await dfskit(['mount', 'tank/other', dir], { env })).toMatchObject({ status: 0 });
    const refused = await dfskit(run('dfuse', 'true'), { env });
    expect(refused.status).toBe(125);
    expect(refused.stderr).toMatch(/tank\/other is mounted there\ndfskit: unmount it first: dfskit umount/);
    await dfskit(['umount', dir], { env });
    await gone();

    expect(await dfskit(['mount', 'tank/c', dir], { env })).toMatchObject({ status: 0 });
    expect(await dfskit(run('dfuse', 'true'), { env })).toMatchObject({ status: 0 });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(mounts()).toHaveLength(1);
    await dfskit(['umount', dir], { env });
    await gone();
  });

  it('fails with 125 for a container that is not there', async () => {
    const args = ['run', '--flavor', 'dfuse', '--cont', 'tank/nothing', '--at', dir, 'true'];
    expect(await dfskit(args, { env })).toMatchObject({ status: 125 });
    expect(mounts()).toEqual([]);
  });
});

describe('without /dev/fuse', () => {
  const none = { ...env, DFSKIT_FUSE_DEVICE: '/dev/no-fuse' };

  it('mount says what is missing', async () => {
    const result = await dfskit(['mount', 'tank/c', dir], { env: none });
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(
      /^dfskit: cannot mount at .*: there is no \/dev\/no-fuse\ndfskit: .*modprobe fuse/,
    );
  });

  it('a program under pil4dfs runs on the shim alone, with a warning', async () => {
    const args = [
      'run',
      '--cont',
      'tank/c',
      '--at',
      dir,
      'sh',
      '-c',
      'echo "$D_IL_MOUNT_POINT $D_IL_POOL $D_IL_CONTAINER"',
    ];
    const result = await dfskit(args, { env: none });
    expect(result).toMatchObject({ status: 0, stdout: `${dir} tank c\n` });
    expect(result.stderr).toMatch(
      /^dfskit: warning: cannot mount tank\/c: there is no \/dev\/no-fuse; .*\n$/,
    );
  });

  it('a program under ioil does not', async () => {
    const args = ['run', '--flavor', 'ioil', '--cont', 'tank/c', '--at', dir, 'true'];
    expect(await dfskit(args, { env: none })).toMatchObject({ status: 125 });
  });
});
