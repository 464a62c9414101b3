import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/paths.js';
import { Differential } from '../support/differential.js';
import { useMountedContainer, ways } from '../support/mounted.js';
import type { Limits } from '../support/programs.js';

const mounted = useMountedContainer();
const other = mkdtempSync('/dev/shm/dfskit-calls-');
afterAll(() => rmSync(other, { recursive: true, force: true }));
const differential = new Differential(mounted, other);

const alone: Limits = { workers: 1, length: 60, fuse: false };
const together: Limits = { workers: 3, length: 60, fuse: true };

describe('random programs of file calls get from the kernel what they get from', () => {
  it('pil4dfs, in one process', async () => {
    expect(await differential.search('pil4dfs', alone, 1, 300)).toEqual([]);
  });

  it('pil4dfs, in processes that fork, spawn and exec', async () => {
    expect(await differential.search('pil4dfs', together, 2, 300)).toEqual([]);
  });

  it('ioil', async () => {
    expect(await differential.search('ioil', together, 3, 100)).toEqual([]);
  });

  it('dfuse', async () => {
    expect(await differential.search('dfuse', together, 4, 100)).toEqual([]);
  });
});

// Programs that once made a difference, the calls of each as few as show it.
const folder = join(packageRoot, 'test/fuzz/programs');
const kept = readdirSync(folder).map((file) => ({
  name: basename(file, '.calls').replaceAll('-', ' '),
  calls: readFileSync(join(folder, file), 'utf8').trimEnd().split('\n'),
}));

describe('a program that once made a difference', () => {
  it.each(ways)('makes none with %s', async (way) => {
    const programs = kept.filter(({ calls }) => way === 'pil4dfs' || !calls[0]!.startsWith('# pil4dfs'));
    const different = await differential.differences(
      way,
      programs.map(({ calls }) => calls),
    );
    expect([...different].map(([index, what]) => `${programs[index]!.name}: ${what}`)).toEqual([]);
  });
});
