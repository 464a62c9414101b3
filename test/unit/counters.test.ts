import { describe, expect, it } from 'vitest';
import { parseCounters } from '../../src/telemetry/counters.js';

/** A file as native/shim/counters.h describes it. */
function file(
  calls: [string, bigint, bigint, bigint][],
  { version = 1, note = '', leftOut = 0n } = {},
): Buffer {
  const data = Buffer.alloc(320 + 48 * calls.length);
  data.write('DFSKITC1', 0, 'latin1');
  data.writeUInt32LE(version, 8);
  data.writeUInt32LE(calls.length, 12);
  data.writeBigUInt64LE(4096n, 16);
  data.writeBigUInt64LE(2n ** 60n, 24);
  data.write(note, 32);
  data.writeBigUInt64LE(leftOut, 312);
  calls.forEach(([name, ...counts], row) => {
    counts.forEach((count, i) => data.writeBigUInt64LE(count, 320 + 24 * row + 8 * i));
    data.write(name.slice(0, 24), 320 + 24 * calls.length + 24 * row, 'latin1');
  });
  return data;
}

describe('a counters file', () => {
  it('gives counts, bytes and the note', () => {
    const long = 'a_name_of_24_characters_';
    expect(
      parseCounters(
        file(
          [
            ['openat', 3n, 2n, 1n],
            [long, 0n, 0n, 0n],
          ],
          { note: 'no mount', leftOut: 2n },
        ),
        'f',
      ),
    ).toEqual({
      calls: [
        { name: 'openat', taken: 3n, fallback: 2n, failed: 1n },
        { name: long, taken: 0n, fallback: 0n, failed: 0n },
      ],
      bytesRead: 4096n,
      bytesWritten: 2n ** 60n,
      leftOut: { static: 0n, privileged: 0n, machine: 0n, libc: 2n },
      note: 'no mount',
    });
  });
  it('is refused when it is something else, of another version or cut short', () => {
    expect(() => parseCounters(Buffer.from('hello'), 'f')).toThrow('not a counters file');
    expect(() => parseCounters(Buffer.alloc(4096), 'f')).toThrow('not a counters file');
    expect(() => parseCounters(file([], { version: 2 }), 'f')).toThrow('version 2');
    expect(() => parseCounters(file([['read', 1n, 0n, 0n]]).subarray(0, 350), 'f')).toThrow('cut short');
  });
});
