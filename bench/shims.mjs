// What the benchmarks of the shims share: which shims there are, and a program's environment with one of them.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Path of a program of ours. */
export function program(name) {
  const path = join(root, 'build/bin', name);
  if (existsSync(path)) return path;
  throw new Error(`${path} is missing: build it with npm run setup`);
}

// A mount by environment, at a place where nothing is looked up: the shim is active, and no path is one of its own.
const mount = { D_IL_MOUNT_POINT: '/nowhere/dfskit', D_IL_POOL: 'bench', D_IL_CONTAINER: 'none' };

/**
 * The conditions to compare: no preload first, then each shim that is built, idle (there is no mount) and active (there
 * is one, elsewhere).
 * @returns {{ name: string, environment: Record<string, string> }[]}
 */
export function conditions() {
  const all = [{ name: 'plain', environment: {} }];
  for (const shim of ['pil4dfs', 'ioil']) {
    const library = join(root, `build/lib/lib${shim}.so`);
    if (!existsSync(library)) continue;
    all.push({ name: `${shim}, idle`, environment: { LD_PRELOAD: library } });
    all.push({ name: `${shim}, active`, environment: { LD_PRELOAD: library, ...mount } });
  }
  if (all.length === 1) throw new Error('no shim is built: build them with npm run setup');
  return all;
}

/** The middle of a list of numbers. */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
