import { spawn } from 'node:child_process';
import { constants, accessSync, existsSync, statfsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DfskitError } from '../errors.js';
import { preloadLibrary, prependPreload } from '../flavors.js';
import { binPath, libPath } from '../paths.js';
import type { ApplicationPlace } from './applications.js';
import type { CleanUpStack } from './cleanup.js';
import type { DriverOptions } from './driver.js';
import type { WayFacts } from './results.js';
import { ways, type Way } from './ways.js';

/** Room that a comparison needs in memory: below it the disk is used. Bytes. */
const roomInMemory = 1e9;

/** How the ways are to be set up. */
export interface PlacesOptions {
  provider: 'local' | 'daos';
  /** Store of the local provider; a temporary one when not given. */
  store?: string | undefined;
  /** POOL/CONT that exists; a temporary container of the local provider when not given. */
  container?: string | undefined;
  ways: readonly Way[];
  stack: CleanUpStack;
}

/** The ways, set up. */
export interface Places {
  facts: WayFacts[];
  /** Directory whose file system is that of the kernel's column. */
  base: string;
  /** Directory for outputs and input. */
  scratch: string;
  drivers: Map<Way, Pick<DriverOptions, 'api' | 'directory' | 'container' | 'environment' | 'program'>>;
  applications: Map<Way, ApplicationPlace>;
}

function writable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Directory for temporary stores: /dev/shm when it is writable and has room, else that of temporary files. */
export function temporaryBase(): string {
  const memory = '/dev/shm';
  if (!writable(memory)) return tmpdir();
  const { bavail, bsize } = statfsSync(memory);
  return bavail * bsize >= roomInMemory ? memory : tmpdir();
}

function available(way: Way): WayFacts {
  return { way, available: true, why: null, remedy: null, microMount: null, applicationMount: null };
}

function leaveOut(facts: WayFacts, why: string, remedy: string): void {
  facts.available = false;
  facts.why = why;
  facts.remedy = remedy;
}

function leaveOutFor(facts: WayFacts, error: unknown): void {
  if (error instanceof DfskitError) leaveOut(facts, error.message, error.remedy ?? 'see dfskit doctor');
  else leaveOut(facts, error instanceof Error ? error.message : String(error), 'see dfskit doctor');
}

/** Environment of the programs of a way: ours, without a preload that we may have been started with. */
function environmentOf(way: Way, common: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = { ...common, LC_ALL: 'C' };
  delete environment['LD_PRELOAD'];
  const library = way === 'ioil' || way === 'pil4dfs' ? preloadLibrary(way) : undefined;
  if (library !== undefined) environment['LD_PRELOAD'] = prependPreload(library, undefined);
  return environment;
}

/** Creates (also its pool) or destroys a container. */
async function changeContainer(
  change: 'create' | 'destroy',
  options: { program: string; container: string; environment: NodeJS.ProcessEnv },
): Promise<void> {
  const { program, container, environment } = options;
  const child = spawn(program, ['--api', 'dfs', '--cont', container, `--${change}`], {
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaint = '';
  child.stderr.on('data', (data: Buffer) => (complaint += data.toString()));
  const status = await new Promise<string | null>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code === 0 ? null : (signal ?? `exit status ${code}`)));
  });
  if (status === null) return;
  throw new DfskitError({
    code: 'CONTAINER',
    what: `cannot ${change} container ${container}`,
    why: complaint.trim() === '' ? status : complaint.trim(),
    remedy: 'is everything built? npm run setup; dfskit doctor looks at the installation',
  });
}

/** Mounts the container for the ways that need it; the facts of those that cannot be say why. */
async function mountFor(
  all: readonly WayFacts[],
  options: { container: string; dir: string; caching: 'none' | 'coherent'; stack: CleanUpStack },
): Promise<boolean> {
  try {
    // Only when it is needed: without a mount there are still columns to measure.
    const { mount, umount } = await import('../mount/index.js');
    await mkdir(options.dir);
    // Never recursively: should it still be mounted, that would remove the files of the container.
    options.stack.defer(`remove ${options.dir}`, async () => rmdir(options.dir));
    await mount({ container: options.container, dir: options.dir, options: [`caching=${options.caching}`] });
    options.stack.defer(`unmount ${options.dir}`, async () => umount(options.dir));
    return true;
  } catch (error) {
    for (const facts of all) leaveOutFor(facts, error);
    return false;
  }
}

/** Sets up what can be set up: a store, a container, mounts, and a directory of its own for each way. */
export async function setUpPlaces(options: PlacesOptions): Promise<Places> {
  const { stack } = options;
  const scratch = await mkdtemp(join(temporaryBase(), 'dfskit-compare-'));
  stack.defer(`remove ${scratch}`, async () => rm(scratch, { recursive: true, force: true, maxRetries: 3 }));
  const store = options.store ?? join(scratch, 'store');
  await mkdir(store, { recursive: true });
  // The mount's daemon gets its environment from us.
  const before = { store: process.env['DFSKIT_STORE'], provider: process.env['DFSKIT_PROVIDER'] };
  process.env['DFSKIT_STORE'] = store;
  process.env['DFSKIT_PROVIDER'] = options.provider;
  stack.defer('restore the environment', () => {
    restore('DFSKIT_STORE', before.store);
    restore('DFSKIT_PROVIDER', before.provider);
  });

  const program = binPath('dfskit-bench');
  const facts = new Map(ways.map((way) => [way, available(way)]));
  for (const way of ways) {
    const fact = facts.get(way);
    if (fact !== undefined && !options.ways.includes(way))
      leaveOut(fact, 'not asked for', 'name it with --way');
  }
  const wanted = (way: Way): WayFacts[] =>
    [...facts.values()].filter((fact) => fact.way === way && fact.available);
  for (const way of ['ioil', 'pil4dfs'] as const) {
    const library = preloadLibrary(way);
    if (library !== undefined && !existsSync(library)) {
      for (const fact of wanted(way)) leaveOut(fact, `${library} is missing`, 'build it: npm run setup');
    }
  }

  const common: NodeJS.ProcessEnv = { ...process.env };
  const container = options.container ?? `dfskit/compare-${process.pid}`;
  const through = [...wanted('dfs'), ...wanted('dfuse'), ...wanted('ioil'), ...wanted('pil4dfs')];
  let reached = through.length > 0;
  if (reached && options.container === undefined) {
    try {
      if (options.provider === 'local' && !existsSync(libPath('libdfs_local.so'))) {
        throw new DfskitError({
          code: 'NOT_BUILT',
          what: 'cannot use the local provider',
          why: `${libPath('libdfs_local.so')} is missing`,
          remedy: 'build it: npm run setup',
        });
      }
      const environment = environmentOf('dfs', common);
      await changeContainer('create', { program, container, environment });
      // A store of our own goes as a whole.
      if (options.store !== undefined) {
        stack.defer(`destroy container ${container}`, () =>
          changeContainer('destroy', { program, container, environment }),
        );
      }
    } catch (error) {
      reached = false;
      for (const fact of through) leaveOutFor(fact, error);
    }
  }

  const mounts = await mkdtemp(join(tmpdir(), 'dfskit-mounts-'));
  stack.defer(`remove ${mounts}`, async () => rmdir(mounts));
  const uncached = join(mounts, 'uncached');
  const coherent = join(mounts, 'coherent');
  if (reached && wanted('dfuse').length > 0) {
    await mountFor(wanted('dfuse'), { container, dir: uncached, caching: 'none', stack });
  }
  const programs = [...wanted('dfuse'), ...wanted('ioil'), ...wanted('pil4dfs')];
  if (reached && programs.length > 0) {
    await mountFor(programs, { container, dir: coherent, caching: 'coherent', stack });
  }

  const places: Places = {
    facts: [...facts.values()],
    base: store,
    scratch,
    drivers: new Map(),
    applications: new Map(),
  };
  // A name of this run's own: the container may be the user's, and a run before this one may have been killed.
  const own = `dfskit-compare-${process.pid}`;
  if (reached) {
    const top = programs.some((fact) => fact.available) ? join(coherent, own) : undefined;
    if (top !== undefined) {
      stack.defer(`remove ${top}`, async () => rm(top, { recursive: true, force: true, maxRetries: 3 }));
    }
  }
  for (const fact of places.facts) {
    if (!fact.available) continue;
    const { way } = fact;
    const environment = environmentOf(way, common);
    if (way === 'dfs') {
      places.drivers.set(way, { program, api: 'dfs', directory: `/${own}/${way}`, container, environment });
      continue;
    }
    const kernel = join(scratch, 'kernel');
    const micro = way === 'kernel' ? kernel : join(way === 'dfuse' ? uncached : coherent, own, way);
    places.drivers.set(way, { program, api: 'posix', directory: micro, environment });
    const application =
      way === 'kernel' ? join(scratch, 'kernel-programs') : join(coherent, own, `${way}-programs`);
    places.applications.set(way, { directory: application, environment });
    if (way === 'kernel') continue;
    fact.microMount = way === 'dfuse' ? 'caching=none' : 'caching=coherent';
    fact.applicationMount = 'caching=coherent';
  }
  return places;
}

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}
