import { CopyError, endsAll, failureOf, type CopyFailure } from './copy-error.js';
import type { CopyEnd, CopyStats } from './copy-end.js';
import { copyBytes } from './copy-bytes.js';
import { liesInItself } from './copy-self.js';
import { DfsError, failed } from './error.js';
import { bytesOf, joinPath } from './words.js';

export interface CopyOptions {
  /** Ends the copying with its reason; what was copied stays. */
  signal?: AbortSignal;
  /** Says which names of the source are copied, by path; a directory that is not brings nothing below it. */
  filter?: (path: string, bytes: Buffer) => boolean;
  /** Whether owners and groups are kept; default: when the process is the superuser's. */
  owners?: boolean;
  /** Whether the extended attributes `user.*` are kept; default: true. */
  xattrs?: boolean;
}

/** What was copied. */
export interface Copied {
  files: number;
  directories: number;
  symlinks: number;
  /** Further names of files and links that are among those. */
  links: number;
  /** What was read and written; holes are not. */
  bytes: bigint;
}

/** Names that are copied at a time: so that libuv's threads, four by default, have something to do. */
const atOnce = 8;

const SET_UID = 0o4000;
const SET_GID = 0o2000;

/** A directory that is being filled; its attributes are set when nothing in it is left. */
interface Filling {
  readonly source: Buffer;
  readonly target: Buffer;
  readonly stats: CopyStats;
  readonly above: Filling | undefined;
  left: number;
}

/** A name that is to be copied. */
interface Task {
  readonly source: Buffer;
  readonly target: Buffer;
  readonly above: Filling | undefined;
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return codes.includes(String(error.code));
}

class Copy {
  readonly copied: Copied = { files: 0, directories: 0, symlinks: 0, links: 0, bytes: 0n };
  readonly failures: CopyFailure[] = [];
  ended = false;
  /** The copy of a file that has more names, by its identity. */
  readonly #first = new Map<string, Promise<Buffer>>();
  readonly #tasks: Task[] = [];
  readonly #options: CopyOptions;

  constructor(
    readonly from: CopyEnd,
    readonly to: CopyEnd,
    readonly label: string,
    options: CopyOptions,
  ) {
    this.#options = options;
  }

  /** Copies all. The last task that was found is the next one: few directories are being filled at a time. */
  async run(source: Buffer, target: Buffer): Promise<void> {
    this.#tasks.push({ source, target, above: undefined });
    let stop: { reason: unknown } | undefined;
    await new Promise<void>((resolve) => {
      let running = 0;
      const next = (): void => {
        while (running < atOnce && stop === undefined && !this.ended) {
          const task = this.#tasks.pop();
          if (task === undefined) break;
          running += 1;
          this.#visit(task)
            .catch((reason: unknown) => void (stop ??= { reason }))
            .finally(() => {
              running -= 1;
              next();
            });
        }
        if (running === 0) resolve();
      };
      next();
    });
    if (stop !== undefined) throw stop.reason;
  }

  async #visit({ source, target, above }: Task): Promise<void> {
    const filled = await this.#attempt(source, target, () => this.#one(source, target, above));
    // A directory with something in it is done when that is.
    if (filled !== 'filling') await this.#done(above);
  }

  /** Does something for a name, and notes it down when it fails. */
  async #attempt<T>(source: Buffer, target: Buffer, work: () => Promise<T>): Promise<T | undefined> {
    try {
      this.#options.signal?.throwIfAborted();
      return await work();
    } catch (error) {
      if (this.#options.signal?.aborted === true) throw this.#options.signal.reason;
      const failure = failureOf(error, source, target, this.label);
      this.failures.push(failure);
      if (endsAll(failure.error)) this.ended = true;
      return undefined;
    }
  }

  async #one(source: Buffer, target: Buffer, above: Filling | undefined): Promise<'filling' | 'done'> {
    const { filter } = this.#options;
    if (filter !== undefined && !filter(source.toString(), source)) return 'done';
    const stats = await this.from.lstat(source);
    if (above === undefined && (await liesInItself(stats, this.to, target)))
      throw this.#refused(source, target, 'it would be copied into itself');
    if (stats.kind === 'directory') return this.#fill({ source, target, stats, above, left: 0 });
    if (stats.kind === 'other') {
      throw this.#refused(source, target, 'neither a file nor a directory nor a symbolic link');
    }
    if (stats.links > 1) await this.#shared(source, target, stats);
    else await this.#alone(source, target, stats);
    return 'done';
  }

  #refused(source: Buffer, target: Buffer, why: string): DfsError {
    return new DfsError({
      what: failed('copy', { path: source, dest: target, container: this.label }),
      why: `${why} (EINVAL)`,
      ...{ errno: 22, path: source, dest: target, operation: 'copy', syscall: 'lstat' },
    });
  }

  async #alone(source: Buffer, target: Buffer, stats: CopyStats): Promise<void> {
    if (stats.kind === 'symlink') {
      const value = await this.from.readlink(source);
      await this.#replacing(target, () => this.to.symlink(value, target));
      this.copied.symlinks += 1;
      await this.#keepOwner(target, stats);
      return this.to.setTimes(target, stats.atimeNs, stats.mtimeNs);
    }
    await copyBytes(this.from, source, stats.size, this.to, target, {
      signal: this.#options.signal,
      count: (bytes) => (this.copied.bytes += BigInt(bytes)),
    });
    this.copied.files += 1;
    await this.#keep(source, target, stats);
  }

  /** A file with several names: the first that comes is copied, the others are linked to it. */
  async #shared(source: Buffer, target: Buffer, stats: CopyStats): Promise<void> {
    const before = this.#first.get(stats.identity);
    if (before === undefined) {
      const copying = this.#alone(source, target, stats).then(() => target);
      // Who waits for it copies for itself when it fails.
      copying.catch(() => undefined);
      this.#first.set(stats.identity, copying);
      await copying;
      return;
    }
    const first = await before.catch(() => undefined);
    if (first === undefined) return this.#alone(source, target, stats);
    try {
      await this.#replacing(target, () => this.to.link(first, target));
      this.copied.links += 1;
    } catch (error) {
      // Without hard links, or with no more to this file, it becomes one of its own.
      if (!hasCode(error, 'ENOTSUP', 'EOPNOTSUPP', 'EPERM', 'EMLINK')) throw error;
      await this.#alone(source, target, stats);
    }
  }

  /** What has the name already is in the way of a link. */
  async #replacing(target: Buffer, make: () => Promise<void>): Promise<void> {
    try {
      await make();
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
      await this.to.unlink(target);
      await make();
    }
  }

  async #fill(directory: Filling): Promise<'filling' | 'done'> {
    const { source, target, above } = directory;
    await this.to.makeDirectory(target, above === undefined);
    this.copied.directories += 1;
    const names = await this.#attempt(source, target, () => this.from.list(source));
    directory.left = names?.length ?? 0;
    for (const name of names ?? []) {
      this.#tasks.push({
        source: bytesOf(joinPath(source, name)),
        target: bytesOf(joinPath(target, name)),
        above: directory,
      });
    }
    if (directory.left > 0) return 'filling';
    await this.#keep(source, target, directory.stats);
    return 'done';
  }

  /** Something in a directory is done. */
  async #done(directory: Filling | undefined): Promise<void> {
    if (directory === undefined) return;
    directory.left -= 1;
    if (directory.left > 0) return;
    const { source, target, stats, above } = directory;
    // At the end: the mode may forbid writing, and every new name changes the times.
    await this.#attempt(source, target, () => this.#keep(source, target, stats));
    await this.#done(above);
  }

  /** Attributes of a file or directory: each may undo what comes behind it here. */
  async #keep(source: Buffer, target: Buffer, stats: CopyStats): Promise<void> {
    if (this.#options.xattrs ?? true) {
      for (const name of await this.from.listXattrs(source)) {
        if (!name.toString('latin1').startsWith('user.')) continue;
        await this.to.setXattr(target, name, await this.from.getXattr(source, name));
      }
    }
    await this.#keepOwner(target, stats);
    await this.to.chmod(target, await this.#modeFor(target, stats));
    await this.to.setTimes(target, stats.atimeNs, stats.mtimeNs);
  }

  get #owners(): boolean {
    return this.#options.owners ?? process.geteuid?.() === 0;
  }

  async #keepOwner(target: Buffer, stats: CopyStats): Promise<void> {
    if (this.#owners) await this.to.chown(target, stats.uid, stats.gid);
  }

  /** A program that becomes its owner must not become another one. */
  async #modeFor(target: Buffer, { mode, uid, gid }: CopyStats): Promise<number> {
    if (this.#owners || (mode & (SET_UID | SET_GID)) === 0) return mode & 0o7777;
    const copy = await this.to.lstat(target);
    return mode & 0o7777 & ~(copy.uid === uid ? 0 : SET_UID) & ~(copy.gid === gid ? 0 : SET_GID);
  }
}

/**
 * Copies a file, link or directory with everything in it, as docs/client.md says. What fails is left out, and the rest is
 * copied; a failure that nothing gets past ends it.
 * @param label the container, for messages
 * @throws CopyError when something failed; the reason of the signal
 */
export async function copyTree(
  [from, source]: readonly [CopyEnd, Buffer],
  [to, target]: readonly [CopyEnd, Buffer],
  label: string,
  options: CopyOptions = {},
): Promise<Copied> {
  options.signal?.throwIfAborted();
  const copy = new Copy(from, to, label, options);
  await copy.run(source, target);
  const [first, ...others] = copy.failures;
  if (first !== undefined)
    throw new CopyError([source, target, label], [first, ...others], copy.copied, copy.ended);
  return copy.copied;
}
