// libioil against the kernel's page cache: files that were read before, on a mount whose daemon may keep them there.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Table from 'cli-table3';
import { Driver } from './driver.mjs';
import { median, program, root } from './shims.mjs';

const rounds = 15;

/** A ratio is the time through libioil over that through the page cache. */
const workloads = [
  { name: 'stream-4k', what: 'stdio, 4 KiB at a time', ops: 16_384, target: 1.0 },
  { name: 'rand-read-4k', what: '4 KiB at random', ops: 30_000, target: 1.5 },
  { name: 'seq-read-1m', what: '1 MiB in order', ops: 128, target: 1.5 },
];

async function measure(mount, workload) {
  const drivers = ['cached', 'ioil'].map(
    (way) =>
      new Driver(
        ['--api', 'posix', '--dir', join(mount, way)],
        way === 'ioil' ? { LD_PRELOAD: join(root, 'build/lib/libioil.so') } : {},
      ),
  );
  const times = [[], []];
  try {
    for (const driver of drivers) for (let i = 0; i < 2; i++) await driver.round(workload); // into the page cache
    for (let i = 0; i < rounds; i++)
      for (const at of i % 2 === 0 ? [0, 1] : [1, 0]) {
        const { seconds, ops } = await drivers[at].round(workload);
        times[at].push((seconds / ops) * 1e9);
      }
  } finally {
    await Promise.all(drivers.map((driver) => driver.end()));
  }
  const [cached, ioil] = times;
  return { ...workload, cached: median(cached), ioil: median(ioil), ratio: median(ioil.map((ns, i) => ns / cached[i])) };
}

/** @returns the table as text, and all numbers */
export async function reread() {
  const scratch = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'dfskit-bench-'));
  const env = { ...process.env, DFSKIT_STORE: join(scratch, 'store') };
  const mount = join(scratch, 'mount');
  mkdirSync(mount);
  try {
    execFileSync(join(root, 'bin/dfskit'), ['cont', 'create', 'bench/reread'], { env });
    execFileSync(program('dfuse'), ['-o', 'caching=cached', 'bench/reread', mount], { env });
    try {
      const results = [];
      for (const workload of workloads) results.push(await measure(mount, workload));
      const table = new Table({ head: ['', 'page cache', 'ioil', 'ratio', 'target'], style: { head: [] } });
      const micro = (ns) => `${(ns / 1000).toFixed(2)} µs`;
      for (const { what, cached, ioil, ratio, target } of results)
        table.push([what, micro(cached), micro(ioil), `×${ratio.toFixed(2)}`, `≤ ${target.toFixed(1)}${ratio <= target ? '' : '  missed'}`]);
      return { text: `Files that were read before, medians of ${rounds} rounds in turn\n${table.toString()}`, data: results };
    } finally {
      execFileSync('fusermount3', ['-u', mount]);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
