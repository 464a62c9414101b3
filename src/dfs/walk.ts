import { DfsError } from './error.js';
import type { Dirent } from './stats.js';
import { cleanPath, joinPath } from './words.js';

/** What a walk needs of a file system. */
interface Walkable {
  opendir(path: string): Promise<AsyncIterable<Dirent>>;
  unlink(path: string): Promise<void>;
  rmdir(path: string): Promise<void>;
}

/** Something below the directory that a walk began at. */
export interface WalkEntry extends Dirent {
  readonly path: string;
  /** 1 for what lies in that directory itself. */
  readonly depth: number;
}

export interface WalkOptions {
  /** Ends the walk with its reason. */
  signal?: AbortSignal;
  /** How deep to go; 1: the directory itself. */
  maxDepth?: number;
}

/** Everything below a directory, a directory before what is in it. One that has gone meanwhile is left out. */
export async function* walkTree(
  fs: Walkable,
  path: string,
  { signal, maxDepth = Infinity }: WalkOptions = {},
): AsyncGenerator<WalkEntry, void, undefined> {
  const pending: { path: string; depth: number }[] = [{ path: cleanPath(path), depth: 0 }];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    signal?.throwIfAborted();
    const names = await fs.opendir(at.path).catch((error: unknown) => {
      if (at.depth > 0 && error instanceof DfsError && error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (names === undefined) continue;
    for await (const entry of names) {
      signal?.throwIfAborted();
      const found = { ...entry, path: joinPath(at.path, entry.name), depth: at.depth + 1 };
      if (entry.kind === 'directory' && found.depth < maxDepth) pending.push(found);
      yield found;
    }
  }
}

/** Removes a tree name by name, so that a signal can end it. */
export async function removeTree(fs: Walkable, path: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  try {
    await fs.unlink(path);
    return;
  } catch (error) {
    if (!(error instanceof DfsError) || error.code !== 'EISDIR') throw error;
  }
  const directories: string[] = [path];
  for await (const entry of walkTree(fs, path, { signal })) {
    if (entry.kind === 'directory') directories.push(entry.path);
    else await fs.unlink(entry.path);
  }
  for (const directory of directories.reverse()) {
    signal.throwIfAborted();
    await fs.rmdir(directory);
  }
}
