import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { parseContainer, type ContainerName } from '../dfs/name.js';
import { leftOutOf, type LeftOut } from '../interpreter.js';
import { DfskitError, formatWarning } from '../errors.js';
import { defaultFlavor, flavors, preloadLibrary, prependPreload, type Flavor } from '../flavors.js';
import { printError } from './output.js';

/** Exit statuses of `dfskit run`, those of env(1). */
export const runFailure = 125;
const notExecutable = 126;
const notFound = 127;

interface RunOptions {
  flavor: Flavor;
  cont?: string;
  at?: string;
  report?: string;
}

/** `dfskit run`: becomes a program under a shim. */
export function addRun(dfskit: Command): void {
  dfskit
    .command('run')
    .description('run a program; pid, signals, standard streams and exit status are its own')
    .argument('<CMD>')
    .argument('[ARG...]')
    .addOption(new Option('--flavor <flavor>', 'way to the files').choices(flavors).default(defaultFlavor))
    .option('--cont <POOL/CONT>', 'container to mount at --at while the program runs')
    .option('--at <DIR>', 'where; a mount of that container that is there is used')
    .option('--report <FILE>', 'count what is intercepted; read it with dfskit metrics FILE')
    .addHelpText(
      'after',
      '\nExit status: that of CMD; 125 dfskit failed, 126 CMD cannot be run, 127 CMD is not there.',
    )
    // What follows CMD is its own.
    .passThroughOptions()
    .action(async (command: string, args: string[], options: RunOptions) => {
      const env = { ...process.env };
      if (options.report !== undefined) await prepareReport(options.report, env);
      if (options.cont !== undefined || options.at !== undefined) await provideMount(options, env);
      await preload(options.flavor, command, env);
      await become(command, args, env);
    });
}

async function prepareReport(file: string, env: NodeJS.ProcessEnv): Promise<void> {
  const path = resolve(file);
  const { closeSync, openSync } = await import('node:fs');
  try {
    // The shim says nothing when it can't write: find out here. Counters of an earlier run go.
    closeSync(openSync(path, 'w', 0o644));
  } catch (error) {
    throw new DfskitError({
      code: 'BAD_REPORT',
      what: `cannot write the report ${file}`,
      why: (error as Error).message,
      remedy: 'name a file in a directory that you may write to',
    });
  }
  env['DFSKIT_REPORT'] = path;
}

async function provideMount({ cont, at, flavor }: RunOptions, env: NodeJS.ProcessEnv): Promise<void> {
  if (cont === undefined || at === undefined) {
    throw new DfskitError({
      code: 'USAGE',
      what: 'cannot mount for the program',
      why: cont === undefined ? '--at without --cont' : '--cont without --at',
      remedy: 'give both: --cont POOL/CONT --at DIR',
    });
  }
  const container: ContainerName = parseContainer(cont);
  const { holdMount } = await import('./hold-mount.js');
  try {
    await holdMount(container, at);
  } catch (error) {
    // pil4dfs answers without a mount: only mmap, exec and programs that can't be preloaded go without.
    if (flavor !== 'pil4dfs' || !(error instanceof DfskitError) || error.code !== 'NO_FUSE') throw error;
    printError(formatWarning(`cannot mount ${cont}`, error.why, 'files are reached through the shim alone'));
    env['D_IL_MOUNT_POINT'] = resolve(at);
    env['D_IL_POOL'] = container.pool;
    env['D_IL_CONTAINER'] = container.cont;
  }
}

const reasons: Record<LeftOut, string> = {
  static: 'is linked statically',
  privileged: 'runs with the rights of another user or group',
  machine: 'is no program for x86-64',
  libc: 'is a program of another libc',
};

/** Puts the shim into LD_PRELOAD; a program must run also where that is not possible. */
async function preload(flavor: Flavor, command: string, env: NodeJS.ProcessEnv): Promise<void> {
  const library = preloadLibrary(flavor);
  if (library === undefined) return;
  const what = 'the program runs without interception';
  if (!existsSync(library)) {
    printError(formatWarning(what, `${library} is missing`, 'build it: npm run setup'));
  } else if (/[\s:]/.test(library)) {
    printError(formatWarning(what, `ld.so takes no path with a space or colon: ${library}`, 'move dfskit'));
  } else {
    const kind = leftOutOf(command, env['PATH']);
    if (kind !== undefined) {
      printError(formatWarning(what, `${command} ${reasons[kind]}`, 'it reaches files by the mount'));
      const { writeLeftOut } = await import('../telemetry/counters.js');
      if (env['DFSKIT_REPORT']) writeLeftOut(env['DFSKIT_REPORT'], kind);
    }
    // The loader of another libc would refuse the library, and the program with it. Any other ignores it, and hands it on.
    if (kind !== 'libc') env['LD_PRELOAD'] = prependPreload(library, env['LD_PRELOAD']);
  }
}

/** What scripts/dfskit.sh noted before node changed it. */
interface Launch {
  /** Ignored signals, bit n-1 for signal n. */
  ignored: bigint;
  /** Soft limit on open files; -1 when unknown. */
  nofile: number;
  /** Descriptors to inherit. */
  fds: number[];
}

function launch(): Launch {
  const [ignored = '', nofile = '-1', fds = ''] = (process.env['DFSKIT_LAUNCH'] ?? '').split(' ');
  const limit = nofile === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(nofile);
  return {
    ignored: /^[0-9a-f]{1,16}$/i.test(ignored) ? BigInt(`0x${ignored}`) : 0n,
    nofile: Number.isSafeInteger(limit) ? limit : -1,
    fds: /^\d+(,\d+)*$/.test(fds) ? fds.split(',').map(Number) : [0, 1, 2],
  };
}

/** NUL-terminated strings of a file in /proc, one byte a character; `undefined` where there is no /proc. */
function procStrings(file: string): string[] | undefined {
  try {
    return readFileSync(file, 'latin1').split('\0').slice(0, -1);
  } catch {
    return undefined;
  }
}

const bytes = (text: string): string => Buffer.from(text).toString('latin1');

/** The words of the command as they were given: node reads them as UTF-8, and file names need not be that. */
function rawCommand(words: string[]): string[] {
  const raw = procStrings('/proc/self/cmdline')?.slice(-words.length);
  return raw?.length === words.length ? raw : words.map(bytes);
}

/** The environment as it was given, with what differs in `env`. */
function rawEnvironment(env: NodeJS.ProcessEnv): string[] {
  const given = procStrings('/proc/self/environ') ?? [];
  const nameOf = (entry: string): string => entry.slice(0, Math.max(0, entry.indexOf('=')));
  // As node reads them: a value that is no UTF-8 then compares equal to what it was read as.
  const read = new Set(given.map((entry) => Buffer.from(entry, 'latin1').toString()));
  const changed = Object.entries(env)
    .map(([name, value]) => `${name}=${value ?? ''}`)
    .filter((entry) => !read.has(entry))
    .map(bytes);
  const replaced = new Set([...changed.map(nameOf), 'DFSKIT_LAUNCH']);
  return [
    ...given.filter((entry) => !replaced.has(nameOf(entry))),
    ...changed.filter((entry) => nameOf(entry) !== 'DFSKIT_LAUNCH'),
  ];
}

async function become(command: string, args: string[], env: NodeJS.ProcessEnv): Promise<never> {
  const { addon } = await import('../dfs/addon.js');
  const { ignored, nofile, fds } = launch();
  const words = rawCommand([command, ...args]);
  try {
    return addon().exec(words[0] ?? command, words, rawEnvironment(env), ignored, nofile, fds);
  } catch (error) {
    if (error instanceof DfskitError) throw error;
    const { errno, message } = error as NodeJS.ErrnoException;
    const missing = errno === constants.errno.ENOENT;
    throw new DfskitError({
      code: missing ? 'NOT_FOUND' : 'NOT_EXECUTABLE',
      what: `cannot run ${command}`,
      why: missing ? 'no such program' : message.toLowerCase(),
      ...(missing && !command.includes('/') ? { remedy: 'is it in a directory of PATH?' } : {}),
      status: missing ? notFound : notExecutable,
    });
  }
}
