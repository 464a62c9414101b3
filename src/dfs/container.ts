import { constants } from 'node:fs';
import { addon, type NativeContainer, type NativeDfs } from './addon.js';
import { DfsError, explain, type Wording } from './error.js';
import { formatContainer, type ContainerName } from './name.js';

/** What a container says of itself. */
export type ContainerInfo = NativeContainer;

const store = (): string => process.env['DFSKIT_STORE'] ?? 'the default store';

/** What goes wrong with a whole container, in words. */
export function wording(what: string, name: ContainerName): Wording {
  const text = formatContainer(name);
  return {
    what: `${what} ${text}`,
    why: {
      ENOENT: 'no such container',
      EEXIST: 'it exists',
      EBUSY: 'it is in use',
      EACCES: 'permission denied',
      EIO: 'the store is damaged or its disk fails',
      EREMOTE: 'another machine uses it: it lies on a network file system',
      EUCLEAN: 'the store is damaged',
      EPROTONOSUPPORT: 'the store was written by another version of dfskit',
    },
    remedies: {
      ENOENT: `list what is there: dfskit cont list ${name.pool}; create it: dfskit cont create ${text}`,
      EEXIST: `destroy it first (dfskit cont destroy ${text}) or take another name`,
      EBUSY: 'unmount it and end the programs that use it, or destroy it with --force',
      EACCES: `see who owns DFSKIT_STORE (${store()})`,
      EIO: 'the store is damaged: see what can be read with dfskit cont check; restore it from a backup',
      ELIBACC: 'build it: npm run setup; which one is wanted says DFSKIT_PROVIDER',
      EREMOTE: 'open it there; when that machine is gone for good, remove the file STORE/POOL/CONT/host',
      EUCLEAN: 'restore the store from a backup; what can be read still: dfskit cont check',
      EPROTONOSUPPORT: 'use the version of dfskit that wrote the store, or copy the files over',
      EROFS: `see how the file system of DFSKIT_STORE is mounted (${store()})`,
      ENOSPC: `make room in DFSKIT_STORE (${store()})`,
    },
  };
}

/**
 * Creates a container.
 * @param chunkSize bytes of a file that lie together; the provider's choice when not given
 */
export async function createContainer(
  name: ContainerName,
  { chunkSize = 0 }: { chunkSize?: number } = {},
): Promise<void> {
  await explain(
    addon().containerCreate(name.pool, name.cont, chunkSize),
    wording('cannot create container', name),
  );
}

/** Labels of the containers in a pool, sorted. */
export async function listContainers(pool: string): Promise<string[]> {
  const labels = await explain(addon().containerList(pool), {
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
export async function containerInfo(name: ContainerName): Promise<ContainerInfo> {
  return explain(addon().containerInfo(name.pool, name.cont), wording('cannot open container', name));
}

/**
 * Checks a container: with the provider's own check where it has one, otherwise by reading every name,
 * attribute and byte.
 * @throws DfsError for what contradicts itself or can't be read
 */
export async function checkContainer(name: ContainerName): Promise<void> {
  const words = wording('cannot check container', name);
  try {
    await explain(addon().containerCheck(name.pool, name.cont), words);
  } catch (error) {
    if (!(error instanceof DfsError) || error.syscall !== 'dfs_cont_check' || error.code !== 'ENOTSUP')
      throw error;
    const dfs = await explain(addon().connect(name.pool, name.cont, true), words);
    try {
      await readAll(dfs, '', name);
    } finally {
      await addon().disconnect(dfs);
    }
  }
}

/** Bytes that are read at a time. */
const piece = 4 << 20;

async function readAll(dfs: NativeDfs, dir: string, name: ContainerName): Promise<void> {
  const native = addon();
  const words = (path: string): Wording => ({
    ...wording('cannot check container', name),
    what: `cannot read ${path} in ${formatContainer(name)}`,
    why: {},
  });
  const entries = await explain(native.readdir(dfs, dir === '' ? '/' : dir), words(dir === '' ? '/' : dir));
  for (const entry of entries) {
    const path = `${dir}/${entry.name}`;
    const { mode, size } = await explain(native.stat(dfs, path, false), words(path));
    const type = mode & constants.S_IFMT;
    if (type === constants.S_IFDIR) await readAll(dfs, path, name);
    else if (type === constants.S_IFLNK) await explain(native.readlink(dfs, path), words(path));
    else {
      for (let at = 0; at < size; at += piece) await explain(native.read(dfs, path, at, piece), words(path));
    }
  }
}

/** Destroys a container and the files in it; one in use only with `force`. */
export async function destroyContainer(
  name: ContainerName,
  { force = false }: { force?: boolean } = {},
): Promise<void> {
  await explain(
    addon().containerDestroy(name.pool, name.cont, force),
    wording('cannot destroy container', name),
  );
}
