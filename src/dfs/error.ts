import { getSystemErrorName } from 'node:util';
import { DfskitError } from '../errors.js';
import { bytesOf, pathText, printable, type Path } from './words.js';

/** What the client was asked for, and the word for it in a message. */
const verbs = {
  connect: 'open container',
  createContainer: 'create container',
  listContainers: 'list pool',
  containerInfo: 'open container',
  checkContainer: 'check container',
  destroyContainer: 'destroy container',
  setAttribute: 'set an attribute of',
  getAttribute: 'read an attribute of',
  listAttributes: 'list the attributes of',
  deleteAttribute: 'delete an attribute of',
  createSnapshot: 'take a snapshot of',
  listSnapshots: 'list snapshots of',
  destroySnapshot: 'destroy a snapshot of',
  open: 'open',
  read: 'read',
  write: 'write',
  append: 'append to',
  truncate: 'truncate',
  seek: 'look for holes in',
  sync: 'sync',
  stat: 'look at',
  statfs: 'ask for the room of',
  close: 'close',
  opendir: 'list',
  access: 'access',
  chmod: 'change the mode of',
  chown: 'change the owner of',
  utimes: 'change the times of',
  getXattr: 'read an extended attribute of',
  setXattr: 'set an extended attribute of',
  listXattrs: 'list the extended attributes of',
  removeXattr: 'remove an extended attribute of',
  mkdir: 'create directory',
  rmdir: 'remove directory',
  unlink: 'remove',
  rm: 'remove',
  rename: 'rename',
  link: 'link',
  symlink: 'create symbolic link',
  readlink: 'read symbolic link',
  realpath: 'resolve',
  copy: 'copy',
} as const;

/** What the client was asked for when a call failed: the name of its method or function. */
export type Operation = keyof typeof verbs;

/** The beginning of a message: `cannot rename /a to /b in tank/home`. */
export function failed(
  operation: Operation,
  { path, dest, container }: { path: Path; dest?: Path | undefined; container?: string },
): string {
  const to = dest === undefined ? '' : ` to ${printable(dest)}`;
  const where = container === undefined ? '' : ` in ${container}`;
  return `cannot ${verbs[operation]} ${printable(path)}${to}${where}`;
}

/** A call of the DFS library that failed. */
export class DfsError extends DfskitError {
  override readonly name: string = 'DfsError';
  /** Path inside the container, or `POOL/CONT`; bytes that are no UTF-8 as `\xff`. */
  readonly path: string;
  /** The same as bytes. */
  readonly pathBytes: Buffer;
  /** The second path of an operation that has two. */
  readonly dest: string | undefined;
  readonly destBytes: Buffer | undefined;
  /** What the client was asked for: `rename`. */
  readonly operation: Operation;
  /** The call that failed: `dfs_move`. */
  readonly syscall: string;
  /** errno(3). */
  readonly errno: number;

  constructor(problem: {
    what: string;
    why: string;
    remedy?: string;
    errno: number;
    path: Path;
    dest?: Path | undefined;
    operation: Operation;
    syscall: string;
    cause?: unknown;
  }) {
    super({ ...problem, code: errnoName(problem.errno) });
    this.path = pathText(problem.path);
    this.pathBytes = bytesOf(problem.path);
    this.dest = problem.dest === undefined ? undefined : pathText(problem.dest);
    this.destBytes = problem.dest === undefined ? undefined : bytesOf(problem.dest);
    this.operation = problem.operation;
    this.syscall = problem.syscall;
    this.errno = problem.errno;
  }
}

// Linux has these and libuv, which names the others, has not.
const otherNames: Partial<Record<number, string>> = {
  66: 'EREMOTE',
  79: 'ELIBACC',
  117: 'EUCLEAN',
  122: 'EDQUOT',
};

export function errnoName(errno: number): string {
  const other = otherNames[errno];
  if (other !== undefined) return other;
  const name = getSystemErrorName(-errno);
  return name.startsWith('E') ? name : `E${errno}`;
}

interface NativeFailure extends Error {
  errno: number;
  syscall: string;
  path: string;
  detail?: string;
}

function isNativeFailure(error: unknown): error is NativeFailure {
  return error instanceof Error && 'errno' in error && typeof error.errno === 'number' && 'syscall' in error;
}

/** How to say a failure: what failed, and what a given errno calls for. */
export interface Wording {
  operation: Operation;
  what: string;
  /** Where the addon does not know it. */
  path?: Path;
  dest?: Path | undefined;
  why?: Partial<Record<string, string>>;
  remedies?: Partial<Record<string, string>>;
}

/** Awaits a promise of the addon and turns its failure into a DfsError. */
export async function explain<T>(work: Promise<T>, wording: Wording | (() => Wording)): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw wrap(error, typeof wording === 'function' ? wording() : wording);
  }
}

/** The DfsError of a failure of the addon; other errors stay what they are. */
export function wrap(error: unknown, wording: Wording): unknown {
  if (!isNativeFailure(error)) return error;
  const { operation, what, dest, why = {}, remedies = {} } = wording;
  const code = errnoName(error.errno);
  const plain = error.message.charAt(0).toLowerCase() + error.message.slice(1);
  const remedy = remedies[code];
  return new DfsError({
    what,
    why: error.detail ?? why[code] ?? `${plain} (${code}, ${error.syscall})`,
    ...(remedy === undefined ? {} : { remedy }),
    errno: error.errno,
    path: wording.path ?? error.path,
    dest,
    operation,
    syscall: error.syscall,
    cause: error,
  });
}
