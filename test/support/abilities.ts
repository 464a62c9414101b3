/** What the provider under test can't do, and scripts leave out then: docs/daos.md, "Applications". */
import { providerUnderTest } from './daos.js';

/** The public calls of libdfs make no hard links. */
export const hardLinks = providerUnderTest === 'local';

/**
 * What steps do to give a file a second name, and where there are no hard links, to get a copy: the same on the kernel's
 * file system, with which the ways are compared.
 */
export function linkOrCopy(link: string, copy: string): string {
  return hardLinks ? link : copy;
}

/** A process whose working directory another one renames is still in it. */
export const movedByOthers = hardLinks;

/** The command for it. */
export const secondName = linkOrCopy('ln', 'cp -p');

const inDaos = providerUnderTest === 'daos';

/** A mode of chmod(1) with a bit that DAOS refuses: without it there. */
export function specialMode(mode: string, plain: string): string {
  return inDaos ? plain : mode;
}

/** A mode of chmod(1) for a file that nobody may open. The calls of libdfs open what they change, so its owner could not undo it. */
export const closed = providerUnderTest === 'plain' && process.getuid?.() !== 0 ? '600' : '000';

/** Part of a script that is about access times, which DAOS does not keep, or is '' there. */
export function withAccessTimes(part: string): string {
  return inDaos ? '' : part;
}

/** Part of a script that shows where a file has holes, of which DAOS says nothing, or is 'true' there. */
export function withHoles(part: string): string {
  return inDaos ? 'true' : part;
}

/** A directory's entries tell the inode numbers. In DAOS they have names alone. */
export const listsInodes = !inDaos;
