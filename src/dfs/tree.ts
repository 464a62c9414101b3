import * as host from 'node:fs/promises';
import { join } from 'node:path';
import { DfsError, failed } from './error.js';
import type { Kind } from './stats.js';
import { joinPath } from './words.js';

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

/** What a tree is written by. */
export interface TreeWriter {
  /** A directory that is there already is used. */
  makeDirectory(path: string): Promise<void>;
  symlink(target: string, path: string): Promise<void>;
  /** A file anew. */
  write(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void>;
  chmod(path: string, mode: number): Promise<void>;
  setTimes(path: string, stats: TreeStats): Promise<void>;
}

/** Seconds as node's utimes takes them. A string keeps what a number of seconds since 1970 would round. */
function seconds(ns: bigint): string {
  const sign = ns < 0n ? '-' : '';
  const positive = ns < 0n ? -ns : ns;
  return `${sign}${positive / 1_000_000_000n}.${String(positive % 1_000_000_000n).padStart(9, '0')}`;
}

/** The kernel's file systems. */
export const hostTree: TreeReader & TreeWriter = {
  async lstat(path) {
    const stats = await host.lstat(path, { bigint: true });
    const kind = stats.isFile()
      ? 'file'
      : stats.isDirectory()
        ? 'directory'
        : stats.isSymbolicLink()
          ? 'symlink'
          : 'other';
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
  async makeDirectory(path) {
    await host.mkdir(path, { recursive: true });
  },
  symlink: (target, path) => host.symlink(target, path),
  async write(path, chunks) {
    await host.writeFile(path, chunks);
  },
  chmod: (path, mode) => host.chmod(path, mode),
  setTimes: (path, { atimeNs, mtimeNs }) => host.lutimes(path, seconds(atimeNs), seconds(mtimeNs)),
};

export interface CopyOptions {
  /** Ends the copying with its reason; what was copied stays. */
  signal?: AbortSignal;
  /** Says which names of the source are copied, by path; a directory that is not brings nothing below it. */
  filter?: (path: string) => boolean;
}

/** What was copied. */
export interface Copied {
  files: number;
  directories: number;
  symlinks: number;
  bytes: bigint;
}

/** Files that are copied at a time: as many as libuv has threads by default. */
const atOnce = 4;

/**
 * Copies a file, link or directory with everything in it: bytes, modes, times, links as they are. Owners, extended
 * attributes and holes are not copied; hard links become files of their own.
 * @throws DfsError EINVAL for what a container can't hold: pipes, sockets, devices
 */
export async function copyTree(
  [reader, from]: readonly [TreeReader, string],
  [writer, to]: readonly [TreeWriter, string],
  { signal, filter = () => true }: CopyOptions = {},
): Promise<Copied> {
  const copied: Copied = { files: 0, directories: 0, symlinks: 0, bytes: 0n };

  const one = async (source: string, target: string): Promise<void> => {
    signal?.throwIfAborted();
    if (!filter(source)) return;
    const stats = await reader.lstat(source);
    switch (stats.kind) {
      case 'directory':
        return directory(source, target, stats);
      case 'symlink':
        await writer.symlink(await reader.readlink(source), target);
        copied.symlinks += 1;
        return writer.setTimes(target, stats);
      case 'file':
        await writer.write(target, counted(reader.readable(source)));
        await writer.chmod(target, stats.mode & 0o7777);
        copied.files += 1;
        return writer.setTimes(target, stats);
      case 'other':
        throw new DfsError({
          what: failed('copy', { path: source }),
          why: 'neither a file nor a directory nor a symbolic link (EINVAL)',
          errno: 22,
          path: source,
          dest: target,
          operation: 'copy',
          syscall: 'lstat',
        });
    }
  };

  async function directory(source: string, target: string, stats: TreeStats): Promise<void> {
    await writer.makeDirectory(target);
    copied.directories += 1;
    const names = (await reader.readdir(source)).map((entry) => entry.name);
    const worker = async (): Promise<void> => {
      for (let name = names.pop(); name !== undefined; name = names.pop()) {
        await one(reader === hostTree ? join(source, name) : joinPath(source, name), place(target, name));
      }
    };
    // Directories one after the other would leave the threads idle between small files; all at once would open too many.
    const ended = await Promise.allSettled(Array.from({ length: atOnce }, worker));
    const failure = ended.find((each) => each.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
    // At the end: the mode may forbid writing, and every new name changes the times.
    await writer.chmod(target, stats.mode & 0o7777);
    await writer.setTimes(target, stats);
  }

  const place = (target: string, name: string): string =>
    (writer as unknown) === hostTree ? join(target, name) : joinPath(target, name);

  async function* counted(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      signal?.throwIfAborted();
      copied.bytes += BigInt(chunk.byteLength);
      yield chunk;
    }
  }

  await one(from, to);
  return copied;
}
