import { addon } from './addon.js';
import type { Connection } from './connection.js';
import { DfsError, failed } from './error.js';
import { statsOf, type Stats } from './stats.js';
import { bytesOf, checkText, cleanPath, joinPath, parentPath, type NameOptions, type Path } from './words.js';

/** What access(2) asks. */
export interface AccessMode {
  read?: boolean;
  write?: boolean;
  execute?: boolean;
}

/** `follow: false`: a last symbolic link itself. Default: what it leads to. */
export interface FollowOptions {
  follow?: boolean;
}

// XATTR_CREATE and XATTR_REPLACE of setxattr(2).
const xattrFlags = { create: 1, replace: 2 } as const;

/** Symbolic links on the way to a file: path_resolution(7). */
const maxLinks = 40;

/** The calls of a FileSystem that look at attributes and change them. */
export abstract class Attributes {
  protected readonly connection: Connection;

  protected constructor(connection: Connection) {
    this.connection = connection;
  }

  /** stat(2). */
  async stat(path: Path): Promise<Stats> {
    return statsOf(await this.connection.call('stat', path, (dfs, at) => addon().stat(dfs, at, true)));
  }

  /** lstat(2): of a last symbolic link itself. */
  async lstat(path: Path): Promise<Stats> {
    return statsOf(await this.connection.call('stat', path, (dfs, at) => addon().stat(dfs, at, false)));
  }

  /** Asks whether a file is there and allows all of `mode`. @throws DfsError ENOENT, EACCES, EROFS */
  async access(path: Path, { read, write, execute }: AccessMode = {}): Promise<void> {
    const mask = (read === true ? 4 : 0) | (write === true ? 2 : 0) | (execute === true ? 1 : 0);
    await this.connection.call('access', path, (dfs, at) => addon().access(dfs, at, mask));
  }

  /** Sets the permissions, set-ID and sticky bits. */
  async chmod(path: Path, mode: number): Promise<void> {
    await this.connection.call('chmod', path, (dfs, at) => addon().chmod(dfs, at, mode & 0o7777));
  }

  /** Sets the owner and the group; what is not given stays. */
  async chown(
    path: Path,
    { uid = -1, gid = -1, follow = true }: { uid?: number; gid?: number } & FollowOptions,
  ): Promise<void> {
    await this.connection.call('chown', path, (dfs, at) => addon().chown(dfs, at, uid, gid, follow));
  }

  /** Sets the times of access and modification, in ns since 1970; `undefined` stays. */
  async utimes(path: Path, atimeNs: bigint | undefined, mtimeNs: bigint | undefined): Promise<void> {
    await this.connection.call('utimes', path, (dfs, at) => addon().utimes(dfs, at, atimeNs, mtimeNs, true));
  }

  /** The same of a last symbolic link itself. */
  async lutimes(path: Path, atimeNs: bigint | undefined, mtimeNs: bigint | undefined): Promise<void> {
    await this.connection.call('utimes', path, (dfs, at) => addon().utimes(dfs, at, atimeNs, mtimeNs, false));
  }

  /** Value of an extended attribute. @throws DfsError ENODATA */
  async getXattr(path: Path, name: Path, { follow = true }: FollowOptions = {}): Promise<Buffer> {
    checkText(name, 'the name of an attribute');
    return this.connection.call('getXattr', path, (dfs, at) => addon().getXattr(dfs, at, name, follow));
  }

  /** Sets an extended attribute. `only`: refuses one that is there (EEXIST), or one that is not (ENODATA). */
  async setXattr(
    path: Path,
    name: Path,
    value: Uint8Array | string,
    { only, follow = true }: { only?: 'create' | 'replace' } & FollowOptions = {},
  ): Promise<void> {
    checkText(name, 'the name of an attribute');
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    const flags = only === undefined ? 0 : xattrFlags[only];
    await this.connection.call('setXattr', path, (dfs, at) =>
      addon().setXattr(dfs, at, name, bytes, flags, follow),
    );
  }

  /** Names of the extended attributes. */
  async listXattrs(path: Path, options: FollowOptions & { encoding: 'buffer' }): Promise<Buffer[]>;
  async listXattrs(
    path: Path,
    options?: FollowOptions & { encoding?: 'utf8' | undefined },
  ): Promise<string[]>;
  async listXattrs(
    path: Path,
    { follow = true, encoding }: FollowOptions & NameOptions = {},
  ): Promise<(string | Buffer)[]> {
    return this.connection.call('listXattrs', path, (dfs, at) =>
      addon().listXattrs(dfs, at, follow, encoding === 'buffer'),
    );
  }

  /** Removes an extended attribute. @throws DfsError ENODATA */
  async removeXattr(path: Path, name: Path, { follow = true }: FollowOptions = {}): Promise<void> {
    checkText(name, 'the name of an attribute');
    await this.connection.call('removeXattr', path, (dfs, at) => addon().removeXattr(dfs, at, name, follow));
  }

  /** The path without links, `.` and `..`. @throws DfsError ENOENT, ELOOP */
  async realpath(path: Path, options: { encoding: 'buffer' }): Promise<Buffer>;
  async realpath(path: Path, options?: { encoding?: 'utf8' | undefined }): Promise<string>;
  async realpath(path: Path, { encoding }: NameOptions = {}): Promise<string | Buffer> {
    const bytes = await this.#resolve(path);
    return encoding === 'buffer' ? bytes : bytes.toString();
  }

  async #resolve(path: Path): Promise<Buffer> {
    // One character a byte: a name may be anything.
    const split = (text: Path): string[] =>
      bytesOf(text)
        .toString('latin1')
        .split('/')
        .filter((part) => part !== '' && part !== '.');
    let left = split(cleanPath(path));
    let done: Path = Buffer.from('/');
    for (let links = 0; left.length > 0;) {
      const [name = '', ...rest] = left;
      left = rest;
      if (name === '..') {
        done = parentPath(done);
        continue;
      }
      const next: Path = joinPath(done, Buffer.from(name, 'latin1'));
      const { kind } = statsOf(
        await this.connection.call('realpath', next, (dfs, at) => addon().stat(dfs, at, false)),
      );
      if (kind !== 'symlink') {
        done = next;
        continue;
      }
      links += 1;
      if (links > maxLinks) {
        throw new DfsError({
          what: failed('realpath', { path, container: this.connection.label }),
          why: 'too many symbolic links (ELOOP)',
          errno: 40,
          path: cleanPath(path),
          operation: 'realpath',
          syscall: 'dfs_lookup',
        });
      }
      const target = bytesOf(
        await this.connection.call('realpath', next, (dfs, at) => addon().readlink(dfs, at, true)),
      );
      if (target[0] === 0x2f) done = Buffer.from('/');
      left = [...split(target), ...left];
    }
    return bytesOf(done);
  }
}
