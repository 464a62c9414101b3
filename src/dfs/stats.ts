import { constants } from 'node:fs';
import type { NativeDirent, NativeStat } from './addon.js';

/** What there is in a container. */
export type Kind = 'file' | 'directory' | 'symlink';

/** Attributes of a file: those of stat(2). Sizes in bytes; times in ns since 1970. */
export interface Stats extends Readonly<NativeStat> {
  readonly kind: Kind;
  /** `mtimeNs` to the millisecond. */
  readonly mtime: Date;
}

/** A name in a directory. */
export interface Dirent<Name extends string | Buffer = string> {
  readonly name: Name;
  readonly kind: Kind;
  readonly inode: bigint;
}

function kindOfMode(mode: number): Kind {
  const type = mode & constants.S_IFMT;
  if (type === constants.S_IFDIR) return 'directory';
  return type === constants.S_IFLNK ? 'symlink' : 'file';
}

/** Attributes as users of the client get them. */
export function statsOf(native: NativeStat): Stats {
  return {
    ...native,
    kind: kindOfMode(native.mode),
    mtime: new Date(Number(native.mtimeNs / 1_000_000n)),
  };
}

/** A name as users of the client get it. Its type is one of readdir(3), the upper bits of a mode. */
export function direntOf<Name extends string | Buffer>({ name, type, inode }: NativeDirent): Dirent<Name> {
  return { name: name as Name, kind: kindOfMode(type << 12), inode };
}
