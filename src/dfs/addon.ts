import { createRequire } from 'node:module';
import { DfskitError } from '../errors.js';
import { libPath, packageRoot } from '../paths.js';

/** Attributes as the addon gives them: stat(2)'s, times in milliseconds. */
export interface NativeStat {
  ino: number;
  mode: number;
  nlink: number;
  uid: number;
  gid: number;
  size: number;
  blksize: number;
  blocks: number;
  atimeMs: number;
  mtimeMs: number;
  ctimeMs: number;
}

export interface NativeDirent {
  name: string;
  /** DT_REG, DT_DIR, DT_LNK of readdir(3). */
  type: number;
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

/** What build/lib/dfskit.node exports. Failures are errors with `errno`, `syscall` and `path`. */
export interface Addon {
  /** Becomes another program. The strings hold one byte a character (`latin1`). */
  exec(file: string, argv: string[], envp: string[], ignored: bigint, nofile: number, fds: number[]): never;
  lock(fd: number, how: 'exclusive' | 'shared'): void;

  containerCreate(pool: string, cont: string, chunkSize: number): Promise<void>;
  containerList(pool: string): Promise<string[]>;
  containerInfo(pool: string, cont: string): Promise<NativeContainer>;
  containerCheck(pool: string, cont: string): Promise<void>;
  containerDestroy(pool: string, cont: string, force: boolean): Promise<void>;

  snapshotCreate(pool: string, cont: string, name?: string): Promise<string>;
  snapshotList(pool: string, cont: string): Promise<NativeSnapshot[]>;
  snapshotDestroy(pool: string, cont: string, epoch: string): Promise<void>;

  connect(pool: string, cont: string, readOnly: boolean, snapshot?: string): Promise<NativeDfs>;
  disconnect(dfs: NativeDfs): Promise<void>;
  stat(dfs: NativeDfs, path: string, follow: boolean): Promise<NativeStat>;
  read(dfs: NativeDfs, path: string, offset: number, length: number): Promise<Buffer>;
  write(dfs: NativeDfs, path: string, data: Uint8Array, flags: number, mode: number): Promise<void>;
  mkdir(dfs: NativeDfs, path: string, mode: number): Promise<void>;
  readdir(dfs: NativeDfs, path: string): Promise<NativeDirent[]>;
  readlink(dfs: NativeDfs, path: string): Promise<string>;
  symlink(dfs: NativeDfs, target: string, path: string): Promise<void>;
  remove(dfs: NativeDfs, path: string, recursive: boolean): Promise<void>;
  rename(dfs: NativeDfs, from: string, to: string): Promise<void>;
  sync(dfs: NativeDfs): Promise<void>;
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
