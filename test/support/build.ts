import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { packageRoot } from '../../src/paths.js';

/** Where the native parts were built. */
export const buildDirectory = process.env['DFSKIT_BUILD'] ?? join(packageRoot, 'build');

/** A built program or library; says how to build when it is missing. */
export function built(part: 'bin' | 'lib', name: string): string {
  const path = join(buildDirectory, part, name);
  if (!existsSync(path))
    throw new Error(`${path} is missing: npm run setup, or name another build in DFSKIT_BUILD`);
  return path;
}

/** Builds a target that the set-up leaves out. One at a time: several files of tests may want the same. */
export function buildTarget(target: string): void {
  const lock = join(buildDirectory, 'target.lock');
  execFileSync('flock', [lock, 'cmake', '--build', buildDirectory, '--target', target], { stdio: 'pipe' });
}

/** Directories of programs: the system's come first, wrappers of version managers last. */
export const programPath = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
].join(delimiter);

/** Where a program of the system is; `undefined` when it is not installed. */
export function program(name: string): string | undefined {
  const directories = ['/usr/bin', '/bin', '/usr/local/bin', ...(process.env['PATH'] ?? '').split(delimiter)];
  return directories.map((dir) => join(dir, name)).find((path) => existsSync(path));
}

/**
 * Compiles a program of test/support, once for a directory.
 * @param directory where the program is put
 * @param sources C files, or a folder of them, relative to test/support
 */
export function compile(directory: string, name: string, sources: string[], flags: string[] = []): string {
  const output = join(directory, name);
  if (existsSync(output)) return output;
  const files = sources.map((source) => join(packageRoot, 'test/support', source)).flatMap(sourceFiles);
  const options = [
    '-D_GNU_SOURCE',
    '-std=gnu11',
    '-O1',
    '-g',
    '-w',
    '-pthread',
    '-I',
    join(packageRoot, 'native/include'),
  ];
  execFileSync(program('gcc') ?? 'cc', [...options, '-o', output, ...files, ...flags], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return output;
}

function sourceFiles(path: string): string[] {
  if (path.endsWith('.c')) return [path];
  return readdirSync(path)
    .filter((file) => file.endsWith('.c'))
    .map((file) => join(path, file));
}

/** A provider made of a file of test/support that replaces functions of the local one: for DFSKIT_PROVIDER_LIB. */
export function providerOver(directory: string, source: string): string {
  const local = [built('lib', 'libdfs_local.so'), `-Wl,-rpath,${join(buildDirectory, 'lib')}`];
  return compile(
    directory,
    source.replace(/\.c$/, '.so'),
    [source],
    ['-shared', '-fPIC', '-Wl,--no-as-needed', ...local],
  );
}

/** A program that makes file calls on request: see test/support/peer/peer.h. */
export function peerProgram(directory: string, api: 'posix' | 'dfs'): string {
  const library =
    api === 'dfs' ? [built('lib', 'libdfs_local.so'), `-Wl,-rpath,${join(buildDirectory, 'lib')}`] : [];
  return compile(directory, `peer-${api}`, ['peer/peer.c', `peer/peer_${api}.c`], library);
}
