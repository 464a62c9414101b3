import { defineConfig } from 'vitest/config';
import { daos } from './test/support/daos.js';

// DFSKIT_TEST_LONG adds the tests that take minutes: *.long.test.ts.
const long = process.env['DFSKIT_TEST_LONG'] === '1';
const suffix = long ? '.long.test.ts' : '.test.ts';
const exclude = long ? [] : ['test/**/*.long.test.ts'];

/** What also runs over the public calls of libdfs alone. */
const overPlain = ['apps/python', 'integration/{moved-directories,posix-shell}'];

/** What also runs in a container of DAOS when one is named: docs/daos.md. */
const overDaos = [
  'apps/*',
  'integration/{locks,mappings,moved-directories,posix,posix-shell,shared-descriptors}',
];

export default defineConfig({
  test: {
    passWithNoTests: true,
    // The tests start mounts and compilers: more workers than two only make them wait for each other.
    maxWorkers: 2,
    pool: 'forks',
    hookTimeout: 120_000,
    teardownTimeout: 20_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'local',
          include: [`test/**/*${suffix}`],
          exclude,
          // Machines differ much in speed: what hangs is ended by the limit of its command (test/support/run.ts) before.
          testTimeout: long ? 900_000 : 300_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'plain',
          include: overPlain.map((files) => `test/${files}${suffix}`),
          exclude,
          env: { DFSKIT_TEST_PROVIDER: 'plain' },
          testTimeout: 300_000,
        },
      },
      ...(daos === undefined
        ? []
        : [
            {
              extends: true as const,
              test: {
                name: 'daos',
                include: overDaos.map((files) => `test/${files}${suffix}`),
                exclude,
                env: { DFSKIT_TEST_PROVIDER: 'daos' },
                testTimeout: 3_600_000,
              },
            },
          ]),
    ],
  },
});
