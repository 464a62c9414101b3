import { execFileSync, spawnSync } from 'node:child_process';
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
    '%s loads with glibc 2.28 and newer',
    (library) => {
      const [major, minor] = newest(library);
      expect(major).toBe(2);
      expect(minor).toBeLessThanOrEqual(28);
    },
  );

  it.each(['libpil4dfs.so', 'libioil.so', 'libdfs_local.so'])(
    '%s needs nothing but what comes with glibc, and finds it where it was before 2.34 too',
    (library) => {
      const text = execFileSync('readelf', ['-W', '-d', built('lib', library)], { encoding: 'utf8' });
      const needed = [...text.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map((m) => m[1]);
      expect(needed.sort()).toEqual([
        'libc.so.6',
        library.startsWith('libdfs') ? 'libpthread.so.0' : 'libdl.so.2',
      ]);
      // The libraries that it was linked against in their place are not meant.
      expect(text).not.toMatch(/R(UN)?PATH/);
    },
  );

  it.each(['libpil4dfs.so', 'libioil.so'])('%s asks for what may be missing without a version', (library) => {
    const text = execFileSync('readelf', ['-W', '--dyn-syms', built('lib', library)], { encoding: 'utf8' });
    for (const name of ['__libc_single_threaded', 'pthread_testcancel'])
      expect(text).toMatch(new RegExp(`WEAK +DEFAULT +UND ${name}$`, 'm'));
    // And has it where it is there.
    const { stderr } = spawnSync('/bin/true', [], {
      encoding: 'utf8',
      env: { LD_DEBUG: 'bindings', LD_PRELOAD: built('lib', library) },
    });
    expect(stderr).toMatch(new RegExp(`file \\S*${library} .* to \\S*libc\\S* .*\`__libc_single_threaded'`));
  });

  it.each(['libpil4dfs.so', 'libioil.so'])(
    '%s asks for no text to be made writable by the loader',
    (library) => {
      const text = execFileSync('readelf', ['-W', '-d', built('lib', library)], { encoding: 'utf8' });
      expect(text).not.toContain('TEXTREL');
    },
  );
});
