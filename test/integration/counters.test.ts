import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCounters, type Counters } from '../../src/telemetry/counters.js';
import { compile } from '../support/build.js';
import { treeOf } from '../support/compare.js';
import { useMountedContainer, type Way } from '../support/mounted.js';

const mounted = useMountedContainer();

/** Opcodes of <linux/fuse.h>. */
const opcodes = {
  LOOKUP: 1,
  GETATTR: 3,
  SETATTR: 4,
  READLINK: 5,
  SYMLINK: 6,
  MKDIR: 9,
  UNLINK: 10,
  RMDIR: 11,
  RENAME: 12,
  LINK: 13,
  OPEN: 14,
  READ: 15,
  WRITE: 16,
  CREATE: 35,
  READDIR: 28,
  READDIRPLUS: 44,
  RENAME2: 45,
} as const;
type Opcode = keyof typeof opcodes;
type Requests = Record<Opcode, number>;

/** What dfuse has answered since the mount. */
async function requests(): Promise<Requests> {
  const { stdout, stderr, status } = await mounted.run(
    'dfuse',
    compile(mounted.programs, 'requests', ['requests.c']),
    [mounted.mountPoint],
  );
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const counts = new Map(stdout.split('\n').map((line) => line.split(' ').map(Number) as [number, number]));
  return Object.fromEntries(
    Object.entries(opcodes).map(([name, code]) => [name, counts.get(code) ?? 0]),
  ) as Requests;
}

const minus = (after: Requests, before: Requests): Requests =>
  Object.fromEntries(
    Object.entries(after).map(([name, count]) => [name, count - before[name as Opcode]]),
  ) as Requests;

/** Files outside: 120 of them, and 3 directories. */
const make = `mkdir -p in/a/b; for i in $(seq 40); do for d in in in/a in/a/b; do seq $((i * 50)) > $d/$i; done; done; ln -s 1 in/link; du -bc $(find in -type f) | tail -1 | cut -f 1`;

interface Work {
  /** Requests that the work caused. */
  caused: Requests;
  counters: Counters;
  bytes: bigint;
}

/** Copies a tree into the mount, looks at it, copies it out again, removes it; compares. */
async function copyThereAndBack(way: Way): Promise<Work> {
  const outside = mounted.directory('kernel', 'outside');
  const inside = mounted.directory(way, 'inside');
  const report = join(mounted.base, `report-${way}`);
  const { stdout } = await mounted.script('kernel', make, { directory: outside });
  const before = await requests();
  const env = { DFSKIT_REPORT: report };
  const copy = `cp -r in "$1/copy"; find "$1/copy" -type f | wc -l; ls -lR "$1/copy" > listing; cp -r "$1/copy" back; mv "$1/copy" "$1/moved"`;
  const outcome = await mounted.run(way, '/bin/bash', ['-euc', copy, 'copy', inside], {
    directory: outside,
    env,
  });
  const caused = minus(await requests(), before);
  expect(outcome).toMatchObject({ stdout: '120\n', stderr: '', status: 0 });
  expect(await treeOf(mounted, 'kernel', join(outside, 'back'))).toBe(
    await treeOf(mounted, 'kernel', join(outside, 'in')),
  );
  expect(await treeOf(mounted, 'dfuse', join(inside, 'moved'))).toBe(
    await treeOf(mounted, 'kernel', join(outside, 'in')),
  );
  return { caused, counters: readCounters(report), bytes: BigInt(stdout.trim()) };
}

/** How often calls whose names begin with one of `names` were taken. */
function taken({ calls }: Counters, ...names: string[]): number {
  return calls
    .filter(({ name }) => names.some((begin) => name.startsWith(begin)))
    .reduce((sum, call) => sum + Number(call.taken), 0);
}

describe('a tree is copied in and out', () => {
  it('dfuse counts the requests that programs without a shim cause', async () => {
    const outside = mounted.directory('kernel', 'outside');
    const inside = mounted.directory('dfuse', 'inside');
    await mounted.script('kernel', make, { directory: outside });
    const before = await requests();
    await mounted.script(
      'dfuse',
      `cp -r in ${inside}/copy; cp -r ${inside}/copy back; ls -lR ${inside} > /dev/null`,
      { directory: outside },
    );
    const caused = minus(await requests(), before);
    expect(caused.CREATE).toBeGreaterThanOrEqual(120);
    expect(caused.WRITE).toBeGreaterThanOrEqual(120);
    expect(caused.MKDIR).toBe(3);
    expect(caused.OPEN).toBeGreaterThanOrEqual(120);
    expect(caused.READDIR + caused.READDIRPLUS).toBeGreaterThan(0);
    expect(caused.LOOKUP).toBeGreaterThanOrEqual(120);
  });

  it('under pil4dfs no file, directory or attribute goes through dfuse, and the shim has counted all', async () => {
    const { caused, counters, bytes } = await copyThereAndBack('pil4dfs');
    const { LOOKUP, GETATTR, ...rest } = caused;
    expect(Object.entries(rest).filter(([, count]) => count > 0)).toEqual([]);
    // The mount's root is all that a connection looks at: for each of the six programs, and for who counts.
    expect(GETATTR).toBeLessThan(20);
    expect(LOOKUP).toBeLessThan(20);
    expect(counters.note).toBe('');
    expect(counters.bytesWritten).toBe(bytes);
    expect(counters.bytesRead).toBe(bytes);
    expect(taken(counters, 'open', 'creat')).toBeGreaterThanOrEqual(240);
    expect(
      taken(counters, 'read', 'pread', 'write', 'pwrite', 'copy_file_range', 'sendfile'),
    ).toBeGreaterThanOrEqual(240);
    expect(taken(counters, 'mkdir')).toBe(3);
    expect(taken(counters, 'symlink')).toBe(1);
    expect(taken(counters, 'rename')).toBe(1);
    expect(taken(counters, 'fstat', 'stat', 'lstat', 'newfstatat', 'statx', '__')).toBeGreaterThanOrEqual(
      240,
    );
    expect(counters.calls.filter(({ fallback }) => fallback > 0n).map(({ name }) => name)).toEqual([]);
  });

  it('under ioil no data goes through dfuse', async () => {
    const { caused, counters, bytes } = await copyThereAndBack('ioil');
    expect(caused.READ).toBe(0);
    expect(caused.WRITE).toBe(0);
    expect(caused.CREATE).toBe(120);
    expect(counters.bytesWritten).toBe(bytes);
    expect(counters.bytesRead).toBe(bytes);
  });

  it('without a report nothing is written, and nothing is counted elsewhere', async () => {
    const directory = mounted.directory('pil4dfs', 'quiet');
    const { stdout, stderr } = await mounted.script('pil4dfs', 'echo x > f; cat f', { directory });
    expect({ stdout, stderr }).toEqual({ stdout: 'x\n', stderr: '' });
  });
});

describe('attachment', () => {
  it('with exported symbols alone, programs work and cause no data requests of their own calls', async () => {
    const directory = mounted.directory('pil4dfs', 'symbols');
    const env = { DFSKIT_ATTACH: 'symbols' };
    await mounted.script('pil4dfs', 'seq 20000 > f', { directory });
    const before = await requests();
    // Not dd: it writes to its standard output, which is a real descriptor here, since stdio's writes are not seen.
    const outcome = await mounted.script('pil4dfs', 'cp f g; cp g h; cmp f h; wc -c < h', { directory, env });
    const caused = minus(await requests(), before);
    expect(outcome).toMatchObject({ stdout: '108894\n', stderr: '', status: 0 });
    expect(caused.WRITE).toBe(0);
  });

  it('a program outside any mount is left alone', async () => {
    const directory = mounted.directory('kernel', 'elsewhere');
    const idle = await requests();
    const before = await requests();
    const { status } = await mounted.script(
      'pil4dfs',
      'seq 1000 > f; sort -rn f > g; mkdir d; mv g d; ls -lR > /dev/null',
      { directory },
    );
    expect(status).toBe(0);
    // Asking causes requests too: as many as without a program in between.
    expect(minus(await requests(), before)).toEqual(minus(before, idle));
  });
});
