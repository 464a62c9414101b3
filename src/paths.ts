import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DfskitError } from './errors.js';

/** Directory of package.json: the parent of src/ and of dist/. */
export const packageRoot = dirname(dirname(fileURLToPath(import.meta.url)));

/** Directory of what is preloaded or loaded. */
export const libDir = join(packageRoot, 'build', 'lib');

/** Directory of our native programs. */
export const binDir = join(packageRoot, 'build', 'bin');

/** Absolute path of `name` in build/lib; it need not exist. */
export function libPath(name: string): string {
  return join(libDir, name);
}

/**
 * Absolute path of `name` in build/bin.
 * @throws DfskitError NOT_BUILT when it is not there
 */
export function binPath(name: string): string {
  const path = join(binDir, name);
  if (existsSync(path)) return path;
  throw new DfskitError({
    code: 'NOT_BUILT',
    what: `cannot run ${name}`,
    why: `${path} is missing`,
    remedy: `build it: npm run setup (in ${packageRoot})`,
  });
}
