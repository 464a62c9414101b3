#!/usr/bin/env node
// Runs the application tests in all ways, and with symbols alone, and writes the table in docs/compatibility.md.
//   node scripts/matrix.mjs                    runs everything, the long tests too
//   node scripts/matrix.mjs --from FILE…       takes vitest's JSON reports, later ones win; --print: to stdout
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { report, root, setup } from './setup.mjs';

const ways = ['dfuse', 'ioil', 'pil4dfs', 'symbols'];
const page = join(root, 'docs/compatibility.md');
const begin = '<!-- matrix: begin -->';
const end = '<!-- matrix: end -->';

/** The first line of a failure that says something of the program, without paths and numbers of this run. */
function reason(messages) {
  const lines = messages.join('\n').split('\n');
  return (lines.find((line) => line.trim() !== '') ?? 'failed')
    .replace(/^\w*Error: /, '')
    .replace(/\|/g, '\\|')
    .slice(0, 200);
}

/** Tests of an application, by the title of their group: how they ended on each way. */
function collect(reports) {
  const programs = new Map();
  const broken = [];
  for (const { testResults } of reports) {
    for (const file of testResults) {
      if (file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'))
        broken.push(`${file.name}: ${reason([file.message])}`);
      for (const { ancestorTitles, title, status, failureMessages } of file.assertionResults) {
        const [, name, way] = /^(.*) \((\w+)\)$/.exec(title) ?? [];
        if (!ways.includes(way)) continue;
        const program = ancestorTitles.join(' ');
        const earlier = programs.get(program) ?? [];
        // A later report replaces what an earlier one said.
        programs.set(
          program,
          earlier.filter((test) => test.name !== name || test.way !== way),
        );
        programs
          .get(program)
          .push({ name, way, status, why: status === 'failed' ? reason(failureMessages) : '' });
      }
    }
  }
  return { programs, broken };
}

function cell(tests) {
  const ran = tests.filter(({ status }) => status === 'passed' || status === 'failed');
  if (ran.length === 0) return '—';
  const passed = ran.filter(({ status }) => status === 'passed').length;
  return passed === ran.length ? `${passed}` : `**${passed} of ${ran.length}**`;
}

/** The table, and below it what fails. */
function markdown({ programs }) {
  const lines = [
    '| program | dfuse | ioil | pil4dfs | pil4dfs, symbols alone |',
    '|---|---|---|---|---|',
    ...[...programs]
      .sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))
      .map(([program, tests]) => {
        const cells = ways.map((way) => cell(tests.filter((test) => test.way === way)));
        return `| ${program} | ${cells.join(' | ')} |`;
      }),
  ];
  const failed = [...programs].flatMap(([program, tests]) =>
    tests.filter(({ status }) => status === 'failed').map((test) => ({ program, ...test })),
  );
  if (failed.length > 0) lines.push('');
  for (const { program, name, way, why } of failed) lines.push(`- ${way}: ${program}, ${name}: ${why}`);
  return lines.join('\n');
}

async function run() {
  await setup({ tests: true, long: true }).catch(report);
  const { $ } = await import('zx');
  const files = [];
  for (const long of ['0', '1']) {
    const file = join(root, 'build', `matrix-${long}.json`);
    await $({
      cwd: root,
      nothrow: true,
      stdio: 'inherit',
      verbose: false,
      env: { ...process.env, DFSKIT_TEST_SYMBOLS: '1', DFSKIT_TEST_LONG: long },
    })`node ${join(root, 'node_modules/vitest/vitest.mjs')} run test/apps --reporter=default --reporter=json --outputFile.json=${file}`;
    files.push(file);
  }
  return files;
}

const args = process.argv.slice(2);
const given = args.includes('--from') ? args.filter((arg) => !arg.startsWith('--')) : undefined;
const results = collect((given ?? (await run())).map((file) => JSON.parse(readFileSync(file, 'utf8'))));
const table = markdown(results);
if (args.includes('--print')) process.stdout.write(`${table}\n`);
else {
  const text = readFileSync(page, 'utf8');
  const [head] = text.split(begin);
  const [, tail] = text.split(end);
  writeFileSync(page, `${head}${begin}\n\n${table}\n\n${end}${tail}`);
}
for (const line of results.broken) process.stderr.write(`${line}\n`);
// What fails with symbols alone is a finding; elsewhere it is a fault.
const faults = [...results.programs.values()]
  .flat()
  .filter(({ way, status }) => status === 'failed' && way !== 'symbols');
process.exitCode = results.broken.length > 0 || faults.length > 0 ? 1 : 0;
