import { describe, expect, it } from 'vitest';
import { pairedRatio, summarize } from '../../src/harness/statistics.js';
import { formatBandwidth, formatNanoseconds, formatRatio, formatSeconds } from '../../src/harness/units.js';
import { bytesPerSecond, nanoseconds, ratio, seconds } from '../../src/harness/units.js';
import { opsForRound, roundValue, microWorkloads } from '../../src/harness/workloads.js';
import type { Round } from '../../src/harness/results.js';

describe('summarize', () => {
  it('has nothing to say about no samples', () => {
    expect(summarize([])).toBeUndefined();
  });

  it('takes the middle and the interquartile range', () => {
    const summary = summarize([5, 1, 3, 2, 4]);
    expect(summary?.median).toBe(3);
    expect(summary?.spread).toBeCloseTo(2 / 3);
    expect(summary?.min).toBe(1);
    expect(summary?.max).toBe(5);
  });

  it('counts a sample far from the others as an outlier, and the others not', () => {
    expect(summarize([10, 11, 10, 9, 10, 11, 9, 100])?.outliers).toBe(1);
    expect(summarize([10, 11, 10, 9, 10, 11, 9])?.outliers).toBe(0);
  });

  it('does not divide by zero when all samples are equal', () => {
    expect(summarize([7, 7, 7])).toMatchObject({ median: 7, spread: 0, outliers: 0 });
    expect(summarize([0, 0])).toMatchObject({ spread: 0 });
  });
});

describe('pairedRatio', () => {
  it('cancels what slows both ways in a round', () => {
    expect(pairedRatio([2, 20, 2], [1, 10, 1])).toBe(2);
    // The quotient of the medians would be 3 here.
    expect(pairedRatio([2, 6, 20], [1, 3, 10])).toBe(2);
  });

  it('leaves out rounds that lack one of the two', () => {
    expect(pairedRatio([4, undefined, 9], [2, 5])).toBe(2);
    expect(pairedRatio([undefined], [1])).toBeUndefined();
    expect(pairedRatio([1], [0])).toBeUndefined();
  });
});

describe('units', () => {
  it('keeps three digits', () => {
    expect(formatNanoseconds(nanoseconds(76.04))).toBe('76.0 ns');
    expect(formatNanoseconds(nanoseconds(850))).toBe('850 ns');
    expect(formatNanoseconds(nanoseconds(1900))).toBe('1.90 µs');
    expect(formatNanoseconds(nanoseconds(999.7))).toBe('1.00 µs');
    expect(formatSeconds(seconds(0.0123))).toBe('12.3 ms');
    expect(formatSeconds(seconds(140))).toBe('140 s');
    expect(formatBandwidth(bytesPerSecond(5.2e9))).toBe('5.20 GB/s');
    expect(formatRatio(ratio(1.049))).toBe('×1.05');
    expect(formatRatio(ratio(139.6))).toBe('×140');
  });
});

describe('rounds', () => {
  const round = (ops: number, taken: number, bytes = 0): Round => ({
    ops,
    seconds: taken,
    latency: { median: 42, p99: 99 },
    bytes,
    batch: 1,
  });
  const workload = (name: string): (typeof microWorkloads)[number] => {
    const found = microWorkloads.find((each) => each.name === name);
    if (found === undefined) throw new Error(name);
    return found;
  };

  it('get as many operations as fill the time, within limits', () => {
    expect(opsForRound(workload('stat'), round(1000, 0.001), 15)).toBe(15_000);
    expect(opsForRound(workload('stat'), round(100, 1), 15)).toBe(workload('stat').minOps);
    expect(opsForRound(workload('create'), round(1e6, 0.001), 15)).toBe(workload('create').maxOps);
    expect(opsForRound(workload('stat'), round(100, 0), 15)).toBe(workload('stat').maxOps);
  });

  it('count as latency or as bandwidth', () => {
    expect(roundValue(workload('stat'), round(10, 1))).toBe(42);
    expect(roundValue(workload('seq-read-1m'), round(10, 2, 4e9))).toBe(2e9);
  });
});
