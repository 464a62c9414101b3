import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readCounters } from '../../src/telemetry/counters.js';
import { program } from '../support/build.js';
import { useMountedContainer } from '../support/mounted.js';
import { canMount } from '../support/mounts.js';
import { leaveMounts } from '../support/namespace.js';

const strace = program('strace');
const namespaces = spawnSync('unshare', ['-m', 'true']).status === 0;

describe.runIf(canMount() && strace !== undefined && namespaces)('libioil', () => {
  const mounted = useMountedContainer();
  let outside: string, inside: string, page: string;
  beforeAll(() => {
    outside = join(mounted.kernel, 'f');
    inside = join(mounted.mountPoint, 'f');
    for (const file of [outside, inside]) writeFileSync(file, 'text\n');
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
    const device = mounts.map((line) => line.split(' ')).find((line) => line[4] === mounted.mountPoint)?.[2];
    page = `/dev/shm/dfskit-requests-${device ?? ''}`;
  });

  // Mounts of other tests make a program ask more often: it runs where they are not.
  const alone = `${leaveMounts('"$0"')}; exec "$@"`;

  /** How often a program asked what a file is, and how many opened files became ours. */
  async function opens(...command: string[]): Promise<{ asked: number; taken: number; stdout: string }> {
    const log = join(mounted.base, 'strace');
    const report = join(mounted.base, 'report');
    rmSync(report, { force: true });
    const preload = `LD_PRELOAD=${mounted.environment('ioil')['LD_PRELOAD'] ?? ''}`;
    const traced = ['-f', '-qq', '-e', 'trace=ioctl', '-o', log, '-E', preload, ...command];
    const args = ['-m', 'bash', '-c', alone, mounted.mountPoint, strace ?? '', ...traced];
    const { status, stdout, stderr } = await mounted.run('kernel', 'unshare', args, {
      env: { DFSKIT_REPORT: report },
      seconds: 60,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    // DFSKIT_IOCTL_FILE
    const asked = readFileSync(log, 'utf8').match(/ioctl\(.*0xa3, 0xe1,/g)?.length ?? 0;
    const { calls } = readCounters(report);
    const taken = calls
      .filter(({ name }) => name.startsWith('open') || name === 'creat')
      .reduce((sum, call) => sum + Number(call.taken), 0);
    return { asked, taken, stdout };
  }

  it('asks once what an open has opened on the mount, by symbol and inside libc', async () => {
    expect(await opens('cat', inside, inside, inside)).toMatchObject({ asked: 3, taken: 3 });
    expect(await opens('sed', 'p', inside)).toMatchObject({ asked: 1, taken: 1 });
    const created = join(mounted.mountPoint, 'created');
    expect(await opens('touch', created)).toMatchObject({ asked: 1, taken: 1 });
  });

  it('asks nothing where no open reached the mount', async () => {
    const link = join(mounted.kernel, 'link');
    symlinkSync(outside, link);
    const script = 'for i in 1 2 3 4 5; do read x < "$0"; echo $x > "$0.$i"; cat "$0" "$1"; done; sort "$0"';
    expect(await opens('bash', '-c', script, outside, link)).toMatchObject({ asked: 0, taken: 0 });
  });

  it('sees a file of the mount however it is reached', async () => {
    const link = join(mounted.kernel, 'link-inside');
    symlinkSync(inside, link);
    expect(await opens('cat', link)).toEqual({ asked: 1, taken: 1, stdout: 'text\n' });
    const there = 'cd "$0"; read x < f; read y < ./../"${0##*/}"/f; echo $x $y';
    expect(await opens('bash', '-c', there, mounted.mountPoint)).toEqual({
      asked: 2,
      taken: 2,
      stdout: 'text text\n',
    });
  });

  it('sees it through a mount that was made after the program started', async () => {
    const bound = mounted.directory('kernel');
    const make = 'mount --bind "$0" "$1" && exec 4< "$1/f" && read x <&4 && echo $x';
    expect(await opens('bash', '-c', make, mounted.mountPoint, bound)).toEqual({
      asked: 1,
      taken: 1,
      stdout: 'text\n',
    });
  });

  it('asks at every open where the counters of the daemon are not there, or were left behind', async () => {
    const aside = join('/dev/shm', 'dfskit-aside');
    renameSync(page, aside);
    try {
      expect(await opens('cat', outside, inside)).toMatchObject({ taken: 1 });
      expect((await opens('sed', 'p', outside)).asked).toBeGreaterThanOrEqual(1);
      copyFileSync(aside, page);
      expect(await opens('cat', outside, inside)).toMatchObject({ taken: 1 });
    } finally {
      renameSync(aside, page);
    }
    expect(await opens('cat', outside, inside)).toMatchObject({ asked: 1, taken: 1 });
  });
});
