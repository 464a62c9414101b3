import type { Kind } from './stats.js';

/** Attributes that a copy keeps. Times in ns since 1970. */
export interface CopyStats {
  readonly kind: Kind | 'other';
  readonly mode: number;
  readonly size: bigint;
  readonly uid: number;
  readonly gid: number;
  readonly links: number;
  /** The same for all names of one file. */
  readonly identity: string;
  readonly atimeNs: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly inode: bigint;
}

/** A file that is copied from. */
export interface CopySource extends AsyncDisposable {
  /** Fills the buffer up to the end of the file. @returns how many bytes */
  read(buffer: Uint8Array, position: bigint): Promise<number>;
  /** lseek(2) with SEEK_DATA and SEEK_HOLE; undefined where nothing follows. */
  seek: ((position: bigint, hole: boolean) => Promise<bigint | undefined>) | undefined;
}

/** A file that is copied to, empty at first. */
export interface CopyTarget extends AsyncDisposable {
  write(data: Uint8Array, position: bigint): Promise<void>;
  truncate(size: bigint): Promise<void>;
}

/**
 * One side of a copy: the kernel's files, or a container's. Paths and names are bytes. No call follows a last symbolic
 * link but `create`; all fail with an error that has `code`.
 */
export interface CopyEnd {
  lstat(path: Buffer): Promise<CopyStats>;
  /** The same from the root of the side on. */
  absolute(path: Buffer): Buffer;
  /** Names without `.` and `..`. */
  list(path: Buffer): Promise<Buffer[]>;
  readlink(path: Buffer): Promise<Buffer>;
  open(path: Buffer): Promise<CopySource>;
  listXattrs(path: Buffer): Promise<Buffer[]>;
  getXattr(path: Buffer, name: Buffer): Promise<Buffer>;

  /** For its owner alone. One that is there, or that a link leads to, is used; with `parents` those are made too. */
  makeDirectory(path: Buffer, parents: boolean): Promise<void>;
  symlink(target: Buffer, path: Buffer): Promise<void>;
  link(path: Buffer, newPath: Buffer): Promise<void>;
  unlink(path: Buffer): Promise<void>;
  /** Anew, and for its owner alone when it was not there. */
  create(path: Buffer): Promise<CopyTarget>;
  setXattr(path: Buffer, name: Buffer, value: Buffer): Promise<void>;
  chown(path: Buffer, uid: number, gid: number): Promise<void>;
  chmod(path: Buffer, mode: number): Promise<void>;
  setTimes(path: Buffer, atimeNs: bigint, mtimeNs: bigint): Promise<void>;
}
