import type { Command } from 'commander';
import { columns, print, printJson } from './output.js';

/** `dfskit calls`: which calls are intercepted. */
export function addCalls(dfskit: Command): void {
  dfskit
    .command('calls')
    .description('list the calls that are known, and what becomes of each')
    .option('--json', 'as a JSON array')
    .action(async ({ json }: { json?: true }) => {
      const { families } = await import('../calls/index.js');
      const calls = families.flatMap(([family, rows]) =>
        rows.map(({ name, nr, pil4dfs, ioil, symbols }) => ({ name, family, nr, pil4dfs, ioil, symbols })),
      );
      if (json) {
        printJson(calls);
        return;
      }
      const rows = calls.map((c) => [
        c.name,
        c.family,
        String(c.nr ?? ''),
        c.pil4dfs,
        c.ioil,
        c.symbols.join(' '),
      ]);
      print(columns(['call', 'family', 'number', 'pil4dfs', 'ioil', 'symbols'], rows));
    });
}
