import type { CopyEnd, CopyStats } from './copy-end.js';
import { bytesOf, parentPath } from './words.js';

/** The same object on both sides, where the container is mounted: one number may be of two, but not with one time of change. */
function isSame(one: CopyStats, other: CopyStats): boolean {
  return one.inode === other.inode && one.ctimeNs === other.ctimeNs && one.kind === other.kind;
}

/**
 * True when a target lies in what is copied, or is it: by a mount of the container both sides may be one. Such a file
 * would be emptied before it is read, and such a directory have no end.
 */
export async function liesInItself(source: CopyStats, to: CopyEnd, target: Buffer): Promise<boolean> {
  for (let at = to.absolute(target); ; at = bytesOf(parentPath(at))) {
    const stats = await to.lstat(at).catch(() => undefined);
    if (stats !== undefined && isSame(source, stats)) return true;
    if (source.kind !== 'directory' || at.length === 1) return false;
  }
}
