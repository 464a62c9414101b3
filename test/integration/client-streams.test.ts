import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { useContainer } from '../support/client.js';

const container = useContainer();

async function gather(stream: ReadableStream<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const pattern = (size: number, seed = 0): Buffer =>
  Buffer.from(Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8) + seed) & 0xff));

describe('random changes of a file', () => {
  interface Change {
    kind: 'write' | 'append' | 'truncate' | 'read';
    at: number;
    data: Uint8Array[];
    lengths: number[];
  }
  const change: fc.Arbitrary<Change> = fc.record({
    kind: fc.constantFrom('write', 'append', 'truncate', 'read'),
    at: fc.nat(20_000),
    data: fc.array(fc.uint8Array({ maxLength: 3000 }), { minLength: 1, maxLength: 3 }),
    lengths: fc.array(fc.nat(5000), { minLength: 1, maxLength: 3 }),
  });

  it('give what the same changes of a Buffer give', async () => {
    const { fs } = container;
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 40 }), async (changes) => {
        await using file = await fs.open('/model', { create: true, truncate: true });
        let model: Buffer = Buffer.alloc(0);
        const put = (bytes: Uint8Array, where: number): void => {
          if (bytes.length === 0) return;
          const grown = Buffer.alloc(Math.max(model.length, where + bytes.length));
          model.copy(grown);
          grown.set(bytes, where);
          model = grown;
        };
        for (const each of changes) {
          if (each.kind === 'write') {
            await file.writev(each.data, each.at);
            put(Buffer.concat(each.data), each.at);
          } else if (each.kind === 'append') {
            const bytes = Buffer.concat(each.data);
            put(bytes, model.length);
            expect(await file.append(bytes)).toBe(BigInt(model.length));
          } else if (each.kind === 'truncate') {
            await file.truncate(each.at);
            const cut = Buffer.alloc(each.at);
            model.copy(cut);
            model = cut;
          } else {
            const buffers = each.lengths.map((length) => Buffer.alloc(length));
            const count = await file.readv(buffers, each.at);
            const wanted = model.subarray(each.at, each.at + each.lengths.reduce((sum, n) => sum + n, 0));
            expect(Buffer.concat(buffers).subarray(0, count).equals(wanted)).toBe(true);
          }
        }
        expect((await file.stat()).size).toBe(BigInt(model.length));
        expect((await fs.readFile('/model')).equals(model)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });
});

describe('streams', () => {
  it('carry random bytes in random chunks, from any start to any end', { timeout: 240_000 }, async () => {
    const { fs } = container;
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          chunks: fc.array(fc.uint8Array({ maxLength: 20_000 }), { maxLength: 12 }),
          start: fc.nat(60_000),
          length: fc.option(fc.nat(60_000), { nil: undefined }),
          chunkSize: fc.integer({ min: 1, max: 9000 }).map((size) => Math.max(size, 200)),
          highWaterMark: fc.constantFrom(0, 1, 4096, 100_000),
          byob: fc.option(fc.integer({ min: 100, max: 9000 }), { nil: undefined }),
        }),
        async ({ chunks, start, length, chunkSize, highWaterMark, byob }) => {
          const whole = Buffer.concat(chunks);
          const sink = fs.writable('/stream', { highWaterMark: Math.max(1, highWaterMark) }).getWriter();
          for (const chunk of chunks) {
            await sink.ready;
            void sink.write(chunk);
          }
          await sink.close();
          const end = length === undefined ? undefined : start + length;
          const stream = fs.readable('/stream', {
            start,
            chunkSize,
            highWaterMark,
            ...(end === undefined ? {} : { end: BigInt(end) }),
          });
          const read: Uint8Array[] = [];
          if (byob === undefined) read.push(await gather(stream));
          else {
            const reader = stream.getReader({ mode: 'byob' });
            for (let room = new Uint8Array(byob); ;) {
              const { value, done } = await reader.read(room);
              if (done) break;
              read.push(Buffer.from(value));
              room = new Uint8Array(value.buffer);
            }
          }
          expect(Buffer.concat(read).equals(whole.subarray(start, end))).toBe(true);
        },
      ),
      { numRuns: 120 },
    );
  });

  it('write nothing before what went before has been taken', async () => {
    const { fs } = container;
    const writer = fs.writable('/pressure', { highWaterMark: 1000 }).getWriter();
    await writer.ready;
    expect(writer.desiredSize).toBe(1000);
    const first = writer.write(new Uint8Array(600));
    const second = writer.write(new Uint8Array(600));
    expect(writer.desiredSize).toBe(-200);
    await Promise.all([first, second]);
    expect(writer.desiredSize).toBe(1000);
    await writer.close();
    expect((await fs.stat('/pressure')).size).toBe(1200n);
  });

  it('read nothing ahead of what they may', async () => {
    const { fs } = container;
    await fs.writeFile('/lazy', pattern(100_000));
    await using file = await fs.open('/lazy', { write: true });
    const reader = file.readable({ chunkSize: 1000, highWaterMark: 0 }).getReader();
    expect((await reader.read()).value?.length).toBe(1000);
    await file.write(Buffer.alloc(1000, 7), 1000);
    expect((await reader.read()).value).toEqual(new Uint8Array(1000).fill(7));
    await reader.cancel();
    // The handle is the caller's.
    expect((await file.stat()).size).toBe(100_000n);
  });

  it('start, append and overwrite where they are told to', async () => {
    const { fs } = container;
    const send = async (text: string, options: Parameters<typeof fs.writable>[1]): Promise<string> => {
      const writer = fs.writable('/where', options).getWriter();
      await writer.write(Buffer.from(text));
      await writer.close();
      return fs.readFile('/where', 'utf8');
    };
    expect(await send('first', {})).toBe('first');
    expect(await send('XY', { start: 1 })).toBe('fXYst');
    expect(await send('!', { append: true, sync: true })).toBe('fXYst!');
    expect(await send('new', {})).toBe('new');
    await expect(send('x', { create: 'exclusive' })).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(send('x', { create: false, start: 0 })).resolves.toBe('xew');
  });

  it('fail with the error of the file, and when they are aborted with the reason', async () => {
    const { fs } = container;
    await expect(gather(fs.readable('/no-such'))).rejects.toMatchObject({
      code: 'ENOENT',
      operation: 'open',
    });
    await expect(gather(fs.readable('/'))).rejects.toMatchObject({ code: 'EISDIR' });
    await fs.writeFile('/long', pattern(3_000_000));

    const reading = new AbortController();
    const reader = fs.readable('/long', { signal: reading.signal, chunkSize: 1000 }).getReader();
    await reader.read();
    reading.abort(new Error('enough read'));
    await expect(reader.read()).rejects.toThrow('enough read');

    const writing = new AbortController();
    const writer = fs.writable('/partial', { signal: writing.signal }).getWriter();
    await writer.write(Buffer.from('kept'));
    writing.abort(new Error('enough written'));
    await expect(writer.write(Buffer.from('lost'))).rejects.toThrow('enough written');
    await expect(writer.closed).rejects.toThrow('enough written');
    expect(await fs.readFile('/partial', 'utf8')).toBe('kept');

    const given = fs.writable('/given-up').getWriter();
    await given.write(Buffer.from('kept'));
    await given.abort('no more');
    await expect(given.write(Buffer.from('x'))).rejects.toBe('no more');
    expect(await fs.readFile('/given-up', 'utf8')).toBe('kept');

    await expect(gather(fs.readable('/long', { signal: AbortSignal.abort() }))).rejects.toThrow(/abort/i);
    expect(() => fs.readable('/long', { start: -1 })).toThrow(RangeError);
    const wrong = fs.writable('/wrong').getWriter();
    await expect(wrong.write('text' as unknown as Uint8Array)).rejects.toThrow(TypeError);
  });

  it('move 200 MB in bounded memory, through the streams of node too', { timeout: 240_000 }, async () => {
    const { fs } = container;
    const chunk = pattern(1 << 20);
    const megabytes = 200;
    const before = process.memoryUsage().rss;
    let peak = 0;
    const watch = (): void => void (peak = Math.max(peak, process.memoryUsage().rss - before));
    async function* source(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < megabytes; i++) {
        watch();
        chunk.writeUInt32LE(i, 0);
        yield await Promise.resolve(Buffer.from(chunk));
      }
    }
    await pipeline(Readable.from(source(), { objectMode: false }), Writable.fromWeb(fs.writable('/big')));
    expect((await fs.stat('/big')).size).toBe(BigInt(megabytes << 20));
    let seen = 0;
    let wrong = 0;
    await fs.readable('/big', { chunkSize: 1 << 20 }).pipeTo(
      new WritableStream<Uint8Array>({
        write(bytes) {
          watch();
          const at = seen % (1 << 20);
          if (at === 0 && Buffer.from(bytes.buffer, bytes.byteOffset).readUInt32LE(0) !== seen >> 20)
            wrong += 1;
          seen += bytes.byteLength;
        },
      }),
    );
    expect({ seen, wrong }).toEqual({ seen: megabytes << 20, wrong: 0 });
    expect(peak).toBeLessThan(100 << 20);
  });
});
