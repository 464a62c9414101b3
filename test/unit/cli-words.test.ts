import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { launcherWords } from '../../src/cli/env.js';
import { columns } from '../../src/cli/output.js';
import { quote } from '../../src/cli/quote.js';
import { parseContainer } from '../../src/dfs/name.js';
import { wrap } from '../../src/dfs/error.js';
import { environmentMarkdown } from '../../src/environment.js';
import { DfskitError, formatError } from '../../src/errors.js';
import { prependPreload } from '../../src/flavors.js';
import { packageRoot } from '../../src/paths.js';

describe('the name of a container', () => {
  it('is a pool and a label', () => {
    expect(parseContainer('tank/home-1')).toEqual({ pool: 'tank', cont: 'home-1' });
    expect(parseContainer('daos://tank/a.b:c_d')).toEqual({ pool: 'tank', cont: 'a.b:c_d' });
  });
  it.each([
    '',
    'tank',
    'tank/',
    '/c',
    'a/b/c',
    '../c',
    'a/..',
    'a/.',
    'a b/c',
    'a/-x',
    `a/${'x'.repeat(128)}`,
  ])('is not %j', (text) => {
    expect(() => parseContainer(text)).toThrow(DfskitError);
  });
});

describe('LD_PRELOAD', () => {
  it('keeps what is there, behind ours', () => {
    expect(prependPreload('/x/a.so', undefined)).toBe('/x/a.so');
    expect(prependPreload('/x/a.so', '')).toBe('/x/a.so');
    expect(prependPreload('/x/a.so', '/y/b.so /z/c.so')).toBe('/x/a.so:/y/b.so:/z/c.so');
  });
  it('does not take a library twice', () => {
    expect(prependPreload('/x/a.so', '/y/b.so:/x/a.so')).toBe('/x/a.so:/y/b.so');
  });
});

describe('words for a launcher', () => {
  const variables = { DFSKIT_STORE: '/a b', LD_PRELOAD: '/x/a.so' };
  it.each([
    ['slurm', "--export=ALL,DFSKIT_STORE='/a b',LD_PRELOAD=/x/a.so"],
    ['mpich', "-genv DFSKIT_STORE '/a b' -genv LD_PRELOAD /x/a.so"],
    ['openmpi', "-x DFSKIT_STORE='/a b' -x LD_PRELOAD=/x/a.so"],
    ['pals', "--env DFSKIT_STORE='/a b' --env LD_PRELOAD=/x/a.so"],
  ] as const)('%s', (launcher, words) => {
    expect(launcherWords(launcher, variables)).toBe(words);
  });
});

describe('messages', () => {
  it('say what failed, why, and below it the remedy', () => {
    const error = new DfskitError({ code: 'X', what: 'cannot do it', why: 'no room', remedy: 'make room' });
    expect(formatError(error)).toBe('dfskit: cannot do it: no room\ndfskit: make room');
  });
  it('name the errno of a call that failed', () => {
    const native = Object.assign(new Error('Permission denied'), {
      errno: 13,
      syscall: 'dfs_open',
      path: '/f',
    });
    expect(
      wrap(native, { operation: 'read', what: 'cannot read /f', remedies: { EACCES: 'ask' } }),
    ).toMatchObject({
      code: 'EACCES',
      path: '/f',
      syscall: 'dfs_open',
      message: 'cannot read /f: permission denied (EACCES, dfs_open)',
      remedy: 'ask',
    });
  });
  it('leave errors alone that are not of the library', () => {
    const error = new TypeError('x');
    expect(wrap(error, { operation: 'read', what: 'w' })).toBe(error);
  });
});

describe('words of a shell', () => {
  it.each([
    ['a/b.c', 'a/b.c'],
    ['', "''"],
    ["it's", "'it'\\''s'"],
    ['$x', "'$x'"],
  ])('%j is quoted as %s', (word, quoted) => {
    expect(quote(word)).toBe(quoted);
  });
});

it('puts numbers to the right and words to the left', () => {
  expect(
    columns(
      ['call', 'n'],
      [
        ['open', 5n],
        ['x', 100n],
      ],
    ),
  ).toBe('call    n\nopen    5\nx     100');
});

it('docs/environment.md is what the table of variables says', () => {
  expect(readFileSync(join(packageRoot, 'docs/environment.md'), 'utf8'), 'npm run docs').toBe(
    environmentMarkdown(),
  );
});
