import { constants as bufferLimits } from 'node:buffer';
import { constants } from 'node:fs';
import type { ReadableStream, WritableStream } from 'node:stream/web';
import { addon, type NativeStatfs } from './addon.js';
import { Attributes } from './attributes.js';
import { Connection } from './connection.js';
import { containerEnd } from './copy-container.js';
import { hostEnd } from './copy-host.js';
import { copyTree, type Copied, type CopyOptions } from './copy.js';
import { Directory } from './directory.js';
import { DfsError, explain, failed } from './error.js';
import { FileHandle } from './file-handle.js';
import { formatContainer, parseSnapshot, type ContainerName } from './name.js';
import { removeTree, walkStrings, walkTree, type WalkEntry, type WalkOptions } from './walk.js';
import { createSnapshot, destroySnapshot, listSnapshots, type Snapshot } from './snapshot.js';
import type { Dirent } from './stats.js';
import { readableOf, writableOf, type ReadableOptions, type WritableOptions } from './streams.js';

import { wording } from './wording.js';
import {
  bytesOf,
  checkPosition,
  checkText,
  cleanPath,
  parentPath,
  type NameOptions,
  type Path,
  type Position,
} from './words.js';

/** How to open a file; by default for reading one that is there. */
export interface OpenOptions {
  /** Default: true. */
  read?: boolean;
  /** Default: false. */
  write?: boolean;
  /** Creates it where it is not there; `exclusive`: refuses one that is there (EEXIST). Implies `write`. */
  create?: boolean | 'exclusive';
  /** Empties it. Implies `write`. */
  truncate?: boolean;
  /** Permissions of a file that it creates; no umask applies. Default: 0o644. */
  mode?: number;
}

export interface ReadFileOptions {
  /** First byte; default: 0. */
  start?: Position;
  /** The byte before which it ends; default: the end of the file. */
  end?: Position;
  signal?: AbortSignal;
}

export interface WriteFileOptions {
  /** Permissions of a file that it creates; no umask applies. Default: 0o644. */
  mode?: number;
  /** Refuses a file that is there (EEXIST). */
  exclusive?: boolean;
  /** Returns when the bytes survive a power cut. */
  sync?: boolean;
  /** Ends it with its reason; what was written stays. */
  signal?: AbortSignal;
}

/** Something to write: UTF-8, bytes, or bytes that come bit by bit. */
export type Content = string | Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface ConnectOptions {
  readOnly?: boolean;
  /** Name or epoch of a snapshot to open instead; it can't be changed. */
  snapshot?: string;
}

/** Bytes of one call where a file is read or written whole: between two, a signal is looked at. */
const piece = 8 << 20;

function openFlags({ read = true, write = false, create = false, truncate = false }: OpenOptions): number {
  const writes = write || create !== false || truncate;
  const access = !writes ? constants.O_RDONLY : read ? constants.O_RDWR : constants.O_WRONLY;
  return (
    access |
    (create === false ? 0 : constants.O_CREAT) |
    (create === 'exclusive' ? constants.O_EXCL : 0) |
    (truncate ? constants.O_TRUNC : 0)
  );
}

async function* pieces(data: Content): AsyncGenerator<Uint8Array> {
  if (typeof data === 'string' || data instanceof Uint8Array) {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    for (let at = 0; at < bytes.byteLength; at += piece) yield bytes.subarray(at, at + piece);
  } else yield* data;
}

/** A path of the host's, which may be relative. */
function hostPath(path: Path): Buffer {
  if (checkText(path, 'a path').length === 0) throw new TypeError('a path is empty');
  return Buffer.from(bytesOf(path));
}

async function collect<Entry>(entries: AsyncIterable<Entry>): Promise<Entry[]> {
  const all: Entry[] = [];
  for await (const entry of entries) all.push(entry);
  return all;
}

/**
 * The files of a container, without a mount and without the kernel. Paths begin at the root of the container. Calls may
 * be made side by side; each runs on a thread of libuv's pool.
 */
export class FileSystem extends Attributes implements AsyncDisposable {
  readonly container: ContainerName;

  /** Made by connect(). */
  constructor(container: ContainerName, connection: Connection) {
    super(connection);
    this.container = container;
  }

  /** Opens a file. @throws DfsError EISDIR for a directory */
  async open(path: Path, options: OpenOptions = {}): Promise<FileHandle> {
    const held = await this.connection.open(
      'open',
      path,
      (dfs, at) => addon().open(dfs, at, openFlags(options), options.mode ?? 0o644),
      (file) => addon().close(file),
    );
    return new FileHandle(held, cleanPath(path), this.connection);
  }

  /** Bytes of a file, all or from `start` to `end`; with an encoding as a string. */
  async readFile(path: Path, options?: ReadFileOptions & { encoding?: undefined }): Promise<Buffer>;
  async readFile(
    path: Path,
    options: (ReadFileOptions & { encoding: BufferEncoding }) | BufferEncoding,
  ): Promise<string>;
  async readFile(
    path: Path,
    options: (ReadFileOptions & { encoding?: BufferEncoding | undefined }) | BufferEncoding = {},
  ): Promise<Buffer | string> {
    const {
      start = 0,
      end,
      signal,
      encoding,
    } = typeof options === 'string' ? { encoding: options } : options;
    signal?.throwIfAborted();
    await using file = await this.open(path);
    const from = BigInt(checkPosition(start, 'start'));
    const { size } = await file.stat();
    const to = end === undefined || BigInt(checkPosition(end, 'end')) > size ? size : BigInt(end);
    const length = to > from ? to - from : 0n;
    if (length > BigInt(bufferLimits.MAX_LENGTH)) {
      throw new DfsError({
        what: failed('read', { path, container: this.connection.label }),
        why: `${length} bytes do not fit in a Buffer (EFBIG)`,
        remedy: 'read it with readable()',
        errno: 27,
        path: cleanPath(path),
        operation: 'read',
        syscall: 'dfs_read',
      });
    }
    const bytes = Buffer.allocUnsafe(Number(length));
    let done = 0;
    while (done < bytes.length) {
      signal?.throwIfAborted();
      const count = await file.read(bytes.subarray(done, done + piece), from + BigInt(done));
      // Somebody has cut it meanwhile.
      if (count === 0) break;
      done += count;
    }
    const whole = bytes.subarray(0, done);
    return encoding === undefined ? whole : whole.toString(encoding);
  }

  /** Writes a file anew. */
  async writeFile(path: Path, data: Content, options: WriteFileOptions = {}): Promise<void> {
    await this.#put(path, data, options, false);
  }

  /** Writes at the end of a file, which is created where it is not there. */
  async appendFile(path: Path, data: Content, options: WriteFileOptions = {}): Promise<void> {
    await this.#put(path, data, options, true);
  }

  async #put(path: Path, data: Content, options: WriteFileOptions, append: boolean): Promise<void> {
    const { signal, mode = 0o644, exclusive = false, sync = false } = options;
    signal?.throwIfAborted();
    const create = exclusive ? 'exclusive' : true;
    await using file = await this.open(path, { read: false, create, truncate: !append, mode });
    let position = 0n;
    for await (const chunk of pieces(data)) {
      signal?.throwIfAborted();
      if (append) await file.append(chunk);
      else await file.write(chunk, position);
      position += BigInt(chunk.byteLength);
    }
    if (sync) await file.sync();
  }

  /** A stream of a file's bytes; its end, whatever ends it, closes the file. */
  readable(path: Path, options: ReadableOptions = {}): ReadableStream<Uint8Array> {
    return readableOf(() => this.open(path), options, true);
  }

  /** A stream into a file, which is written anew unless options say otherwise; its end closes the file. */
  writable(
    path: Path,
    options: WritableOptions & Pick<OpenOptions, 'create' | 'truncate' | 'mode'> = {},
  ): WritableStream<Uint8Array> {
    const {
      append = false,
      create = true,
      truncate = !append && options.start === undefined,
      mode = 0o644,
    } = options;
    return writableOf(
      () => this.open(path, { read: false, write: true, create, truncate, mode }),
      options,
      true,
    );
  }

  /** Sets the size of a file. What is new is a hole. */
  async truncate(path: Path, size: Position = 0): Promise<void> {
    await using file = await this.open(path, { read: false, write: true });
    await file.truncate(size);
  }

  /** Creates a directory, with `recursive` its parents too (one that is there is then no error). No umask applies. */
  async mkdir(
    path: Path,
    { mode = 0o755, recursive = false }: { mode?: number; recursive?: boolean } = {},
  ): Promise<void> {
    try {
      await this.connection.call('mkdir', path, (dfs, at) => addon().mkdir(dfs, at, mode));
    } catch (error) {
      if (!recursive || !(error instanceof DfsError)) throw error;
      if (error.code === 'EEXIST' && (await this.stat(path)).kind === 'directory') return;
      if (error.code !== 'ENOENT' || cleanPath(path).length === 1) throw error;
      await this.mkdir(parentPath(cleanPath(path)), { mode, recursive });
      await this.mkdir(path, { mode, recursive });
    }
  }

  /** Removes an empty directory. */
  async rmdir(path: Path): Promise<void> {
    await this.connection.call('rmdir', path, (dfs, at) => addon().remove(dfs, at, 'directory'));
  }

  /** Removes a name that is no directory's. */
  async unlink(path: Path): Promise<void> {
    await this.connection.call('unlink', path, (dfs, at) => addon().remove(dfs, at, 'file'));
  }

  /**
   * Removes a name; with `recursive` a directory and everything in it; with `force` it may be missing.
   * With a signal the removing ends with its reason; what was removed is gone.
   */
  async rm(
    path: Path,
    {
      recursive = false,
      force = false,
      signal,
    }: { recursive?: boolean; force?: boolean; signal?: AbortSignal } = {},
  ): Promise<void> {
    try {
      if (!recursive) await this.connection.call('rm', path, (dfs, at) => addon().remove(dfs, at, 'file'));
      else if (signal === undefined)
        await this.connection.call('rm', path, (dfs, at) => addon().remove(dfs, at, 'tree'));
      else await removeTree(this, path, signal);
    } catch (error) {
      if (!force || !(error instanceof DfsError) || error.code !== 'ENOENT') throw error;
    }
  }

  /**
   * Renames. What has the new name is replaced as rename(2) says; with `noreplace` that is EEXIST; with `exchange` the
   * two change places.
   */
  async rename(from: Path, to: Path, { how }: { how?: 'noreplace' | 'exchange' } = {}): Promise<void> {
    const dest = cleanPath(to);
    await this.connection.call('rename', from, (dfs, at) => addon().rename(dfs, at, dest, how), to);
  }

  /** Another name for a file. */
  async link(path: Path, newPath: Path): Promise<void> {
    const dest = cleanPath(newPath);
    await this.connection.call('link', path, (dfs, at) => addon().link(dfs, at, dest), newPath);
  }

  /** Creates a symbolic link. */
  async symlink(target: Path, path: Path): Promise<void> {
    checkText(target, 'the target of a link');
    await this.connection.call('symlink', path, (dfs, at) => addon().symlink(dfs, at, target));
  }

  /** Target of a symbolic link. */
  async readlink(path: Path, options: { encoding: 'buffer' }): Promise<Buffer>;
  async readlink(path: Path, options?: { encoding?: 'utf8' | undefined }): Promise<string>;
  async readlink(path: Path, { encoding }: NameOptions = {}): Promise<string | Buffer> {
    return this.connection.call('readlink', path, (dfs, at) =>
      addon().readlink(dfs, at, encoding === 'buffer'),
    );
  }

  /** Opens a directory to read its names bit by bit. */
  async opendir(path: Path, options: { encoding: 'buffer' }): Promise<Directory<Buffer>>;
  async opendir(path: Path, options?: { encoding?: 'utf8' | undefined }): Promise<Directory>;
  async opendir(path: Path, { encoding = 'utf8' }: NameOptions = {}): Promise<Directory | Directory<Buffer>> {
    const held = await this.connection.open(
      'opendir',
      path,
      (dfs, at) => addon().openDirectory(dfs, at),
      (directory) => addon().close(directory),
    );
    const at = cleanPath(path);
    return encoding === 'buffer'
      ? new Directory<Buffer>(held, at, this.connection, encoding)
      : new Directory<string>(held, at, this.connection, encoding);
  }

  /** All names in a directory, without `.` and `..`, in the order of the provider. */
  async readdir(path: Path, options: { encoding: 'buffer' }): Promise<Dirent<Buffer>[]>;
  async readdir(path: Path, options?: { encoding?: 'utf8' | undefined }): Promise<Dirent[]>;
  async readdir(path: Path, { encoding }: NameOptions = {}): Promise<Dirent[] | Dirent<Buffer>[]> {
    return encoding === 'buffer'
      ? collect(await this.opendir(path, { encoding }))
      : collect(await this.opendir(path));
  }

  /** Everything below a directory, a directory before what is in it. Links are not followed. */
  walk(
    path: Path,
    options: WalkOptions & { encoding: 'buffer' },
  ): AsyncGenerator<WalkEntry<Buffer>, void, undefined>;
  walk(
    path: Path,
    options?: WalkOptions & { encoding?: 'utf8' | undefined },
  ): AsyncGenerator<WalkEntry, void, undefined>;
  walk(
    path: Path,
    { encoding, ...options }: WalkOptions & NameOptions = {},
  ): AsyncGenerator<WalkEntry | WalkEntry<Buffer>, void, undefined> {
    const walk = walkTree(this, path, options);
    return encoding === 'buffer' ? walk : walkStrings(walk);
  }

  /** Copies a file or tree of the host's into the container. @throws CopyError */
  async copyIn(source: Path, path: Path, options: CopyOptions = {}): Promise<Copied> {
    const from = hostPath(source);
    const to = bytesOf(cleanPath(path));
    return copyTree([hostEnd, from], [containerEnd(this), to], this.connection.label, options);
  }

  /** Copies a file or tree of the container to the host. @throws CopyError */
  async copyOut(path: Path, target: Path, options: CopyOptions = {}): Promise<Copied> {
    const from = bytesOf(cleanPath(path));
    const to = hostPath(target);
    return copyTree([containerEnd(this), from], [hostEnd, to], this.connection.label, options);
  }

  /** How much room there is: statvfs(3). */
  async statfs(): Promise<NativeStatfs> {
    return this.connection.call('statfs', '/', (dfs, at) => addon().statfs(dfs, at));
  }

  /** Makes everything written so far survive a power cut. */
  async sync(): Promise<void> {
    await this.connection.call('sync', '/', (dfs, at) => addon().sync(dfs, at));
  }

  /** Takes a snapshot. @returns its epoch */
  async createSnapshot(name?: string): Promise<string> {
    return createSnapshot(this.container, name);
  }

  /** Snapshots, oldest first. */
  async listSnapshots(): Promise<Snapshot[]> {
    return listSnapshots(this.container);
  }

  /** Destroys a snapshot, by name or epoch. */
  async destroySnapshot(snapshot: string): Promise<void> {
    await destroySnapshot(this.container, snapshot);
  }

  /** Opens a snapshot, by name or epoch, as a file system of its own; it can't be changed. */
  async openSnapshot(snapshot: string): Promise<FileSystem> {
    return connect(this.container, { snapshot });
  }

  /**
   * Closes it, with the files and directories that are open in it, once the calls under way have ended. What consists of
   * several calls (a whole file, a walk, a tree) fails with EBADF at its next one.
   */
  async close(): Promise<void> {
    await this.connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Opens a container, `POOL/CONT`, or one of its snapshots, `POOL/CONT@NAME`.
 * @throws DfsError ENOENT, EACCES, EPROTONOSUPPORT (a store of another version), EIO (a damaged one)
 */
export async function connect(
  container: string | ContainerName,
  { readOnly = false, snapshot }: ConnectOptions = {},
): Promise<FileSystem> {
  const named = typeof container === 'string' ? parseSnapshot(container) : { container };
  const name = named.container;
  const version = snapshot ?? named.snapshot;
  const label = version === undefined ? formatContainer(name) : `${formatContainer(name)}@${version}`;
  const native = await explain(
    addon().connect(name.pool, name.cont, readOnly, version),
    wording('connect', name),
  );
  return new FileSystem(name, new Connection(label, native));
}
