import { addon } from './addon.js';
import { DfsError, explain, type Operation, type Wording } from './error.js';
import { containerOf, formatContainer, type ContainerName } from './name.js';
import { wording } from './wording.js';

/** The words for an attribute; a container that is missing is told apart by the call that says so. */
function words(operation: Operation, container: ContainerName, attribute: string): Wording {
  const general = wording(operation, container);
  return {
    ...general,
    why: { ...general.why, EINVAL: `${attribute} can't be the name of an attribute` },
  };
}

async function explained<T>(
  work: Promise<T>,
  operation: Operation,
  container: ContainerName,
  attribute: string,
): Promise<T> {
  try {
    return await explain(work, words(operation, container, attribute));
  } catch (error) {
    if (!(error instanceof DfsError) || error.code !== 'ENOENT' || error.syscall !== 'daos_cont_get_attr')
      throw error;
    const text = formatContainer(container);
    throw new DfsError({
      what: error.what,
      why: `it has no attribute ${attribute}`,
      remedy: `list what is there: dfskit cont list-attrs ${text}`,
      errno: 2,
      path: text,
      operation,
      syscall: error.syscall,
    });
  }
}

/** Sets an attribute of a container that its users choose; dfuse reads some of them (docs/dfuse.md). */
export async function setUserAttribute(
  container: string | ContainerName,
  attribute: string,
  value: string | Uint8Array,
): Promise<void> {
  const name = containerOf(container);
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  const work = addon().userAttributeSet(name.pool, name.cont, attribute, bytes);
  await explained(work, 'setAttribute', name, attribute);
}

/** @throws DfsError ENOENT when there is none of that name */
export async function getUserAttribute(
  container: string | ContainerName,
  attribute: string,
): Promise<Buffer> {
  const name = containerOf(container);
  return explained(
    addon().userAttributeGet(name.pool, name.cont, attribute),
    'getAttribute',
    name,
    attribute,
  );
}

/** Names of the attributes, sorted. */
export async function listUserAttributes(container: string | ContainerName): Promise<string[]> {
  const name = containerOf(container);
  const names = await explain(
    addon().userAttributeList(name.pool, name.cont),
    wording('listAttributes', name),
  );
  return names.sort();
}

/** @throws DfsError ENOENT when there is none of that name */
export async function deleteUserAttribute(
  container: string | ContainerName,
  attribute: string,
): Promise<void> {
  const name = containerOf(container);
  const work = addon().userAttributeDelete(name.pool, name.cont, attribute);
  await explained(work, 'deleteAttribute', name, attribute);
}
