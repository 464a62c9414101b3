import type { Cell, Results, Row } from '../harness/results.js';
import { formatRatio, formatValue, ratio } from '../harness/units.js';
import { wayDescriptions, ways } from '../harness/ways.js';

/** The text of a cell: `1.90 µs ×1.05`; without a ratio in the reference's own column. */
export function cellText(row: Row, cell: Cell, isReference: boolean): string {
  switch (cell.status) {
    case 'none':
    case 'missing':
      return '—';
    case 'failed':
      return 'failed';
    case 'measured':
    case 'mismatch': {
      if (cell.median === null) return cell.status === 'mismatch' ? 'DIFFERS' : '—';
      const parts = [formatValue(cell.median, row.unit)];
      if (cell.ratio !== null && !isReference) parts.push(formatRatio(ratio(cell.ratio)));
      if (cell.status === 'mismatch') parts.push('DIFFERS');
      return parts.join(' ');
    }
  }
}

/** The columns in words, as far as they were measured. */
export function columnNotes(results: Results): string[] {
  return ways
    .filter((way) => results.ways.some((facts) => facts.way === way && facts.available))
    .map((way) => {
      const type = results.machine.fileSystem;
      const options = results.ways.find((facts) => facts.way === way)?.microMount;
      if (way === 'kernel') return `${way}: ${wayDescriptions[way]} (${type})`;
      if (way === 'dfuse' && options !== null && options !== undefined) {
        return `${way}: ${wayDescriptions[way]}; calls with ${options}, programs with the default, caching=coherent`;
      }
      return `${way}: ${wayDescriptions[way]}`;
    });
}

/** How the numbers are to be read. */
export function readingNotes(results: Results): string[] {
  const notes: string[] = [];
  if (results.rows.some((row) => row.group === 'micro')) {
    notes.push(
      'Calls: median of one call, × its ratio to dfs (the median of the ratios round by round). Lower is better for ' +
        'times, higher for GB/s. readdir: per entry; create, open: with close.',
    );
  }
  if (results.rows.some((row) => row.group === 'application')) {
    const tree =
      results.tree === null
        ? ''
        : ` of ${results.tree.files} files, ${(results.tree.bytes / 1e6).toFixed(1)} MB`;
    notes.push(
      `Programs: wall time on a tree${tree}, × its ratio to dfuse. What they printed and left was compared with the ` +
        "kernel's: DIFFERS marks a result that is not the same.",
    );
  }
  return notes;
}

/** One line on the machine. */
export function machineLine(results: Results): string {
  const { machine } = results;
  return [
    `${machine.processors} × ${machine.cpu}`,
    `${(machine.memory / 2 ** 30).toFixed(0)} GiB`,
    machine.kernel,
    `store on ${machine.fileSystem}`,
    `provider ${results.provider}`,
    `dfskit ${machine.dfskit}`,
    results.quick ? 'quick' : 'full',
  ].join(' · ');
}
