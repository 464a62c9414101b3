import type { Command } from 'commander';
import { columns, print, printJson } from './output.js';

/** `dfskit calls`: which calls are intercepted. */
export function addCalls(dfskit: Command): void {
  dfskit
    .command('calls')
    .description('list the calls that are known, and what becomes of each')
    .option('--json', 'as a JSON array')
    .action(async ({ json }: { json?: true }) => {
      const { listCalls } = await import('../calls/index.js');
      const calls = listCalls();
      if (json) {
        printJson(calls);
        return;
      }
      const rows = calls.map(({ name, family, nr, pil4dfs, ioil, aliases, note }) => {
        const remarks = [aliases.length > 0 ? `also ${aliases.join(' ')}` : '', note ?? ''];
        return [name, family, String(nr ?? ''), pil4dfs, ioil, remarks.filter(Boolean).join('; ')];
      });
      print(columns(['call', 'family', 'number', 'pil4dfs', 'ioil', 'remarks'], rows));
    });
}
