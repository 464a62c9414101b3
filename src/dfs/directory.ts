import { addon, type NativeDirectory } from './addon.js';
import { DfsError, explain, failed } from './error.js';
import { closeWhenForgotten, type Held } from './held.js';
import { direntOf, type Dirent } from './stats.js';

/** An open directory: its names, without `.` and `..`, in the order of the provider, a batch at a time. */
export class Directory implements AsyncIterable<Dirent>, AsyncDisposable {
  readonly path: string;
  readonly #held: Held<NativeDirectory>;
  readonly #owner: { readonly label: string };
  #ahead: Dirent[] = [];
  #last: Promise<unknown> = Promise.resolve();

  /** Made by FileSystem.opendir(). */
  constructor(held: Held<NativeDirectory>, path: string, owner: { readonly label: string }) {
    this.#held = held;
    this.path = path;
    this.#owner = owner;
    closeWhenForgotten(this, held);
  }

  /** The next name; `null` at the end. */
  read(): Promise<Dirent | null> {
    // One after the other: the position in the directory is shared.
    const next = this.#last.then(
      () => this.#read(),
      () => this.#read(),
    );
    this.#last = next;
    return next;
  }

  async #read(): Promise<Dirent | null> {
    const words = {
      operation: 'opendir' as const,
      what: failed('opendir', { path: this.path, container: this.#owner.label }),
      path: this.path,
    };
    if (this.#held.closed)
      throw new DfsError({ ...words, why: 'the directory was closed', errno: 9, syscall: 'dfs_release' });
    if (this.#ahead.length === 0) {
      const found = await explain(
        this.#held.use((directory) => addon().readDirectory(directory)),
        words,
      );
      this.#ahead = found.map(direntOf).reverse();
    }
    return this.#ahead.pop() ?? null;
  }

  /** The names that are left. The end of the loop, whatever ends it, closes the directory. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Dirent, void, undefined> {
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
