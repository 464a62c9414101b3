import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';

/** Removes a tree, also one with directories that its owner may not enter or change. */
export function removeTree(path: string): void {
  if (process.getuid?.() !== 0 && existsSync(path)) execFileSync('chmod', ['-R', 'u+rwX', path]);
  rmSync(path, { recursive: true, force: true });
}
