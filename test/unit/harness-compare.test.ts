import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  compareDigests,
  digestOutput,
  recordOutcome,
  runApplications,
  type ApplicationPlace,
} from '../../src/harness/applications.js';
import { rowWarnings } from '../../src/harness/compare.js';
import type { RoundRunner } from '../../src/harness/driver.js';
import { typeFromMountinfo } from '../../src/harness/machine.js';
import { emptyRow, runMicro, turns } from '../../src/harness/micro.js';
import { emptyCell, type Round } from '../../src/harness/results.js';
import { digestTree, stageTree } from '../../src/harness/tree.js';
import { hostTree } from '../../src/dfs/tree.js';
import type { Way } from '../../src/harness/ways.js';
import { microWorkloads } from '../../src/harness/workloads.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'dfskit-harness-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function plant(name: string): string {
  const tree = join(directory, name);
  mkdirSync(join(tree, 'sub'), { recursive: true, mode: 0o755 });
  writeFileSync(join(tree, 'sub', 'b.js'), 'function f() {}\n', { mode: 0o644 });
  writeFileSync(join(tree, 'a.txt'), 'text\n', { mode: 0o644 });
  symlinkSync('a.txt', join(tree, 'link'));
  return tree;
}

describe('results of programs', () => {
  it('are equal when only the order of lines differs', () => {
    const one = Buffer.from('./b\n./a\n');
    const other = Buffer.from('./a\n./b\n');
    expect(digestOutput(one, 'lines')).toBe(digestOutput(other, 'lines'));
    expect(digestOutput(one, 'bytes')).not.toBe(digestOutput(other, 'bytes'));
  });

  it('differ when a line is missing or comes twice', () => {
    const whole = digestOutput(Buffer.from('./a\n./b\n'), 'lines');
    expect(digestOutput(Buffer.from('./a\n'), 'lines')).not.toBe(whole);
    expect(digestOutput(Buffer.from('./a\n./b\n./b\n'), 'lines')).not.toBe(whole);
  });

  it('keep bytes that are no UTF-8 apart', () => {
    expect(digestOutput(Buffer.from([0xff]), 'lines')).not.toBe(digestOutput(Buffer.from([0xfe]), 'lines'));
  });

  it('are compared with the kernel', () => {
    expect(compareDigests('aa', 'aa')).toBeNull();
    expect(compareDigests('aa', undefined)).toBeNull();
    expect(compareDigests('aa', 'bb')).toMatch(/aa.*bb/);
  });

  it('mark the cell, keep its first note and stay marked', () => {
    const cell = emptyCell('measured');
    recordOutcome(cell, { seconds: 1, digest: 'bad', failure: null }, 'good');
    recordOutcome(cell, { seconds: 2, digest: 'good', failure: null }, 'good');
    expect(cell).toMatchObject({ status: 'mismatch', samples: [1, 2] });
    recordOutcome(cell, { seconds: 3, digest: '', failure: 'exit status 1' }, 'good');
    expect(cell.status).toBe('failed');
    expect(cell.samples).toEqual([1, 2, null]);
    expect(cell.note).toMatch(/^result bad/);
  });
});

describe('digestTree', () => {
  it('is the same for a copy', async () => {
    expect(await digestTree(plant('one'))).toBe(await digestTree(plant('two')));
  });

  it.each<[string, (tree: string) => void]>([
    ['a byte', (tree) => writeFileSync(join(tree, 'a.txt'), 'tixt\n')],
    ['a permission', (tree) => chmodSync(join(tree, 'a.txt'), 0o600)],
    ['a name', (tree) => writeFileSync(join(tree, 'more'), '')],
    ['a missing file', (tree) => rmSync(join(tree, 'sub', 'b.js'))],
  ])('sees %s', async (_what, change) => {
    const before = await digestTree(plant('one'));
    const tree = plant('two');
    change(tree);
    expect(await digestTree(tree)).not.toBe(before);
  });
});

describe('stageTree', () => {
  it('takes the sub-directories that fit', async () => {
    const source = join(directory, 'source');
    for (const [name, bytes] of [
      ['a', 10],
      ['b', 1000],
      ['c', 20],
    ] as const) {
      mkdirSync(join(source, name), { recursive: true });
      writeFileSync(join(source, name, 'file'), 'x'.repeat(bytes));
    }
    const size = await stageTree(source, join(directory, 'target'), { files: 5, bytes: 100 });
    expect(size).toEqual({ files: 2, bytes: 30 });
  });
});

describe('runApplications', () => {
  const places = (ways: Way[]): Map<Way, { directory: string; environment: NodeJS.ProcessEnv }> =>
    new Map(
      ways.map((way) => [
        way,
        { directory: join(directory, way), environment: { ...process.env, LC_ALL: 'C' } },
      ]),
    );

  it('runs every step in every way and finds them equal', async () => {
    const rows = await runApplications({
      input: plant('input'),
      places: places(['kernel', 'dfuse']),
      rounds: 2,
      seconds: 60,
      scratch: directory,
    });
    for (const row of rows) {
      expect([row.name, row.cells.dfuse.status, row.cells.dfuse.note]).toEqual([row.name, 'measured', null]);
      expect(row.cells.dfuse.samples).toHaveLength(2);
      expect(row.cells.dfuse.median).toBeGreaterThan(0);
      expect(row.cells.kernel.ratio).toBeGreaterThan(0);
      expect(row.cells.dfs.status).toBe('none');
      expect(row.cells.ioil.status).toBe('missing');
    }
  });

  it('judges a tree by what the container holds, where it lies in one', async () => {
    const all: ReadonlyMap<Way, ApplicationPlace> = places(['kernel', 'dfuse']);
    const dfuse = all.get('dfuse');
    if (dfuse === undefined) throw new Error('no place');
    // A store that lost the last byte of each file, behind a mount that still shows it.
    async function* cut(path: string): AsyncGenerator<Uint8Array> {
      for await (const bytes of hostTree.readable(path)) yield bytes.subarray(0, -1);
    }
    dfuse.inside = { reader: { ...hostTree, readable: cut }, directory: dfuse.directory };
    const rows = await runApplications({
      ...{ input: plant('input'), places: all, rounds: 1, seconds: 60, scratch: directory },
    });
    expect(rows.map((row) => row.cells.dfuse.status)).toEqual([
      'mismatch',
      ...Array.from({ length: rows.length - 1 }, () => 'measured'),
    ]);
  });

  it('marks a way whose programs find other bytes', async () => {
    // A cp that loses a file, as a way with a bug would.
    const bin = join(directory, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'cp'), '#!/bin/sh\n/bin/cp "$@" && rm "$3/a.txt"\n', { mode: 0o755 });
    const broken = places(['kernel', 'dfuse']);
    const dfuse = broken.get('dfuse');
    if (dfuse !== undefined) dfuse.environment['PATH'] = `${bin}:${process.env['PATH']}`;
    const rows = await runApplications({
      input: plant('input'),
      places: broken,
      rounds: 1,
      seconds: 60,
      scratch: directory,
    });
    const status = Object.fromEntries(rows.map((row) => [row.name, row.cells.dfuse.status]));
    expect(status).toEqual({
      'cp -r': 'mismatch',
      find: 'mismatch',
      'grep -r': 'mismatch',
      tar: 'mismatch',
      sha256sum: 'mismatch',
      'rm -r': 'measured',
    });
    expect(rows[0] === undefined ? [] : rowWarnings(rows[0]).map((warning) => warning.kind)).toEqual([
      'mismatch',
    ]);
  });
});

describe('runMicro', () => {
  const workload = microWorkloads.find(({ name }) => name === 'stat');
  if (workload === undefined) throw new Error('no stat');
  const runner = (order: string[], name: string, latency: number, failAt = Infinity): RoundRunner => {
    let calls = 0;
    return {
      round: (_workload, ops): Promise<Round> => {
        order.push(name);
        if (++calls > failAt) return Promise.reject(new Error('EIO'));
        return Promise.resolve({
          ops,
          seconds: (ops * latency) / 1e9,
          latency: { median: latency, p99: latency * 2 },
          bytes: 0,
          batch: 1,
        });
      },
      leave: () => Promise.resolve(),
    };
  };

  it('takes turns and relates to dfs', async () => {
    const order: string[] = [];
    const runners = new Map<Way, RoundRunner>([
      ['kernel', runner(order, 'kernel', 1500)],
      ['dfs', runner(order, 'dfs', 1000)],
    ]);
    const row = await runMicro(workload, runners, {
      microRounds: 4,
      microSetups: 1,
      microSeconds: 60,
      roundMilliseconds: 1,
    });
    expect(order.slice(4)).toEqual(['kernel', 'dfs', 'dfs', 'kernel', 'kernel', 'dfs', 'dfs', 'kernel']);
    expect(row.cells.kernel).toMatchObject({ status: 'measured', median: 1500, ratio: 1.5, p99: 3000 });
    expect(row.cells.pil4dfs.status).toBe('missing');
  });

  it('makes the files anew between rounds, and warms up then', async () => {
    const order: string[] = [];
    const dfs = runner(order, 'round', 1000);
    dfs.leave = (): Promise<void> => {
      order.push('leave');
      return Promise.resolve();
    };
    const effort = { microRounds: 4, microSetups: 2, microSeconds: 60, roundMilliseconds: 1 };
    const row = await runMicro(workload, new Map<Way, RoundRunner>([['dfs', dfs]]), effort);
    expect(order.join(' ')).toBe('round round round round leave round round round leave');
    expect(row.cells.dfs.samples).toHaveLength(4);
  });

  it('ends after the fewest rounds when time is up', async () => {
    const effort = { microRounds: 50, microSetups: 1, microSeconds: -1, roundMilliseconds: 1 };
    const row = await runMicro(
      workload,
      new Map<Way, RoundRunner>([['dfs', runner([], 'dfs', 1000)]]),
      effort,
    );
    expect(row.cells.dfs.samples).toHaveLength(3);
  });

  it('goes on without a way that fails', async () => {
    const runners = new Map<Way, RoundRunner>([
      ['dfs', runner([], 'dfs', 1000)],
      ['dfuse', runner([], 'dfuse', 5000, 3)],
    ]);
    const row = await runMicro(workload, runners, {
      microRounds: 5,
      microSetups: 1,
      microSeconds: 60,
      roundMilliseconds: 1,
    });
    expect(row.cells.dfuse).toMatchObject({ status: 'failed', note: 'EIO', median: null, ratio: null });
    expect(row.cells.dfs.samples).toHaveLength(5);
  });
});

describe('rowWarnings', () => {
  const kinds = (samples: number[]): string[] => {
    const workload = microWorkloads[0];
    if (workload === undefined) throw new Error('no workload');
    const row = emptyRow(workload, new Set<Way>(['dfs']));
    row.cells.dfs.samples = samples;
    return rowWarnings(row).map((warning) => warning.kind);
  };

  it('calls rounds noisy, or some of them outliers, or nothing', () => {
    expect(kinds([10, 10.1, 9.9, 10, 10.2])).toEqual([]);
    expect(kinds([10, 20, 5, 30, 12])).toEqual(['noisy']);
    expect(kinds([10, 10.1, 9.9, 10, 10.2, 10, 9.9, 10.1, 9.9, 10, 50, 60, 50])).toEqual(['outliers']);
  });
});

describe('turns', () => {
  it('lets each be first equally often', () => {
    expect([0, 1, 2, 3].map((round) => turns(['a', 'b', 'c'], round).join(''))).toEqual([
      'abc',
      'bca',
      'cab',
      'abc',
    ]);
    expect(turns([], 3)).toEqual([]);
  });
});

describe('typeFromMountinfo', () => {
  it('takes the longest mount point, and no mere prefix of a name', () => {
    const info = [
      '1 0 8:1 / / rw - ext4 /dev/a rw',
      '2 1 0:2 / /dev/shm rw,nosuid shared:3 - tmpfs shm rw',
      '3 1 0:3 / /mnt/a\\040b rw - xfs /dev/b rw',
    ].join('\n');
    expect(typeFromMountinfo(info, '/dev/shm/store')).toBe('tmpfs');
    expect(typeFromMountinfo(info, '/dev/shmx')).toBe('ext4');
    expect(typeFromMountinfo(info, '/mnt/a b/c')).toBe('xfs');
    expect(typeFromMountinfo('', '/x')).toBe('unknown');
  });
});
