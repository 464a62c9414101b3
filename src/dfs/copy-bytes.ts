import type { CopyEnd, CopySource, CopyTarget } from './copy-end.js';

/** Bytes of one read and write. */
const piece = 1 << 20;

/** Where a library does not say what is a hole, so many zeros in a row are one. */
const block = 64 << 10;
const zeros = Buffer.alloc(block);

interface Watch {
  signal: AbortSignal | undefined;
  /** Is told of bytes that were written. */
  count: (bytes: number) => void;
}

/** Copies the bytes of a file, which had `size` of them a moment ago; a hole stays one. */
export async function copyBytes(
  from: CopyEnd,
  source: Buffer,
  size: bigint,
  to: CopyEnd,
  target: Buffer,
  watch: Watch,
): Promise<void> {
  await using input = await from.open(source);
  await using output = await to.create(target);
  const buffer = Buffer.allocUnsafe(piece);
  let end = 0n;
  let written = 0n;
  while (end < size) {
    const start = input.seek === undefined ? end : await input.seek(end, false);
    if (start === undefined) break;
    const stop = input.seek === undefined ? undefined : await input.seek(start, true);
    const run = await copyRun(input, output, buffer, start, stop, watch);
    end = run.end;
    if (run.written > written) written = run.written;
    // It ends before it said: somebody has cut it meanwhile.
    if (stop === undefined || end < stop) break;
  }
  if (written >= size) return;
  // A hole at the end, unless somebody has cut it meanwhile.
  const now = await from.lstat(source);
  if (now.size > written) await output.truncate(now.size);
}

/** Copies what lies together. @returns where it ends, and where what was written does */
async function copyRun(
  input: CopySource,
  output: CopyTarget,
  buffer: Buffer,
  start: bigint,
  stop: bigint | undefined,
  { signal, count }: Watch,
): Promise<{ end: bigint; written: bigint }> {
  let end = start;
  let written = 0n;
  while (stop === undefined || end < stop) {
    signal?.throwIfAborted();
    const room =
      stop === undefined || stop - end > BigInt(buffer.length) ? buffer.length : Number(stop - end);
    const got = await input.read(buffer.subarray(0, room), end);
    if (got === 0) break;
    signal?.throwIfAborted();
    for (const [at, length] of stop === undefined ? dataIn(buffer.subarray(0, got)) : [[0, got] as const]) {
      written = end + BigInt(at + length);
      await output.write(buffer.subarray(at, at + length), end + BigInt(at));
      count(length);
    }
    end += BigInt(got);
  }
  return { end, written };
}

/** Where there is something else than blocks of zeros. */
function dataIn(bytes: Buffer): (readonly [number, number])[] {
  const found: (readonly [number, number])[] = [];
  for (let at = 0; at < bytes.length; at += block) {
    const part = bytes.subarray(at, at + block);
    if (part.equals(part.length === block ? zeros : zeros.subarray(0, part.length))) continue;
    const [before, length] = found.at(-1) ?? [0, 0];
    if (length > 0 && before + length === at) found[found.length - 1] = [before, length + part.length];
    else found.push([at, part.length]);
  }
  return found;
}
