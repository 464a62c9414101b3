// A container of ten million files, and a part of them once more by a process that may have 512 MiB of memory.
// It takes minutes and gigabytes of disk: only as `npm run bench -- scale`. DFSKIT_BENCH_FILES and DFSKIT_BENCH_DIR change that.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const limit = 512 << 20;
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

/** Makes files in a new container. @returns the numbers of every step */
async function grow(files, step, group) {
  const directory = mkdtempSync(join(process.env.DFSKIT_BENCH_DIR ?? tmpdir(), 'dfskit-scale-'));
  const steps = [];
  try {
    const bench = join(process.cwd(), 'build/bin/dfskit-bench-scale');
    // The shell moves itself into the group, and becomes the program.
    const enter = group === undefined ? '' : `echo $$ > ${group}/cgroup.procs && `;
    const child = spawn('sh', ['-c', `${enter}exec nice ${bench} pool/cont ${files} ${step}`], {
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
  }
  return steps;
}

function row({ files, create, createCpu, open, openFirst, stat, statFirst, readdir }) {
  const times = [create, createCpu, open, openFirst, stat, statFirst].map((ns) => `${(ns / 1e3).toFixed(2)} µs`.padStart(12));
  return `  ${(files / 1e6).toFixed(1).padStart(4)} million${times.join('')}${`${readdir.toFixed(1)} ns`.padStart(12)}`;
}

/** Makes the files, and a part of them once more with little memory. @returns lines of text, and its numbers */
export async function scale() {
  const files = Number(process.env.DFSKIT_BENCH_FILES ?? 10_000_000);
  const step = Math.min(1_000_000, files);
  const steps = await grow(files, step, undefined);
  const group = limited();
  let little = [];
  try {
    if (group !== undefined) little = await grow(Math.min(files, 3_000_000), step, group);
  } finally {
    if (group !== undefined) rmdirSync(group);
  }
  const ratio = steps[0].create / steps.at(-1).create;
  const cpu = steps[0].createCpu / steps.at(-1).createCpu;
  const text = [
    'A container that grows: create+close (wall time, processor time), open+close (again, and for the first time: page faults',
    'of the index), stat (again, first), an entry of readdir',
    ...steps.map(row),
    `  create rate of the last step over the first: ×${ratio.toFixed(2)}  target ≥ 0.8${ratio < 0.8 ? '  missed' : ''}; of processor time ×${cpu.toFixed(2)}`,
    group === undefined ? '  with 512 MiB of memory: no control group could be made' : '  with 512 MiB of memory, page cache included',
    ...little.map(row),
  ].join('\n');
  return { text, data: { unit: 'ns', steps, limit, little } };
}
