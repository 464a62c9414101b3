import { constants } from 'node:fs';
import { posix } from 'node:path';
import { addon, type NativeDfs, type NativeDirent, type NativeStat } from './addon.js';
import { wording } from './container.js';
import { DfsError, explain } from './error.js';
import { formatContainer, type ContainerName } from './name.js';

/** Attributes of a file: stat(2)'s, times in milliseconds since 1970. */
export interface DfsStat extends NativeStat {
  isFile: boolean;
  isDirectory: boolean;
  isSymbolicLink: boolean;
}

/** A name in a directory. */
export interface DfsDirent {
  name: string;
  kind: 'file' | 'directory' | 'symlink';
}

function kindOf({ type }: NativeDirent): DfsDirent['kind'] {
  // DT_DIR and DT_LNK of readdir(3).
  if (type === 4) return 'directory';
  return type === 10 ? 'symlink' : 'file';
}

/**
 * A container's files, without a mount and without the kernel. Paths begin with `/` at the root of the
 * container. Calls may be made at the same time; each runs on a thread of libuv's pool.
 */
export class DfsClient implements AsyncDisposable {
  readonly #name: ContainerName;
  #dfs: NativeDfs | undefined;

  private constructor(name: ContainerName, dfs: NativeDfs) {
    this.#name = name;
    this.#dfs = dfs;
  }

  /**
   * Opens a container, or one of its snapshots (by name or epoch), which can't be changed.
   * @throws DfsError ENOENT, EACCES, EPROTO (a store of another version), EIO (a damaged one)
   */
  static async connect(
    name: ContainerName,
    { readOnly = false, snapshot }: { readOnly?: boolean; snapshot?: string } = {},
  ): Promise<DfsClient> {
    const words = wording('cannot open container', name);
    return new DfsClient(
      name,
      await explain(addon().connect(name.pool, name.cont, readOnly, snapshot), words),
    );
  }

  /** stat(2), or lstat(2) with `follow: false`. */
  async stat(path: string, { follow = true }: { follow?: boolean } = {}): Promise<DfsStat> {
    const stat = await this.#call('stat', path, (dfs) => addon().stat(dfs, clean(path), follow));
    const type = stat.mode & constants.S_IFMT;
    return {
      ...stat,
      isFile: type === constants.S_IFREG,
      isDirectory: type === constants.S_IFDIR,
      isSymbolicLink: type === constants.S_IFLNK,
    };
  }

  /** Bytes of a file: all, or up to `length` of them from `offset`. */
  async readFile(
    path: string,
    { offset = 0, length = -1 }: { offset?: number; length?: number } = {},
  ): Promise<Buffer> {
    return this.#call('read', path, (dfs) => addon().read(dfs, clean(path), offset, length));
  }

  /** Writes a file anew, or with `append` at its end. `mode` is that of a file that it creates; no umask applies. */
  async writeFile(
    path: string,
    data: Uint8Array | string,
    {
      mode = 0o644,
      append = false,
      exclusive = false,
    }: { mode?: number; append?: boolean; exclusive?: boolean } = {},
  ): Promise<void> {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    const flags =
      (append ? constants.O_APPEND : constants.O_TRUNC) |
      (exclusive ? constants.O_EXCL : 0) |
      constants.O_CREAT;
    await this.#call('write', path, (dfs) => addon().write(dfs, clean(path), bytes, flags, mode));
  }

  /** Creates a directory, with `recursive` its parents too (one that is there is then no error). */
  async mkdir(
    path: string,
    { mode = 0o755, recursive = false }: { mode?: number; recursive?: boolean } = {},
  ): Promise<void> {
    try {
      await this.#call('create directory', path, (dfs) => addon().mkdir(dfs, clean(path), mode));
    } catch (error) {
      if (!recursive || !(error instanceof DfsError)) throw error;
      if (error.code === 'EEXIST' && (await this.stat(path)).isDirectory) return;
      if (error.code !== 'ENOENT' || clean(path) === '/') throw error;
      await this.mkdir(posix.dirname(clean(path)), { mode, recursive });
      await this.mkdir(path, { mode, recursive });
    }
  }

  /** Names in a directory, without `.` and `..`, in the order of the provider. */
  async readdir(path: string): Promise<DfsDirent[]> {
    const entries = await this.#call('list', path, (dfs) => addon().readdir(dfs, clean(path)));
    return entries.map((entry) => ({ name: entry.name, kind: kindOf(entry) }));
  }

  /** Target of a symbolic link. */
  async readlink(path: string): Promise<string> {
    return this.#call('read link', path, (dfs) => addon().readlink(dfs, clean(path)));
  }

  /** Creates a symbolic link. */
  async symlink(target: string, path: string): Promise<void> {
    await this.#call('create link', path, (dfs) => addon().symlink(dfs, target, clean(path)));
  }

  /** Removes a name; with `recursive` a directory with everything in it. */
  async remove(path: string, { recursive = false }: { recursive?: boolean } = {}): Promise<void> {
    await this.#call('remove', path, (dfs) => addon().remove(dfs, clean(path), recursive));
  }

  /** Renames; what has the new name is replaced, as rename(2) says. */
  async rename(from: string, to: string): Promise<void> {
    await this.#call('rename', from, (dfs) => addon().rename(dfs, clean(from), clean(to)));
  }

  /** Makes everything written so far survive a power cut. */
  async sync(): Promise<void> {
    await this.#call('sync', '/', (dfs) => addon().sync(dfs));
  }

  /** Closes the connection once the calls under way have ended; a second time does nothing. */
  async close(): Promise<void> {
    const dfs = this.#dfs;
    this.#dfs = undefined;
    if (dfs !== undefined) await addon().disconnect(dfs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #call<T>(verb: string, path: string, work: (dfs: NativeDfs) => Promise<T>): Promise<T> {
    const what = `cannot ${verb} ${path} in ${formatContainer(this.#name)}`;
    if (this.#dfs === undefined) {
      throw new DfsError({ what, why: 'the client is closed', errno: 9, path, syscall: 'dfs_connect' });
    }
    return explain(work(this.#dfs), { what });
  }
}

/** `path` from the root on, without `.`, doubled and trailing slashes. `..` stays: a link may stand before it. */
function clean(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return `/${parts.join('/')}`;
}
