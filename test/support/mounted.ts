import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';
import { built, peerProgram, program, programPath, providerOver } from './build.js';
import { daosUnderTest as daos, providerUnderTest } from './daos.js';
import { mountedFor } from './namespace.js';
import { removeTree } from './remove.js';
import { defaultSeconds, run, type Outcome } from './run.js';

/** The ways of a program to a mounted container. */
export type Way = 'dfuse' | 'ioil' | 'pil4dfs' | 'symbols';

/**
 * Those that are tested. `symbols`, pil4dfs without libc's own system calls, is asked for by name: it is for
 * machines that forbid the other attachment, and docs/compatibility.md says what is lost with it.
 */
export const ways: readonly Way[] = [
  'dfuse',
  'ioil',
  'pil4dfs',
  ...(process.env['DFSKIT_TEST_SYMBOLS'] === '1' ? (['symbols'] as const) : []),
];

/** The ways, and the kernel's own file system that they are compared with. */
export type Place = Way | 'kernel';

/** What libraries are preloaded. */
const libraries: Record<Place, string | undefined> = {
  kernel: undefined,
  dfuse: undefined,
  ioil: 'libioil.so',
  pil4dfs: 'libpil4dfs.so',
  symbols: 'libpil4dfs.so',
};

export interface CommandOptions {
  /** Directory of the place to run in. */
  directory?: string;
  env?: NodeJS.ProcessEnv;
  input?: string;
  seconds?: number;
}

/**
 * Over DAOS each program needs some tenths of a second to start libdaos, on two cores that the engine uses too: its
 * limits of time are longer by this factor.
 */
const patience = daos === undefined ? 1 : 10;

/** A container, mounted while the tests of a file run: in a store of its own, or the one of DAOS that the tester named. */
export class MountedContainer {
  /** Where everything of the test file lies, but for what is in a container of DAOS. */
  readonly base: string;
  readonly store: string;
  readonly container = daos?.container ?? 'pool/cont';
  readonly mountPoint: string;
  /** Where the directories of the ways are: the mount point, or a directory of this test file in the container of DAOS. */
  top: string;
  /** A directory of the kernel's own file system. */
  readonly kernel: string;
  readonly home: string;
  /** Where test/support's programs are compiled to. */
  readonly programs: string;
  readonly #daemonMessages: string[] = [];
  #daemon: ChildProcess | undefined;
  #directories = 0;

  constructor() {
    this.base = realpathSync(mkdtempSync(join(tmpdir(), 'dfskit-mounted-')));
    const make = (name: string): string => {
      const path = join(this.base, name);
      mkdirSync(path);
      return path;
    };
    this.store = make('store');
    this.mountPoint = make('mount');
    this.top = this.mountPoint;
    this.kernel = make('kernel');
    this.home = make('home');
    this.programs = make('programs');
    // Also where no test runs, and no hook.
    process.on('exit', this.#lastResort);
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
      process.once(signal, () => process.exit(1));
  }

  /** Process id of the dfuse. */
  get daemon(): number | undefined {
    return this.#daemon?.pid;
  }

  /** What programs at `place` are started with: nothing of the tester's own environment. */
  environment(place: Place): NodeJS.ProcessEnv {
    const library = libraries[place];
    return {
      PATH: programPath,
      HOME: this.home,
      LC_ALL: 'C',
      TZ: 'UTC',
      ...(daos?.environment ?? { DFSKIT_STORE: this.store }),
      ...(providerUnderTest === 'plain'
        ? { DFSKIT_PROVIDER_LIB: providerOver(this.programs, 'plain_provider.c') }
        : {}),
      ...(library === undefined ? {} : { LD_PRELOAD: built('lib', library) }),
      ...(place === 'symbols' ? { DFSKIT_ATTACH: 'symbols' } : {}),
    };
  }

  /** A new, empty directory of a place; the ways have theirs side by side in the container. */
  directory(place: Place, name = 'work'): string {
    const root = place === 'kernel' ? this.kernel : this.top;
    const path = join(root, `${name}-${place}-${this.#directories++}`);
    mkdirSync(path);
    return path;
  }

  /** Runs a program as programs at `place` are run. */
  run(place: Place, command: string, args: string[], options: CommandOptions = {}): Promise<Outcome> {
    const { directory, env, input, seconds = defaultSeconds } = options;
    return run(command, args, {
      cwd: directory ?? (place === 'kernel' ? this.kernel : this.top),
      env: { ...this.environment(place), ...env },
      seconds: seconds * patience,
      ...(input === undefined ? {} : { input }),
    });
  }

  /** Runs a bash script; it stops at the first command that fails. */
  script(place: Place, text: string, options: CommandOptions = {}): Promise<Outcome> {
    return this.run(place, program('bash') ?? 'bash', ['-euc', text, 'script'], options);
  }

  async mount(): Promise<void> {
    const env = this.environment('dfuse');
    if (daos === undefined) this.#create(env);
    const daemon = spawn(built('bin', 'dfuse'), ['-f', this.container, this.mountPoint], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#daemon = daemon;
    const keep = (data: Buffer): void => void this.#daemonMessages.push(data.toString());
    daemon.stdout.on('data', keep);
    daemon.stderr.on('data', keep);
    for (let waited = 0; !isMounted(this.mountPoint); waited += 10) {
      if (daemon.exitCode !== null || daemon.signalCode !== null || waited > 20_000) {
        throw new Error(`dfuse did not mount: ${this.#daemonMessages.join('')}`);
      }
      await sleep(10);
    }
    if (daos !== undefined) this.top = mkdtempSync(join(this.mountPoint, 'dfskit-test-'));
  }

  #create(env: NodeJS.ProcessEnv): void {
    const created = execFileSync(peerProgram(this.programs, 'dfs'), [this.container], {
      env,
      input: '',
      encoding: 'utf8',
      timeout: 20_000,
    });
    if (created !== 'ok\n') throw new Error(`cannot create the container: ${created}`);
  }

  /** Unmounts, ends the daemon, removes all files. Fails when the daemon did not end well by itself. */
  async remove(): Promise<void> {
    const daemon = this.#daemon;
    let complaint: string | undefined;
    if (daemon !== undefined) {
      if (this.top !== this.mountPoint) removeTree(this.top);
      if (isMounted(this.mountPoint)) complaint = this.#unmount([]);
      for (
        let waited = 0;
        waited < 10_000 && daemon.exitCode === null && daemon.signalCode === null;
        waited += 20
      )
        await sleep(20);
      if (daemon.exitCode !== 0)
        complaint ??= `dfuse ended with ${daemon.signalCode ?? daemon.exitCode ?? 'nothing'}; mounted for: ${mountedFor(this.mountPoint).join('; ')}`;
    }
    this.#lastResort();
    process.off('exit', this.#lastResort);
    if (complaint !== undefined) throw new Error(`${complaint}\n${this.#daemonMessages.join('')}`);
  }

  #unmount(how: string[]): string | undefined {
    const { status, stderr } = spawnSync('umount', [...how, this.mountPoint], { encoding: 'utf8' });
    if (status === 0) return undefined;
    const other = spawnSync('fusermount3', [how.length > 0 ? '-uz' : '-u', this.mountPoint], {
      encoding: 'utf8',
    });
    return other.status === 0 ? undefined : `cannot unmount: ${stderr}${other.stderr}`;
  }

  /** Whatever happened: no mount, no process and no file stays behind. */
  readonly #lastResort = (): void => {
    if (isMounted(this.mountPoint)) this.#unmount(['-l']);
    this.#daemon?.kill('SIGKILL');
    removeTree(this.base);
  };
}

function isMounted(directory: string): boolean {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .some((line) => line.split(' ')[4] === directory);
}

/** A container that is mounted before the tests of this file or block and taken away after them. */
export function useMountedContainer(): MountedContainer {
  const mounted = new MountedContainer();
  beforeAll(() => mounted.mount());
  afterAll(() => mounted.remove());
  return mounted;
}
