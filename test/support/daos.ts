/** The DAOS that the tests may use: docs/daos.md says what has to run and which variables name it. */

const prefix = process.env['DFSKIT_DAOS_PREFIX'];
const container = process.env['DFSKIT_TEST_CONT'];

/** Variables by which a tester tells libdaos and what is below it how to work. */
const passedOn = /^(DAOS|D|CRT|FI)_(?!IL_)/;

/** An installation of DAOS and a container in it that tests may make directories in. */
export interface Daos {
  prefix: string;
  /** POOL/CONT */
  container: string;
  /** What programs need in their environment to reach it. */
  environment: NodeJS.ProcessEnv;
}

/** What the tester named; `undefined` when the two variables are not set. */
export const daos: Daos | undefined =
  prefix === undefined || container === undefined
    ? undefined
    : {
        prefix,
        container,
        environment: {
          ...Object.fromEntries(Object.entries(process.env).filter(([name]) => passedOn.test(name))),
          DFSKIT_PROVIDER: 'daos',
          DFSKIT_DAOS_PREFIX: prefix,
        },
      };

/**
 * What provides the containers of this run (vitest.config.ts): the local provider, the same with the public calls of
 * libdfs alone, or DAOS.
 */
export const providerUnderTest = process.env['DFSKIT_TEST_PROVIDER'] ?? 'local';

/** The DAOS that containers of this run are mounted from. */
export const daosUnderTest: Daos | undefined = providerUnderTest === 'daos' ? daos : undefined;
