import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { packageRoot } from '../../src/paths.js';

/** Can another user reach what was built here, and can we become one? Not from a checkout below root's 0700 home. */
export function canBeAnotherUser(): boolean {
  if (process.getuid?.() !== 0) return false;
  for (let dir = packageRoot; ; dir = dirname(dir)) {
    if ((statSync(dir).mode & 0o001) === 0) return false;
    if (dir === dirname(dir)) return true;
  }
}
