import { DfsError } from './error.js';
import type { Dirent } from './stats.js';
import { bytesOf, cleanPath, joinPath, type Path } from './words.js';

/** What a walk needs of a file system. Names are bytes here: what is below one that is no UTF-8 is found as well. */
interface Walkable {
  opendir(path: Path, options: { encoding: 'buffer' }): Promise<AsyncIterable<Dirent<Buffer>>>;
}

/** What removing needs. */
interface Removable extends Walkable {
  unlink(path: Path): Promise<void>;
  rmdir(path: Path): Promise<void>;
}

/** Something below the directory that a walk began at. */
export interface WalkEntry<Name extends string | Buffer = string> extends Dirent<Name> {
  readonly path: Name;
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
  path: Path,
  { signal, maxDepth = Infinity }: WalkOptions = {},
): AsyncGenerator<WalkEntry<Buffer>, void, undefined> {
  const pending = [{ path: bytesOf(cleanPath(path)), depth: 0 }];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    signal?.throwIfAborted();
    const { path: above, depth } = at;
    const names = await fs.opendir(above, { encoding: 'buffer' }).catch((error: unknown) => {
      if (depth > 0 && error instanceof DfsError && error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (names === undefined) continue;
    for await (const entry of names) {
      signal?.throwIfAborted();
      const found = { ...entry, path: bytesOf(joinPath(above, entry.name)), depth: depth + 1 };
      if (entry.kind === 'directory' && found.depth < maxDepth) pending.push(found);
      yield found;
    }
  }
}

/** The same with names as strings. */
export async function* walkStrings(
  walk: AsyncIterable<WalkEntry<Buffer>>,
): AsyncGenerator<WalkEntry, void, undefined> {
  for await (const entry of walk)
    yield { ...entry, name: entry.name.toString(), path: entry.path.toString() };
}

/** Removes a tree name by name, so that a signal can end it. */
export async function removeTree(fs: Removable, path: Path, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  try {
    await fs.unlink(path);
    return;
  } catch (error) {
    if (!(error instanceof DfsError) || error.code !== 'EISDIR') throw error;
  }
  const directories: Path[] = [path];
  for await (const entry of walkTree(fs, path, { signal })) {
    if (entry.kind === 'directory') directories.push(entry.path);
    else await fs.unlink(entry.path);
  }
  for (const directory of directories.reverse()) {
    signal.throwIfAborted();
    await fs.rmdir(directory);
  }
}
