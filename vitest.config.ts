import { defineConfig } from 'vitest/config';

// DFSKIT_TEST_LONG adds the tests that take minutes: *.long.test.ts.
const long = process.env['DFSKIT_TEST_LONG'] === '1';

export default defineConfig({
  test: {
    include: [long ? 'test/**/*.long.test.ts' : 'test/**/*.test.ts'],
    exclude: long ? [] : ['test/**/*.long.test.ts'],
    passWithNoTests: true,
    // The tests start mounts and compilers: more workers than two only make them wait for each other.
    maxWorkers: 2,
    pool: 'forks',
    // Machines differ much in speed: what hangs is ended by the limit of its command (test/support/run.ts) before this.
    testTimeout: long ? 900_000 : 300_000,
    hookTimeout: 120_000,
    teardownTimeout: 20_000,
  },
});
