import { interquartileRange, medianAbsoluteDeviation, median as middle } from 'simple-statistics';

/** What a list of samples comes to. Empty lists have none. */
export interface Summary {
  median: number;
  /** Interquartile range over median: 0.1 means that half of the samples lie within 10 % of each other. */
  spread: number;
  min: number;
  max: number;
  /** Samples whose modified z-score is beyond `outlierScore`. */
  outliers: number;
}

/** The limit that Iglewicz and Hoaglin recommend for the modified z-score is 3.5; machines are noisier than that. */
export const outlierScore = 5;

/** 1.4826 makes the median absolute deviation of normally distributed samples equal to their standard deviation. */
const normalScale = 1.4826;

/** The middle of the samples, or `undefined` without any. */
export function median(samples: readonly number[]): number | undefined {
  return samples.length === 0 ? undefined : middle([...samples]);
}

/** Summary of the samples, or `undefined` without any. */
export function summarize(samples: readonly number[]): Summary | undefined {
  const center = median(samples);
  if (center === undefined) return undefined;
  const list = [...samples];
  const deviation = medianAbsoluteDeviation(list) * normalScale;
  const outliers =
    deviation === 0
      ? 0
      : list.filter((sample) => Math.abs(sample - center) / deviation > outlierScore).length;
  return {
    median: center,
    spread: center === 0 ? 0 : interquartileRange(list) / center,
    min: Math.min(...list),
    max: Math.max(...list),
    outliers,
  };
}

/**
 * Median of the quotients of samples that were taken in the same round. What disturbs the machine for longer than a
 * round disturbs both, and cancels out; so this is steadier than the quotient of two medians.
 * @returns `undefined` when no round has both
 */
export function pairedRatio(
  samples: readonly (number | undefined)[],
  reference: readonly (number | undefined)[],
): number | undefined {
  const quotients: number[] = [];
  samples.forEach((sample, round) => {
    const base = reference[round];
    if (sample !== undefined && base !== undefined && base !== 0) quotients.push(sample / base);
  });
  return median(quotients);
}
