// Skips a step whose inputs did not change. Plain node: runs before `npm ci`.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

function* files(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isFile()) yield [path, stat];
  if (!stat?.isDirectory()) return;
  for (const name of readdirSync(path).sort()) yield* files(join(path, name));
}

/** Hash of names and contents of all files in `paths`, and of `words`. Missing paths count as empty. */
export function digest(paths, words = []) {
  const hash = createHash('sha256');
  for (const word of words) hash.update(`${word}\0`);
  for (const path of paths) {
    for (const [name] of files(path)) hash.update(`${name}\0`).update(readFileSync(name)).update('\0');
  }
  return hash.digest('hex');
}

/** True when `file` holds `value`. */
export function stamped(file, value) {
  try {
    return readFileSync(file, 'utf8') === value;
  } catch {
    return false;
  }
}

/** Remembers in `file` that the step was done for `value`. */
export function stamp(file, value) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, value);
}

/** Forgets a step, so that a failure in it is not taken for done. */
export function unstamp(file) {
  rmSync(file, { force: true });
}
