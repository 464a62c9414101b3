import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DfsError, type Dirent } from '../../src/dfs/index.js';
import { useContainer } from '../support/client.js';

const container = useContainer();

/** A name as the kernel and DFS allow it: any bytes but NUL and the slash, and neither of the two that are there. */
const anyName = fc
  .uint8Array({ min: 1, max: 255, minLength: 1, maxLength: 255 })
  .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0x2f ? 0x5c : byte))))
  .filter((name) => !['.', '..'].includes(name.toString('latin1')));

/** Distinct names; some are no UTF-8, some are, and some look alike when they are made strings. */
const someNames = fc.uniqueArray(
  fc.oneof(
    anyName,
    fc.constantFrom('\\xff', 'a\nb', 'ä', '�').map((name) => Buffer.from(name)),
    fc.constantFrom('ff', 'fe', 'c3', 'eda080', '41ff').map((hex) => Buffer.from(hex, 'hex')),
  ),
  { minLength: 1, maxLength: 8, selector: (name) => name.toString('hex') },
);

const below = (directory: string, name: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${directory}/`), name]);
const sorted = (names: readonly Buffer[]): string[] => names.map((name) => name.toString('hex')).sort();
const namesOf = (entries: readonly Dirent<Buffer>[]): string[] => sorted(entries.map((entry) => entry.name));

describe('names that are no UTF-8', () => {
  it(
    'are made, listed, looked at, changed, copied and removed as any other',
    { timeout: 60_000 },
    async () => {
      const { fs, scratch } = container;
      let runs = 0;
      await fc.assert(
        fc.asyncProperty(someNames, async (names) => {
          const directory = `/any${runs++}`;
          await fs.mkdir(directory);
          for (const name of names) await fs.writeFile(below(directory, name), name);
          expect(namesOf(await fs.readdir(directory, { encoding: 'buffer' }))).toEqual(sorted(names));

          // Out to the kernel, and in again.
          const out = join(scratch, `out${runs}`);
          expect(await fs.copyOut(directory, out)).toMatchObject({ files: names.length });
          expect(sorted(readdirSync(out, { encoding: 'buffer' }))).toEqual(sorted(names));
          for (const name of names) expect(readFileSync(below(out, name))).toEqual(name);
          await fs.copyIn(out, `${directory}-in`);
          expect(namesOf(await fs.readdir(`${directory}-in`, { encoding: 'buffer' }))).toEqual(sorted(names));

          for (const name of names) {
            const path = below(directory, name);
            expect(await fs.readFile(path)).toEqual(name);
            expect((await fs.lstat(path)).size).toBe(BigInt(name.length));
            await fs.rename(path, `${directory}/renamed`, { how: 'noreplace' });
            await fs.rename(`${directory}/renamed`, path);
            expect(await fs.realpath(path, { encoding: 'buffer' })).toEqual(path);
            await fs.unlink(path);
          }
          await fs.rmdir(directory);
          await fs.rm(`${directory}-in`, { recursive: true, signal: new AbortController().signal });
        }),
        { numRuns: 25 },
      );
    },
  );

  it('are said in every call that takes a path', async () => {
    const { fs } = container;
    const at = (name: string): Buffer => Buffer.from(name, 'latin1');
    const directory = at('/d\xff');
    await fs.mkdir(at('/d\xff/e\xfe'), { recursive: true });
    await fs.appendFile(at('/d\xff/f'), 'bytes');
    await fs.truncate(at('/d\xff/f'), 3);
    await fs.link(at('/d\xff/f'), at('/d\xff/g\xff'));
    await fs.symlink(at('g\xff'), at('/d\xff/l\xff'));
    expect(await fs.readlink(at('/d\xff/l\xff'), { encoding: 'buffer' })).toEqual(at('g\xff'));
    expect(await fs.readlink(at('/d\xff/l\xff'))).toBe('g�');
    expect(await fs.realpath(at('/d\xff/l\xff'), { encoding: 'buffer' })).toEqual(at('/d\xff/g\xff'));
    expect(await fs.readFile(at('//d\xff/./e\xfe/../l\xff'), 'utf8')).toBe('byt');
    await fs.chmod(at('/d\xff/g\xff'), 0o640);
    await fs.utimes(at('/d\xff/g\xff'), 1n, 2n);
    await fs.lutimes(at('/d\xff/l\xff'), 3n, 4n);
    await fs.access(at('/d\xff/g\xff'), { read: true });
    expect(await fs.stat(at('/d\xff/f'))).toMatchObject({
      mode: 0o100640,
      atimeNs: 1n,
      mtimeNs: 2n,
      links: 2,
    });
    await fs.setXattr(directory, at('user.\xff'), 'x');
    expect(await fs.listXattrs(directory, { encoding: 'buffer' })).toEqual([at('user.\xff')]);
    expect(String(await fs.getXattr(directory, at('user.\xff')))).toBe('x');
    await fs.removeXattr(directory, at('user.\xff'));
    const parts: string[] = [];
    for await (const part of fs.readable(at('/d\xff/g\xff'))) parts.push(Buffer.from(part).toString());
    expect(parts.join('')).toBe('byt');
    const entries = [];
    for await (const entry of fs.walk(directory, { encoding: 'buffer' })) entries.push(entry.path);
    expect(sorted(entries)).toEqual(
      sorted([at('/d\xff/e\xfe'), at('/d\xff/f'), at('/d\xff/g\xff'), at('/d\xff/l\xff')]),
    );
    // As strings they are lossy, and what is below one of them is found all the same.
    const strings = [];
    for await (const { path } of fs.walk('/')) strings.push(path);
    expect(strings).toContain('/d�/e�');
    await fs.rm(directory, { recursive: true });
    await expect(fs.stat(directory)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('are escaped in messages, which have one line', async () => {
    const { fs, scratch } = container;
    const bad = Buffer.from('/no\\ä\xff\n', 'latin1');
    const error = await fs.rename(bad, '/b\nc').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DfsError);
    expect(error).toMatchObject({
      path: '/no\\\\\\xe4\\xff\n',
      pathBytes: bad,
      destBytes: Buffer.from('/b\nc'),
      message: expect.stringMatching(
        /^cannot rename \/no\\\\\\xe4\\xff\\x0a to \/b\\x0ac in tank\/client: no such file or directory \(ENOENT, \w+\)$/,
      ) as string,
    });
    await fs.writeFile(Buffer.from('/open\xff', 'latin1'), 'x');
    const file = await fs.open(Buffer.from('/open\xff', 'latin1'));
    expect(file.path).toBe('/open\\xff');
    await file.close();
    await expect(file.stat()).rejects.toThrow(
      'cannot look at /open\\xff in tank/client: the file was closed',
    );
    mkdirSync(join(scratch, 'src'));
    const from = below(join(scratch, 'src'), Buffer.from('n\xff', 'latin1'));
    writeFileSync(from, 'x');
    await expect(fs.copyIn(from, '/no/such')).rejects.toThrow(
      `cannot copy ${scratch}/src/n\\xff to /no/such in tank/client: no such file or directory (ENOENT, `,
    );
    await expect(fs.stat(Buffer.from([0x2f, 0]))).rejects.toThrow(TypeError);
    await expect(fs.stat(new Uint8Array(0))).rejects.toThrow(TypeError);
    await expect(fs.stat(7 as never)).rejects.toThrow(TypeError);
  });
});
