import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
  ftruncateSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addon } from '../dfs/addon.js';
import { formatContainer, type ContainerName } from '../dfs/name.js';
import { DfskitError } from '../errors.js';
import { daemonOf } from '../mount/daemon.js';
import { canonical, isStale } from '../mount/mountinfo.js';
import { binPath } from '../paths.js';

/** A line of /proc/self/mountinfo, as far as it matters here. */
interface MountPoint {
  id: string;
  dir: string;
  type: string;
  source: string;
}

/** What is mounted at `dir` (a real path): the topmost, or `undefined`. proc(5) describes the lines. */
function mountAt(dir: string): MountPoint | undefined {
  let found: MountPoint | undefined;
  for (const line of readFileSync('/proc/self/mountinfo', 'latin1').split('\n')) {
    const fields = line.split(' ');
    const dash = fields.indexOf('-');
    const at = unescape(fields[4] ?? '');
    if (dash < 0 || at !== dir) continue;
    found = {
      id: fields[0] ?? '',
      dir: at,
      type: fields[dash + 1] ?? '',
      source: unescape(fields[dash + 2] ?? ''),
    };
  }
  return found;
}

const unescape = (field: string): string =>
  Buffer.from(
    field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))),
    'latin1',
  ).toString();

/** A directory of the user's own for files that live as long as their processes. */
function runtimeDirectory(): string {
  const uid = process.getuid?.() ?? 0;
  const base = process.env['XDG_RUNTIME_DIR'];
  const dir = base === undefined || base === '' ? join(tmpdir(), `dfskit-${uid}`) : join(base, 'dfskit');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const { uid: owner, mode } = lstatSync(dir);
  if (owner === uid && (mode & constants.S_IFMT) === constants.S_IFDIR && (mode & 0o022) === 0) return dir;
  throw new DfskitError({
    code: 'BAD_RUNTIME_DIR',
    what: `cannot use ${dir}`,
    why: 'others may write to it',
    remedy: 'set XDG_RUNTIME_DIR to a directory that is yours alone',
  });
}

function checkDirectory(dir: string): void {
  try {
    if (statSync(dir).isDirectory()) return;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') throw mountFailure(dir, message, 'see mount(8)');
    throw mountFailure(dir, 'no such directory', `make it: mkdir -p ${dir}`);
  }
  throw mountFailure(dir, 'not a directory', 'name an empty directory');
}

function mountFailure(dir: string, why: string, remedy: string): DfskitError {
  return new DfskitError({ code: 'BAD_MOUNT_POINT', what: `cannot mount at ${dir}`, why, remedy });
}

/**
 * Makes sure that `container` is mounted at `dir` until this process (whatever program it becomes) ends.
 * A mount of the same container that the user made is used and stays. One that another `dfskit run` made
 * is shared with it: the watcher of the last program unmounts.
 */
export async function holdMount(container: ContainerName, dir: string): Promise<void> {
  const real = canonical(dir);
  const name = join(runtimeDirectory(), createHash('sha256').update(real).digest('hex').slice(0, 32));
  // Taken in turns by whoever mounts, joins or leaves. Its text names the mount that a run made.
  const turn = openFile(`${name}.lock`);
  addon().lock(turn, 'exclusive');

  // A mount whose daemon has died is replaced by mount().
  const stale = isStale(real);
  if (!stale) checkDirectory(dir);
  const present = stale ? undefined : mountAt(real);
  const wanted = formatContainer(container);
  if (present !== undefined && present.type.startsWith('fuse.')) {
    if (present.source !== wanted) {
      throw mountFailure(dir, `${present.source} is mounted there`, `unmount it first: dfskit umount ${dir}`);
    }
    if (identity(present) === readFileSync(turn, 'utf8')) watch(name, present.id, real);
    closeSync(turn);
    return;
  }
  const { mount } = await import('../mount/index.js');
  await mount({ container: wanted, dir: real });
  const made = mountAt(real);
  if (made === undefined) {
    throw mountFailure(dir, 'dfuse ended at once', `try: dfskit mount ${wanted} ${dir}`);
  }
  ftruncateSync(turn, 0);
  writeSync(turn, identity(made), 0);
  watch(name, made.id, real);
  closeSync(turn);
}

const openFile = (path: string): number => openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);

/** Tells a mount from a later one: the kernel gives numbers of mounts out again. */
function identity({ id, dir }: MountPoint): string {
  return `${id} ${daemonOf(dir) ?? 0}`;
}

/** Starts the process that unmounts after us. It shares our lock on the file of users, which exec closes for us. */
function watch(name: string, id: string, dir: string): void {
  const users = openFile(`${name}.users`);
  addon().lock(users, 'shared');
  const turn = openFile(`${name}.lock`);
  const { status, error } = spawnSync(binPath('dfskit-watch'), [String(process.pid), '3', '4', id, dir], {
    // Nothing of ours: who reads our output to its end must not wait for the watcher.
    stdio: ['ignore', 'ignore', 'ignore', users, turn],
    cwd: '/',
  });
  if (error === undefined && status === 0) return;
  const why = `dfskit-watch failed: ${error?.message ?? `status ${status}`}`;
  throw mountFailure(dir, why, 'build it anew: npm run setup');
}
