import { constants, accessSync, existsSync, statfsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { connect, createContainer, destroyContainer, type FileSystem } from '../dfs/index.js';
import { DfskitError } from '../errors.js';
import { preloadLibrary, prependPreload } from '../flavors.js';
import { mount, type Caching, type Mounted } from '../mount/index.js';
import { binPath, libPath } from '../paths.js';
import type { ApplicationPlace } from './applications.js';
import type { CleanUpStack } from './cleanup.js';
import type { DriverOptions } from './driver.js';
import type { WayFacts } from './results.js';
import { ways, type Way } from './ways.js';

/** Why a way is left out that the user left out: no warning. */
export const notAskedFor = 'not asked for';

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

/** Sets variables of our own environment, which the provider of this process reads, until the end of the comparison. */
function setEnvironment(variables: Record<string, string>, stack: CleanUpStack): void {
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name];
    process.env[name] = value;
    stack.defer(`restore ${name}`, () => {
      if (before === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = before;
    });
  }
}

/** Unmounts; a program that was killed may still be on its way out, then the mount goes when it has gone. */
async function unmount(mounted: Mounted): Promise<void> {
  try {
    await mounted.umount();
  } catch (error) {
    if (!(error instanceof DfskitError) || error.code !== 'MOUNT_BUSY') throw error;
    await mounted.umount({ lazy: true });
  }
}

interface MountFor {
  container: string;
  dir: string;
  caching: Caching;
  store?: string;
  provider: 'local' | 'daos';
  stack: CleanUpStack;
}

/** Mounts the container for the ways that need it; the facts of those that cannot be say why. */
async function mountFor(all: readonly WayFacts[], options: MountFor): Promise<void> {
  const { stack, ...how } = options;
  try {
    await mkdir(how.dir);
    // Never recursively: should it still be mounted, that would remove the files of the container.
    stack.defer(`remove ${how.dir}`, async () => rmdir(how.dir));
    const mounted = await mount(how);
    stack.defer(`unmount ${how.dir}`, async () => unmount(mounted));
  } catch (error) {
    for (const facts of all) leaveOutFor(facts, error);
  }
}

/** What the parts of the set-up share. */
interface Setup {
  options: PlacesOptions;
  program: string;
  container: string;
  /** `undefined`: where the provider keeps it by default. */
  store: string | undefined;
  /** Environment of all programs, but for the preload. */
  common: NodeJS.ProcessEnv;
  facts: Map<Way, WayFacts>;
}

/** Facts of those of `some` ways that nothing speaks against so far. */
function stillThere(setup: Setup, ...some: Way[]): WayFacts[] {
  return [...setup.facts.values()].filter((facts) => some.includes(facts.way) && facts.available);
}

function leaveOutUnasked(setup: Setup): void {
  for (const facts of setup.facts.values()) {
    if (!setup.options.ways.includes(facts.way)) leaveOut(facts, notAskedFor, 'name it with --way');
  }
  for (const way of ['ioil', 'pil4dfs'] as const) {
    const library = preloadLibrary(way);
    if (library === undefined || existsSync(library)) continue;
    for (const facts of stillThere(setup, way)) {
      leaveOut(facts, `${library} is missing`, 'build it: npm run setup');
    }
  }
}

/** Creates the container, unless the user named one. Without it, only the kernel is left. */
async function openContainer(setup: Setup): Promise<void> {
  const { options, container } = setup;
  const through = stillThere(setup, 'dfs', 'dfuse', 'ioil', 'pil4dfs');
  if (through.length === 0 || options.container !== undefined) return;
  try {
    if (!existsSync(libPath('libdfs_local.so'))) {
      throw new DfskitError({
        code: 'NOT_BUILT',
        what: 'cannot use the local provider',
        why: `${libPath('libdfs_local.so')} is missing`,
        remedy: 'build it: npm run setup',
      });
    }
    await createContainer(container);
    // A store of our own goes as a whole.
    if (options.store === undefined) return;
    options.stack.defer(`destroy container ${container}`, () => destroyContainer(container));
  } catch (error) {
    for (const facts of through) leaveOutFor(facts, error);
  }
}

/** The container's files, by the library itself. The directory `own` in them goes at the end. */
async function openFiles(setup: Setup, own: string): Promise<FileSystem | undefined> {
  const through = stillThere(setup, 'dfuse', 'ioil', 'pil4dfs');
  if (through.length === 0) return undefined;
  try {
    const fs = await connect(setup.container);
    setup.options.stack.defer(`remove /${own} in ${setup.container}`, async () => {
      await fs.rm(`/${own}`, { recursive: true, force: true });
      await fs.close();
    });
    return fs;
  } catch (error) {
    for (const facts of through) leaveOutFor(facts, error);
    return undefined;
  }
}

/** The two mounts: without the kernel's caches for dfuse's calls, with the default for everything else. */
async function mountAll(setup: Setup): Promise<{ uncached: string; coherent: string }> {
  const { options, container, store } = setup;
  const { provider, stack } = options;
  const mounts = await mkdtemp(join(tmpdir(), 'dfskit-mounts-'));
  stack.defer(`remove ${mounts}`, async () => rmdir(mounts));
  const uncached = join(mounts, 'uncached');
  const coherent = join(mounts, 'coherent');
  const mounting = { container, provider, stack, ...(store === undefined ? {} : { store }) };
  const dfuse = stillThere(setup, 'dfuse');
  if (dfuse.length > 0) await mountFor(dfuse, { ...mounting, dir: uncached, caching: 'none' });
  const programs = stillThere(setup, 'dfuse', 'ioil', 'pil4dfs');
  if (programs.length > 0) await mountFor(programs, { ...mounting, dir: coherent, caching: 'coherent' });
  return { uncached, coherent };
}

/** A directory for the kernel's column, on the file system of the store. */
async function kernelDirectory(setup: Setup, scratch: string): Promise<string> {
  const directory =
    setup.options.store === undefined
      ? join(scratch, 'kernel')
      : await mkdtemp(join(dirname(resolve(setup.options.store)), '.dfskit-compare-'));
  await mkdir(directory, { recursive: true });
  setup.options.stack.defer(`remove ${directory}`, async () =>
    rm(directory, { recursive: true, force: true }),
  );
  return directory;
}

/** Sets up what can be set up: a store, a container, mounts, and a directory of its own for each way. */
export async function setUpPlaces(options: PlacesOptions): Promise<Places> {
  const { stack } = options;
  const scratch = await mkdtemp(join(temporaryBase(), 'dfskit-compare-'));
  stack.defer(`remove ${scratch}`, async () => rm(scratch, { recursive: true, force: true, maxRetries: 3 }));
  const temporary = options.container === undefined ? join(scratch, 'store') : undefined;
  const store = options.store === undefined ? temporary : resolve(options.store);
  if (store !== undefined) await mkdir(store, { recursive: true });

  const variables = {
    DFSKIT_PROVIDER: options.provider,
    ...(store === undefined ? {} : { DFSKIT_STORE: store }),
  };
  setEnvironment(variables, stack);
  const setup: Setup = {
    options,
    program: binPath('dfskit-bench'),
    container: options.container ?? `dfskit/compare-${process.pid}`,
    store,
    common: { ...process.env },
    facts: new Map(ways.map((way) => [way, available(way)])),
  };
  leaveOutUnasked(setup);
  const kernel = await kernelDirectory(setup, scratch);
  await openContainer(setup);
  const mounts = await mountAll(setup);

  // A name of this run's own: the container may be the user's, and a run before this one may have been killed.
  const own = `dfskit-compare-${process.pid}`;
  const fs = await openFiles(setup, own);

  const places: Places = {
    facts: [...setup.facts.values()],
    base: kernel,
    scratch,
    drivers: new Map(),
    applications: new Map(),
  };
  const { program, container } = setup;
  for (const facts of places.facts) {
    if (!facts.available) continue;
    const { way } = facts;
    const environment = environmentOf(way, setup.common);
    if (way === 'dfs') {
      places.drivers.set(way, { program, api: 'dfs', directory: `/${own}/${way}`, container, environment });
    } else if (way === 'kernel') {
      places.drivers.set(way, { program, api: 'posix', directory: join(kernel, 'calls'), environment });
      places.applications.set(way, { directory: join(kernel, 'programs'), environment });
    } else {
      const mount = way === 'dfuse' ? mounts.uncached : mounts.coherent;
      places.drivers.set(way, { program, api: 'posix', directory: join(mount, own, way), environment });
      const directory = `${way}-programs`;
      places.applications.set(way, {
        directory: join(mounts.coherent, own, directory),
        environment,
        ...(fs === undefined ? {} : { inside: { reader: fs, directory: `/${own}/${directory}` } }),
      });
      facts.microMount = way === 'dfuse' ? 'caching=none' : 'caching=coherent';
      facts.applicationMount = 'caching=coherent';
    }
  }
  return places;
}
