import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { DfskitError } from '../errors.js';
import { binPath } from '../paths.js';
import { daemonOf } from './daemon.js';
import { canonical, isMountPoint, isStale, mountAt } from './mountinfo.js';
import { findProgram, runProgram } from './programs.js';
import { umount, type UmountOptions } from './umount.js';

/** How far the kernel may trust what it has seen; see docs/dfuse.md. */
export type Caching = 'none' | 'coherent' | 'cached';

export interface MountOptions {
  /** `POOL/CONT`; or the container's label alone, with `pool`. */
  container: string;
  pool?: string;
  /** An empty directory. A mount there whose daemon has died is replaced. */
  dir: string;
  /** `coherent` if not given. */
  caching?: Caching;
  /** Directory of the local store; DFSKIT_STORE if not given. */
  store?: string;
  /** DFSKIT_PROVIDER, else `local`, if not given. */
  provider?: 'local' | 'daos';
  readOnly?: boolean;
  /** More options of dfuse, as after `-o`. */
  options?: readonly string[];
  /** File that messages of the daemon are added to. */
  logFile?: string;
  /** The daemon's program; the one of the build if not given. */
  dfuseBinary?: string;
}

/** A container that was mounted. */
export interface Mounted {
  /** Process id of the daemon. */
  pid: number | undefined;
  /** Mount point, absolute, links resolved. */
  dir: string;
  umount(options?: UmountOptions): Promise<void>;
}

function failure(dir: string, code: string, why: string, remedy?: string): DfskitError {
  return new DfskitError({
    code,
    what: `cannot mount at ${dir}`,
    why,
    ...(remedy === undefined ? {} : { remedy }),
  });
}

function checkDirectory(dir: string): void {
  let entries: string[];
  try {
    if (!statSync(dir).isDirectory()) {
      throw failure(dir, 'BAD_MOUNT_POINT', 'not a directory', 'name an empty directory');
    }
    entries = readdirSync(dir);
  } catch (error) {
    if (error instanceof DfskitError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      throw failure(dir, 'BAD_MOUNT_POINT', 'no such directory', `make it: mkdir -p ${dir}`);
    }
    throw failure(dir, 'BAD_MOUNT_POINT', message);
  }
  const present = mountAt(dir);
  if (present !== undefined || isMountPoint(dir)) {
    const what = present?.container ?? 'another file system';
    throw failure(
      dir,
      'MOUNT_BUSY',
      `${what} is mounted there`,
      present === undefined ? 'name another directory' : `unmount it first: dfskit umount ${dir}`,
    );
  }
  if (entries.length > 0) {
    throw failure(dir, 'BAD_MOUNT_POINT', 'the directory is not empty', 'name an empty directory');
  }
}

function checkFuse(dir: string): void {
  const device = process.env['DFSKIT_FUSE_DEVICE'] ?? '/dev/fuse';
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
  } catch {
    throw failure(
      dir,
      'NO_FUSE',
      existsSync(device) ? `no access to ${device}` : `there is no ${device}`,
      'load the module (modprobe fuse), or start the container with --device /dev/fuse',
    );
  }
  if (process.getuid?.() !== 0 && findProgram('fusermount3') === undefined) {
    throw failure(
      dir,
      'NO_FUSE',
      'fusermount3 is missing, which mounts for ordinary users',
      'install it: apt-get install fuse3',
    );
  }
}

/** Makes an error of what dfuse printed: `dfuse: what: why`, and `dfuse: remedy` in the next line. */
function explain(dir: string, container: string, stderr: string, status: number | null): DfskitError {
  const lines = stderr
    .split('\n')
    .filter((line) => line.startsWith('dfuse: '))
    .map((line) => line.slice('dfuse: '.length));
  const [first = '', remedy] = lines;
  const colon = first.indexOf(': ');
  if (colon < 0) {
    const why = stderr.trim().split('\n')[0] || `dfuse ended with status ${status ?? 'of a signal'}`;
    return failure(dir, 'MOUNT_FAILED', why, `run build/bin/dfuse -f ${container} ${dir} to see more`);
  }
  const why = first.slice(colon + 2);
  const code = why.includes('no such container')
    ? 'NO_CONTAINER'
    : why.includes('provider') || why.includes('PROVIDER')
      ? 'NO_PROVIDER'
      : 'MOUNT_FAILED';
  return new DfskitError({
    code,
    what: first.slice(0, colon),
    why,
    ...(remedy === undefined ? {} : { remedy }),
  });
}

function dfuseArguments(dir: string, source: string, options: MountOptions): string[] {
  const words = [...(options.options ?? [])];
  if (options.caching !== undefined) words.push(`caching=${options.caching}`);
  if (options.provider !== undefined) words.push(`provider=${options.provider}`);
  if (options.readOnly === true) words.push('ro');
  return [
    ...words.filter((word) => word !== '').flatMap((word) => ['-o', word]),
    ...(options.logFile === undefined ? [] : ['--log', resolve(options.logFile)]),
    '--',
    source,
    dir,
  ];
}

/**
 * Mounts a container with dfuse, which goes on in the background. Returns when the mount answers.
 * @throws DfskitError BAD_MOUNT_POINT, MOUNT_BUSY, NO_FUSE, NO_CONTAINER, NO_PROVIDER, NOT_BUILT or MOUNT_FAILED
 */
export async function mount(options: MountOptions): Promise<Mounted> {
  const { dir, pool, container } = options;
  const source = pool === undefined ? container : `${pool}/${container}`;
  if (isStale(dir)) await umount(dir, { lazy: true });
  checkDirectory(dir);
  const dfuse = options.dfuseBinary ?? binPath('dfuse');
  checkFuse(dir);

  const env = { ...process.env };
  if (options.store !== undefined) env['DFSKIT_STORE'] = resolve(options.store);
  // The daemon would leave a shim behind by itself; it starts faster without.
  delete env['LD_PRELOAD'];
  const real = canonical(dir);
  const { status, stderr } = await runProgram(dfuse, dfuseArguments(real, source, options), env);
  if (status !== 0) throw explain(dir, source, stderr, status);
  return { pid: daemonOf(real), dir: real, umount: async (how) => umount(real, how) };
}
