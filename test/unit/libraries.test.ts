import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { built } from '../support/build.js';

/** The newest glibc whose symbols a library asks for. */
function newest(library: string): number[] {
  const text = execFileSync('readelf', ['-W', '--dyn-syms', built('lib', library)], { encoding: 'utf8' });
  const versions = [...text.matchAll(/UND \S+@GLIBC_([\d.]+)/g)].map((m) => m[1]!.split('.').map(Number));
  return versions.sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]!).at(-1)!;
}

describe('a library that is preloaded', () => {
  it.each(['libpil4dfs.so', 'libioil.so', 'libdfs_local.so'])(
    '%s loads with glibc 2.34 and newer',
    (library) => {
      const [major, minor] = newest(library);
      expect(major).toBe(2);
      expect(minor).toBeLessThanOrEqual(34);
    },
  );

  it.each(['libpil4dfs.so', 'libioil.so'])(
    '%s asks for no text to be made writable by the loader',
    (library) => {
      const text = execFileSync('readelf', ['-W', '-d', built('lib', library)], { encoding: 'utf8' });
      expect(text).not.toContain('TEXTREL');
    },
  );
});
