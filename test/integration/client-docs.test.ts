import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { packageRoot } from '../../src/paths.js';
import { makeConsumer } from '../support/consumer.js';

const consumer = makeConsumer();
afterAll(() => consumer.remove());

/** The first example in TypeScript of a page. */
function exampleOf(page: string): string {
  const found = /^```ts\n(.*?)^```$/ms.exec(readFileSync(join(packageRoot, page), 'utf8'))?.[1];
  if (found === undefined) throw new Error(`no example in ${page}`);
  return found;
}

/** What the comments of an example say that it prints. */
const promised = (code: string): string[] =>
  [...code.matchAll(/^ *\/\/ (ENOENT .*|cannot .*)$/gm)].map((match) => match[1] ?? '');

it.each(['README.md', 'docs/client.md'])(
  'the example of %s compiles, runs and prints what it says',
  async (page) => {
    const code = exampleOf(page);
    const name = page.replace(/\W/g, '-');
    expect(await consumer.compile(name, code)).toBe('');
    const run = await consumer.run(name, [], { DFSKIT_STORE: join(consumer.path, `store-${name}`) });
    expect(run).toMatchObject({ status: 0, stderr: '' });
    const printed = run.stdout.trim().split('\n');
    expect(printed.length).toBeGreaterThan(0);
    for (const line of promised(code)) expect(printed).toContain(line);
    if (page === 'docs/client.md') {
      expect(promised(code)).toHaveLength(2);
      expect(printed.at(-1)).toBe('{"runs":3}');
    } else expect(printed).toEqual(['5']);
  },
);
