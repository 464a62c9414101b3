import fc from 'fast-check';
import { expect, it } from 'vitest';
import { copyBytes } from '../../src/dfs/copy-bytes.js';
import type { CopyEnd, CopySource, CopyTarget } from '../../src/dfs/copy-end.js';

const KIB = 1024n;

/** A side that has one file. It does not say where holes are, as not every DFS library does. */
function sideOf(content: Buffer): { end: CopyEnd; written: [bigint, bigint][]; result: () => Buffer } {
  let result = Buffer.alloc(0);
  const written: [bigint, bigint][] = [];
  const grow = (size: number): void => {
    if (size > result.length) result = Buffer.concat([result, Buffer.alloc(size - result.length)]);
  };
  const source: CopySource = {
    read: (buffer, position) => Promise.resolve(content.copy(buffer, 0, Number(position))),
    seek: undefined,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const target: CopyTarget = {
    write: (data, position) => {
      grow(Number(position) + data.length);
      result.set(data, Number(position));
      written.push([position, position + BigInt(data.length)]);
      return Promise.resolve();
    },
    truncate: (size) => Promise.resolve(grow(Number(size))),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const end = {
    open: () => Promise.resolve(source),
    create: () => Promise.resolve(target),
    lstat: () => Promise.resolve({ size: BigInt(content.length) }),
  };
  return { end: end as unknown as CopyEnd, written, result: () => result };
}

const watch = { signal: undefined, count: () => undefined };
const name = Buffer.from('f');

it('where nobody says what is a hole, blocks of zeros are', async () => {
  const content = Buffer.alloc(5 << 20);
  content.set([1], 100);
  content.set([1], (3 << 20) + 70_000);
  const side = sideOf(content);
  await copyBytes(side.end, name, BigInt(content.length), side.end, name, watch);
  expect(side.result().equals(content)).toBe(true);
  const [begin, end] = [3072n * KIB + 64n * KIB, 3072n * KIB + 128n * KIB];
  expect(side.written).toEqual([
    [0n, 64n * KIB],
    [begin, end],
  ]);
});

it('and all other bytes are copied', async () => {
  const block = fc.tuple(fc.boolean(), fc.constantFrom(1, 4096, 65_535, 65_536, 200_000, 1 << 20));
  await fc.assert(
    fc.asyncProperty(fc.array(block, { maxLength: 5 }), async (blocks) => {
      const content = Buffer.concat(blocks.map(([zero, length]) => Buffer.alloc(length, zero ? 0 : 'data')));
      const side = sideOf(content);
      await copyBytes(side.end, name, BigInt(content.length), side.end, name, watch);
      expect(side.result().equals(content)).toBe(true);
    }),
    { numRuns: 50 },
  );
});
