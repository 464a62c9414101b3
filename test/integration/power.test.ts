import { beforeAll, expect, it } from 'vitest';
import { buildTarget } from '../support/build.js';
import { cutPower } from '../support/power/replay.js';

beforeAll(() => {
  buildTarget('dfs_local_tight');
});

it('has all that was synced after a cut of the power at any step', { timeout: 240_000 }, async () => {
  expect(await cutPower(12, 17)).toBeGreaterThan(50);
});
