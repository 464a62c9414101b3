// The local provider against the kernel's file system that its store lies on: in memory, and on the disk.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from 'simple-statistics';
import { connect, createContainer } from '../dist/dfs/index.js';
import { Driver } from './driver.mjs';

const placements = 5;
const rounds = 5; // in each

/** A ratio is dfs over the kernel: of times, or (bandwidth) of rates. */
const inMemory = [
  { name: 'rand-read-4k', ops: 20_000, target: 1.0 },
  { name: 'rand-write-4k', ops: 20_000, target: 1.1 },
  { name: 'seq-read-1m', ops: 128, target: 1.0, rate: true },
  { name: 'seq-write-1m', ops: 128, target: 1.0, rate: true },
  { name: 'stat', ops: 20_000, target: 1.0 },
  { name: 'open', ops: 20_000, target: 1.2 },
  { name: 'create', ops: 4000, target: 2.0 },
  { name: 'small-file', ops: 2000, target: 2.0 },
  { name: 'rename', ops: 4000 },
  { name: 'unlink', ops: 4000, target: 2.0 },
  { name: 'readdir', ops: 100_000, files: 100_000, target: 1.0 },
];
const onDisk = [
  { name: 'create', ops: 4000, target: 1.0 },
  { name: 'small-file', ops: 2000, target: 1.0 },
  { name: 'rename', ops: 4000 },
  { name: 'unlink', ops: 4000 },
];
/** Throughput of two processes over that of one. */
const scaling = [
  { name: 'rand-read-4k', ops: 100_000, target: 1.6 },
  { name: 'stat', ops: 100_000, target: 1.6 },
  { name: 'create', ops: 20_000, target: 1.0 },
];

/** A driver on the container or, beside the store, on the kernel's file system. */
function driver(directory, api, number, files = 2000) {
  const place = api === 'dfs' ? ['--cont', 'pool/cont', '--dir', `/bench${number}`] : ['--dir', join(directory, `kernel${number}`)];
  return new Driver(['--api', api, ...place, '--files', String(files)], { DFSKIT_STORE: join(directory, 'store') });
}

/** The kernel and dfs take turns, each first equally often. Where the files and buffers of a driver lie in memory changes
 * what it costs to copy, for as long as it lives: there are several. */
async function against(directory, workload) {
  const results = { kernel: [], dfs: [] };
  for (let placement = 0; placement < placements; placement++) {
    const ways = { kernel: driver(directory, 'posix', 0, workload.files), dfs: driver(directory, 'dfs', 0, workload.files) };
    try {
      for (const way of ['kernel', 'dfs']) await ways[way].round(workload); // warm
      for (let i = 0; i < rounds; i++)
        for (const way of (i + placement) % 2 === 0 ? ['kernel', 'dfs'] : ['dfs', 'kernel'])
          results[way].push(await ways[way].round(workload));
    } finally {
      await Promise.all([ways.kernel.end(), ways.dfs.end()]);
    }
  }
  const value = ({ ns, rate }) => (workload.rate === true ? rate : ns);
  const ratio = median(results.dfs.map((round, i) => value(round) / value(results.kernel[i])));
  return { ...workload, kernel: median(results.kernel.map(value)), dfs: median(results.dfs.map(value)), ratio };
}

/** Throughput of two processes over that of one: of dfs, and of the kernel on the same machine at the same time. */
async function together(directory, workload) {
  return { ...workload, ratio: await pair(directory, workload, 'dfs'), reference: await pair(directory, workload, 'posix') };
}

async function pair(directory, workload, api) {
  const drivers = [driver(directory, api, 1), driver(directory, api, 2)];
  const ratios = [];
  try {
    for (const driver of drivers) await driver.round(workload);
    for (let i = 0; i < 7; i++) {
      const alone = await drivers[i % 2].round(workload);
      const both = await Promise.all(drivers.map((driver) => driver.round(workload)));
      ratios.push((both[0].rate + both[1].rate) / alone.rate);
    }
  } finally {
    await Promise.all(drivers.map((driver) => driver.end()));
  }
  return median(ratios);
}

/** Taking a snapshot of a container with few files, and of one with many and with large ones: it copies nothing. */
async function snapshotCost() {
  const sizes = { small: { files: 10, bytes: 4096 }, large: { files: 20_000, bytes: 1 << 29 } };
  const open = {};
  for (const [name, { files, bytes }] of Object.entries(sizes)) {
    await createContainer(`pool/${name}`);
    const fs = (open[name] = await connect(`pool/${name}`));
    for (let i = 0; i < files; i += 500)
      await Promise.all(Array.from({ length: Math.min(500, files - i) }, (_, n) => fs.writeFile(`/${i + n}`, 'x')));
    const file = await fs.open('/data', { create: true });
    const chunk = Buffer.alloc(Math.min(bytes, 8 << 20), 1);
    for (let at = 0; at < bytes; at += chunk.length) await file.write(chunk, at);
  }
  const times = { small: [], large: [] };
  for (let i = 0; i < 200; i++) {
    for (const name of i % 2 === 0 ? ['small', 'large'] : ['large', 'small']) {
      const begin = process.hrtime.bigint();
      const epoch = await open[name].createSnapshot();
      times[name].push(Number(process.hrtime.bigint() - begin));
      await open[name].destroySnapshot(epoch);
    }
  }
  for (const fs of Object.values(open)) await fs.close();
  const ratio = median(times.large.map((time, i) => time / times.small[i]));
  // A transaction writes one page a level of the tree, and a larger tree has a level or two more.
  return { name: 'take', kernel: median(times.small), dfs: median(times.large), ratio, target: 2.0 };
}

function verdict({ ratio, target, rate, processes }) {
  if (target === undefined) return '';
  const more = rate === true || processes === true;
  const held = more ? ratio >= target : ratio <= target;
  return `target ${more ? '≥' : '≤'} ${target.toFixed(1)}${held ? '' : '  missed'}`;
}

function row(result) {
  const unit = (value) =>
    (result.rate === true ? `${((value * (1 << 20)) / 1e9).toFixed(2)} GB/s` : `${(value / 1e3).toFixed(3)} µs`).padStart(11);
  const reference = result.reference === undefined ? '' : `kernel ×${result.reference.toFixed(2)}`;
  const values = result.kernel === undefined ? reference.padStart(22) : `${unit(result.kernel)}${unit(result.dfs)}`;
  return `  ${result.name.padEnd(14)}${values}   ×${result.ratio.toFixed(2)}  ${verdict(result)}`.trimEnd();
}

async function place(base, workloads, processes, snapshots = false) {
  const directory = mkdtempSync(join(base, 'dfskit-bench-'));
  try {
    mkdirSync(join(directory, 'store'));
    process.env.DFSKIT_STORE = join(directory, 'store');
    await createContainer('pool/cont');
    const results = [];
    for (const workload of workloads) results.push(await against(directory, workload));
    const scaled = [];
    for (const workload of processes) scaled.push({ ...(await together(directory, workload)), processes: true });
    return { results, scaled, ...(snapshots ? { snapshots: await snapshotCost() } : {}) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Runs the comparison. @returns lines of text, and its numbers */
export async function provider() {
  const memory = await place(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), inMemory, scaling, true);
  const disk = await place(tmpdir(), onDisk, []);
  const text = [
    `The local provider over the kernel, medians of ${placements * rounds} rounds in turn; store in memory: kernel, dfs, ratio`,
    ...memory.results.map(row),
    '  two processes, throughput over that of one',
    ...memory.scaled.map(row),
    '  snapshots of 10 files, of 20,000 and 512 MiB, ratio',
    row(memory.snapshots),
    `  store in ${tmpdir()}`,
    ...disk.results.map(row),
  ].join('\n');
  return { text, data: { memory, disk } };
}
