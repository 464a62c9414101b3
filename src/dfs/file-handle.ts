import type { ReadableStream, WritableStream } from 'node:stream/web';
import { addon, type NativeFile } from './addon.js';
import { DfsError, explain, failed, type Operation } from './error.js';
import { closeWhenForgotten, type Held } from './held.js';
import { statsOf, type Stats } from './stats.js';
import { readableOf, writableOf, type ReadableOptions, type WritableOptions } from './streams.js';
import { checkPosition, pathText, type Path, type Position } from './words.js';

/**
 * An open file. It has no offset of its own: every call says where, so calls may run side by side in any number. A
 * buffer is used in place and belongs to the call until its promise has settled.
 */
export class FileHandle implements AsyncDisposable {
  /** Path that it was opened by, for people: bytes that are no UTF-8 as `\xff`. */
  readonly path: string;
  readonly #given: Path;
  readonly #held: Held<NativeFile>;
  // Keeps the file system from being closed as forgotten while a file of it is in use.
  readonly #owner: { readonly label: string };

  /** Made by FileSystem.open(). */
  constructor(held: Held<NativeFile>, path: Path, owner: { readonly label: string }) {
    this.#held = held;
    this.path = pathText(path);
    this.#given = path;
    this.#owner = owner;
    closeWhenForgotten(this, held);
  }

  /** Reads into `buffer`. @returns how many bytes; fewer than asked for only at the end of the file */
  async read(buffer: Uint8Array, position: Position): Promise<number> {
    return this.readv([buffer], position);
  }

  /** Reads into one buffer after the other. @returns how many bytes in all */
  async readv(buffers: readonly Uint8Array[], position: Position): Promise<number> {
    checkPosition(position, 'position');
    return this.#call('read', (file) => addon().fileRead(file, [...buffers], position));
  }

  /** Writes all of `data`; a string as UTF-8. */
  async write(data: Uint8Array | string, position: Position): Promise<void> {
    await this.writev([typeof data === 'string' ? Buffer.from(data) : data], position);
  }

  /** Writes all of one buffer after the other. */
  async writev(buffers: readonly Uint8Array[], position: Position): Promise<void> {
    checkPosition(position, 'position');
    await this.#call('write', (file) => addon().fileWrite(file, [...buffers], position));
  }

  /** Writes all of `data` at the end, whatever others append meanwhile. @returns the offset after it */
  async append(data: Uint8Array | string): Promise<bigint> {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    return this.#call('append', (file) => addon().fileAppend(file, [bytes]));
  }

  /** Sets the size. What is new is a hole. */
  async truncate(size: Position = 0): Promise<void> {
    checkPosition(size, 'size');
    await this.#call('truncate', (file) => addon().fileTruncate(file, size));
  }

  /**
   * The first byte from `position` on that lies in no hole; undefined when there is none before the end of the file.
   * @throws DfsError ENOTSUP where the DFS library does not say where holes are
   */
  async seekData(position: Position): Promise<bigint | undefined> {
    checkPosition(position, 'position');
    return this.#call('seek', (file) => addon().fileSeek(file, position, false));
  }

  /** The first byte from `position` on that lies in a hole, which the end of the file counts as; undefined behind it. */
  async seekHole(position: Position): Promise<bigint | undefined> {
    checkPosition(position, 'position');
    return this.#call('seek', (file) => addon().fileSeek(file, position, true));
  }

  /** Makes what was written survive a power cut: fsync(2), or with `dataOnly` fdatasync(2). */
  async sync({ dataOnly = false }: { dataOnly?: boolean } = {}): Promise<void> {
    await this.#call('sync', (file) => addon().fileSync(file, dataOnly));
  }

  /** fstat(2). */
  async stat(): Promise<Stats> {
    return statsOf(await this.#call('stat', (file) => addon().fileStat(file)));
  }

  /** A stream of the file's bytes. The handle stays open after it. */
  readable(options: ReadableOptions = {}): ReadableStream<Uint8Array> {
    return readableOf(() => Promise.resolve(this), options, false);
  }

  /** A stream into the file. The handle stays open after it. */
  writable(options: WritableOptions = {}): WritableStream<Uint8Array> {
    return writableOf(() => Promise.resolve(this), options, false);
  }

  /** Closes it once the calls under way have ended; a second time does nothing. */
  async close(): Promise<void> {
    await explain(this.#held.close(), () => ({ operation: 'close', ...this.#words('close') }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #words(operation: Operation): { what: string; path: Path } {
    return {
      what: failed(operation, { path: this.#given, container: this.#owner.label }),
      path: this.#given,
    };
  }

  async #call<T>(operation: Operation, work: (file: NativeFile) => Promise<T>): Promise<T> {
    if (this.#held.closed) {
      const why = 'the file was closed';
      throw new DfsError({ ...this.#words(operation), why, errno: 9, operation, syscall: 'dfs_release' });
    }
    return explain(this.#held.use(work), () => ({ operation, ...this.#words(operation) }));
  }
}
