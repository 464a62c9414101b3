import type { Results, Row } from '../harness/results.js';
import { formatHints } from '../harness/warnings.js';
import { ways } from '../harness/ways.js';
import { renderChart, renderLegend } from './chart.js';
import { escapeHtml } from './escape.js';
import type { Exporter } from './exporter.js';
import { cellText, columnNotes, machineLine, readingNotes } from './legend.js';

/* Okabe and Ito's colours, which colour-blind readers can tell apart. */
const style = `
:root { color-scheme: light dark; --ink: #1d2430; --paper: #fff; --faint: #d9dee6; --soft: #f4f6f9; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e8ef; --paper: #14181f; --faint: #384252; --soft: #1d232d; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 60em; margin: 2em auto;
  padding: 0 1em; }
h1 { font-size: 1.5em; margin-bottom: 0; } h2 { font-size: 1.15em; margin-top: 2em; }
.machine, li, .axis { color: var(--ink); opacity: .8; font-size: .9em; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .35em .6em; text-align: right; border-bottom: 1px solid var(--faint); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } thead th { background: var(--soft); }
td.mismatch, td.failed { color: #fff; background: #b3261e; }
.scroll { overflow-x: auto; }
svg { width: 100%; height: auto; } svg text { fill: var(--ink); font-size: 13px; }
.tick { text-anchor: middle; } .name { text-anchor: end; }
.grid, .row { stroke: var(--faint); } .one { stroke: var(--ink); stroke-width: 1.5; }
circle { stroke: var(--paper); stroke-width: 1; }
.way-kernel { fill: #7f8792; } .way-dfs { fill: #0072b2; } .way-dfuse { fill: #d55e00; } .way-ioil { fill: #e69f00; }
.way-pil4dfs { fill: #009e73; }
.legend span { margin-right: 1.2em; } .legend svg { width: .8em; height: .8em; margin-right: .4em; }
`;

function tableOf(rows: readonly Row[]): string {
  const body = rows.map((row) => {
    const cells = ways.map((way) => {
      const cell = row.cells[way];
      const note = cell.note === null ? '' : ` title="${escapeHtml(cell.note)}"`;
      return `<td class="${cell.status}"${note}>${escapeHtml(cellText(row, cell, way === row.reference))}</td>`;
    });
    return `<tr><td>${escapeHtml(row.name)}</td>${cells.join('')}</tr>`;
  });
  const head = `<tr><th></th>${ways.map((way) => `<th>${way}</th>`).join('')}</tr>`;
  return `<div class="scroll"><table><thead>${head}</thead><tbody>\n${body.join('\n')}\n</tbody></table></div>`;
}

function section(results: Results, title: string, group: Row['group']): string {
  const rows = results.rows.filter((row) => row.group === group);
  const reference = rows[0]?.reference;
  if (reference === undefined) return '';
  const axis = `Time relative to ${reference}, logarithmic: left is faster, right is slower.`;
  return `<h2>${title}</h2>\n${renderLegend(results)}\n<p class="axis">${axis}</p>\n${renderChart(rows, `${title}: ${axis}`)}\n${tableOf(rows)}`;
}

function list(lines: readonly string[]): string {
  return lines.length === 0
    ? ''
    : `<ul>\n${lines.map((line) => `<li>${escapeHtml(line)}</li>`).join('\n')}\n</ul>`;
}

/** A page that needs nothing but itself: styles and charts are in it, no scripts, nothing from the network. */
export const htmlExporter: Exporter = {
  format: 'html',
  render: (results) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>dfskit compare</title>
<style>${style}</style>
</head>
<body>
<h1>The ways to the same files, side by side</h1>
<p class="machine">${escapeHtml(machineLine(results))}<br>${escapeHtml(results.started)}${results.finished === null ? ' (not finished)' : ''}</p>
${section(results, 'Calls', 'micro')}
${section(results, 'Programs', 'application')}
<h2>How to read it</h2>
${list([...columnNotes(results), ...readingNotes(results)])}
${results.warnings.length === 0 ? '' : `<h2>Warnings</h2>\n${list(formatHints(results.warnings))}`}
</body>
</html>
`,
};
