import { formatRatio, formatValue, higherIsBetter, ratio } from '../harness/units.js';
import type { Results, Row } from '../harness/results.js';
import { ways, type Way } from '../harness/ways.js';
import { escapeHtml } from './escape.js';

const rowHeight = 34;
const labelWidth = 130;
const plotWidth = 640;
const marginTop = 30;
const marginRight = 30;
const dotRadius = 6;

/** A point of the chart: how much longer than the reference the way takes. */
export interface Point {
  way: Way;
  row: string;
  /** Time over the reference's time; 1 is as fast, 2 takes twice as long. */
  factor: number;
  title: string;
}

/** Points of the rows, from ratios; those of bandwidths turned over, so that further right is always slower. */
export function chartPoints(rows: readonly Row[]): Point[] {
  return rows.flatMap((row) =>
    ways.flatMap((way) => {
      const cell = row.cells[way];
      if (cell.ratio === null || cell.median === null || cell.ratio <= 0) return [];
      const factor = higherIsBetter(row.unit) ? 1 / cell.ratio : cell.ratio;
      const title = `${row.name}, ${way}: ${formatValue(cell.median, row.unit)} (${formatRatio(ratio(cell.ratio))})`;
      return [{ way, row: row.name, factor, title }];
    }),
  );
}

/** Powers of two (of four, where that would be many) from below the smallest to above the largest factor and 1. */
export function ticks(factors: readonly number[]): number[] {
  const low = Math.floor(Math.log2(Math.min(1, ...factors)));
  const high = Math.max(low + 1, Math.ceil(Math.log2(Math.max(1, ...factors))));
  const step = high - low > 8 ? 2 : 1;
  const all: number[] = [];
  for (let power = Math.floor(low / step); power <= Math.ceil(high / step); power++)
    all.push(2 ** (power * step));
  return all;
}

function tickLabel(value: number): string {
  return value < 1 ? `1/${1 / value}` : `${value}×`;
}

/** One row a workload, one dot a way, on a logarithmic axis of time relative to the reference. Plain SVG, no scripts. */
export function renderChart(rows: readonly Row[], title: string): string {
  const points = chartPoints(rows);
  if (points.length === 0) return '';
  const marks = ticks(points.map((point) => point.factor));
  const first = Math.log2(marks[0] ?? 1);
  const last = Math.log2(marks[marks.length - 1] ?? 2);
  const x = (factor: number): string =>
    (labelWidth + ((Math.log2(factor) - first) / (last - first)) * plotWidth).toFixed(1);
  const names = rows.map((row) => row.name);
  const y = (name: string): number => marginTop + names.indexOf(name) * rowHeight + rowHeight / 2;
  const height = marginTop + rows.length * rowHeight + 8;
  const width = labelWidth + plotWidth + marginRight;
  const lines: string[] = [];
  for (const mark of marks) {
    const style = mark === 1 ? 'one' : 'grid';
    lines.push(
      `<line class="${style}" x1="${x(mark)}" x2="${x(mark)}" y1="${marginTop}" y2="${height - 8}"/>`,
    );
    lines.push(`<text class="tick" x="${x(mark)}" y="${marginTop - 8}">${tickLabel(mark)}</text>`);
  }
  for (const name of names) {
    lines.push(`<text class="name" x="${labelWidth - 18}" y="${y(name) + 4}">${escapeHtml(name)}</text>`);
    lines.push(
      `<line class="row" x1="${labelWidth}" x2="${labelWidth + plotWidth}" y1="${y(name)}" y2="${y(name)}"/>`,
    );
  }
  for (const point of points) {
    lines.push(
      `<circle class="way-${point.way}" cx="${x(point.factor)}" cy="${y(point.row)}" r="${dotRadius}">` +
        `<title>${escapeHtml(point.title)}</title></circle>`,
    );
  }
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(title)}">\n${lines.join('\n')}\n</svg>`;
}

/** The ways that have a point, as the legend. */
export function renderLegend(results: Results): string {
  const present = ways.filter((way) => results.rows.some((row) => row.cells[way].median !== null));
  const items = present.map(
    (way) =>
      `<span><svg viewBox="0 0 12 12"><circle class="way-${way}" cx="6" cy="6" r="5"/></svg>${way}</span>`,
  );
  return `<p class="legend">${items.join(' ')}</p>`;
}
