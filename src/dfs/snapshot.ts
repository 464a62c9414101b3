import { addon, type NativeSnapshot } from './addon.js';
import { wording } from './container.js';
import { DfsError, explain } from './error.js';
import { formatContainer, type ContainerName } from './name.js';

/** A snapshot: its epoch, as a number in decimal, and its name (empty: it has none). */
export type Snapshot = NativeSnapshot;

/**
 * Takes a snapshot of a container.
 * @returns its epoch
 * @throws DfsError EEXIST for a name that is taken, EINVAL for one that is none
 */
export async function createSnapshot(name: ContainerName, snapshot?: string): Promise<string> {
  const words = wording('cannot take a snapshot of', name);
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
export async function listSnapshots(name: ContainerName): Promise<Snapshot[]> {
  const found = await explain(
    addon().snapshotList(name.pool, name.cont),
    wording('cannot list snapshots of', name),
  );
  return found.sort((a, b) => (BigInt(a.epoch) < BigInt(b.epoch) ? -1 : 1));
}

/**
 * Destroys a snapshot, by name or epoch, and gives back what no other needs.
 * @throws DfsError ENOENT
 */
export async function destroySnapshot(name: ContainerName, snapshot: string): Promise<void> {
  const all = await listSnapshots(name);
  const one = all.find((each) => each.name === snapshot || each.epoch === snapshot);
  if (one === undefined) {
    throw new DfsError({
      what: `cannot destroy snapshot ${snapshot} of ${formatContainer(name)}`,
      why: 'no such snapshot',
      remedy: `list what is there: dfskit snapshot list ${formatContainer(name)}`,
      errno: 2,
      path: formatContainer(name),
      syscall: 'daos_cont_destroy_snap',
    });
  }
  await explain(
    addon().snapshotDestroy(name.pool, name.cont, one.epoch),
    wording('cannot destroy a snapshot of', name),
  );
}
