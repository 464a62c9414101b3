import { getSystemErrorName } from 'node:util';
import { DfskitError } from '../errors.js';

/** A call of the DFS library that failed. */
export class DfsError extends DfskitError {
  override readonly name: string = 'DfsError';
  /** Path inside the container, or `POOL/CONT`. */
  readonly path: string;
  /** The call that failed, `dfs_open` for example. */
  readonly syscall: string;
  /** errno(3). */
  readonly errno: number;

  constructor(problem: {
    what: string;
    remedy?: string;
    errno: number;
    why: string;
    path: string;
    syscall: string;
    cause?: unknown;
  }) {
    super({ ...problem, code: errorName(problem.errno) });
    this.path = problem.path;
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

function errorName(errno: number): string {
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
  what: string;
  why?: Partial<Record<string, string>>;
  remedies?: Partial<Record<string, string>>;
}

/** Awaits a promise of the addon and turns its failure into a DfsError. */
export async function explain<T>(work: Promise<T>, wording: Wording): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw wrap(error, wording);
  }
}

/** The DfsError of a failure of the addon; other errors stay what they are. */
export function wrap(error: unknown, { what, why = {}, remedies = {} }: Wording): unknown {
  if (!isNativeFailure(error)) return error;
  const code = errorName(error.errno);
  const plain = error.message.charAt(0).toLowerCase() + error.message.slice(1);
  const remedy = remedies[code];
  return new DfsError({
    what,
    why: error.detail ?? why[code] ?? `${plain} (${code}, ${error.syscall})`,
    ...(remedy === undefined ? {} : { remedy }),
    errno: error.errno,
    path: error.path,
    syscall: error.syscall,
    cause: error,
  });
}
