import type { Results, Row } from '../harness/results.js';
import { formatHints } from '../harness/warnings.js';
import { ways } from '../harness/ways.js';
import type { Exporter } from './exporter.js';
import { cellText, columnNotes, machineLine, readingNotes } from './legend.js';

/** A bar would end the cell, a line break the row. */
export function escapeCell(text: string): string {
  return text.replace(/\|/g, '\\|').replace(/\s*\n\s*/g, ' ');
}

function section(results: Results, title: string, group: Row['group']): string[] {
  const rows = results.rows.filter((row) => row.group === group);
  if (rows.length === 0) return [];
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeCell).join(' | ')} |`;
  return [
    `## ${title}`,
    '',
    line(['', ...ways]),
    `|---|${ways.map(() => '---:|').join('')}`,
    ...rows.map((row) =>
      line([row.name, ...ways.map((way) => cellText(row, row.cells[way], way === row.reference))]),
    ),
    '',
  ];
}

/** The table for a README or a report. */
export const markdownExporter: Exporter = {
  format: 'markdown',
  render: (results) =>
    [
      '# dfskit compare',
      '',
      machineLine(results),
      '',
      ...section(results, 'Calls', 'micro'),
      ...section(results, 'Programs', 'application'),
      ...columnNotes(results).map((note) => `- ${note}`),
      ...readingNotes(results).map((note) => `- ${note}`),
      '',
      ...(results.warnings.length > 0 ? ['## Warnings', ''] : []),
      ...formatHints(results.warnings).map((hint) => `- ${escapeCell(hint)}`),
    ]
      .join('\n')
      .trimEnd() + '\n',
};
