import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { connect, createContainer, type FileSystem } from '../../src/dfs/index.js';
import { temporaryDirectory } from './cli.js';

/** A container of a store of this test file's own, open while its tests run. */
export interface OpenContainer {
  readonly name: string;
  /** A directory of the host's for the tests. */
  readonly scratch: string;
  readonly fs: FileSystem;
}

export function useContainer(name = 'tank/client'): OpenContainer {
  const scratch = temporaryDirectory();
  process.env['DFSKIT_STORE'] = join(scratch.path, 'store');
  let fs: FileSystem | undefined;
  beforeAll(async () => {
    await createContainer(name);
    fs = await connect(name);
  });
  afterAll(async () => {
    await fs?.close();
    scratch.remove();
  });
  return {
    name,
    scratch: scratch.path,
    get fs() {
      if (fs === undefined) throw new Error('no test runs');
      return fs;
    },
  };
}
