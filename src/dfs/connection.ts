import { addon, type NativeDfs } from './addon.js';
import { DfsError, explain, failed, type Operation } from './error.js';
import { closeWhenForgotten, Held } from './held.js';
import { cleanPath, type Path } from './words.js';

/** An open container, as the parts of a FileSystem share it: its calls and their errors. */
export class Connection {
  /** `POOL/CONT` or `POOL/CONT@SNAPSHOT`. */
  readonly label: string;
  readonly #held: Held<NativeDfs>;

  constructor(label: string, native: NativeDfs) {
    this.label = label;
    this.#held = new Held(native, (dfs) => addon().disconnect(dfs));
    closeWhenForgotten(this, this.#held);
  }

  /** A call on a path, and with `dest` on a second one. */
  async call<T>(
    operation: Operation,
    path: Path,
    work: (dfs: NativeDfs, path: Path) => Promise<T>,
    dest?: Path,
  ): Promise<T> {
    const clean = cleanPath(path);
    const words = (): { operation: Operation; what: string; path: Path; dest: Path | undefined } => ({
      operation,
      what: failed(operation, { path, dest, container: this.label }),
      path: clean,
      dest,
    });
    if (this.#held.closed)
      throw new DfsError({
        ...words(),
        why: 'the file system was closed',
        errno: 9,
        syscall: 'dfs_disconnect',
      });
    return explain(
      this.#held.use((dfs) => work(dfs, clean)),
      words,
    );
  }

  /** Opens something in it. It is known here before the call has ended, so that closing closes it too. */
  async open<Native extends object>(
    operation: Operation,
    path: Path,
    work: (dfs: NativeDfs, path: Path) => Promise<Native>,
    release: (native: Native) => Promise<void>,
  ): Promise<Held<Native>> {
    return this.call(operation, path, async (dfs, at) => {
      const native: Native = await work(dfs, at);
      return new Held<Native>(native, release, this.#held.inside);
    });
  }

  async close(): Promise<void> {
    await explain(this.#held.close(), () => ({
      operation: 'close',
      what: failed('close', { path: this.label }),
      path: this.label,
    }));
  }
}
