// A container of ten million files, made by a process that may have 512 MiB of memory (page cache included). Not a part
// of `npm run bench` alone: it takes some minutes and several gigabytes of disk. DFSKIT_BENCH_FILES, DFSKIT_BENCH_DIR.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const limit = 512 << 20;
const step = 1_000_000;

/** A control group with the limit: its files for the limit and for the processes in it. */
function limited() {
  const name = `dfskit-bench-${process.pid}`;
  const kinds = [
    { root: '/sys/fs/cgroup/memory', file: 'memory.limit_in_bytes' }, // version 1
    { root: '/sys/fs/cgroup', file: 'memory.max' }, // version 2
  ];
  for (const { root, file } of kinds) {
    const directory = join(root, name);
    try {
      if (!existsSync(join(root, 'cgroup.procs'))) continue;
      mkdirSync(directory);
      writeFileSync(join(directory, file), String(limit));
      return directory;
    } catch {
      if (existsSync(directory)) rmdirSync(directory);
    }
  }
  return undefined;
}

/** Makes the files. @returns lines of text, and the numbers of every million */
export async function scale() {
  const files = Number(process.env.DFSKIT_BENCH_FILES ?? 10 * step);
  const directory = mkdtempSync(join(process.env.DFSKIT_BENCH_DIR ?? tmpdir(), 'dfskit-scale-'));
  const group = limited();
  const steps = [];
  try {
    const bench = join(process.cwd(), 'build/bin/dfskit-bench-scale');
    // The shell moves itself into the group, and becomes the program.
    const enter = group === undefined ? '' : `echo $$ > ${group}/cgroup.procs && `;
    const child = spawn('sh', ['-c', `${enter}exec nice ${bench} pool/cont ${files} ${Math.min(step, files)}`], {
      env: { ...process.env, DFSKIT_STORE: join(directory, 'store') },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise((resolve) => child.on('close', resolve));
    for await (const line of createInterface(child.stdout)) {
      steps.push(JSON.parse(line));
      process.stderr.write(`scale: ${line}\n`);
    }
    const status = await ended;
    if (status !== 0) throw new Error(`dfskit-bench-scale ended with ${status}`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
    if (group !== undefined) rmdirSync(group);
  }
  const [first] = steps;
  const last = steps.at(-1);
  const row = ({ files: n, create, open, stat, readdir }) =>
    `  ${(n / 1e6).toFixed(0).padStart(3)} million${[create, open, stat].map((ns) => `${(ns / 1e3).toFixed(2)} µs`.padStart(12)).join('')}${`${readdir.toFixed(1)} ns`.padStart(12)}`;
  const text = [
    `A container that grows, ${group === undefined ? 'memory not limited (no control group could be made)' : 'with 512 MiB of memory'}: create+close, open+close, stat, an entry of readdir`,
    ...steps.map(row),
    `  create rate of the last million over the first: ×${(first.create / last.create).toFixed(2)}; target ≥ 0.80`,
  ].join('\n');
  return { text, data: { unit: 'ns', limit: group === undefined ? null : limit, steps } };
}
