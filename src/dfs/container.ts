import { addon, type CheckResult, type NativeContainer } from './addon.js';
import { DfsError, explain } from './error.js';
import { connect } from './file-system.js';
import { containerOf, type ContainerName } from './name.js';
import { store, wording } from './wording.js';

export type { CheckResult } from './addon.js';

/** What a container says of itself. */
export type ContainerInfo = NativeContainer;

/**
 * Creates a container.
 * @param chunkSize bytes of a file that lie together; the provider's choice when not given
 */
export async function createContainer(
  container: string | ContainerName,
  { chunkSize = 0 }: { chunkSize?: number } = {},
): Promise<void> {
  const name = containerOf(container);
  await explain(addon().containerCreate(name.pool, name.cont, chunkSize), wording('createContainer', name));
}

/** Labels of the containers in a pool, sorted. */
export async function listContainers(pool: string): Promise<string[]> {
  const labels = await explain(addon().containerList(pool), {
    operation: 'listContainers',
    what: `cannot list pool ${pool}`,
    why: { ENOENT: 'no such pool' },
    remedies: {
      ENOENT: `a pool begins with its first container: dfskit cont create ${pool}/CONT; the store is DFSKIT_STORE (${store()})`,
      EACCES: `see who owns DFSKIT_STORE (${store()})`,
      ELIBACC: 'build it: npm run setup; which one is wanted says DFSKIT_PROVIDER',
      EPROTONOSUPPORT: 'use the version of dfskit that wrote the store, or copy the files over',
    },
  });
  return labels.sort();
}

/** Identifier and attributes of a container. */
export async function containerInfo(container: string | ContainerName): Promise<ContainerInfo> {
  const name = containerOf(container);
  return explain(addon().containerInfo(name.pool, name.cont), wording('containerInfo', name));
}

export interface CheckOptions {
  /** What has no name any more is removed, or gets one below `/lost+found`; nothing is changed if not given. */
  repair?: 'remove' | 'relink';
  /** Whether every byte is read as well (default true). */
  read?: boolean;
}

/**
 * Checks a container: with the provider's own check where it has one, otherwise by reading every name,
 * attribute and byte. Others may use the container meanwhile.
 * @throws DfsError where it can't be read
 */
export async function checkContainer(
  container: string | ContainerName,
  { repair, read = true }: CheckOptions = {},
): Promise<CheckResult> {
  const name = containerOf(container);
  // DFS_CHECK_* of daos_fs.h
  const flags = (repair === 'remove' ? 2 : repair === 'relink' ? 4 : 0) | (read ? 8 : 0);
  try {
    return await explain(
      addon().containerCheck(name.pool, name.cont, flags),
      wording('checkContainer', name),
    );
  } catch (error) {
    if (!(error instanceof DfsError) || error.syscall !== 'dfs_cont_check' || error.code !== 'ENOTSUP')
      throw error;
    await using fs = await connect(name, { readOnly: true });
    for await (const { path, kind } of fs.walk('/', { encoding: 'buffer' })) {
      await fs.lstat(path);
      if (kind === 'symlink') await fs.readlink(path);
      if (kind === 'file') for await (const bytes of fs.readable(path)) void bytes;
    }
    return { found: 0, repaired: 0, findings: [] };
  }
}

/** Destroys a container and the files in it; one in use only with `force`. */
export async function destroyContainer(
  container: string | ContainerName,
  { force = false }: { force?: boolean } = {},
): Promise<void> {
  const name = containerOf(container);
  await explain(addon().containerDestroy(name.pool, name.cont, force), wording('destroyContainer', name));
}
