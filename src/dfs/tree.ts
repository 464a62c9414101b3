import type { BigIntStats } from 'node:fs';
import * as host from 'node:fs/promises';
import type { Kind } from './stats.js';

/** What a tree is read by: a FileSystem, or `hostTree`. */
export interface TreeReader {
  lstat(path: string): Promise<TreeStats>;
  readdir(path: string): Promise<readonly { readonly name: string }[]>;
  readlink(path: string): Promise<string>;
  readable(path: string): AsyncIterable<Uint8Array>;
}

export interface TreeStats {
  readonly kind: Kind | 'other';
  readonly mode: number;
  readonly size: bigint;
  readonly atimeNs: bigint;
  readonly mtimeNs: bigint;
}

/** What an object of the kernel's file systems is. */
export function kindOfHost(stats: BigIntStats): Kind | 'other' {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  return stats.isSymbolicLink() ? 'symlink' : 'other';
}

/** The kernel's file systems. */
export const hostTree: TreeReader = {
  async lstat(path) {
    const stats = await host.lstat(path, { bigint: true });
    const kind = kindOfHost(stats);
    return {
      kind,
      mode: Number(stats.mode),
      size: stats.size,
      atimeNs: stats.atimeNs,
      mtimeNs: stats.mtimeNs,
    };
  },
  async readdir(path) {
    return (await host.readdir(path)).map((name) => ({ name }));
  },
  readlink: (path) => host.readlink(path),
  async *readable(path) {
    const file = await host.open(path);
    try {
      for (;;) {
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(1 << 20));
        if (bytesRead === 0) return;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  },
};
