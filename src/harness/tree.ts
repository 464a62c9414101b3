import { createHash } from 'node:crypto';
import { cp, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hostTree, type TreeReader } from '../dfs/tree.js';

export interface TreeSize {
  files: number;
  bytes: number;
}

/** Counts regular files, to their end or until there are more than `limit`. */
export async function measureTree(directory: string, limit: TreeSize): Promise<TreeSize> {
  const size: TreeSize = { files: 0, bytes: 0 };
  const pending = [directory];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    for (const entry of await readdir(at, { withFileTypes: true })) {
      const path = join(at, entry.name);
      if (entry.isDirectory()) pending.push(path);
      if (!entry.isFile()) continue;
      size.files += 1;
      size.bytes += (await lstat(path)).size;
    }
    if (size.files > limit.files || size.bytes > limit.bytes) break;
  }
  return size;
}

/**
 * Copies sub-directories of `source` to `target`, in the order of their names, as long as they fit in `limit`; one that
 * does not fit is passed over, so the choice is the same on every machine with the same source.
 * @param check  called before each; throws to end it early
 */
export async function stageTree(
  source: string,
  target: string,
  limit: TreeSize,
  check: () => void = () => undefined,
): Promise<TreeSize> {
  const total: TreeSize = { files: 0, bytes: 0 };
  const entries = await readdir(source, { withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name);
  for (const name of names.sort()) {
    check();
    const left: TreeSize = { files: limit.files - total.files, bytes: limit.bytes - total.bytes };
    const size = await measureTree(join(source, name), left);
    if (size.files === 0 || size.files > left.files || size.bytes > left.bytes) continue;
    await cp(join(source, name), join(target, name), { recursive: true, verbatimSymlinks: true });
    total.files += size.files;
    total.bytes += size.bytes;
  }
  return total;
}

/**
 * SHA-256 over names, types, permissions, sizes and contents of a tree, the same for equal trees on any file system.
 * @param reader what reads it: the kernel, or a FileSystem for a tree inside a container
 */
export async function digestTree(directory: string, reader: TreeReader = hostTree): Promise<string> {
  const hash = createHash('sha256');
  const visit = async (path: string, name: string): Promise<void> => {
    const stat = await reader.lstat(path);
    const mode = (stat.mode & 0o7777).toString(8);
    if (stat.kind === 'directory') {
      hash.update(`directory ${mode} ${name}\0`);
      // By code units: a locale must not change the digest.
      const names = (await reader.readdir(path)).map((entry) => entry.name).sort();
      for (const entry of names) await visit(join(path, entry), `${name}/${entry}`);
    } else if (stat.kind === 'symlink') {
      hash.update(`link ${name} ${await reader.readlink(path)}\0`);
    } else {
      hash.update(`file ${mode} ${stat.size} ${name}\0`);
      for await (const bytes of reader.readable(path)) hash.update(bytes);
    }
  };
  await visit(directory, '.');
  return hash.digest('hex');
}
