import { describe, expect, it } from 'vitest';
import { compareWithKernel, places } from '../support/model/compare.js';
import { compareWithSomeOrder } from '../support/model/concurrent.js';

// With a store that outlasts power cuts, and with one in memory.
describe.each(places)('the provider with its store in %s', (place) => {
  it('answers random operations as a directory of the kernel does', { timeout: 240_000 }, async () => {
    expect(await compareWithKernel(place, 16, 400)).toBeGreaterThan(1000);
  });

  it('answers four processes at once as if one call came after the other', { timeout: 240_000 }, () =>
    compareWithSomeOrder(place, 40, 12),
  );
});
