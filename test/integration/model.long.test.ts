import { describe, expect, it } from 'vitest';
import { compareWithKernel, places } from '../support/model/compare.js';
import { compareWithSomeOrder } from '../support/model/concurrent.js';

describe.each(places)('the provider with its store in %s', (place) => {
  it(
    'answers 200,000 random operations as a directory of the kernel does',
    { timeout: 900_000 },
    async () => {
      expect(await compareWithKernel(place, 1200, 400)).toBeGreaterThan(200_000);
    },
  );

  it(
    'answers four processes at once as if one call came after the other, in 1500 rounds',
    { timeout: 600_000 },
    () => compareWithSomeOrder(place, 1500, 12),
  );
});
