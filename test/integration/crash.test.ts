import { describe, it } from 'vitest';
import { places } from '../support/model/compare.js';
import { killWriters } from '../support/model/crash.js';

describe.each(places)('the provider with its store in %s', (place) => {
  it('has everything that was acknowledged after 30 kills of writers', { timeout: 240_000 }, () =>
    killWriters(place, 30),
  );
});
