import { beforeAll, expect, it } from 'vitest';
import { buildTarget } from '../support/build.js';
import { cutPower } from '../support/power/replay.js';

beforeAll(() => {
  buildTarget('dfs_local_tight');
});

it('has all that was synced after a cut of the power at every step', { timeout: 3_600_000 }, async () => {
  expect(await cutPower(18, 1)).toBeGreaterThan(2000);
});
