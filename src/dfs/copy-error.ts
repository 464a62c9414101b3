import { DfsError, errnoName, failed } from './error.js';
import { pathText, printable } from './words.js';
import type { Copied } from './copy.js';

/** A name that was not copied, or not with all that belongs to it, and why. */
export interface CopyFailure {
  /** Path of the source; bytes that are no UTF-8 as `\xff`. */
  readonly path: string;
  readonly pathBytes: Buffer;
  readonly error: DfsError;
}

/** A copy that is not whole. Code, number and call are those of the first failure. */
export class CopyError extends DfsError {
  override readonly name: string = 'CopyError';
  /** What failed, in the order in which it did; what lies below a directory of these was not tried. */
  readonly failures: readonly CopyFailure[];
  /** What was copied all the same. */
  readonly copied: Copied;

  constructor(
    [from, to, container]: readonly [Buffer, Buffer, string],
    failures: readonly [CopyFailure, ...CopyFailure[]],
    copied: Copied,
    ended: boolean,
  ) {
    const [{ pathBytes, error }] = failures;
    const more = failures.length === 1 ? '' : `; and ${failures.length - 1} more`;
    super({
      what: failed('copy', { path: from, dest: to, container }),
      why: `${failures.length === 1 && from.equals(pathBytes) ? '' : `${printable(pathBytes)}: `}${error.why}${more}${ended ? '; it ended there' : ''}`,
      errno: error.errno,
      path: pathBytes,
      ...(error.destBytes === undefined ? {} : { dest: error.destBytes }),
      operation: 'copy',
      syscall: error.syscall,
      cause: error,
    });
    this.failures = failures;
    this.copied = copied;
  }
}

/** What nothing gets past: a full disk, a file system that is read-only, broken or closed. */
const final = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EBADF', 'EIO', 'EUCLEAN']);

export function endsAll(error: DfsError): boolean {
  return final.has(error.code);
}

/** Of an error of either end, as why it is and by which number and call. */
function reasonOf(error: unknown): { why: string; errno: number; syscall: string } | undefined {
  if (error instanceof DfsError) return { why: error.why, errno: error.errno, syscall: error.syscall };
  if (!(error instanceof Error) || !('errno' in error) || typeof error.errno !== 'number') return undefined;
  const errno = Math.abs(error.errno);
  const syscall = 'syscall' in error && typeof error.syscall === 'string' ? error.syscall : 'read';
  // Node's message is `CODE: why, call 'path'`; the addon's is why alone.
  const plain = /^(?:[A-Z0-9]+: )?([^,]*)/.exec(error.message)?.[1] ?? error.message;
  const why = `${plain.charAt(0).toLowerCase()}${plain.slice(1)} (${errnoName(errno)}, ${syscall})`;
  return { why, errno, syscall };
}

/** The failure of one name; an error that is none of a call stays what it is. */
export function failureOf(error: unknown, path: Buffer, dest: Buffer, container: string): CopyFailure {
  const reason = reasonOf(error);
  if (reason === undefined) throw error;
  const what = failed('copy', { path, dest, container });
  const wrapped = new DfsError({ ...reason, what, path, dest, operation: 'copy', cause: error });
  return { path: pathText(path), pathBytes: path, error: wrapped };
}
