import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { buildDirectory } from '../support/build.js';
import { Differential } from '../support/differential.js';
import { useMountedContainer, type Way } from '../support/mounted.js';

const mounted = useMountedContainer();
const other = mkdtempSync('/dev/shm/dfskit-calls-');
afterAll(() => rmSync(other, { recursive: true, force: true }));

/** Where to begin: another number tries other programs. */
const first = Number(process.env['DFSKIT_FUZZ_SEED'] ?? 1000);
/** What differed is kept here, with its seed, for when the output of the test is gone. */
const failures = join(buildDirectory, 'fuzz-failures');

// A million calls in all.
it.each<[Way, number, number]>([
  ['pil4dfs', 1, 500_000],
  ['pil4dfs', 3, 300_000],
  ['ioil', 3, 100_000],
  ['dfuse', 3, 100_000],
])(
  '%s with up to %i processes answers as the kernel',
  { timeout: 3_600_000 },
  async (way, workers, calls) => {
    const differential = new Differential(mounted, other);
    const limits = { workers, length: 100, fuse: way !== 'pil4dfs' || workers > 1 };
    const found: string[] = [];
    for (let seed = first; differential.calls < calls; seed++) {
      for (const difference of await differential.search(way, limits, seed, 200)) {
        found.push(difference);
        mkdirSync(failures, { recursive: true });
        writeFileSync(join(failures, `${way}-${workers}-${seed}.txt`), difference);
      }
    }
    expect(found).toEqual([]);
  },
);
