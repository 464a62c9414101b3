import type { Command } from 'commander';
import { leftOut, type LeftOut } from '../interpreter.js';
import { columns, print, printJson } from './output.js';

/** What programs without a shim are. */
const names: Record<LeftOut, string> = {
  static: 'linked statically',
  privileged: 'with rights of another user or group',
  machine: 'not for x86-64',
  libc: 'of another libc (musl)',
};

/** `dfskit metrics`: what the shims of a job counted. */
export function addMetrics(dfskit: Command): void {
  dfskit
    .command('metrics')
    .argument('<FILE>', 'counters file of `dfskit run --report FILE`')
    .description('print what was intercepted, also while the job runs')
    .option('--all', 'calls that were never made, too')
    .option('--json', 'as a JSON object')
    .action(async (file: string, { all, json }: { all?: true; json?: true }) => {
      const { readCounters } = await import('../telemetry/counters.js');
      const counters = readCounters(file);
      const calls = counters.calls.filter((call) => all || call.taken + call.fallback + call.failed > 0n);
      if (json) {
        printJson({ ...counters, calls });
        return;
      }
      const sum = (pick: 'taken' | 'fallback' | 'failed'): bigint =>
        calls.reduce((n, call) => n + call[pick], 0n);
      const rows = calls
        .sort((a, b) => Number(b.taken + b.fallback - a.taken - a.fallback))
        .map(({ name, taken, fallback, failed }) => [name, taken, fallback, failed]);
      print(
        columns(
          ['call', 'taken', 'fallback', 'failed'],
          [...rows, ['all', sum('taken'), sum('fallback'), sum('failed')]],
        ),
      );
      print(`bytes read ${counters.bytesRead}, written ${counters.bytesWritten}`);
      const without = leftOut.filter((kind) => counters.leftOut[kind] > 0n);
      if (without.length > 0)
        print(
          `not intercepted: ${without.map((kind) => `${counters.leftOut[kind]} ${names[kind]}`).join(', ')}`,
        );
      if (counters.note !== '') print(`note: ${counters.note}`);
    });
}
