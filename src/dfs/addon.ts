import { createRequire } from 'node:module';
import { DfskitError } from '../errors.js';
import { libPath, packageRoot } from '../paths.js';

/** Attributes as the addon gives them: stat(2)'s, times in ns since 1970. */
export interface NativeStat {
  inode: bigint;
  mode: number;
  links: number;
  uid: number;
  gid: number;
  size: bigint;
  blockSize: number;
  blocks: bigint;
  atimeNs: bigint;
  mtimeNs: bigint;
  ctimeNs: bigint;
}

export interface NativeDirent {
  name: string | Buffer;
  /** DT_REG, DT_DIR, DT_LNK of readdir(3). */
  type: number;
  inode: bigint;
}

export interface NativeStatfs {
  blockSize: number;
  blocks: bigint;
  free: bigint;
  available: bigint;
  files: bigint;
  filesFree: bigint;
}

/** What a check of a container found. */
export interface CheckResult {
  found: number;
  /** How many of these were repaired. */
  repaired: number;
  /** A line for each. */
  findings: string[];
}

export interface NativeContainer {
  pool: string;
  cont: string;
  chunkSize: number;
  objectClass: number;
  mode: number;
}

export interface NativeSnapshot {
  /** In decimal: it may be larger than a number holds exactly. */
  epoch: string;
  name: string;
}

/** An open connection; opaque. */
export type NativeDfs = object & { readonly __dfs: unique symbol };

/** An open file; opaque. */
export type NativeFile = object & { readonly __file: unique symbol };

/** An open directory; opaque. */
export type NativeDirectory = object & { readonly __directory: unique symbol };

/** An offset or a size; a bigint where a number would not be exact. */
export type NativeOffset = number | bigint;

/** A path or a name: a string, or bytes. */
type Text = string | Uint8Array;

/** What build/lib/dfskit.node exports. Failures are errors with `errno`, `syscall` and `path`. */
export interface Addon {
  /** Becomes another program. The strings hold one byte a character (`latin1`). */
  exec(file: string, argv: string[], envp: string[], ignored: bigint, nofile: number, fds: number[]): never;
  lock(fd: number, how: 'exclusive' | 'shared'): void;

  containerCreate(pool: string, cont: string, chunkSize: number): Promise<void>;
  containerList(pool: string): Promise<string[]>;
  containerInfo(pool: string, cont: string): Promise<NativeContainer>;
  containerCheck(pool: string, cont: string, flags: number): Promise<CheckResult>;
  containerDestroy(pool: string, cont: string, force: boolean): Promise<void>;

  userAttributeSet(pool: string, cont: string, name: string, value: Uint8Array): Promise<void>;
  userAttributeGet(pool: string, cont: string, name: string): Promise<Buffer>;
  userAttributeList(pool: string, cont: string): Promise<string[]>;
  userAttributeDelete(pool: string, cont: string, name: string): Promise<void>;

  snapshotCreate(pool: string, cont: string, name?: string): Promise<string>;
  snapshotList(pool: string, cont: string): Promise<NativeSnapshot[]>;
  snapshotDestroy(pool: string, cont: string, epoch: string): Promise<void>;

  connect(pool: string, cont: string, readOnly: boolean, snapshot?: string): Promise<NativeDfs>;
  disconnect(dfs: NativeDfs): Promise<void>;
  sync(dfs: NativeDfs, path: Text): Promise<void>;
  statfs(dfs: NativeDfs, path: Text): Promise<NativeStatfs>;

  mkdir(dfs: NativeDfs, path: Text, mode: number): Promise<void>;
  symlink(dfs: NativeDfs, path: Text, target: Text): Promise<void>;
  readlink(dfs: NativeDfs, path: Text, bytes: boolean): Promise<string | Buffer>;
  link(dfs: NativeDfs, path: Text, newPath: Text): Promise<void>;
  remove(dfs: NativeDfs, path: Text, kind: 'file' | 'directory' | 'tree'): Promise<void>;
  rename(dfs: NativeDfs, from: Text, to: Text, how?: 'noreplace' | 'exchange'): Promise<void>;

  openDirectory(dfs: NativeDfs, path: Text): Promise<NativeDirectory>;
  /** The next names; none at the end. One call at a time. */
  readDirectory(directory: NativeDirectory, bytes: boolean): Promise<NativeDirent[]>;

  stat(dfs: NativeDfs, path: Text, follow: boolean): Promise<NativeStat>;
  chmod(dfs: NativeDfs, path: Text, mode: number): Promise<void>;
  chown(dfs: NativeDfs, path: Text, uid: number, gid: number, follow: boolean): Promise<void>;
  utimes(
    dfs: NativeDfs,
    path: Text,
    atimeNs: bigint | undefined,
    mtimeNs: bigint | undefined,
    follow: boolean,
  ): Promise<void>;
  access(dfs: NativeDfs, path: Text, mask: number): Promise<void>;
  getXattr(dfs: NativeDfs, path: Text, name: Text, follow: boolean): Promise<Buffer>;
  setXattr(
    dfs: NativeDfs,
    path: Text,
    name: Text,
    value: Uint8Array,
    flags: number,
    follow: boolean,
  ): Promise<void>;
  listXattrs(dfs: NativeDfs, path: Text, follow: boolean, bytes: boolean): Promise<(string | Buffer)[]>;
  removeXattr(dfs: NativeDfs, path: Text, name: Text, follow: boolean): Promise<void>;

  /** `flags` of open(2). */
  open(dfs: NativeDfs, path: Text, flags: number, mode: number): Promise<NativeFile>;
  close(object: NativeFile | NativeDirectory): Promise<void>;
  /** Buffers are used in place: nobody changes them before the promise settles. */
  fileRead(file: NativeFile, buffers: Uint8Array[], position: NativeOffset): Promise<number>;
  fileWrite(file: NativeFile, buffers: Uint8Array[], position: NativeOffset): Promise<void>;
  /** Resolves to the offset after the bytes. */
  fileAppend(file: NativeFile, buffers: Uint8Array[]): Promise<bigint>;
  fileTruncate(file: NativeFile, size: NativeOffset): Promise<void>;
  fileSync(file: NativeFile, dataOnly: boolean): Promise<void>;
  /** The next byte from `position` on that is in a hole, or is in none; undefined when there is no such one. */
  fileSeek(file: NativeFile, position: NativeOffset, hole: boolean): Promise<bigint | undefined>;
  fileStat(file: NativeFile): Promise<NativeStat>;

  /** Of the kernel's files, by descriptor and by path; a last symbolic link itself. */
  hostSeek(fd: number, position: NativeOffset, hole: boolean): Promise<bigint | undefined>;
  hostRead(fd: number, buffer: Uint8Array, position: NativeOffset): Promise<number>;
  hostWrite(fd: number, buffer: Uint8Array, position: NativeOffset): Promise<void>;
  hostTruncate(fd: number, size: NativeOffset): Promise<void>;
  hostUtimes(path: Text, atimeNs: bigint, mtimeNs: bigint): Promise<void>;
  hostListXattrs(path: Text): Promise<Buffer[]>;
  hostGetXattr(path: Text, name: Text): Promise<Buffer>;
  hostSetXattr(path: Text, name: Text, value: Uint8Array): Promise<void>;
}

let loaded: Addon | undefined;

/**
 * The native addon, loaded at the first call.
 * @throws DfskitError NOT_BUILT
 */
export function addon(): Addon {
  if (loaded !== undefined) return loaded;
  const path = libPath('dfskit.node');
  try {
    loaded = createRequire(import.meta.url)(path) as Addon;
    return loaded;
  } catch (error) {
    throw new DfskitError({
      code: 'NOT_BUILT',
      what: 'cannot load the native addon',
      why: (error as Error).message.split('\n')[0] ?? path,
      remedy: `build it: npm run setup (in ${packageRoot})`,
      cause: error,
    });
  }
}
