/** What went wrong, in the parts that a message is made of. */
export interface Problem {
  /** Stable word for scripts and tests: `ENOENT`, `MOUNT_BUSY`. */
  code: string;
  /** What failed, as a clause without a full stop: `cannot open container tank/home`. */
  what: string;
  /** Why: `no such container`. */
  why: string;
  /** What to do about it, where we know: `create it: dfskit cont create tank/home`. */
  remedy?: string;
  /** Exit status of the command; 1 if not given. */
  status?: number;
  cause?: unknown;
}

/** An error that a user can act on. Anything else that is thrown is a bug of ours. */
export class DfskitError extends Error {
  override readonly name: string = 'DfskitError';
  readonly code: string;
  readonly what: string;
  readonly why: string;
  readonly remedy: string | undefined;
  readonly status: number;

  constructor(problem: Problem) {
    super(`${problem.what}: ${problem.why}`, { cause: problem.cause });
    this.code = problem.code;
    this.what = problem.what;
    this.why = problem.why;
    this.remedy = problem.remedy;
    this.status = problem.status ?? 1;
  }
}

/**
 * The lines for stderr: `dfskit: what failed: why`, and the remedy below it.
 * An error that is not ours comes with its stack when DFSKIT_DEBUG is set.
 */
export function formatError(error: unknown): string {
  if (error instanceof DfskitError) {
    const first = `dfskit: ${error.what}: ${error.why}`;
    return error.remedy === undefined ? first : `${first}\ndfskit: ${error.remedy}`;
  }
  if (!(error instanceof Error)) return `dfskit: internal error: ${String(error)}`;
  const stack = process.env['DFSKIT_DEBUG'] === undefined ? '' : `\n${error.stack ?? ''}`;
  return `dfskit: internal error: ${error.message}${stack}`;
}

/** A warning that names the remedy. Written at once and without touching node's stream. */
export function formatWarning(what: string, why: string, remedy?: string): string {
  return `dfskit: warning: ${what}: ${why}${remedy === undefined ? '' : `; ${remedy}`}`;
}
