import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/paths.js';
import { compile } from '../support/build.js';
import { useMountedContainer, ways, type Place } from '../support/mounted.js';

const mounted = useMountedContainer();
const sources = join(packageRoot, 'test/support/posix');

/** The checks of a file, by the names in its table. */
const families = readdirSync(sources)
  .filter((file) => file.endsWith('.c') && file !== 'main.c')
  .map((file) => ({
    family: file.replace('.c', ''),
    checks: [...readFileSync(join(sources, file), 'utf8').matchAll(/^ {4}\{"(.*)", \w+\},$/gm)].map(
      (match) => match[1] ?? '',
    ),
  }));

async function check(place: Place, name: string): Promise<string> {
  const directory = mounted.directory(place, 'check');
  const outside = mkdtempSync(join(tmpdir(), 'dfskit-outside-'));
  try {
    const options = { directory, env: { OUTSIDE: outside }, seconds: 100 };
    const { status, signal, stdout, stderr } = await mounted.run(
      place,
      compile(mounted.programs, 'posix-checks', ['posix']),
      [name],
      options,
    );
    return `${stdout}${stderr}ended with ${signal ?? status}\n`;
  } finally {
    rmSync(outside, { recursive: true, force: true });
  }
}

const references = new Map<string, Promise<string>>();

function reference(name: string): Promise<string> {
  let present = references.get(name);
  if (present === undefined) {
    present = check('kernel', name);
    references.set(name, present);
  }
  return present;
}

describe.each(families)('POSIX $family', ({ checks }) => {
  describe.each(checks)('%s', (name) => {
    it.each(ways)('%s', async (way) => {
      const expected = await reference(name);
      expect(expected).toMatch(/\n[^\n]*ended with 0\n$/);
      expect(await check(way, name)).toBe(expected);
    });
  });
});
