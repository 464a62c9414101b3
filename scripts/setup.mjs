#!/usr/bin/env node
// From a fresh clone to a build, skipping what is done already.
// Plain node, no packages: this is the first thing that runs after `git clone`.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { locked } from './lock.mjs';
import { buildPackages, demoPackages, installPackages, longTestPackages, testPackages } from './packages.mjs';
import { digest, stamp, stamped, unstamp } from './stamp.mjs';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const at = (...parts) => join(root, ...parts);
const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;
const say = (line) => process.stderr.write(`setup: ${line}\n`);

/** A step that failed; `output` is what its tool printed. */
class SetupError extends Error {
  constructor(what, remedy, output = '') {
    super(what);
    this.remedy = remedy;
    this.output = output;
  }
}

/** Runs a tool quietly; its output appears only when it fails. */
async function tool(what, command, args, remedy) {
  const since = performance.now();
  say(`${what} …`);
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
  const status = await new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code ?? signal));
  });
  if (status !== 0) throw new SetupError(`${what} failed (${command}: ${status})`, remedy, output);
  say(`${what}: ${seconds(since)}`);
}

/** True when node_modules is what package-lock.json asks for. npm writes the hidden lock file last. */
function modulesAreThere() {
  const read = (path) => JSON.parse(readFileSync(path, 'utf8')).packages;
  try {
    const wanted = read(at('package-lock.json'));
    const present = read(at('node_modules', '.package-lock.json'));
    return Object.entries(wanted).every(
      ([path, { version, optional }]) => path === '' || optional || present[path]?.version === version,
    );
  } catch {
    return false;
  }
}

async function installModules() {
  if (modulesAreThere()) return;
  await tool(
    'npm ci',
    'npm',
    ['ci', '--ignore-scripts', '--no-audit', '--no-fund'],
    'is the package registry reachable? Try `npm ci` by hand',
  );
}

async function compile() {
  const mark = at('dist', '.stamp');
  const value = digest([at('src'), at('tsconfig.json'), at('package-lock.json')]);
  if (stamped(mark, value)) return;
  unstamp(mark);
  await tool(
    'TypeScript',
    process.execPath,
    [at('node_modules/typescript/bin/tsc'), '-p', root],
    'mend the types above',
  );
  chmodSync(at('dist/cli/main.js'), 0o755);
  stamp(mark, value);
}

/** Writes the C that comes from the table of calls. The generator leaves files alone that are up to date. */
async function generate() {
  const generator = at('dist/generate/main.js');
  if (!existsSync(generator)) return;
  const mark = at('native/generated/.stamp');
  const value = digest([at('src/calls'), at('src/generate'), at('tsconfig.json')], [process.version]);
  if (stamped(mark, value)) return;
  unstamp(mark);
  await tool(
    'generator',
    process.execPath,
    [generator, '--out', at('native/generated')],
    'a row of src/calls is wrong, or glibc has a file call that no row names',
  );
  stamp(mark, value);
}

async function build() {
  const mark = at('build/.stamp');
  const value = digest([at('native'), at('CMakeLists.txt'), at('package-lock.json')]);
  if (stamped(mark, value) && existsSync(at('build/lib/dfskit.node'))) return;
  unstamp(mark);
  // Not `cmake-js compile`: that removes the whole build directory when one file does not compile.
  const cmakejs = createRequire(import.meta.url).resolve('cmake-js/bin/cmake-js');
  const flags = [
    '--out',
    at('build'),
    '--config',
    'RelWithDebInfo',
    '--parallel',
    String(availableParallelism()),
  ];
  await tool(
    'native parts',
    process.execPath,
    [cmakejs, 'build', ...flags],
    'mend the error above; if the tree was moved or cmake changed: rm -rf build',
  );
  stamp(mark, value);
}

/** bin/dfskit and node_modules/.bin/dfskit. */
function link() {
  for (const [path, target] of [
    [at('bin/dfskit'), '../scripts/dfskit.sh'],
    [at('node_modules/.bin/dfskit'), '../../scripts/dfskit.sh'],
  ]) {
    mkdirSync(dirname(path), { recursive: true });
    try {
      symlinkSync(target, path);
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
  }
}

/**
 * Makes the checkout ready to run.
 * @param tests also ask for what only the tests need
 * @param long also ask for what only the long tests need
 */
export async function setup({ tests = false, long = false } = {}) {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) throw new SetupError(`Node ${process.version} is too old`, 'install Node 20 or later');
  const packages = [
    ...buildPackages,
    ...demoPackages,
    ...(tests ? testPackages : []),
    ...(long ? longTestPackages : []),
  ];
  const remedy = installPackages(packages, say);
  if (remedy !== undefined) throw new SetupError('Debian packages are missing', remedy);
  await locked(at('build/.setup-lock'), say, async () => {
    await installModules();
    await compile();
    await generate();
    await build();
    link();
  });
}

/** Prints a failed setup: the tool's output, then what failed, then what to do. */
export function report(error) {
  if (!(error instanceof SetupError)) throw error;
  if (error.output !== '') process.stderr.write(`${error.output.trimEnd()}\n`);
  process.stderr.write(`setup: ${error.message}\nsetup: ${error.remedy}\n`);
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await setup({ tests: process.argv.includes('--tests') }).catch(report);
}
