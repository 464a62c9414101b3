import Table from 'cli-table3';
import type { Results, Row } from '../harness/results.js';
import { formatHints } from '../harness/warnings.js';
import { ways } from '../harness/ways.js';
import { cellText, columnNotes, machineLine, readingNotes } from './legend.js';

function rowTexts(row: Row): string[] {
  return ways.map((way) => cellText(row, row.cells[way], way === row.reference));
}

/** Heading of the column: the uncached mount of the micro rows is no default, so its name says it. */
function heading(results: Results): string[] {
  const dfuse = results.ways.find((facts) => facts.way === 'dfuse');
  return ways.map((way) => (way === 'dfuse' && dfuse?.microMount === 'caching=none' ? 'dfuse*' : way));
}

/** The comparison for a terminal: one table, what its columns are, and what to mind. */
export function renderTable(results: Results): string {
  const table = new Table({
    head: ['', ...heading(results)],
    // No colours: the same text for a terminal and a pipe.
    style: { head: [], border: [], compact: true },
    colAligns: ['left', ...ways.map(() => 'right' as const)],
  });
  let group: Row['group'] | undefined;
  for (const row of results.rows) {
    if (row.group !== group) {
      group = row.group;
      const title = group === 'micro' ? 'calls' : 'programs';
      table.push([{ content: title, colSpan: ways.length + 1, hAlign: 'left' }]);
    }
    table.push([row.name, ...rowTexts(row)]);
  }
  const notes = columnNotes(results).map(
    (note) => `  ${note.startsWith('dfuse:') ? note.replace('dfuse:', 'dfuse*:') : note}`,
  );
  return [
    machineLine(results),
    table.toString(),
    ...notes,
    ...readingNotes(results).map((note) => `  ${note}`),
    ...formatHints(results.warnings).map((hint) => `warning: ${hint}`),
  ].join('\n');
}
