import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { finishRow } from '../../src/harness/micro.js';
import { writeResults } from '../../src/harness/results-file.js';
import { emptyCell, hasFailure, type Cell, type Results, type Row } from '../../src/harness/results.js';
import { formatHints, makeWarning, type Warning } from '../../src/harness/warnings.js';
import { ways, type Way } from '../../src/harness/ways.js';
import { chartPoints, ticks } from '../../src/report/chart.js';
import { htmlExporter } from '../../src/report/html.js';
import { jsonExporter } from '../../src/report/json.js';
import { escapeCell, markdownExporter } from '../../src/report/markdown.js';
import { renderTable } from '../../src/report/table.js';

function row(name: string, unit: Row['unit'], samples: Partial<Record<Way, number[]>>): Row {
  const cells = Object.fromEntries(
    ways.map((way) => [
      way,
      { ...emptyCell(samples[way] === undefined ? 'missing' : 'measured'), samples: samples[way] ?? [] },
    ]),
  ) as Record<Way, Cell>;
  const made: Row = {
    group: unit === 's' ? 'application' : 'micro',
    name,
    unit,
    reference: unit === 's' ? 'dfuse' : 'dfs',
    cells,
  };
  finishRow(made);
  return made;
}

function example(): Results {
  return {
    format: 1,
    started: '2025-01-01T00:00:00.000Z',
    finished: null,
    quick: true,
    provider: 'local',
    machine: {
      cpu: 'Example <CPU>',
      processors: 2,
      memory: 8 * 2 ** 30,
      kernel: 'Linux 6.1',
      architecture: 'x64',
      glibc: '2.36',
      node: 'v20',
      dfskit: '0.1.0',
      fileSystem: 'tmpfs',
    },
    tree: { files: 12, bytes: 3.4e6 },
    ways: ways.map((way) => ({
      way,
      available: way !== 'ioil',
      why: way === 'ioil' ? 'libioil.so is missing' : null,
      remedy: way === 'ioil' ? 'build it' : null,
      microMount: way === 'dfuse' ? 'caching=none' : null,
      applicationMount: null,
    })),
    rows: [
      row('stat', 'ns', {
        kernel: [1000, 1000, 1000],
        dfs: [500, 500, 500],
        dfuse: [50_000, 60_000, 70_000],
        pil4dfs: [525, 525, 525],
      }),
      row('seq-read-1m', 'B/s', { dfs: [8e9], pil4dfs: [4e9] }),
      row('tar', 's', { kernel: [0.1], dfuse: [0.4], pil4dfs: [0.2] }),
    ],
    warnings: [
      makeWarning('missing', { way: 'ioil', detail: 'libioil.so | is "missing"', remedy: 'build it' }),
    ],
  };
}

describe('table', () => {
  it('has a row a workload, a column a way, medians with units and ratios', () => {
    const lines = renderTable(example()).split('\n');
    const cells = (name: string): string[] =>
      (lines.find((line) => line.includes(`│ ${name} `)) ?? '')
        .split('│')
        .slice(1, -1)
        .map((text) => text.trim());
    expect(cells('stat')).toEqual(['stat', '1.00 µs ×2.00', '500 ns', '60.0 µs ×120', '—', '525 ns ×1.05']);
    expect(cells('seq-read-1m')).toEqual(['seq-read-1m', '—', '8.00 GB/s', '—', '—', '4.00 GB/s ×0.50']);
    expect(cells('tar')).toEqual(['tar', '100 ms ×0.25', '—', '400 ms', '—', '200 ms ×0.50']);
  });

  it('says that the dfuse column is uncached', () => {
    expect(renderTable(example())).toMatch(/dfuse\*: .*caching=none/);
  });

  it('names what is missing, with the remedy', () => {
    expect(renderTable(example())).toMatch(/warning: ioil: left out: .*missing.*; build it/);
  });

  it('puts warnings of one kind on one line', () => {
    const noisy = (workload: string): Warning =>
      makeWarning('noisy', { workload, way: 'dfs', detail: '30 %' });
    const lines = formatHints([
      noisy('stat'),
      noisy('open'),
      makeWarning('failed', { workload: 'tar', detail: 'EIO' }),
    ]);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/stat dfs 30 %, open dfs 30 %; /);
    expect(lines[1]).toMatch(/^failed: tar EIO; /);
  });

  it('marks a result that differs, and the run has failed', () => {
    const results = example();
    expect(hasFailure(results)).toBe(false);
    const cell = results.rows[2]?.cells.pil4dfs;
    if (cell === undefined) throw new Error('no cell');
    cell.status = 'mismatch';
    expect(renderTable(results)).toContain('DIFFERS');
    expect(markdownExporter.render(results)).toContain('DIFFERS');
    expect(htmlExporter.render(results)).toContain('class="mismatch"');
    expect(hasFailure(results)).toBe(true);
  });
});

describe('JSON', () => {
  it('holds everything', () => {
    expect(JSON.parse(jsonExporter.render(example()))).toEqual(example());
  });
});

describe('HTML', () => {
  const page = htmlExporter.render(example());

  it('needs nothing from outside', () => {
    expect(page).not.toMatch(/<script|<link|@import|url\(|src=|https?:/);
  });

  it('escapes what is not ours', () => {
    expect(page).toContain('Example &lt;CPU&gt;');
    expect(page).not.toContain('<CPU>');
    expect(page).toContain('is &quot;missing&quot;');
  });

  it('has a chart with a dot for every value that has a ratio', () => {
    const dots = page.match(/<circle class="way-\w+" cx="[\d.]+" cy="[\d.]+" r="6">/g) ?? [];
    expect(dots).toHaveLength(chartPoints(example().rows).length);
    expect(dots).toHaveLength(4 + 2 + 3);
    expect(page).not.toContain('NaN');
  });

  it('can be written before there is a row', () => {
    expect(htmlExporter.render({ ...example(), rows: [] })).toContain('</html>');
  });
});

describe('chart', () => {
  it('turns bandwidths over, so that slower is always on the right', () => {
    const point = chartPoints(example().rows).find(
      (each) => each.row === 'seq-read-1m' && each.way === 'pil4dfs',
    );
    expect(point?.factor).toBe(2);
  });

  it('has ticks at powers of two around all values', () => {
    expect(ticks([0.6, 3])).toEqual([0.5, 1, 2, 4]);
    expect(ticks([1])).toEqual([1, 2]);
    expect(ticks([1000])).toEqual([1, 4, 16, 64, 256, 1024]);
    expect(ticks([0.6, 600])).toContain(1);
  });
});

describe('Markdown', () => {
  it('is a table', () => {
    expect(markdownExporter.render(example())).toContain(
      '| stat | 1.00 µs ×2.00 | 500 ns | 60.0 µs ×120 | — | 525 ns ×1.05 |',
    );
  });

  it('keeps a bar or a line break from ending a cell', () => {
    expect(escapeCell('a|b\n c')).toBe('a\\|b c');
  });
});

describe('files of results', () => {
  it('are replaced as a whole', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'dfskit-report-'));
    try {
      const path = join(directory, 'r.json');
      for (const quick of [true, false]) {
        await writeResults({ ...example(), quick }, [{ path, exporter: jsonExporter }]);
        expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ quick });
      }
      expect(readdirSync(directory)).toEqual(['r.json']);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('fail with a remedy when they cannot be written', async () => {
    const file = { path: '/nowhere/at/all.json', exporter: jsonExporter };
    await expect(writeResults(example(), [file])).rejects.toMatchObject({
      code: 'EXPORT',
      remedy: expect.any(String) as string,
    });
  });
});
