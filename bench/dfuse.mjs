// dfuse against libfuse's own example of a file system that passes everything through, on the same tmpfs.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Table from 'cli-table3';
import { median, program, root } from './shims.mjs';

const rounds = 7;
const seconds = 0.15;
const workloads = [
  'create',
  'stat',
  'open',
  'readdir',
  'rename',
  'unlink',
  'rand-read-4k',
  'rand-write-4k',
  'seq-read-1m',
  'seq-write-1m',
];

/** What dfuse may be slower than the example, as a ratio of rates. */
const target = 0.9;

/** Options of both that mean the same: names and attributes hold for no time, pages until the file is opened anew. */
const options = { dfuse: ['-o', 'caching=coherent'], passthrough: ['--nocache'] };

function run(file, args, env = {}) {
  return execFileSync(file, args, { encoding: 'utf8', env: { ...process.env, ...env } });
}

/** Nanoseconds of one operation. */
function measure(dir, workload) {
  const args = ['--api', 'posix', '--dir', dir, '--workload', workload, '--seconds', String(seconds), '--json'];
  return JSON.parse(run(program('dfskit-bench'), args).trim().split('\n').at(-1)).latency.median;
}

function compare(scratch, passthrough) {
  const [source, store, ours, theirs] = ['source', 'store', 'dfuse', 'passthrough'].map((name) => {
    const dir = join(scratch, name);
    mkdirSync(dir);
    return dir;
  });
  const env = { DFSKIT_STORE: store };
  const mounted = [];
  try {
    run(join(root, 'bin/dfskit'), ['cont', 'create', 'bench/dfuse'], env);
    run(program('dfuse'), [...options.dfuse, 'bench/dfuse', ours], env);
    mounted.push(ours);
    run(passthrough, [...options.passthrough, source, theirs]);
    mounted.push(theirs);
    return workloads.map((workload) => {
      const times = { ours: [], theirs: [] };
      for (let round = 0; round < rounds; round++) {
        times.ours.push(measure(ours, workload));
        times.theirs.push(measure(theirs, workload));
      }
      return { workload, ns: median(times.ours), passthroughNs: median(times.theirs), times };
    });
  } finally {
    for (const dir of mounted) run('fusermount3', ['-u', dir]);
  }
}

/** @returns the table as text, and all numbers */
export async function dfuse() {
  const passthrough = process.env.DFSKIT_PASSTHROUGH;
  if (!passthrough) {
    throw new Error(
      'name a passthrough file system in DFSKIT_PASSTHROUGH: the example passthrough_hp of libfuse, built from the ' +
        'release of the installed libfuse3 (fusermount3 --version) with its compiler options and -lfuse3',
    );
  }
  const scratch = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'dfskit-bench-'));
  try {
    const results = compare(scratch, passthrough);
    const table = new Table({ head: ['', 'dfuse', 'passthrough', 'rate', `≥ ${target}`], style: { head: [] } });
    for (const { workload, ns, passthroughNs } of results) {
      const rate = passthroughNs / ns;
      const micro = (value) => `${(value / 1000).toFixed(1)} µs`;
      table.push([workload, micro(ns), micro(passthroughNs), rate.toFixed(2), rate >= target ? 'yes' : 'no']);
    }
    return { text: `dfuse against ${passthrough}, medians of ${rounds} rounds\n${table.toString()}`, data: results };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
