import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { built, compile } from '../support/build.js';
import { useMountedContainer, type Place } from '../support/mounted.js';

const mounted = useMountedContainer();

const libraries: Partial<Record<Place, string>> = { ioil: 'libioil.so', pil4dfs: 'libpil4dfs.so' };
const sides = ['dfuse', 'ioil', 'pil4dfs'] as const;

/** What flock, record locks of both owners and lockf of two programs do to each other. */
async function transcript(place: Place, holder: Place, requester: Place): Promise<string> {
  const file = join(mounted.directory(place, 'locks'), 'file');
  writeFileSync(file, '0123456789');
  const [one, other] = [holder, requester].map((side) => {
    const library = libraries[side];
    return library === undefined ? '-' : built('lib', library);
  });
  const program = compile(mounted.programs, 'locks', ['locks.c']);
  // The one that starts the two is of no way itself.
  const { status, stdout, stderr } = await mounted.run(
    place === 'kernel' ? 'kernel' : 'dfuse',
    program,
    [file, one!, other!],
    { seconds: 120 },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

describe.each(sides)('a lock held through %s', (holder) => {
  it.each(sides)('meets one that is asked for through %s as in the kernel', async (requester) => {
    const expected = await transcript('kernel', 'kernel', 'kernel');
    expect(expected).toMatch(/^flock x held, flock x: ok EAGAIN, waiting: waits, let go: ok, then: ok/);
    expect(await transcript(holder, holder, requester)).toBe(expected);
  });
});
