import { addon, type NativeDirectory } from './addon.js';
import { DfsError, explain, failed } from './error.js';
import { closeWhenForgotten, type Held } from './held.js';
import { direntOf, type Dirent } from './stats.js';
import { pathText, type Path } from './words.js';

/** An open directory: its names, without `.` and `..`, in the order of the provider, a batch at a time. */
export class Directory<Name extends string | Buffer = string>
  implements AsyncIterable<Dirent<Name>>, AsyncDisposable
{
  /** Path that it was opened by, for people: bytes that are no UTF-8 as `\xff`. */
  readonly path: string;
  readonly #held: Held<NativeDirectory>;
  readonly #owner: { readonly label: string };
  readonly #given: Path;
  readonly #bytes: boolean;
  #ahead: Dirent<Name>[] = [];
  #last: Promise<unknown> = Promise.resolve();

  /** Made by FileSystem.opendir(). */
  constructor(
    held: Held<NativeDirectory>,
    path: Path,
    owner: { readonly label: string },
    encoding: 'utf8' | 'buffer',
  ) {
    this.#held = held;
    this.path = pathText(path);
    this.#given = path;
    this.#bytes = encoding === 'buffer';
    this.#owner = owner;
    closeWhenForgotten(this, held);
  }

  /** The next name; `null` at the end. */
  read(): Promise<Dirent<Name> | null> {
    // One after the other: the position in the directory is shared.
    const next = this.#last.then(
      () => this.#read(),
      () => this.#read(),
    );
    this.#last = next;
    return next;
  }

  async #read(): Promise<Dirent<Name> | null> {
    const words = {
      operation: 'opendir' as const,
      what: failed('opendir', { path: this.#given, container: this.#owner.label }),
      path: this.#given,
    };
    if (this.#held.closed)
      throw new DfsError({ ...words, why: 'the directory was closed', errno: 9, syscall: 'dfs_release' });
    if (this.#ahead.length === 0) {
      const found = await explain(
        this.#held.use((directory) => addon().readDirectory(directory, this.#bytes)),
        words,
      );
      this.#ahead = found.map((each) => direntOf<Name>(each)).reverse();
    }
    return this.#ahead.pop() ?? null;
  }

  /** The names that are left. The end of the loop, whatever ends it, closes the directory. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Dirent<Name>, void, undefined> {
    try {
      for (let entry = await this.read(); entry !== null; entry = await this.read()) yield entry;
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    await this.#held.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
