import { addon, type NativeSnapshot } from './addon.js';
import { DfsError, explain } from './error.js';
import { containerOf, formatContainer, type ContainerName } from './name.js';
import { wording } from './wording.js';

/** A snapshot: its epoch, as a number in decimal, and its name (empty: it has none). */
export type Snapshot = NativeSnapshot;

/**
 * Takes a snapshot of a container.
 * @returns its epoch
 * @throws DfsError EEXIST for a name that is taken, EINVAL for one that is none
 */
export async function createSnapshot(container: string | ContainerName, snapshot?: string): Promise<string> {
  const name = containerOf(container);
  const words = wording('createSnapshot', name);
  return explain(addon().snapshotCreate(name.pool, name.cont, snapshot), {
    ...words,
    why: {
      ...words.why,
      EEXIST: `there is one with the name ${snapshot ?? ''}`,
      EINVAL: 'a name has up to 127 bytes, no / and not only digits',
      EBUSY: 'a process that is stopped stands in the middle of a write',
    },
    remedies: { ...words.remedies, EEXIST: 'take another name', EBUSY: 'let it go on, or end it' },
  });
}

/** Snapshots of a container, oldest first. */
export async function listSnapshots(container: string | ContainerName): Promise<Snapshot[]> {
  const name = containerOf(container);
  const found = await explain(addon().snapshotList(name.pool, name.cont), wording('listSnapshots', name));
  return found.sort((a, b) => (BigInt(a.epoch) < BigInt(b.epoch) ? -1 : 1));
}

/**
 * Destroys a snapshot, by name or epoch, and gives back what no other needs.
 * @throws DfsError ENOENT
 */
export async function destroySnapshot(container: string | ContainerName, snapshot: string): Promise<void> {
  const name = containerOf(container);
  const all = await listSnapshots(name);
  const one = all.find((each) => each.name === snapshot || each.epoch === snapshot);
  if (one === undefined) {
    throw new DfsError({
      what: `cannot destroy snapshot ${snapshot} of ${formatContainer(name)}`,
      why: 'no such snapshot',
      remedy: `list what is there: dfskit snapshot list ${formatContainer(name)}`,
      errno: 2,
      path: formatContainer(name),
      operation: 'destroySnapshot',
      syscall: 'daos_cont_destroy_snap',
    });
  }
  await explain(addon().snapshotDestroy(name.pool, name.cont, one.epoch), wording('destroySnapshot', name));
}
