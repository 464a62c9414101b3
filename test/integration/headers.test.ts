import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/paths.js';
import { dynamicFunctions } from '../support/elf.js';

const include = join(packageRoot, 'native/include');
const headers = readdirSync(include, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.h'))
  .sort();

function compile(command: string, args: string[], source: string): string {
  return execFileSync(command, [...args, '-I', include, '-'], {
    input: source,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
}

/** Functions that our headers declare, under the names that a linker sees. Those they define themselves are not among them. */
function declaredFunctions(): string[] {
  const source = headers.map((name) => `#include <${name}>\n`).join('');
  const ours = compile('cc', ['-E', '-D_GNU_SOURCE', '-x', 'c'], source)
    .split(/^(?=# \d+ ")/m)
    .filter((part) => part.slice(0, part.indexOf('\n')).includes(`"${include}/`))
    .map((part) => part.slice(part.indexOf('\n')))
    .join('')
    .replace(/^#.*$/gm, '');
  let depth = 0;
  let outside = '';
  for (const character of ours) {
    if (character === '{') depth++;
    if (depth === 0) outside += character;
    // What ends with a body is a statement of its own, as what ends with a semicolon is.
    if (character === '}' && --depth === 0) outside += '}';
  }
  return outside
    .split(/;|\}/)
    .filter((statement) => !/\b(?:typedef|static|extern "C")\b/.test(statement))
    .flatMap((statement) => /\b(\w+)\s*\([^]*\)\s*$/.exec(statement.replace(/^extern\b/, ''))?.[1] ?? [])
    .sort();
}

describe('the headers of DAOS', () => {
  it('declare what the local provider exports, and nothing else', () => {
    const declared = declaredFunctions();
    expect(declared.length).toBeGreaterThan(170);
    expect(declared).toEqual(dynamicFunctions(join(packageRoot, 'build/lib/libdfs_local.so')));
  });

  it.each(headers)('%s stands alone in C and in C++', { timeout: 180_000 }, (name) => {
    const source = `#include <${name}>\n`;
    compile('cc', ['-std=gnu11', '-Wall', '-Wextra', '-Werror', '-fsyntax-only', '-x', 'c'], source);
    compile('c++', ['-std=c++17', '-Wall', '-Wextra', '-Werror', '-fsyntax-only', '-x', 'c++'], source);
  });
});
