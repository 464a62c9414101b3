import { mkdirSync, realpathSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatError } from '../errors.js';
import { renderTable } from '../report/table.js';
import { compare } from './compare.js';
import { hasFailure } from './results.js';

/**
 * Compares the ways with a temporary store, prints one table and writes the results to `directory`/.
 * @returns exit status: 1 when a result differed or something failed
 */
export async function demo(directory: string): Promise<number> {
  mkdirSync(directory, { recursive: true });
  const path = (name: string): string => join(directory, name);
  const results = await compare({
    quick: true,
    exportJson: path('compare.json'),
    exportHtml: path('compare.html'),
    exportMarkdown: path('compare.md'),
  });
  process.stdout.write(`${renderTable(results)}\n`);
  const shown = relative(process.cwd(), directory);
  process.stdout.write(
    `\nWritten: ${['json', 'html', 'md'].map((end) => join(shown, `compare.${end}`)).join(', ')}\n`,
  );
  return hasFailure(results) ? 1 : 0;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    process.exitCode = await demo(join(process.cwd(), 'results'));
  } catch (error) {
    process.stderr.write(`${formatError(error)}\n`);
    process.exitCode = 1;
  }
}
