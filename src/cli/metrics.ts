import type { Command } from 'commander';
import { columns, print, printJson } from './output.js';

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
      if (counters.note !== '') print(`note: ${counters.note}`);
    });
}
