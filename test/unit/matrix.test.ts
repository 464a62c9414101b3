import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { packageRoot } from '../../src/paths.js';

const directory = mkdtempSync(join(tmpdir(), 'dfskit-matrix-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** What the script makes of reports of one program; each test is [title, status]. */
function matrix(...reports: [string, string][][]): { status: number | null; stdout: string } {
  const files = reports.map((tests, i) => {
    const file = join(directory, `${i}.json`);
    const assertionResults = tests.map(([title, status]) => {
      const failureMessages = status === 'failed' ? ['Error: it | broke\n    at x.ts'] : [];
      return { ancestorTitles: ['cat'], title, status, failureMessages };
    });
    writeFileSync(file, JSON.stringify({ testResults: [{ name: 'f', status: 'passed', assertionResults }] }));
    return file;
  });
  const script = join(packageRoot, 'scripts/matrix.mjs');
  return spawnSync(process.execPath, [script, '--print', '--from', ...files], { encoding: 'utf8' });
}

const all = (status: Record<string, string>): [string, string][] =>
  Object.entries(status).map(([way, how]) => [`reads (${way})`, how]);

it('counts what passed on each way, and says what failed', () => {
  const { status, stdout } = matrix([
    ...all({ dfuse: 'passed', ioil: 'pending', pil4dfs: 'passed', symbols: 'failed' }),
    ['writes (pil4dfs)', 'passed'],
    ['is no comparison', 'failed'],
  ]);
  expect(stdout).toContain('| cat | 1 | — | 2 | **0 of 1** |\n');
  expect(stdout).toContain('- symbols: cat, reads: it \\| broke\n');
  expect(status).toBe(0);
});

it('fails for a way that must not, and lets a later report replace an earlier one', () => {
  const failed = all({ dfuse: 'passed', pil4dfs: 'failed' });
  expect(matrix(failed).status).toBe(1);
  const { status, stdout } = matrix(failed, all({ pil4dfs: 'passed' }));
  expect({ status, stdout }).toMatchObject({ status: 0 });
  expect(stdout).toContain('| cat | 1 | — | 1 | — |');
});

it('docs/compatibility.md has a row for every program that is tested, and none that fails', () => {
  const page = readFileSync(join(packageRoot, 'docs/compatibility.md'), 'utf8');
  const folder = join(packageRoot, 'test/apps');
  for (const file of readdirSync(folder)) {
    const titles = readFileSync(join(folder, file), 'utf8').matchAll(
      /^describe(?:\.\w+\([^)]*\))?\('([^']+)'/gm,
    );
    for (const [, title] of titles) expect(page).toMatch(new RegExp(`^\\| ${title ?? ''} +\\|`, 'm'));
  }
  const rows = page.split('\n').filter((line) => /^\| .* \| *[\d—*]/.test(line));
  expect(rows.length).toBeGreaterThan(15);
  for (const row of rows) expect(row.split('|').slice(2, 5).join('')).not.toContain('**');
});
